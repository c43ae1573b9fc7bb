"""From feedparser's dictionary of one entry to a ParsedEntry. Reads what is there; never raises for what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.feeds import clean, dates
from bot.feeds.model import ParsedEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_MAX_CATEGORIES: Final = 30
_PICTURE_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_SMALLEST: Final = 16  # pixels a side; smaller ones are counters and bullets
_HEAVIEST: Final = 10 * 1024 * 1024  # bytes; Discord's own servers would rather give up on it


def convert(
    raw: Mapping[str, object],
    *,
    base: str,
    zone: str | None = None,
    now: datetime | None = None,
    piece: str | None = None,
) -> ParsedEntry:
    """base: what relative links start from. zone and now as in `dates.parse`."""
    raw = dict(raw)  # feedparser's own dictionary looks through its synonyms at each access; these names are its own
    guid = clean.visible(_text(raw.get("id"))) or None
    markup = _markup(raw)
    summary = clean.text(markup, clean.SUMMARY_LIMIT)
    url = _link(raw, base)
    written = _text(raw.get("published")) or _text(raw.get("updated")) or _text(raw.get("created"))
    return ParsedEntry(
        guid=guid,
        url=url,
        title=clean.title(_text(raw.get("title")), summary, url, guid),
        summary=summary,
        author=_author(raw),
        image=_image(raw, markup, base),
        published=dates.parse(written, zone=zone, now=now),
        published_raw=written[:200] or None,
        categories=_categories(raw),
        piece=piece,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield dict(one)


def _markup(raw: Mapping[str, object]) -> str:
    """The summary as HTML or text; the content where there is no summary."""
    summary = _text(raw.get("summary"))
    if summary.strip():
        return summary
    return next((value for c in _dicts(raw.get("content")) if (value := _text(c.get("value"))).strip()), "")


def _link(raw: Mapping[str, object], base: str) -> str | None:
    """The article's address: link, else an alternate link of any type, else a guid that is one, else an enclosure."""
    links = list(_dicts(raw.get("links")))
    candidates = [
        _text(raw.get("link")),
        *(_text(link.get("href")) for link in links if link.get("rel") in {"alternate", None}),
    ]
    guid = _text(raw.get("id")).strip()
    if guid.startswith(("http://", "https://")) and raw.get("guidislink") is not False:
        candidates.append(guid)
    candidates += [_text(link.get("href")) for link in links if link.get("rel") in {"related", "enclosure"}]
    return next((found for c in candidates if (found := clean.address(c, base))), None)


def _author(raw: Mapping[str, object]) -> str | None:
    detail = raw.get("author_detail")
    name = _text(detail.get("name")) if isinstance(detail, dict) else ""
    return clean.text(name or _text(raw.get("author")), 200) or None


def _categories(raw: Mapping[str, object]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for tag in _dicts(raw.get("tags")):
        term = clean.text(_text(tag.get("label")) or _text(tag.get("term")), 100)
        if term:
            found.setdefault(term)
        if len(found) >= _MAX_CATEGORIES:
            break
    return tuple(found)


def _image(raw: Mapping[str, object], markup: str, base: str) -> str | None:
    """media:content, media:thumbnail, an enclosure, then the first <img> of summary and content.

    Https only, and of a size to be looked at, as far as the feed says: no tracking pixel, no poster of many megabytes.
    """
    for media in _dicts(raw.get("media_content")):
        if not _fits(media):
            continue
        kind = _text(media.get("type")) or _text(media.get("medium"))
        url = _text(media.get("url"))
        if kind.startswith("image") or (not kind and url.partition("?")[0].lower().endswith(_PICTURE_ENDINGS)):
            found = clean.picture(url, base)
            if found:
                return found
    for media in _dicts(raw.get("media_thumbnail")):
        if not _fits(media):
            continue
        found = clean.picture(_text(media.get("url")), base)
        if found:
            return found
    for link in _dicts(raw.get("links")):
        if link.get("rel") == "enclosure" and _text(link.get("type")).startswith("image/") and _fits(link):
            found = clean.picture(_text(link.get("href")) or _text(link.get("url")), base)
            if found:
                return found
    markups = [markup, *(_text(c.get("value")) for c in _dicts(raw.get("content")))]
    return next((found for m in markups if (found := clean.first_picture(m, base))), None)


def _fits(picture: Mapping[str, object]) -> bool:
    """Whether the size a feed declares for a picture is one to show; what it leaves out is no obstacle."""
    sides = [_number(picture.get(name)) for name in ("width", "height")]
    size = _number(picture.get("filesize")) or _number(picture.get("length")) or 0
    return all(not side or side >= _SMALLEST for side in sides) and size <= _HEAVIEST


def _number(value: object) -> int | None:
    text = _text(value).strip().removesuffix("px")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
