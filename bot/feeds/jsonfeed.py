"""Reads JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) into a ParsedFeed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bot.feeds import clean, dates
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedEntry, ParsedFeed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ITEMS: Final = 20_000


def parse(text: str, *, url: str = "", zone: str | None = None, now: datetime | None = None) -> ParsedFeed:
    """The feed; items that are not objects are left out with a warning. Raises FeedError (NOT_A_FEED)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_a_feed("The answer is neither a feed nor valid JSON; check the address.") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in _text(document.get("version")):
        raise _not_a_feed("That is JSON, but not a JSON Feed (https://www.jsonfeed.org); give a feed's address.")
    warnings: list[str] = []
    if len(items) > _ITEMS or not all(isinstance(item, dict) for item in items):
        warnings.append("some items are not objects, or there are too many; left out")
    base = clean.address(_text(document.get("home_page_url")), url) or url
    entries = tuple(_entry(item, url or base, zone, now) for item in items[:_ITEMS] if isinstance(item, dict))
    return ParsedFeed(
        kind="json",
        title=clean.text(_text(document.get("title")), 300) or None,
        site_url=clean.address(_text(document.get("home_page_url")), url),
        entries=entries,
        total=len(entries),
        hub_url=_hub(document.get("hubs"), url),
        self_url=clean.address(_text(document.get("feed_url")), url),
        language=_text(document.get("language"))[:35] or None,
        warnings=tuple(warnings),
    )


def _entry(item: Mapping[str, object], base: str, zone: str | None, now: datetime | None) -> ParsedEntry:
    identity = item.get("id")
    # Version 1 asks readers to coerce numbers to strings.
    guid = str(identity) if isinstance(identity, str | int | float) and not isinstance(identity, bool) else ""
    url = clean.address(_text(item.get("url")), base) or clean.address(_text(item.get("external_url")), base)
    markup = _text(item.get("content_html"))
    summary = clean.text(_text(item.get("summary")) or _text(item.get("content_text")) or markup, clean.SUMMARY_LIMIT)
    written = _text(item.get("date_published")) or _text(item.get("date_modified"))
    image = clean.picture(_text(item.get("image")), base) or clean.picture(_text(item.get("banner_image")), base)
    tags = item.get("tags")
    return ParsedEntry(
        guid=clean.visible(guid) or None,
        url=url or clean.address(guid if guid.startswith("http") else None, base),
        title=clean.title(_text(item.get("title")), summary, url, guid),
        summary=summary,
        author=_author(item),
        image=image or clean.first_picture(markup, base),
        published=dates.parse(written, zone=zone, now=now),
        published_raw=written[:200] or None,
        categories=tuple(clean.text(tag, 100) for tag in tags[:30] if isinstance(tag, str))
        if isinstance(tags, list)
        else (),
    )


def _author(item: Mapping[str, object]) -> str | None:
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    names = [clean.text(_text(person.get("name")), 100) for person in people[:5] if isinstance(person, dict)]
    return ", ".join(name for name in names if name) or None


def _hub(hubs: object, url: str) -> str | None:
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and _text(hub.get("type")).lower() == "websub":
            return clean.address(_text(hub.get("url")), url)
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _not_a_feed(detail: str) -> FeedError:
    return FeedError(Fault(FaultKind.NOT_A_FEED, detail))
