"""Finds the period a headline speaks of: quarter, half, full or calendar year, month, weekday. Resolves no dates."""

from __future__ import annotations

import re
from typing import Final

_MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_ABBREVIATED: Final = {month[:3]: month for month in _MONTHS if month != "may"} | {"sept": "september"}
_DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_ORDER: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}

_MONTH: Final = "|".join((*_MONTHS, *_ABBREVIATED))
_RANGES: Final = {
    ("january", "march"): "q1",
    ("january", "june"): "h1",
    ("january", "september"): "9m",
    ("april", "june"): "q2",
    ("july", "september"): "q3",
    ("july", "december"): "h2",
    ("october", "december"): "q4",
    ("january", "december"): "fy",
}
_NTH: Final = "first|second|third|fourth|1st|2nd|3rd|4th"
_UNITS: Final = "metres?|meters?|tonnes?|tons?|ounces?|jobs|oz|m|workers|g/t"
_RULES: Final = re.compile(
    rf"""\b(?:(?P<quarter>q(?P<q>[1-4])\b|(?P<q2>[1-4])q(?:\d\d)?\b|(?P<q3>{_NTH})[-\ ]quarter(?:ly)?\b)
    |(?P<half>h(?P<h>[12])\b|(?P<h2>[12])h(?:\d\d)?\b|(?P<h3>first|second)[-\ ]half\b|half[-\ ]year(?:ly)?\b)
    |(?P<range>(?:{_MONTH})\s?(?:-|–|to)\s?(?:{_MONTH})\b)
    |(?P<nine>(?:nine[-\ ]month|9m)\b)
    |(?P<full>(?:full[-\ ]year|annual|fy(?:\d\d(?:\d\d)?)?|calendar[-\ ]year)\b)
    |(?P<year>(?<![\w$€£.,])(?:19[5-9]\d|20[0-6]\d)(?![\w%]|[.,]\d|[-\ ](?:{_UNITS})\b))
    |(?P<day>(?:{"|".join(_DAYS)})\b)
    |(?P<month>(?:{_MONTH})\b))""",
    re.VERBOSE,
)
_DATED: Final = re.compile(r"(?:\b(?:in|for|since|of|from|until|through|late|early|mid|by|end|to)[- ])$")


def find(folded: str, original: str) -> list[tuple[int, int, str]]:
    """The periods as (start, end, "kind:value"), kinds span (q1–q4, h1, h2, fy, 9m), year, month, day.

    `original` is the same text with its case: "may" and "march" are months only when the writing says so.
    """
    found: list[tuple[int, int, str]] = []
    for match in _RULES.finditer(folded):
        period = _period(match, folded, original)
        if period:
            found.append((match.start(), match.end(), period))
    return found


def _period(match: re.Match[str], folded: str, original: str) -> str | None:
    kind = match.lastgroup
    if match["quarter"]:
        figure = match["q"] or match["q2"] or str(_ORDER[match["q3"]])
        return f"span:q{figure}"
    if match["half"]:
        figure = match["h"] or match["h2"] or (str(_ORDER[match["h3"]]) if match["h3"] else "1")
        return f"span:h{figure}"
    if match["range"]:
        first, last = (
            _ABBREVIATED.get(name, name) for name in re.findall(r"[a-z]+", match["range"].replace(" to ", "-"))
        )
        return f"span:{_RANGES.get((first, last), f'{first}-{last}')}"
    if match["nine"]:
        return "span:9m"
    if match["full"]:
        return "span:fy"
    if match["year"]:
        return f"year:{match['year']}"
    if match["day"]:
        return f"day:{match['day']}"
    word = match["month"]
    month = _ABBREVIATED.get(word, word)
    if word in ("may", "march", "mar", "dec", "jan", "jun", "sep", "oct", "nov", "aug"):
        capital = len(original) == len(folded) and original[match.start()].isupper() and match.start() > 0
        if not capital or (word == "may" and not _DATED.search(folded, 0, match.start())):
            return None
    assert kind is not None
    return f"month:{month}"
