"""Feeds, entries and stories as the pipeline uses them, on each engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from storage import entries, feeds, outbox
from storage.records import NewEntry
from tests.plans import listening, plan

if TYPE_CHECKING:
    from storage.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def entry(feed_id: int, number: int, **changes: object) -> NewEntry:
    values: dict[str, object] = {
        "feed_id": feed_id, "identity": f"g:{number}", "link_key": f"l{number}", "title": f"Gold {number}",
        "url": f"https://x.example/{number}", "summary": "", "author": None, "image": None,
        "published_at": NOW + timedelta(minutes=number), "published_raw": None, "first_seen_at": NOW, "silent": False,
        "piece": f"p{number}", "tags": {"minerals": [["gold", ["Gold"]]]}, "facets": ("mineral:gold",),
    }  # fmt: skip
    return NewEntry(**{**values, **changes})  # type: ignore[arg-type]


async def test_a_feed_is_one_row_however_many_servers_add_it(db: Database) -> None:
    async with db.write() as c:
        first, new = await feeds.add(c, "https://a.example/feed", now=NOW)
        again, new_again = await feeds.add(c, "https://a.example/feed", now=NOW)
        assert (new, new_again, again.id) == (True, False, first.id)
        assert await feeds.link(c, 1, first.id, added_by=7, now=NOW)
        assert await feeds.link(c, 2, first.id, added_by=7, now=NOW)
        assert not await feeds.link(c, 2, first.id, added_by=7, now=NOW)
        assert await feeds.readers(c, [first.id]) == {first.id: {1, 2}}


async def test_a_feed_nobody_reads_is_no_longer_polled_and_can_come_back(db: Database) -> None:
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://a.example/feed", now=NOW)
        await feeds.link(c, 1, feed.id, added_by=None, now=NOW)
        assert await feeds.unlink(c, 1, feed.id)
        assert await feeds.claim_due(c, NOW, limit=10, lease_seconds=60) == []
        back, _ = await feeds.add(c, "https://a.example/feed", now=NOW)
        assert back.state == "active"


async def test_a_claim_takes_the_longest_overdue_first_and_no_other_poller_gets_them(db: Database) -> None:
    async with db.write() as c:
        for number in range(5):
            await feeds.add(c, f"https://{number}.example/", now=NOW, next_poll_at=NOW - timedelta(minutes=number))
        await feeds.add(c, "https://later.example/", now=NOW, next_poll_at=NOW + timedelta(hours=1))
    async with db.write() as c:
        first = await feeds.claim_due(c, NOW, limit=2, lease_seconds=60)
        second = await feeds.claim_due(c, NOW, limit=10, lease_seconds=60)
    assert [feed.url for feed in first] == ["https://4.example/", "https://3.example/"]
    assert [feed.url for feed in second] == ["https://2.example/", "https://1.example/", "https://0.example/"]
    async with db.write() as c:
        late = await feeds.claim_due(c, NOW + timedelta(seconds=61), limit=10, lease_seconds=60)
        assert len(late) == 5, "an expired lease is free again: its holder died"


async def test_how_polls_went_is_written_together_and_only_what_is_named(db: Database) -> None:
    async with db.write() as c:
        one, _ = await feeds.add(c, "https://1.example/", now=NOW)
        two, _ = await feeds.add(c, "https://2.example/", now=NOW)
        await feeds.save_many(c, [{"id": one.id, "etag": 'W/"x"', "failures": 0}, {"id": two.id, "failures": 3}])
        stored = [await feeds.get(c, feed.id) for feed in (one, two)]
    assert [(feed.etag, feed.failures) for feed in stored if feed] == [('W/"x"', 0), (None, 3)]


async def test_a_feed_that_moves_to_a_known_address_becomes_one_with_it(db: Database) -> None:
    async with db.write() as c:
        old, _ = await feeds.add(c, "https://old.example/", now=NOW)
        new, _ = await feeds.add(c, "https://new.example/", now=NOW)
        for guild, feed in ((1, old), (2, old), (2, new)):
            await feeds.link(c, guild, feed.id, added_by=None, now=NOW)
        assert await feeds.rename_url(c, old.id, "https://new.example/") == new.id
        assert await feeds.readers(c, [new.id, old.id]) == {new.id: {1, 2}, old.id: set()}


async def test_known_entries_are_found_by_identity_or_link_within_their_feed_only(db: Database) -> None:
    async with db.write() as c:
        one, _ = await feeds.add(c, "https://1.example/", now=NOW)
        two, _ = await feeds.add(c, "https://2.example/", now=NOW)
        await entries.add_entries(c, [entry(one.id, 1), entry(one.id, 2), entry(two.id, 1)])
        by_identity = await entries.known(c, [(one.id, "g:1"), (one.id, "g:9")], [])
        by_link = await entries.known(c, [], [(two.id, "l1")])
    assert [(row.feed_id, row.identity) for row in by_identity] == [(one.id, "g:1")]
    assert [(row.feed_id, row.link_key) for row in by_link] == [(two.id, "l1")]


async def test_story_ids_can_be_reserved_and_sources_are_listed_first_one_first(db: Database) -> None:
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://1.example/", now=NOW, title="One")
        ids = await entries.reserve_stories(c, 3)
        assert len(set(ids)) == 3
        await entries.add_stories(c, [(ids[0], "Gold 1", NOW, NOW)])
        made = await entries.add_entries(
            c, [entry(feed.id, 1, story_id=ids[0]), entry(feed.id, 2, story_id=ids[0], story_why="same headline")]
        )
        found = await entries.sources_of(c, [ids[0]])
        more = await entries.reserve_stories(c, 1)
    assert [line.entry_id for line in found[ids[0]]] == made
    assert found[ids[0]][1].story_why == "same headline"
    assert more[0] > ids[0]


async def test_the_latest_entries_can_be_asked_by_tag_and_server(db: Database) -> None:
    async with db.write() as c:
        mine, _ = await feeds.add(c, "https://1.example/", now=NOW)
        other, _ = await feeds.add(c, "https://2.example/", now=NOW)
        await feeds.link(c, 1, mine.id, added_by=None, now=NOW)
        await entries.add_entries(
            c, [entry(mine.id, 1), entry(mine.id, 2, facets=("mineral:tin",)), entry(mine.id, 3), entry(other.id, 4)]
        )
    async with db.read() as c:
        gold = await entries.latest(c, 1, facets=["mineral:gold"])
        everything = await entries.latest(c, None)
        nothing = await entries.latest(c, 2)
    assert [found.title for found in gold] == ["Gold 3", "Gold 1"]
    assert len(everything) == 4
    assert nothing == []


async def test_a_corrected_title_is_the_storys_only_when_its_entry_came_first(db: Database) -> None:
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://1.example/", now=NOW)
        (story,) = await entries.reserve_stories(c, 1)
        await entries.add_stories(c, [(story, "Gold 1", NOW, NOW)])
        await entries.add_entries(c, [entry(feed.id, 1, story_id=story), entry(feed.id, 2, story_id=story)])
        first, second = sorted(await entries.known(c, [(feed.id, "g:1"), (feed.id, "g:2")], []), key=lambda k: k.id)
        for known, title in ((second, "Second corrected"), (first, "First corrected")):
            await entries.correct(
                c, known, title=title, summary="", url=None, tags={}, piece=None, now=NOW + timedelta(hours=1)
            )
        found = await entries.stories_by_id(c, [story])
    assert found[story].title == "First corrected"


async def test_what_is_known_is_found_by_the_index_however_much_is_stored(db: Database) -> None:
    """Each poll asks; reading the whole table for it would cost seconds once there are a million headlines."""
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://a.example/feed", now=NOW)
        other, _ = await feeds.add(c, "https://b.example/feed", now=NOW)
        numbers = await entries.reserve_stories(c, 1)
        await entries.add_stories(c, [(numbers[0], "Gold", NOW, NOW)])
        ids = await entries.add_entries(c, [entry(feed.id, n, story_id=numbers[0]) for n in range(5)])
        await entries.add_entries(c, [entry(other.id, 1, story_id=numbers[0])])
    async with db.read() as c:
        with listening(c, "entries") as selects:
            found = await entries.known(
                c,
                [(feed.id, "g:1"), (feed.id, "g:2"), (feed.id, "g:99"), (other.id, "g:2")],
                [(feed.id, "l2"), (feed.id, "l4"), (other.id, "l4")],
            )
        assert sorted(one.id for one in found) == [ids[1], ids[2], ids[4]]
        assert {(one.feed_id, one.title, one.piece, one.story_id) for one in found} == {
            (feed.id, f"Gold {n}", f"p{n}", numbers[0]) for n in (1, 2, 4)
        }
        assert len(selects) == 2
        if db.is_sqlite:
            for statement, values in selects:
                lines = await plan(c, statement, values)
                assert any(line.startswith("SEARCH entries USING INDEX") for line in lines), lines
                assert not any(line.startswith("SCAN entries") for line in lines), lines


async def test_what_a_capped_follow_was_sent_is_counted_by_its_place_not_by_all_that_was_ever_sent(
    db: Database,
) -> None:
    async with db.read() as c:
        with listening(c, "deliveries") as selects:
            assert await outbox.sent_counts(c, [(1, "channel", 5), (2, "user", 6)], since=NOW) == {}
        ((statement, values),) = selects
        if db.is_sqlite:
            lines = await plan(c, statement, values)
            assert any("ix_deliveries_target (target_kind=? AND target_id=? AND state=?)" in line for line in lines)
