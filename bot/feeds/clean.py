"""Turns a publisher's HTML or text into the plain text that is shown, and picks out its pictures and addresses.

Every function takes hostile text and needs time linear in its length. Nothing here escapes for Discord: that is done
where a message is made.
"""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from bot.feeds import charset

SUMMARY_LIMIT: Final = 2000
TITLE_LIMIT: Final = 1000
URL_LIMIT: Final = 2000
_RAW_LIMIT: Final = 60_000  # characters of one field that are looked at; a summary needs only its start
_ROUNDS: Final = 3  # entity-decoding rounds: plain, doubly and triply escaped text


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Unseen characters: controls, soft hyphen, zero widths, direction marks and overrides, isolates, tags, interlinear.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]+"
)
# Joiners mean something in Persian, Indic scripts and emoji; between other characters they only hide.
_SCRIPTS: Final = "\u0590-\uffff\U00010000-\U0010ffff"
_JOINERS: Final = re.compile(f"(?<![{_SCRIPTS}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_SCRIPTS}])")
# Marks stacked on a letter: three are more than any spelling needs, hundreds cover the lines around it.
_MARK: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED: Final = re.compile(f"({_MARK}{{3}}){_MARK}+")
_SPACE: Final = re.compile(r"\s+")

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[|\]\]>|<[!?][A-Za-z][^<>]*>", re.DOTALL)
_DROPPED: Final = re.compile(
    r"<(script|style|head|template|noscript|iframe|object|svg|math|textarea|select)\b[^<>]*>"
    r".*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)  # fmt: skip
_INLINE: Final = _names(
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup "
    "time tt u var wbr nobr"
)
_BLOCK: Final = _names(
    "address article aside audio base blockquote body br button canvas caption center col colgroup dd details dialog "
    "dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 header hgroup hr html "
    "img input label legend li link main map area menu meta meter nav ol optgroup option output p param picture pre "
    "progress ruby rt rp section source summary table tbody td tfoot th thead title tr track ul video"
)
_DROPPED_NAMES: Final = _names("script style head template noscript iframe object svg math textarea select path")
_TAG: Final = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)(?:[\s/][^<>]*)?/?>")
_NO_HOST: Final = re.compile(r"(?:https?:)?//+(?:[/?#]|\Z)|https?:(?!//)", re.IGNORECASE)
_OPEN_END: Final = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?|!-{0,2})?\Z")
_IMG: Final = re.compile(r"<img\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def visible(value: str) -> str:
    """One line of text without characters that cannot be seen: whitespace collapsed, controls and bidi marks gone."""
    if value.isascii() and value.isprintable():
        return " ".join(value.split())
    value = _UNSEEN.sub("", value.replace("\x85", " "))
    if "\u200c" in value or "\u200d" in value:
        value = _JOINERS.sub("", value)
    value = _STACKED.sub(r"\1", value)
    return _SPACE.sub(" ", value).strip()


def text(markup: str, limit: int) -> str:
    """The plain text of HTML or text, on one line, cut at a word before `limit` characters ("…" marks the cut).

    Only names that HTML knows count as tags, so "a < b" and "Vec<T>" survive. Entities are decoded until nothing
    changes, at most three times, since publishers escape twice; tags that appear by that are dropped as well.
    """
    value = markup[:_RAW_LIMIT]
    for _ in range(_ROUNDS):
        value = _untagged(value)
        if "&" not in value:
            break
        decoded = html.unescape(value)
        if decoded == value:
            break
        value = decoded
    else:
        value = _untagged(value)
    return shorten(visible(charset.undouble(value)), limit)


def _untagged(value: str) -> str:
    if "<" not in value and "]]>" not in value:
        return value
    value = _COMMENT.sub("", value)
    value = _DROPPED.sub(" ", value)
    value = _TAG.sub(_spacing, value)
    return _OPEN_END.sub("", value) if len(value) < _RAW_LIMIT else value.rpartition("<")[0] or value


def _spacing(match: re.Match[str]) -> str:
    name = match.group(1).lower()
    if name in _INLINE:
        return ""
    return " " if name in _BLOCK or name in _DROPPED_NAMES else match.group()


def shorten(value: str, limit: int) -> str:
    """At most `limit` characters, cut after a word where one ends in the last fifth; "…" stands for the rest."""
    if len(value) <= limit:
        return value
    head = value[: limit - 1]
    space = head.rfind(" ")
    if space >= limit * 4 // 5:
        head = head[:space]
    return head.rstrip(" ,;:-–—") + "…"


def title(markup: str, *fallbacks: str | None) -> str:
    """A headline: plain text, at most 1000 characters, never empty; the first fallback with text stands in."""
    found = text(markup, TITLE_LIMIT)
    for fallback in fallbacks:
        if found:
            break
        found = shorten(visible(fallback or ""), 160)
    return found or "(untitled)"


def address(value: str | None, base: str | None = None) -> str | None:
    """An absolute http(s) address for a link as found, or None when it is not one that may be linked."""
    if not value:
        return None
    value = _UNSEEN.sub("", value).strip()
    if "&amp;" in value:
        value = value.replace("&amp;", "&")
    try:
        if _NO_HOST.match(value):
            return None  # urljoin would lend it the base's host
        joined = urljoin(base, value) if base else value
        if joined.startswith("//"):
            joined = "https:" + joined
        parts = urlsplit(joined)
        _ = parts.port  # raises ValueError on a port that is none
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s<>\"'`{}|\\^]", parts.netloc):
        return None
    if not joined.isascii() or re.search(r"[\s<>\"`{}|\\^]", joined):
        # Spaces and quotes would end the link early wherever it is shown; other letters are legal in browsers only.
        tail = joined[len(parts.scheme) + 3 + len(parts.netloc) :]
        joined = f"{parts.scheme}://{parts.netloc}" + quote(tail, safe="!#$%&'()*+,/:;=?@[]~")
    return joined if len(joined) <= URL_LIMIT else None


def picture(value: str | None, base: str | None = None) -> str | None:
    """An https address for a picture, or None; plain http would be mixed content and betray readers."""
    found = address(value, base)
    return found if found and found.startswith("https://") else None


def first_picture(markup: str, base: str | None = None) -> str | None:
    """The first <img> of some HTML that is more than a tracking pixel."""
    if "<img" not in markup and "<IMG" not in markup and "&lt;img" not in markup:
        return None
    markup = markup[:_RAW_LIMIT]
    if "&lt;img" in markup:
        markup = html.unescape(markup)
    for found in _IMG.finditer(markup):
        attributes = {m[0].lower(): m[1] or m[2] or m[3] for m in _ATTRIBUTE.findall(found.group(1))}
        if any(attributes.get(side, "").strip().rstrip("px") in {"0", "1", "2"} for side in ("width", "height")):
            continue
        src = picture(html.unescape(attributes.get("src", "")), base)
        if src:
            return src
    return None
