"""Anything at all in, a feed or a FeedError out. `one_input` is also the entry point for atheris:

import atheris
from tests.bot.feeds.test_fuzz_parse import one_input
atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
"""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds import discover, identity, opml, page, parse, parser_process, wire
from bot.feeds.model import FeedError
from tests.corpus import recorded_feeds, shared

NOW = datetime(2026, 11, 23, tzinfo=UTC)
URL = "https://example.com/feed"
RULE = page.Rule("body > div > a", 3, 40).dumps()


def one_input(data: bytes) -> None:
    """Everything the package does with one body. Raises only when the package breaks its word."""
    for content_type, rule in ((None, None), ("text/html; charset=utf-7", RULE)):
        try:
            feed = parse.parse(data, content_type=content_type, url=URL, now=NOW, rule=rule)
        except FeedError:
            continue
        assert feed.total == len(feed.entries)
        for entry in feed.entries:
            assert entry.title
            assert "\n" not in entry.title
            assert len(entry.summary) <= 2000
            assert entry.url is None or entry.url.startswith(("http://", "https://"))
            assert entry.image is None or entry.image.startswith("https://")
        feed = parser_process.tagged(feed)
        messages = list(wire.feed_frames(feed))
        back = wire.feed(
            messages[-1]["feed"],
            [e for m in messages for e in wire.entries(wire.unpack(wire.pack(m)[4:])[0]["entries"])],
        )
        assert back == feed
        kind = identity.choose_kind(feed.entries)
        if kind:
            identity.lookup_keys(kind, feed.entries)
            identity.decide(kind, [], feed.entries, present=feed.pieces)
    discover.discover(data, URL)
    page.propose(data, URL)
    with contextlib.suppress(opml.OpmlError):
        opml.read(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500))
def test_any_bytes(data: bytes) -> None:
    one_input(data)


_FRAGMENTS = [
    b"<rss version='2.0'>",
    b"<channel>",
    b"<item>",
    b"</item>",
    b"<title>",
    b"</title>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'>",
    b"<entry>",
    b"</entry>",
    b"<link href='",
    b"'/>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"&amp;",
    b"&nbsp;",
    b"&#0;",
    b"&#xD800;",
    b"<guid>",
    b"</guid>",
    b"<pubDate>22.11.2022</pubDate>",
    b"<content type='xhtml'><div>",
    b"</div></content>",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE rss [<!ENTITY a 'b'>]>",
    b"&a;",
    b"\xff\xfe",
    b"\x00",
    b"xml:base='",
    b"</rss>",
    b"</channel>",
    b"<media:content url='https://a.com/i.jpg'/>",
    b"<urlset>",
    b"<url><loc>x",
    b'{"items":[',
    b"<a href='/x'>A headline of some length</a>",
    b"<svg>",
    b"<base64 mode='base64'>",
    b"<author><name>",
    b"<category term='a'/>",
    b"\xe2\x80",
    b"<skipHours><hour>9</hour></skipHours>",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_FRAGMENTS) | st.binary(max_size=6), max_size=30).map(b"".join))
def test_any_heap_of_feed_fragments(data: bytes) -> None:
    one_input(data)


@pytest.mark.parametrize("seed", range(60))
def test_recorded_feeds_with_bytes_changed(seed: int) -> None:
    shared("feeds")
    rng = random.Random(seed)
    small = [path for path in recorded_feeds() if path.stat().st_size < 30_000]
    data = bytearray(rng.choice(small).read_bytes())
    for _ in range(rng.randrange(1, 20)):
        place = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                del data[place : place + rng.randrange(1, 200)]
            case 2:
                data[place:place] = rng.choice(_FRAGMENTS)
            case _:
                data[place:place] = data[place : place + rng.randrange(1, 400)]
        if not data:
            return
    one_input(bytes(data))
