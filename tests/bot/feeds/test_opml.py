"""Lists of feeds in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import clean, opml
from bot.feeds.opml import OpmlError, OpmlFeed

FILE = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>x</title></head><body>
<outline text="Metals">
  <outline text="Gold" title="Gold &amp; co">
    <outline type="rss" text="A" xmlUrl="https://a.example/feed" htmlUrl="https://a.example/"/>
  </outline>
  <outline text="B" XMLURL="feed://b.example/rss"/>
</outline>
<outline type="rss" text="No address"/>
<outline text="C" xmlUrl="ftp://c.example/"/>
<outline text="A again" xmlUrl="http://a.example/feed/"/>
</body></opml>"""


def test_feeds_with_folders_and_problems_with_lines() -> None:
    report = opml.read(FILE)
    assert [(f.url, f.title, f.folder, f.line) for f in report.feeds] == [
        ("https://a.example/feed", "A", ("Metals", "Gold & co"), 5),
        ("https://b.example/rss", "B", ("Metals",), 7),
    ]
    assert report.feeds[0].site_url == "https://a.example/"
    assert [(p.line, p.text, p.repeated) for p in report.problems] == [
        (9, "“No address” has no address (xmlUrl).", False),
        (10, "“ftp://c.example/” is not an http(s) address.", False),
        (11, "“http://a.example/feed/” was listed before, on line 5.", True),
    ]


HOSTILE = {
    "entity bomb": b'<!DOCTYPE o [<!ENTITY a "x"><!ENTITY b "' + b"&a;" * 1000 + b'">]><opml><body>&b;</body></opml>',
    "external entity": b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body>'
    b'<outline text="&x;" xmlUrl="https://a.com/&x;"/></body></opml>',
    "deep nesting": b"<opml><body>" + b"<outline text='a'>" * 5000 + b"</body></opml>",
    "broken": b"<opml><body><outline xmlUrl='https://a.com/feed'><outline",
    "ampersand": b"<opml><body><outline text='A & B' xmlUrl='https://a.com/?a=1&b=2'/></body></opml>",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_and_broken_files_are_read_without_harm(data: bytes) -> None:
    report = opml.read(data)
    assert "root:" not in str(report)
    assert len(report.feeds) <= 1


@pytest.mark.parametrize("data", [b"", b"hello", b"<html><body/></html>", b"<opml/>", b"\x00\xff", b" " * (3 * 2**20)])
def test_what_is_no_opml_is_refused(data: bytes) -> None:
    with pytest.raises(OpmlError):
        opml.read(data)


def test_an_empty_list_is_reported() -> None:
    report = opml.read(b"<opml><body></body></opml>")
    assert (report.feeds, len(report.problems)) == ((), 1)


def test_more_feeds_than_the_limit_are_reported_once() -> None:
    lines = "".join(f"<outline xmlUrl='https://a.com/{n}'/>\n" for n in range(opml.MAX_FEEDS + 50))
    report = opml.read(f"<opml><body>{lines}</body></opml>".encode())
    assert len(report.feeds) == opml.MAX_FEEDS
    assert len(report.problems) == 1


_name = st.text(st.characters(whitelist_categories=["L", "N", "P", "S"]), min_size=1, max_size=20).filter(
    lambda s: bool(clean.text(s, 200) == s)
)


@given(
    st.lists(st.tuples(st.integers(1, 500), _name, st.lists(_name, max_size=3)), unique_by=lambda t: t[0], max_size=10)
)
def test_what_is_written_is_read_back(rows: list[tuple[int, str, list[str]]]) -> None:
    feeds = [
        OpmlFeed(f"https://e.com/{n}?a=1&b=<x>".replace("<x>", "x"), title, tuple(path)) for n, title, path in rows
    ]
    back = opml.read(opml.write(feeds))
    assert {(f.url, f.title, f.folder) for f in back.feeds} == {(f.url, f.title, f.folder) for f in feeds}


@given(st.binary(max_size=300))
def test_nothing_else_is_raised(data: bytes) -> None:
    try:
        opml.read(data)
        opml.read(b"<opml><body>" + data + b"</body></opml>")
    except OpmlError:
        pass
