"""The right posts, no more and no fewer: each case that rival bots fail is a named poll sequence here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.feeds import identity, parse
from bot.feeds.identity import Edited, New, Same
from bot.feeds.links import canonical
from bot.feeds.model import ParsedEntry
from tests.corpus import shared


@dataclass(frozen=True, slots=True)
class Stored:
    id: int
    identity: str
    link_key: str | None
    title: str
    piece: str | None = None


class Book:
    """A feed's stored entries, kept as the pipeline keeps them: `decide` is given only what the two `…_keys` name."""

    def __init__(self) -> None:
        self.kind: identity.Kind | None = None
        self.rows: dict[str, Stored] = {}
        self.ids = count(1)

    def poll(self, entries: list[ParsedEntry], *, pieces: bool = False) -> tuple[list[str], list[tuple[str, str]]]:
        """(titles of new entries, (old title, new title) of edited ones). pieces: parse only unknown pieces."""
        present = frozenset(e.piece for e in entries if e.piece)
        if pieces:
            held = {row.piece for row in self.rows.values()}
            entries = [e for e in entries if e.piece not in held]
        self.kind = self.kind or identity.choose_kind(entries)
        if self.kind is None:
            return [], []
        identities, links = identity.lookup_keys(self.kind, entries)
        known = [r for r in self.rows.values() if r.identity in identities or r.link_key in links]
        further = identity.further_keys(self.kind, known, entries)
        known += [r for r in self.rows.values() if r.identity in further and r not in known]
        new: list[str] = []
        edited: list[tuple[str, str]] = []
        for decision in identity.decide(self.kind, known, entries, present=present):
            match decision:
                case New(entry, own, link):
                    assert own not in self.rows, "an identity must be new to be stored"
                    self.rows[own] = Stored(next(self.ids), own, link, entry.title, entry.piece)
                    new.append(entry.title)
                case Edited(row, entry, _):
                    edited.append((row.title, entry.title))
                    self.rows[row.identity] = replace(row, title=entry.title, piece=entry.piece)
                case Same():
                    pass
        return new, edited


def item(number: int, **changes: object) -> ParsedEntry:
    base = ParsedEntry(
        guid=f"id-{number}",
        url=f"https://example.com/news/{number}",
        title=f"Copper story number {number} from the mine",
        summary="",
        published_raw=f"Sun, 22 Nov 2026 10:{number % 60:02d}:00 GMT",
        piece=f"{number:024x}",
    )
    entry = replace(base, **changes)  # type: ignore[arg-type]
    return entry if "piece" in changes else replace(entry, piece=f"{hash((entry.guid, entry.url, entry.title)):x}")


TEN = [item(n) for n in range(10)]
OTHER = "Zinc smelter closes after fire"


@pytest.fixture
def book() -> Book:
    book = Book()
    book.poll(TEN)
    return book


NEW_IN_SECOND_POLL = {
    "nothing changed": (TEN, []),
    "one more on top": ([item(10), *TEN], [item(10).title]),
    "one more below old ones": ([*TEN[:5], item(10), *TEN[5:]], [item(10).title]),
    "a guid reused for another item": ([item(3, url="https://example.com/news/99", title=OTHER), *TEN], [OTHER]),
    "reused guid, titles that differ in figures only": (
        [item(3, url="https://example.com/news/99", title="Copper story number 99 from the mine"), *TEN],
        ["Copper story number 99 from the mine"],
    ),
    "a guid reused in place of the old item": (
        [item(3, url="https://example.com/news/99", title=OTHER), *TEN[:3], *TEN[4:]],
        [OTHER],
    ),
    "equal dates": ([item(10, published_raw=TEN[0].published_raw), item(11, published_raw=TEN[0].published_raw), *TEN],
                    [item(10).title, item(11).title]),
    "backdated": ([*TEN, item(10, published_raw="Fri, 01 Jan 2021 00:00:00 GMT")], [item(10).title]),
    "no date": ([item(10, published_raw=None), *TEN], [item(10).title]),
    "future date": ([item(10, published_raw="Fri, 01 Jan 2038 00:00:00 GMT"), *TEN], [item(10).title]),
    "the newest withdrawn": (TEN[1:], []),
    "all withdrawn": ([], []),
    "tracking parameters change": ([replace(e, url=f"{e.url}?utm_source=rss&utm_medium=x") for e in TEN], []),
    "re-listed with a new guid, old link, same title": ([item(3, guid="fresh-id"), *TEN], []),
    "re-listed in place with a new guid": ([item(3, guid="fresh-id"), *TEN[:3], *TEN[4:]], []),
    "every guid renewed by a site's move": ([replace(e, guid=f"new-{e.guid}") for e in TEN], []),
    "one item twice in the body": ([item(10), item(10), *TEN], [item(10).title]),
    "two new items with one guid": (
        [item(10), item(10, url="https://example.com/news/77", title=OTHER), *TEN],
        [item(10).title, OTHER],
    ),
    "dates bumped on old items": ([replace(e, published_raw="Mon, 23 Nov 2026 09:00:00 GMT") for e in TEN], []),
}  # fmt: skip


