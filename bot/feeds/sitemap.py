"""Reads a Google-news sitemap into a ParsedFeed.

The format: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap. A sitemap without
news titles is not a feed; an index of sitemaps names the ones worth trying.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from bot.feeds import clean, dates
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedEntry, ParsedFeed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_ENTRIES: Final = 1000  # the format's own limit of news entries in one file
_INDEXED: Final = 50_000


def parse(data: bytes, *, url: str = "", zone: str | None = None, now: datetime | None = None) -> ParsedFeed:
    """UTF-8 XML in, entries in document order out. Raises FeedError (NOT_A_FEED)."""
    root = _root(data)
    if _local(root) == "sitemapindex":
        raise _not_a_feed(_index_detail(children(data, url)))
    entries: list[ParsedEntry] = []
    title = language = None
    for node in _children(root, "url"):
        news = next(_children(node, "news"), None)
        if news is None:
            continue
        publication = next(_children(news, "publication"), None)
        if publication is not None:
            title = title or clean.text(_value(publication, "name"), 300) or None
            language = language or _value(publication, "language")[:35] or None
        entries.append(_entry(node, news, url, zone, now))
        if len(entries) >= _ENTRIES:
            break
    if not entries:
        raise _not_a_feed("That is a sitemap without news titles; look for the site's news sitemap or its feed.")
    return ParsedFeed(
        kind="sitemap", title=title, site_url=None, entries=tuple(entries), total=len(entries), language=language
    )


def children(data: bytes, url: str = "") -> tuple[str, ...]:
    """The sitemaps that an index lists, those with "news" in their address first; empty for anything else."""
    root = _root(data)
    if _local(root) != "sitemapindex":
        return ()
    found: dict[str, None] = {}
    for number, node in enumerate(_children(root, "sitemap")):
        address = clean.address(_value(node, "loc"), url)
        if address:
            found.setdefault(address)
        if number >= _INDEXED:
            break
    return tuple(sorted(found, key=lambda address: "news" not in address.lower()))


def _entry(node: etree._Element, news: etree._Element, url: str, zone: str | None, now: datetime | None) -> ParsedEntry:
    address = clean.address(_value(node, "loc"), url)
    written = _value(news, "publication_date") or _value(node, "lastmod")
    image = next(_children(node, "image"), None)
    return ParsedEntry(
        guid=None,
        url=address,
        title=clean.title(_value(news, "title"), address),
        summary="",
        image=clean.picture(_value(image, "loc"), url) if image is not None else None,
        published=dates.parse(written, zone=zone, now=now),
        published_raw=written[:200] or None,
        categories=tuple(
            word for part in _value(news, "keywords").split(",")[:30] if (word := clean.text(part, 100))
        ),
    )  # fmt: skip


def _root(data: bytes) -> etree._Element:
    # No entities, no network, no huge trees: the defaults of expat's and libxml2's own bomb limits stay in force.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _not_a_feed("That looks like a sitemap, but its XML cannot be read.") from error
    if root is None:
        raise _not_a_feed("That looks like a sitemap, but it is empty.")
    return root


def _local(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in node if _local(child) == name)


def _value(node: etree._Element, name: str) -> str:
    child = next(_children(node, name), None)
    return (child.text or "").strip() if child is not None else ""


def _index_detail(found: tuple[str, ...]) -> str:
    if not found:
        return "That is an index of sitemaps, and it lists none."
    return f"That is an index of sitemaps; try one of those it lists, such as {found[0][:200]}"


def _not_a_feed(detail: str) -> FeedError:
    return FeedError(Fault(FaultKind.NOT_A_FEED, detail))
