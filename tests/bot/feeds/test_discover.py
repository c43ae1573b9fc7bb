"""The feeds a page names, likeliest first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import discover

URL = "https://example.com/news"

PAGES = {
    "declared": ('<link rel="alternate" type="application/rss+xml" href="/rss" title="News">', "https://example.com/rss"),
    "declared without quotes": ("<link rel=alternate type=application/atom+xml href=/atom>", "https://example.com/atom"),
    "comments come after news": (
        ('<link rel=alternate type="application/rss+xml" href="/comments/feed"><link rel=alternate '
        'type="application/rss+xml" href="/feed">'), "https://example.com/feed"),
    "base": ('<base href="https://other.example/x/"><link rel=alternate type="application/rss+xml" href="rss">',
             "https://other.example/x/rss"),
    "feed scheme": ('<a href="feed://example.com/f">subscribe</a>', "https://example.com/f"),
    "linked": ('<a href="/about">About</a><a href="/rss-feeds/all">RSS</a>', "https://example.com/rss-feeds/all"),
    "linked by ending": ('<a href="/news.rss"><img src=x></a>', "https://example.com/news.rss"),
    "JSON Feed": ('<link rel=alternate type="application/feed+json" href="/feed.json">', "https://example.com/feed.json"),
    "stylesheets are none": ('<link rel="alternate stylesheet" type="text/xml" href="/s">', "https://example.com/news/feed/"),
    "oEmbed is none": ('<link rel=alternate type="application/json" href="/wp-json/oembed/1.0">', "https://example.com/news/feed/"),
    "nothing: the usual places": ("<p>hello</p>", "https://example.com/news/feed/"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "first"), PAGES.values(), ids=PAGES.keys())
def test_the_likeliest_stands_first(page: str, first: str) -> None:
    assert discover.discover(f"<html><body>{page}</body></html>", URL)[0].url == first


def test_each_address_is_offered_once_and_only_http() -> None:
    page = (
        '<link rel=alternate type="application/rss+xml" href="/feed/" title="All &amp; more">'
        '<a href="https://example.com/feed?utm_source=x">RSS</a><a href="javascript:feed()">RSS feed</a>'
        '<a href="https://facebook.com/feed">feed</a>'
    )
    found = discover.discover(page, URL)
    assert [c.url for c in found if c.how != "guessed"] == ["https://example.com/feed/"]
    assert found[0].title == "All & more"
    assert len(found) <= 20


def test_the_usual_places_need_an_http_address() -> None:
    assert discover.common("ftp://example.com") == []
    assert "https://example.com/feed/" in [c.url for c in discover.common(URL)]


@given(st.binary(max_size=400))
def test_no_page_raises(body: bytes) -> None:
    discover.discover(body, URL)
    discover.discover(b"<a href='/rss" + body + b"'>rss<link rel=alternate type=text/xml href=" + body, URL)