@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "pieces"])
@pytest.mark.parametrize(("body", "expected"), NEW_IN_SECOND_POLL.values(), ids=NEW_IN_SECOND_POLL.keys())
def test_second_poll_posts_exactly(book: Book, body: list[ParsedEntry], expected: list[str], pieces: bool) -> None:
    new, edited = book.poll(body, pieces=pieces)
    assert (sorted(new), edited) == (sorted(expected), [])
    assert book.poll(body, pieces=pieces) == ([], []), "a poll repeated posts nothing"
    assert book.poll(list(reversed(body)), pieces=pieces) == ([], []), "order decides nothing"


@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "pieces"])
@pytest.mark.parametrize(
    "title",
    ["Copper story number 3 from the mine (corrected)", "Bullion climbs on rate hopes", "COPPER STORY NUMBER 3"],
)
def test_an_edited_title_is_an_edit_and_never_new(book: Book, title: str, pieces: bool) -> None:
    body = [item(3, title=title) if e.guid == "id-3" else e for e in TEN]
    assert book.poll(body, pieces=pieces) == ([], [(TEN[3].title, title)])
    assert book.poll(body, pieces=pieces) == ([], [])
    assert book.poll(TEN, pieces=pieces) == ([], [(title, TEN[3].title)])


def test_an_edited_title_with_a_renamed_link_is_an_edit(book: Book) -> None:
    title = "Copper story number 3 from the big mine"
    edited = item(3, title=title, url="https://example.com/news/3-renamed")
    assert book.poll([edited, *TEN[:3], *TEN[4:]]) == ([], [(TEN[3].title, title)])


def test_two_items_sharing_a_guid_never_take_turns_at_editing_each_other(book: Book) -> None:
    first, second = item(20), item(20, title="Wholly other headline, same guid and link")
    assert book.poll([first, second, *TEN], pieces=True)[0] == [first.title, second.title]
    for body in ([second, first], [first, second], [second], [first], [second, first]):
        assert book.poll(body, pieces=True) == ([], [])


def test_a_feed_without_guids_goes_by_link() -> None:
    book = Book()
    bare = [replace(e, guid=None) for e in TEN]
    assert len(book.poll(bare)[0]) == 10
    assert book.kind == "link"
    tracked = [replace(e, url=f"{e.url}?fbclid=abc") for e in bare]
    assert book.poll([replace(item(10), guid=None), *tracked]) == ([item(10).title], [])
    assert book.poll([replace(bare[0], title="Reworded")]) == ([], [(bare[0].title, "Reworded")])


def test_a_feed_without_any_id_goes_by_title_and_day() -> None:
    book = Book()
    bare = [replace(e, guid=None, url=None) for e in TEN]
    assert len(book.poll(bare)[0]) == 10
    assert book.kind == "title"
    assert book.poll(bare[1:]) == ([], []), "the newest withdrawn resends nothing"
    assert book.poll([replace(item(10), guid=None, url=None), *bare]) == ([item(10).title], [])
    again = replace(bare[0], published_raw="Tue, 24 Nov 2026 10:00:00 GMT")
    assert book.poll([again, *bare]) == ([again.title], []), "a recurring title on another day is another item"


