"""Google-news sitemaps, and sitemaps that are no feed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.feeds import parse, sitemap
from bot.feeds.model import FeedError

NEWS = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://example.com/about</loc></url>
<url><loc>https://example.com/a</loc><news:news><news:publication><news:name>Mine Times</news:name>
<news:language>en</news:language></news:publication><news:publication_date>2026-11-22T10:00:00Z</news:publication_date>
<news:title>Copper &amp; gold</news:title><news:keywords>copper, gold</news:keywords></news:news>
<image:image><image:loc>https://example.com/i.jpg</image:loc></image:image></url></urlset>"""


def test_fields() -> None:
    feed = parse.parse(NEWS)
    (entry,) = feed.entries
    assert (feed.kind, feed.title, feed.language) == ("sitemap", "Mine Times", "en")
    assert (entry.url, entry.title, entry.image) == (
        "https://example.com/a",
        "Copper & gold",
        "https://example.com/i.jpg",
    )
    assert (entry.published, entry.categories) == (datetime(2026, 11, 22, 10, tzinfo=UTC), ("copper", "gold"))


def test_an_index_names_the_news_sitemap_first() -> None:
    index = (
        b"<sitemapindex><sitemap><loc>https://e.com/pages.xml</loc></sitemap>"
        b"<sitemap><loc>https://e.com/news.xml</loc></sitemap></sitemapindex>"
    )
    assert sitemap.children(index) == ("https://e.com/news.xml", "https://e.com/pages.xml")
    with pytest.raises(FeedError, match=r"news\.xml"):
        parse.parse(index)


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset></urlset>",
        b"<urlset><url><loc>https://e.com</loc></url></urlset>",
        b"<!DOCTYPE u [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>&a;</loc></url></urlset>",
        b"<urlset>" + b"<url>" * 100_000,
        b"<sitemapindex/>",
    ],
)
def test_others_are_refused(body: bytes) -> None:
    with pytest.raises(FeedError):
        parse.parse(body)
