"""Parsing only what is new gives what parsing the whole gives, or the whole is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.feeds import parse, pieces

if TYPE_CHECKING:
    from datetime import datetime

    from bot.feeds.model import ParsedFeed

URL = "https://example.com/feed"


def agree(body: bytes, unknown: set[str], whole: ParsedFeed, *, now: datetime | None = None) -> bool:
    """Checks a read with all but `unknown` known against the whole; says whether the pieces were used."""
    part = parse.parse(body, url=URL, known=whole.pieces - unknown, now=now)
    assert (part.title, part.kind, part.hints, part.hub_url, part.site_url, part.language) == (
        whole.title, whole.kind, whole.hints, whole.hub_url, whole.site_url, whole.language,
    )  # fmt: skip
    assert part.total == whole.total
    if part.whole:
        assert part.entries == whole.entries
        return False
    assert part.pieces == whole.pieces
    assert part.entries == tuple(e for e in whole.entries if e.piece in unknown)
    return True


def rss(items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>t</title>{items}<ttl>5</ttl></channel></rss>".encode()


ITEM = "<item><title>{0}</title><guid>{0}</guid></item>"
ODD = {
    "document type": b"<!DOCTYPE rss []>" + rss(ITEM.format(1)),
    "nested item": rss("<item><title>a</title><item><title>b</title></item></item>"),
    "item outside the channel": b"<rss version='2.0'><channel><title>t</title></channel><item/></rss>",
    "two channels": b"<rss><channel><item><title>a</title></item></channel><channel><title>b</title></channel></rss>",
    "prefixed item": b"<rss xmlns:r='http://purl.org/rss/1.0/'><channel><r:item/></channel></rss>",
    "capital item": rss("<Item><title>a</title></Item>"),
    "other root": b"<root><item/></root>",
    "no items": rss(""),
    "empty item": rss("<item/>"),
    "not well-formed": rss("<item><title>a & b</title></item>"),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_odd_documents_are_not_cut(data: bytes) -> None:
    found = pieces.cut(data)
    assert isinstance(found, pieces.Odd)
    assert found.reason


TRICKY = {
    "tags inside CDATA": "<item><title>a</title><description><![CDATA[</item><item>]]></description></item>",
    "tags inside a comment": "<item><title>a</title><!-- </item><item> --></item>",
    "greater-than in an attribute": "<item><title>a</title><enclosure url='x>y' type='a'/></item>",
    "space in the end tag": "<item><title>a</title></item  >",
    "other tags that end alike": "<item><title>a</title><myitem>x</myitem></item>",
}


@pytest.mark.parametrize("item", TRICKY.values(), ids=TRICKY.keys())
def test_what_only_looks_like_a_tag_does_not_cut(item: str) -> None:
    body = rss(ITEM.format(1) + item + ITEM.format(2))
    found = pieces.cut(body)
    assert isinstance(found, pieces.Cut)
    assert [body[a:b] for a, b in found.spans] == [ITEM.format(1).encode(), item.encode(), ITEM.format(2).encode()]
    whole = parse.parse(body, url=URL)
    assert agree(body, {found.hashes[1]}, whole)


PLACES = {
    "in a comment": "<!-- {known} -->{new}",
    "in CDATA of another": "<item><title>quoting</title><description><![CDATA[{known}]]></description></item>{new}",
    "in another": "<item><title>outer</title>{known}</item>{new}",
    "twice": "{known}{known}{new}",
    "first": "{known}{new}",
    "last": "{new}{known}",
    "in a row": "{known}\n\t{known}{known} {new}{known}\n",
    "in a row that something breaks": "{known}{known}<language>en</language>{known}{known}{new}",
    "beside the marker's own text": "<?headframe-known 1?>{known}{new}<!-- <?headframe-known 1?> -->",
    "beside a marker for many": "<?headframe-known 99999999?>{known}{new}",
    "beside a marker too many": "{known}<?headframe-known 1?>{new}",
    "beside a marker for some": "<?headframe-known some?>{known}{new}",
    "below the channel's children": "<image>{known}</image>{new}",
}


@pytest.mark.parametrize("form", PLACES.values(), ids=PLACES.keys())
def test_leaving_out_the_text_of_known_pieces_changes_nothing(form: str) -> None:
    known = ITEM.format("known")
    (digest,) = pieces.cut(rss(known)).hashes  # type: ignore[union-attr]
    body = rss(form.format(known=known, new=ITEM.format("new")))
    full, short = pieces.cut(body), pieces.cut(body, {digest})
    assert type(full) is type(short)
    if isinstance(full, pieces.Cut) and isinstance(short, pieces.Cut):
        unknown = [index for index, found in enumerate(full.hashes) if found != digest]
        assert (short.hashes, short.shell().split()) == (full.hashes, full.shell().split())
        assert short.document(unknown, around=False) == full.document(unknown, around=False)
    assert parse.parse(body, url=URL, known={digest}).total == parse.parse(body, url=URL).total


def test_the_text_of_known_pieces_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    body = rss("".join(ITEM.format(n) for n in range(200)))
    known = parse.parse(body, url=URL).pieces
    read: list[int] = []
    scan = pieces._scan
    monkeypatch.setattr(pieces, "_scan", lambda data, marked: (read.append(len(data)), scan(data, marked))[1])
    pieces.cut(rss(ITEM.format("new") + "".join(ITEM.format(n) for n in range(199))), known)
    assert len(read) == 1
    assert read[0] < len(body) / 2


def test_known_pieces_cost_no_entries_and_keep_the_hints() -> None:
    body = rss("".join(ITEM.format(n) for n in range(5)))
    whole = parse.parse(body, url=URL)
    nothing = parse.parse(body, url=URL, known=whole.pieces)
    assert (nothing.entries, nothing.total, nothing.whole, nothing.hints.ttl) == ((), 5, False, 300)


def test_an_edit_changes_only_its_own_piece() -> None:
    before = parse.parse(rss("".join(ITEM.format(n) for n in range(5))), url=URL)
    after = parse.parse(rss("".join(ITEM.format(n if n != 3 else "three") for n in range(5))), url=URL)
    assert len(before.pieces & after.pieces) == 4


@pytest.mark.parametrize("filler", ["<!--", "<item>", "<![CDATA[", "<a b='", "]]>"])
def test_megabytes_of_unclosed_markup_are_refused_or_read_in_one_pass(filler: str) -> None:
    """A quadratic cut would run into the test's time limit."""
    for body in (rss("<item><title>" + filler * 400_000), rss("<item><![CDATA[" + filler * 400_000 + "]]></item>")):
        pieces.cut(body)


_text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="<&>"), max_size=12)
_inner = st.one_of(
    _text,
    _text.map(lambda t: f"<![CDATA[{t}</item><item>]]>"),
    _text.map(lambda t: "<!-- " + t.replace("-", "") + " </item> -->"),
    _text.map(lambda t: f"<b xmlns:x='urn:x' x:item='1'>{t}</b>"),
    st.just("<item>"),
    st.just("&amp;&lt;item&gt;"),
    st.just("&nbsp;"),
)
_item = st.builds(
    "<item><title>{}</title><description>{}</description><guid>{}</guid></item>".format, _text, _inner, _text
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_item, min_size=1, max_size=6), st.data())
def test_pieces_and_whole_agree_or_the_whole_was_used(items: list[str], data: st.DataObject) -> None:
    body = rss("".join(items))
    whole = parse.parse(body, url=URL)
    unknown = {p for p in whole.pieces if data.draw(st.booleans())}
    agree(body, unknown, whole)
    full, short = pieces.cut(body), pieces.cut(body, whole.pieces - unknown)
    assert type(full) is type(short)
    if isinstance(full, pieces.Cut) and isinstance(short, pieces.Cut):
        assert (short.hashes, short.shell().split()) == (full.hashes, full.shell().split())
