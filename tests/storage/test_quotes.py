"""Quotes over time: replaced, read in order, and thinned with age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import quotes
from storage.database import Database
from storage.quotes import Quote
from tests.databases import fresh_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 9, 15, 14, 30, tzinfo=UTC)


def quote(at: datetime, price: str = "1", *, metal: str = "gold", basis: str = "spot") -> Quote:
    return Quote(metal, basis, at, Decimal(price), "one,two")


@pytest.fixture
async def database(tmp_path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'q.db'}")
    yield opened
    await opened.close()


async def test_a_second_quote_of_a_moment_replaces_the_first(database):
    async with database.write() as connection:
        await quotes.add(connection, [quote(NOW, "4392.000000000000000001")])
        await quotes.add(connection, [quote(NOW, "4393.10")])
        await quotes.add(connection, [quote(NOW, "4400", basis="futures")])
        found = await quotes.since(connection, "gold", NOW, ["spot"])
    assert [row.price for row in found] == [Decimal("4393.10")]


async def test_an_outline_has_the_ends_the_extremes_and_the_last_of_each_moment(database):
    await check_outline(database)


@pytest.mark.postgres
@pytest.mark.xdist_group("pg")
async def test_an_outline_is_the_same_on_postgresql(postgres_server):
    opened = await Database.open(await fresh_postgres(postgres_server))
    await check_outline(opened)
    await opened.close()


async def check_outline(database: Database) -> None:
    rows = [quote(NOW + timedelta(minutes=minute), f"{100 + minute % 7}.5") for minute in range(1000)]
    rows[333], rows[777] = quote(rows[333].at, "9.5"), quote(rows[777].at, "1000.5")
    async with database.write() as connection:
        await quotes.add(connection, [*rows, quote(NOW, "1", metal="silver"), quote(NOW, "1", basis="futures")])
        found = await quotes.outline(connection, "gold", NOW, ["spot"], most=50)
        all_of_them = await quotes.outline(connection, "gold", NOW, ["spot"], most=1000)
        few = await quotes.outline(connection, "gold", NOW, ["spot"], rows[500].at, most=50)
        none = await quotes.outline(connection, "tin", NOW, ["spot"])
    assert 48 <= len(found) <= 54
    assert (found[0], found[-1]) == (rows[0], rows[-1])
    assert {rows[333], rows[777]} <= set(found), "compared as numbers, not as text"
    assert found == sorted(found, key=lambda row: row.at)
    assert max(later.at - sooner.at for sooner, later in pairwise(found)) <= timedelta(minutes=42)
    assert all_of_them == rows
    assert few[-1] == rows[499]
    assert none == []


async def test_every_digit_survives(database):
    price = "4392.123456789012345678901234567890"
    async with database.write() as connection:
        await quotes.add(connection, [quote(NOW, price)])
        (found,) = await quotes.since(connection, "gold", NOW, ["spot"])
    assert str(found.price) == price


async def test_quotes_come_oldest_first_within_the_bounds(database):
    moments = [NOW + timedelta(minutes=minute) for minute in (3, 1, 2, 0)]
    async with database.write() as connection:
        await quotes.add(connection, [quote(at) for at in moments])
        found = await quotes.since(connection, "gold", NOW + timedelta(minutes=1), ["spot"], NOW + timedelta(minutes=3))
    assert [row.at for row in found] == [NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]


async def test_more_quotes_than_one_statement_holds(database):
    rows = [quote(NOW + timedelta(minutes=minute)) for minute in range(1203)]
    async with database.write() as connection:
        await quotes.add(connection, rows)
        assert len(await quotes.since(connection, "gold", NOW, ["spot"])) == 1203


async def test_the_latest_of_each_instrument_and_basis(database):
    async with database.write() as connection:
        await quotes.add(
            connection,
            [
                quote(NOW - timedelta(minutes=1), "1"),
                quote(NOW, "2"),
                quote(NOW - timedelta(hours=1), "3", basis="monthly"),
                quote(NOW, "4", metal="fx:USD", basis="daily"),
            ],
        )
        found = {(row.instrument, row.basis): row.price for row in await quotes.latest(connection)}
    assert found == {("gold", "spot"): 2, ("gold", "monthly"): 3, ("fx:USD", "daily"): 4}


def kept(at: datetime, now: datetime) -> object:
    """Which slot a quote stands for, said the slow way; quotes of one slot but the last go."""

    def cut(moment: datetime, seconds: int) -> int:
        return int(moment.timestamp()) // seconds

    if at < datetime.fromtimestamp(cut(now - quotes.DAILY_AFTER, 86400) * 86400, UTC):
        return "day", cut(at, 86400)
    if at < datetime.fromtimestamp(cut(now - quotes.HOURLY_AFTER, 3600) * 3600, UTC):
        return "hour", cut(at, 3600)
    return "minute", at


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(
        st.one_of(st.integers(0, 60 * 24 * 40), st.integers(60 * 24 * 700, 60 * 24 * 760)), max_size=60, unique=True
    ),
    later=st.integers(0, 60 * 24 * 30),
)
async def test_thinning_keeps_the_last_quote_of_each_slot(database, ages, later):
    moments = [NOW - timedelta(minutes=age) for age in ages]
    async with database.write() as connection:
        await connection.execute(quotes.quotes.delete())
        await quotes.add(connection, [quote(at) for at in moments])
        for now in (NOW, NOW, NOW + timedelta(minutes=later)):
            slots: dict[object, datetime] = {}
            for at in moments:
                slots[kept(at, now)] = max(at, slots.get(kept(at, now), at))
            moments = sorted(slots.values())
            await quotes.thin(connection, now)
            found = await quotes.since(connection, "gold", NOW - timedelta(days=4000), ["spot"])
            assert [row.at for row in found] == moments


async def test_thinning_touches_neither_months_nor_rates(database):
    old = NOW - timedelta(days=900)
    rows = [Quote("coal", "monthly", old + timedelta(minutes=n), Decimal(1), "wb", "day") for n in range(3)]
    async with database.write() as connection:
        await quotes.add(connection, rows)
        assert await quotes.thin(connection, NOW) == 0
