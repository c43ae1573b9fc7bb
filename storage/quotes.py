"""Prices over time: one row per instrument and moment, thinned as it ages. Currencies live here too ("fx:EUR")."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Numeric, Text, cast, delete, func, select, type_coerce, update

from storage.rows import chunks, columns, insert_for, into
from storage.schema import quotes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncConnection

HOURLY_AFTER: Final = timedelta(days=30)
DAILY_AFTER: Final = timedelta(days=730)
_CHUNK: Final = 500  # bound values per statement stay well under SQLite's limit


@dataclass(frozen=True, slots=True)
class Quote:
    """price: US dollars per the metal's home unit, or for "fx:XXX" units of XXX per euro.

    basis: spot, futures, monthly, or daily for currencies. sources: names, comma-separated. grain: minute, hour, day.
    """

    instrument: str
    basis: str
    at: datetime
    price: Decimal
    sources: str
    grain: str = "minute"


async def add(connection: AsyncConnection, rows: Iterable[Quote]) -> None:
    """Store quotes; a second one for the same instrument, basis and moment replaces the first."""
    for chunk in chunks((asdict(row) for row in rows), _CHUNK):
        statement = insert_for(connection, quotes).values(chunk)
        new = statement.excluded
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["instrument", "basis", "at"],
                set_={name: new[name] for name in ("price", "sources", "grain")},
            )
        )


async def since(
    connection: AsyncConnection, instrument: str, start: datetime, bases: Sequence[str], end: datetime | None = None
) -> list[Quote]:
    """Quotes of an instrument from `start` (included) to `end` (not), oldest first."""
    statement = (
        select(*columns(quotes, Quote))
        .where(quotes.c.instrument == instrument, quotes.c.at >= start, quotes.c.basis.in_(bases))
        .order_by(quotes.c.at)
    )
    if end is not None:
        statement = statement.where(quotes.c.at < end)
    return [into(Quote, row) for row in await connection.execute(statement)]


async def outline(
    connection: AsyncConnection,
    instrument: str,
    start: datetime,
    bases: Sequence[str],
    end: datetime | None = None,
    most: int = 600,
) -> list[Quote]:
    """As `since`, for a picture: the last quote of each of about `most` equal times, and the extremes.

    A month of minutes is 40,000 rows; the engine picks the few that a line of 1,000 pixels can show.
    """
    wanted = (quotes.c.instrument == instrument) & (quotes.c.at >= start) & quotes.c.basis.in_(bases)
    if end is not None:
        wanted &= quotes.c.at < end
    at = type_coerce(quotes.c.at, BigInteger)
    edges = (await connection.execute(select(func.min(at), func.max(at), func.count()).where(wanted))).one()
    if edges[2] <= most:
        return await since(connection, instrument, start, bases, end)
    slot = max(1, -(-(edges[1] - edges[0]) // most))
    moments = set((await connection.execute(select(func.max(at)).where(wanted).group_by(at - at % slot))).scalars())
    # The numbers are only compared here: the prices themselves are read as they were stored.
    size = cast(type_coerce(quotes.c.price, Text), Numeric)
    for order in (size, size.desc()):
        moments.add((await connection.execute(select(at).where(wanted).order_by(order, at).limit(1))).scalar_one())
    found: list[Quote] = []
    for chunk in chunks(sorted(moments | {edges[0]}), _CHUNK):
        rows = await connection.execute(select(*columns(quotes, Quote)).where(wanted, at.in_(chunk)).order_by(at))
        found += [into(Quote, row) for row in rows]
    return found


async def latest(connection: AsyncConnection) -> list[Quote]:
    """The newest quote of each instrument and basis."""
    newest = (
        select(quotes.c.instrument, quotes.c.basis, func.max(quotes.c.at).label("at"))
        .group_by(quotes.c.instrument, quotes.c.basis)
        .subquery()
    )
    statement = select(*columns(quotes, Quote)).join(
        newest,
        (quotes.c.instrument == newest.c.instrument)
        & (quotes.c.basis == newest.c.basis)
        & (quotes.c.at == newest.c.at),
    )
    return [into(Quote, row) for row in await connection.execute(statement)]


async def thin(connection: AsyncConnection, now: datetime) -> int:
    """Keep the last quote of each hour after 30 days, of each day after two years; return the rows removed."""
    removed = 0
    for grain, finer, age, seconds in (
        ("hour", ("minute",), HOURLY_AFTER, 3600),
        ("day", ("minute", "hour"), DAILY_AFTER, 86400),
    ):
        # Whole slots only: a slot cut in two by the moving border would keep two quotes.
        border = _floor(now - age, seconds)
        old = (quotes.c.at < border) & quotes.c.grain.in_(finer)
        at = type_coerce(quotes.c.at, BigInteger)
        kept = (
            select(quotes.c.instrument, quotes.c.basis, func.max(quotes.c.at).label("at"))
            .where(old)
            .group_by(quotes.c.instrument, quotes.c.basis, at - at % seconds)
            .subquery()
        )
        result = await connection.execute(
            delete(quotes).where(
                old,
                ~select(kept.c.at)
                .where(
                    kept.c.instrument == quotes.c.instrument,
                    kept.c.basis == quotes.c.basis,
                    kept.c.at == quotes.c.at,
                )
                .exists(),
            )
        )
        removed += result.rowcount
        await connection.execute(update(quotes).where(old).values(grain=grain))
    return removed


def _floor(moment: datetime, seconds: int) -> datetime:
    stamp = int(moment.timestamp())
    return datetime.fromtimestamp(stamp - stamp % seconds, UTC)
