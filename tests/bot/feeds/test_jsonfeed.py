"""JSON Feed 1.0 and 1.1, and JSON that is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import jsonfeed, parse
from bot.feeds.model import FeedError

FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Mines &amp; Metals",
    "home_page_url": "https://example.com/",
    "feed_url": "https://example.com/feed.json",
    "language": "en-AU",
    "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
    "items": [
        {
            "id": 7,
            "url": "/news/7",
            "title": "Copper <b>up</b>",
            "content_html": "<p>Body &amp; soul</p><img src='https://example.com/i.png'>",
            "date_published": "2026-11-22T10:00:00+10:00",
            "authors": [{"name": "A. Writer"}, {"name": "B. Writer"}],
            "tags": ["copper", 5],
        },
        {"id": "8", "content_text": "No title, only text"},
        "not an item",
    ],
}


def test_fields() -> None:
    feed = parse.parse(json.dumps(FEED).encode(), url="https://example.com/feed.json")
    assert (feed.kind, feed.title, feed.hub_url, feed.language, feed.total) == (
        "json", "Mines & Metals", "https://hub.example/", "en-AU", 2,
    )  # fmt: skip
    first, second = feed.entries
    assert (first.guid, first.url, first.title) == ("7", "https://example.com/news/7", "Copper up")
    assert (first.summary, first.image) == ("Body & soul", "https://example.com/i.png")
    assert first.published == datetime(2026, 11, 22, tzinfo=UTC)
    assert (first.author, first.categories) == ("A. Writer, B. Writer", ("copper",))
    assert second.title == "No title, only text"
    assert feed.warnings


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"items": []}', '{"version": "https://jsonfeed.org/version/1"}',
                                  "[" * 100_000, '{"a":' * 50_000])  # fmt: skip
def test_other_json_is_no_feed(text: str) -> None:
    with pytest.raises(FeedError):
        jsonfeed.parse(text)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    max_leaves=12,
)
_keys = st.sampled_from(["id", "url", "title", "content_html", "date_published", "authors", "author", "tags", "image"])


@given(st.lists(st.dictionaries(_keys, _json) | _json, max_size=4), _json)
def test_no_item_raises(items: list[object], other: object) -> None:
    document = {"version": "https://jsonfeed.org/version/1", "items": items, "title": other, "hubs": other}
    assert all(e.title for e in jsonfeed.parse(json.dumps(document)).entries)