def test_one_fixed_link_for_all_items_hides_none() -> None:
    book = Book()
    fixed = [replace(e, guid=None, url="https://example.com/prices") for e in TEN]
    assert len(book.poll(fixed)[0]) == 10
    assert book.poll([replace(item(10), guid=None, url="https://example.com/prices"), *fixed])[0] == [item(10).title]
    book = Book()
    fixed = [replace(e, url="https://example.com/prices") for e in TEN]
    assert len(book.poll(fixed)[0]) == 10
    assert book.poll([replace(item(10), url="https://example.com/prices"), *fixed])[0] == [item(10).title]


def test_setting_a_zone_later_renews_no_identity() -> None:
    entry = replace(item(1), guid=None, url=None, published_raw="2026-09-15 21:04:02")
    before = replace(entry, published=datetime(2026, 9, 15, 21, 4, 2, tzinfo=UTC))
    after = replace(entry, published=datetime(2026, 9, 16, 2, 4, 2, tzinfo=UTC))
    assert identity.identity("title", before) == identity.identity("title", after)


def test_kind_is_chosen_by_what_tells_entries_apart() -> None:
    assert identity.choose_kind([]) is None
    assert identity.choose_kind(TEN) == "guid"
    assert identity.choose_kind([replace(e, guid="same") for e in TEN]) == "link"
    assert identity.choose_kind([replace(e, guid="same", url="https://x.com/") for e in TEN]) == "title"


def test_guids_that_differ_only_in_the_fragment_are_different() -> None:
    one, two = (item(1, guid=f"https://example.com/changes#{n}") for n in ("a", "b"))
    assert identity.identity("guid", one) != identity.identity("guid", two)


SIMILAR = {
    ("Gold rises on Fed hopes", "Gold rises on Fed hopes, dollar slips"): True,
    ("Glencore halts Mopani mine", "UPDATE: Glencore halts Mopani mine"): True,
    ("Q2 results: output up", "Q3 results: output up"): False,
    ("Gold rises on Fed hopes", "Zinc smelter closes after fire"): False,
    ("BHP bids for Anglo", "bhp bids for anglo"): True,
}


@pytest.mark.parametrize(("pair", "expected"), SIMILAR.items())
def test_similar_titles(pair: tuple[str, str], expected: bool) -> None:
    assert identity.similar(*pair) is expected


LINKS = {
    "scheme, host case, port, slash, fragment": ("HTTP://Example.com:80/a/#x", "https://example.com/a"),
    "tracking": ("https://e.com/a?utm_source=x&id=1&fbclid=2&gclid=3", "https://e.com/a?id=1"),
    "order of parameters": ("https://e.com/a?b=2&a=1", "https://e.com/a?a=1&b=2"),
    "referrer values": ("https://e.com/a?ref=rss", "https://e.com/a"),
    "escapes": ("https://e.com/%7Ea", "https://e.com/~a"),
    "bing counters": (
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&tid=1&url=https%3a%2f%2fe.com%2fa&c=77",
        "https://e.com/a",
    ),
}


@pytest.mark.parametrize(("one", "two"), LINKS.values(), ids=LINKS.keys())
def test_links_to_one_article_are_one(one: str, two: str) -> None:
    assert canonical(one) == canonical(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("https://www.mining.com/?p=1", "https://www.mining.com/?p=2"),
        ("https://e.com/a?ref=chapter1", "https://e.com/a?ref=chapter2"),
        ("https://e.com:8443/a", "https://e.com/a"),
        ("https://e.com/a%2Fb", "https://e.com/a/c"),
        ("https://news.google.com/rss/articles/CBMiA?oc=5", "https://news.google.com/rss/articles/CBMiB?oc=5"),
    ],
)
def test_links_to_two_articles_are_two(one: str, two: str) -> None:
    assert canonical(one) != canonical(two)


@given(st.text(max_size=200))
def test_canonical_takes_anything(url: str) -> None:
    canonical(url)
    canonical("https://" + url)


_entries = st.lists(
    st.builds(
        ParsedEntry,
        guid=st.sampled_from([None, "a", "b", "c"]),
        url=st.sampled_from([None, "https://e.com/1", "https://e.com/2", "https://e.com/3"]),
        title=st.sampled_from(["Gold rises", "Gold rises again today", "Zinc falls 3%", "Zinc falls 4%"]),
        summary=st.just(""),
        piece=st.none(),
    ),
    max_size=8,
)


