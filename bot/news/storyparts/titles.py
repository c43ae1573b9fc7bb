"""Takes off a headline what the agency or the site put around it: prefixes, publishers, tickers. Keeps the wording."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final

_QUOTES: Final = str.maketrans(
    {
        **dict.fromkeys("‘’ʼ`´\ufffd", "'"),
        **dict.fromkeys("“”«»„", '"'),
        **dict.fromkeys("‐‑‒−", "-"),
        **dict.fromkeys("\u00a0\u202f\u2009", " "),
    }
)
_TICKER: Final = re.compile(
    r"\s*[(\[]\s*(?:[A-Z][A-Za-z.\- ]{1,14}:\s*\$?[A-Z0-9][A-Z0-9.\-]{0,9}\s*[;,|/&]?\s*(?:and\s+)?){1,6}[)\]]"
    r"|\s*\([A-Z]{1,5}(?:\.[A-Z]{1,3})\)|\s*\((?:Reuters|AP|AFP|Bloomberg|video|VIDEO|photos)\)"
)
_BRACKETED: Final = re.compile(r"^\[[A-Za-z ]{3,20}\]\s*")
_PIPE_SUFFIX: Final = re.compile(r"\s+\|\s+[^|]{2,30}$")
_SITE_SUFFIX: Final = re.compile(
    r"\s+[-–—]\s+(?:[\w.-]{2,40}\.(?:com|ca|net|org|au|co\.uk|io|news)|[A-Z][\w&.' ]{2,28}"
    r"\b(?:News|Times|Journal|Post|Herald|Tribune|Gazette|Wire|Newswire|Weekly|Daily|Media))$"
)
_MARKS: Final = frozenset(":|[-–—·•,")  # every rule needs one of them
_LONGEST: Final = 500  # a feed may send a book as a title; what a headline tells stands at its beginning
_ROUNDS: Final = 3  # "UPDATE 1-PRECIOUS-Gold …": slugs come in twos


@lru_cache(maxsize=1)
def _rules() -> tuple[re.Pattern[str], ...]:
    source = files("bot.news") / "data" / "stories_titles.toml"
    lists: dict[str, list[str]] = tomllib.loads(source.read_text("utf-8"))
    slugs, spoken, publishers, attributions = (
        "|".join(re.escape(word) for word in sorted(lists[name], key=len, reverse=True))
        for name in ("slugs", "spoken", "publishers", "attributions")
    )
    return (
        re.compile(rf"^(?:{slugs.upper()})(?:\s+\d+)?(?:\s*[:|]\s*|\s+[-–—]\s+|[-–—](?=\S))"),
        re.compile(rf"^(?:{spoken})\s*[:|]\s*", re.IGNORECASE),
        _BRACKETED,
        re.compile(rf"\s+[-–—|·•]+\s*(?:{publishers})$", re.IGNORECASE),
        _SITE_SUFFIX,
        _PIPE_SUFFIX,
        re.compile(rf"\s*(?:[-–—]\s*|,\s+)(?:{attributions})$", re.IGNORECASE),
    )


def clean(title: str) -> str:
    """The headline without agency slugs ("UPDATE 2-"), publisher ("- Reuters", "| MINING.COM"), tickers, odd quotes.

    Never takes everything: a rule that would leave fewer than eight characters of a longer headline is left out.
    Only the first 500 characters are read.
    """
    text = title[:_LONGEST]
    if "`" in text or not text.isascii():
        text = text.translate(_QUOTES)
    text = " ".join(text.split())
    if "(" in text or "[" in text:
        text = _TICKER.sub("", text)
    if _MARKS.isdisjoint(text):
        return text
    for _ in range(_ROUNDS):
        before = text
        for rule in _rules():
            shorter = rule.sub("", text, count=1).strip()
            if len(shorter) >= 8 or (shorter and len(text) < 16):
                text = shorter
        if text == before:
            break
    return text
