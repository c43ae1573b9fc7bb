"""Every recorded feed, read once: as many entries as feedparser finds, each fit to be shown, and the same in pieces."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import feedparser
import pytest

from bot.feeds import charset, parse, pieces
from tests.bot.feeds.test_pieces import agree
from tests.corpus import recorded_feeds, shared

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, tzinfo=UTC)
URL = "https://example.com/feed"
# The one is cut once it is mended, of the other feedparser sees other entries than the cut.
READ_OTHERWISE = ("myanimelist.net-32386289.xml", "pauldix.net-3623f478.xml")


def theirs(body: bytes) -> list[object]:
    """Feedparser's own entries. Cleaning their HTML is most of its time, and changes no number."""
    feed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return list(feed.entries)


def cut(body: bytes) -> pieces.Cut | pieces.Odd:
    return pieces.cut(charset.decode(body).text.encode())


@pytest.mark.parametrize("path", recorded_feeds(), ids=lambda path: path.name)
def test_a_recorded_feed_yields_as_many_entries_as_feedparser_and_the_same_ones_in_pieces(path: Path) -> None:
    body = path.read_bytes()
    feed = parse.parse(body, url=URL, now=NOW)
    assert len(feed.entries) == feed.total == len(theirs(body))
    for entry in feed.entries:
        assert entry.title
        assert len(entry.summary) <= 2000
        assert not entry.url or entry.url.startswith(("http://", "https://"))
        assert not entry.image or entry.image.startswith("https://")
        assert entry.published is None or entry.published.utcoffset() is not None
    assert bool(feed.pieces) == isinstance(cut(body), pieces.Cut) or path.name in READ_OTHERWISE
    ordered = [e.piece for e in feed.entries if e.piece]
    for chosen in ({*ordered[:1]}, {*ordered[-1:]}, {*ordered[len(ordered) // 2 :][:2]}, set[str]()):
        agree(body, chosen, feed, now=NOW)


def test_nearly_every_recorded_feed_can_be_cut() -> None:
    shared("feeds")
    found = [cut(path.read_bytes()) for path in recorded_feeds()]
    assert len(found) > 300
    assert sum(isinstance(one, pieces.Cut) for one in found) >= 0.97 * len(found)
