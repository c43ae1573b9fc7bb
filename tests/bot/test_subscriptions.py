"""The book after a start, which reads no query before a headline asks for it, against one that knows them all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.bench.match import _Maker
from bot.news import filing, query
from bot.subscriptions import SubscriptionBook
from storage import subscriptions
from storage.errors import Unavailable
from storage.records import NewSubscription, Subscription

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.news.model import Document
    from storage.database import Database

NOW = datetime(2026, 11, 27, tzinfo=UTC)
QUERIES, HEADLINES = 1_500, 150
BY_HAND = ("gold", "gold OR silver", "tariff* -steel", "*", '"central bank" (gold OR mineral:silver)', "direction:up")


@pytest.fixture(scope="module")
def made() -> tuple[list[str], list[Document]]:
    maker = _Maker(5)
    # Common words too: these match, the bench's invented names hardly ever do.
    texts = [*BY_HAND, *(one.text for one in islice(maker.common(), 300)), *(maker.text() for _ in range(QUERIES))]
    return texts, [maker.headline() for _ in range(HEADLINES)]


async def fill(db: Database, texts: list[str]) -> list[Subscription]:
    rows = [
        {"scope_guild_id": n % 9, "target_kind": "channel", "target_id": n, "query": one,
         "canonical": query.parse(one).canonical, "created_at": NOW, "updated_at": NOW}
        for n, one in enumerate(texts)
    ]  # fmt: skip
    async with db.write() as connection:
        await subscriptions.bulk_insert(connection, rows)
        return [one async for one in subscriptions.every(connection)]


async def found(db: Database, book: SubscriptionBook, document: Document) -> set[int]:
    async with db.read() as connection:
        await book.open(connection, document)
    return {one.id for one in book.match(document)}


@pytest.mark.long
async def test_a_book_on_the_shelf_finds_what_a_book_in_memory_finds(
    db: Database, made: tuple[list[str], list[Document]]
) -> None:
    texts, headlines = made
    whole = SubscriptionBook()
    for one in await fill(db, texts):
        whole.put(one)
    first, second = SubscriptionBook(), SubscriptionBook()
    assert len(await first.begin(db)) == len(texts), "nothing is filed yet"
    await first.load(db)
    assert await second.begin(db) == [], "the first start has worked it out for the second"
    assert second.is_whole
    assert len(second) == len(first) == len(texts)
    hits = 0
    for document in headlines:
        expected = {one.id for one in whole.match(document)}
        hits += len(expected)
        assert await found(db, first, document) == expected
        assert await found(db, second, document) == expected
    assert hits > HEADLINES
    assert len(second._subscriptions) < len(texts) / 2, "most are never read"


@pytest.mark.parametrize("texts", [["gold"], ["gold OR silver", "gold copper"]])
async def test_what_changes_while_it_lies_on_the_shelf(db: Database, texts: list[str]) -> None:
    """Edited, paused, deleted behind our back: what is true at the headline counts."""
    ids = [one.id for one in await fill(db, [*texts, "gold price", "gold news", "gold mine", "gold ore"])][-4:]
    await SubscriptionBook().load(db)
    book = SubscriptionBook()
    await book.begin(db)
    edited, paused, deleted, dropped = ids
    async with db.write() as connection:
        row = await subscriptions.set_fields(connection, edited, now=NOW, query="zinc", canonical="zinc")
        assert row is not None
        book.put(row)
        row = await subscriptions.set_fields(connection, paused, now=NOW, state="paused")
        assert row is not None
        book.put(row)
        await subscriptions.remove(connection, deleted)
        await subscriptions.remove(connection, dropped)
        book.drop(dropped)
    assert found_ids(await titled(db, book, "Gold price, gold news, gold mine, gold ore, silver and copper")) == [
        one for one in book.ids() if one not in ids
    ]
    assert found_ids(await titled(db, book, "Zinc in the headline")) == [edited]
    async with db.write() as connection:
        row = await subscriptions.set_fields(connection, paused, now=NOW, state="active")
        assert row is not None
        book.put(row)
    assert paused in await titled(db, book, "gold news")
    assert not {deleted, dropped} & book.ids()
    assert len(book) == len(book.ids()) == len(texts) + 2


def found_ids(some: set[int]) -> list[int]:
    return sorted(some)


async def titled(db: Database, book: SubscriptionBook, title: str) -> set[int]:
    from bot.news import document, tagger

    return await found(db, book, document.build(title, tagger.tag(title, "")))


async def lines(connection: AsyncConnection) -> list[tuple[int, str | None]]:
    return [row async for rows in subscriptions.filed(connection) for row in rows]


async def test_an_edited_query_is_filed_anew(db: Database) -> None:
    (one,) = await fill(db, ["gold"])
    book = SubscriptionBook()
    await book.load(db)
    async with db.write() as connection:
        changed = await subscriptions.set_fields(connection, one.id, now=NOW, query="zinc", canonical="zinc")
        assert await lines(connection) == [(one.id, None)], "the old line is not true of it"
        assert changed is not None
    async with db.write() as connection:
        await subscriptions.set_filed(connection, [(one.id, "gold", "a line about the query it had")])
        assert await lines(connection) == [(one.id, None)]
    book.put(changed)
    await book.save(db)
    fresh = SubscriptionBook()
    assert await fresh.begin(db) == []
    assert await titled(db, fresh, "Zinc rises") == {one.id}


async def test_a_line_by_other_rules_is_not_believed(db: Database) -> None:
    (one,) = await fill(db, ["gold"])
    async with db.write() as connection:
        await subscriptions.set_filed(connection, [(one.id, "gold", "00000000\nzinc")])
    book = SubscriptionBook()
    assert await book.begin(db) == [one.id]
    assert not book.is_whole
    await book.load(db)
    assert await titled(db, book, "Gold rises") == {one.id}


async def test_a_query_that_this_version_cannot_read_stops_nothing(db: Database) -> None:
    bad, good = await fill(db, ["gold", "silver"])
    async with db.write() as connection:
        await connection.execute(text("UPDATE subscriptions SET query = 'gold (' WHERE id = 1"))
    book = SubscriptionBook()
    await book.load(db)
    assert await titled(db, book, "Gold and silver rise") == {good.id}
    assert bad.id not in book.ids()


async def test_a_cap_is_known_before_the_first_headline(db: Database) -> None:
    one, _other = await fill(db, ["gold", "silver"])
    async with db.write() as connection:
        await subscriptions.set_fields(connection, one.id, now=NOW, max_per_hour=3)
    await SubscriptionBook().load(db)
    book = SubscriptionBook()
    await book.begin(db)
    kept = book.get(one.id)
    assert kept is not None
    assert kept.max_per_hour == 3
    assert await titled(db, book, "Gold rises") == {one.id}


async def test_new_lines_are_kept_by_themselves(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.subscriptions._GATHER_SECONDS", 0.01)
    book = SubscriptionBook()
    keeping = asyncio.create_task(book.keep(db, await book.begin(db)))
    async with db.write() as connection:
        book.put(await subscriptions.add(connection, NewSubscription(1, "channel", 2, "gold", "gold"), now=NOW))
    async with asyncio.timeout(20):
        while True:
            async with db.read() as connection:
                ((_id, line),) = await lines(connection)
            if line is not None:
                break
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert filing.atoms(line) == ["gold"]


async def test_what_goes_wrong_while_filing_is_tried_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it has worked, `whole` does not return: no headline is judged by half of the alerts."""
    monkeypatch.setattr("bot.subscriptions._AGAIN_SECONDS", 0.01)
    (one,) = await fill(db, ["gold"])
    real, failures = subscriptions.get_many, [Unavailable("gone"), RuntimeError("unforeseen")]

    async def failing(connection: AsyncConnection, ids: list[int]) -> dict[int, Subscription]:
        if failures:
            raise failures.pop()
        return await real(connection, ids)

    monkeypatch.setattr(subscriptions, "get_many", failing)
    book = SubscriptionBook()
    keeping = asyncio.create_task(book.keep(db, await book.begin(db)))
    assert not book.is_whole
    async with asyncio.timeout(20):
        await book.whole()
    keeping.cancel()
    assert not failures
    assert await titled(db, book, "Gold rises") == {one.id}