def _one(guid: str | None, number: int | None, title: str) -> ParsedEntry:
    return ParsedEntry(guid=guid, url=number and f"https://e.com/{number}", title=title, summary="")  # type: ignore[arg-type]


_ONE_ID_FOR_MANY = [
    _one(None, 1, "Zinc falls 3%"),
    _one("a", 1, "Zinc falls 3%"),
    _one("a", 2, "Gold rises"),
    _one("a", 1, "Gold rises again today"),
    _one(None, 1, "Gold rises again today"),
]


@example([[_one("a", None, "Gold rises")], _ONE_ID_FOR_MANY])
@example([[_one("a", 1, "Gold rises"), _one("a", 2, "Zinc falls 3%"), _one("a", 2, "Gold rises again today")]])
@given(st.lists(_entries, min_size=1, max_size=4))
def test_any_body_read_twice_posts_nothing_the_second_time_and_no_headline_is_lost(
    polls: list[list[ParsedEntry]],
) -> None:
    book, told = Book(), set[str]()
    for body in polls:
        body = [replace(e, piece=f"{hash((e.guid, e.url, e.title))}") for e in body]
        new, edited = book.poll(body)
        assert book.poll(body)[0] == []
        told |= {*new, *(after for _before, after in edited)}
        assert told >= {entry.title for entry in body}


def test_a_uuid_marks_an_item_even_when_title_and_link_both_change() -> None:
    uuid = "43c981f4-9361-4ffb-a3da-a3160e5c8e02"
    book = Book()
    book.poll([item(1, guid=uuid), item(2)])
    changed = item(1, guid=uuid, url="https://example.com/other", title=OTHER)
    assert book.poll([changed, item(2)]) == ([], [(item(1).title, OTHER)])
    twice = item(1, guid=uuid, url="https://example.com/third", title="Nickel premium doubles")
    assert book.poll([twice, changed, item(2)])[0] == [twice.title], "unless both stand in one body"


def test_one_link_for_everything_costs_no_more_than_many() -> None:
    """Each new entry is compared with those of its very words, not with all that have its link."""
    book = Book()
    shared_link = "https://example.com/news"
    book.poll([item(n, url=shared_link, guid=None, title=f"Story {n} from the mine") for n in range(500)])
    compared = Counter[str]()
    fold = identity._folded

    def counting(title: str) -> str:
        compared[title] += 1
        return fold(title)

    with patch.object(identity, "_folded", counting):
        new, _edited = book.poll(
            [item(n, url=shared_link, guid=None, title=f"Story {n} from the mine") for n in range(500, 560)]
        )
    assert len(new) == 60
    assert max(compared.values()) < 20


def test_digg_at_36_moments_posts_each_item_once() -> None:
    book = Book()
    news: list[str] = []
    edits: list[tuple[str, str]] = []
    guids: set[str | None] = set()
    for path in sorted(shared("feeds", "sequences", "digg-tech").glob("*.xml")):
        feed = parse.parse(path.read_bytes(), url="https://digg.com/rss/technology.xml")
        new, edited = book.poll(list(feed.entries))
        assert book.poll(list(feed.entries)) == ([], [])
        news += new
        edits += edited
        guids |= {entry.guid for entry in feed.entries}
    assert len(guids) == 276
    assert len(news) == len(set(news)) == len(guids), "each guid once, each headline once"
    assert len(edits) == 29


def test_only_an_entry_whose_id_something_has_calls_for_further_identities() -> None:
    one, two = item(1, url=None), item(2)
    own, _links = identity.lookup_keys("guid", [one, two])
    assert identity.further_keys("guid", [], [one, two]) == set()
    stored = Stored(1, identity.identity("guid", one), None, "Gold rises")
    assert len(identity.further_keys("guid", [stored], [one, two])) == 2
    again = identity.further_keys("guid", [], [one, item(1, url=None, title="Tin is scarce")])
    assert len(again) == 3, "one by the link that neither has, and two by their titles"
    assert not again & own
