"""The one place that makes hostile text safe for Discord: escape Markdown, clamp lengths, pass only web links.

Discord's escape rule: a backslash before any punctuation shows that character as it is. What is escaped here is what
Discord would otherwise render (emphasis, code, spoilers, links, headings, lists, quotes, mentions, time stamps).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

_RENDERED: Final = re.compile(
    r"""
      [\\*_`\[\]<]                # emphasis, code, links, mentions, time stamps, emoji
    | ~(?=~) | (?<=~)~            # strike-through
    | \|(?=\|) | (?<=\|)\|        # spoilers
    | @(?=everyone|here)          # never a mention, not even a highlighted one
    | :(?=//)                     # an address in a headline is text, not a link
    | ^\s*(?:[#>+-]|\d+(?=\.\s))  # headings, quotes, lists at the start of a line
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]"
)


def escape(text: str) -> str:
    """Text that Discord shows letter for letter. Control, bidi-override and zero-width characters are dropped."""
    return _RENDERED.sub(_escaped, _CONTROL.sub("", text))


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    stripped = found.lstrip()
    if stripped.isdigit():  # "1. " at the start of a line: the dot makes the list
        return found + "\\"
    return found[: len(found) - len(stripped)] + "\\" + stripped


def plain(text: str, limit: int) -> str:
    """For places where Discord renders no Markdown (thread names, alt texts): one line, at most `limit` characters."""
    return clamp(" ".join(_CONTROL.sub("", text).split()), limit) or "…"


def clamp(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where one is near, with an ellipsis when cut."""
    if len(text) <= limit:
        return text
    cut = text[: max(limit - 1, 0)].rstrip("\\")
    space = cut.rfind(" ")
    if space > limit * 0.7:
        cut = cut[:space]
    return cut.rstrip() + "…" if limit > 0 else ""


def clamp_plain(text: str, limit: int) -> str:
    """Escape, then clamp so that the result is at most `limit` characters and no escape is cut in two."""
    return clamp(escape(text), limit)


def web_link(url: str | None, limit: int = 2048) -> str | None:
    """The address if it is http(s) with a host, made safe to stand inside `[text](url)`; else None."""
    if not url or len(url) > limit:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host or parts.username or parts.password:
        return None
    return quote(url, safe="!#$%&'*+,/:;=?@[]~-._") if re.search(r"[\s()<>\"\\^`{|}\x00-\x1f]", url) else url
