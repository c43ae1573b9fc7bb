"""People's price alerts and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import and_, bindparam, case, delete, func, insert, or_, select, update

from storage.errors import LimitReached
from storage.notify import tell
from storage.rows import chunks, into
from storage.schema import price_alerts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncConnection

Condition = Literal["above", "below", "moves"]
State = Literal["active", "paused", "done", "expired"]
MAX_PER_PERSON: Final = 50


@dataclass(frozen=True, slots=True)
class PriceAlert:
    """One alert. Field names are the columns of `price_alerts`; see storage/schema.py for what null means.

    level: in `currency` per `unit` (above, below). percent: 2 means 2 % (moves). armed: ready to fire; None
    until the alert has been looked at once. last_fired_at: when it last fired, and for a "moves" alert whose move was
    already there at that first look, when that was: its rest counts from then (firings tells the two apart).
    """

    id: int
    owner_id: int
    scope_guild_id: int
    target_kind: str
    target_id: int
    instrument: str
    condition: Condition
    level: Decimal | None
    percent: Decimal | None
    window_seconds: int | None
    currency: str
    unit: str
    created_at: datetime
    repeat: bool = False
    cooldown_seconds: int = 3600
    rearm_percent: Decimal | None = None
    armed: bool | None = None
    language: str | None = None
    state: State = "active"
    paused_until: datetime | None = None
    firings: int = 0
    last_fired_at: datetime | None = None
    expires_at: datetime | None = None


_FIELDS: Final = tuple(PriceAlert.__dataclass_fields__)
_COLUMNS: Final = tuple(price_alerts.c[name] for name in _FIELDS)
# What evaluating an alert may change; the rest belongs to its owner.
DONE_FOR: Final = timedelta(days=30)  # an alert that fired can be looked up and set again so long
_STANDING: Final = ("armed", "state", "firings", "last_fired_at")
_OWN: Final = ("id", "owner_id", "instrument", "created_at", "paused_until", *_STANDING)
_EDITABLE: Final = frozenset(_FIELDS) - frozenset(_OWN)
_values: Final = attrgetter(*_FIELDS)
_SETTERS: Final = tuple(PriceAlert.__dict__[name].__set__ for name in _FIELDS)


def changed(alert: PriceAlert, **changes: object) -> PriceAlert:
    """As `dataclasses.replace`, in less than half the time: one jump of a price may change thousands of alerts."""
    made: PriceAlert = object.__new__(PriceAlert)
    for write, value in zip(_SETTERS, _values(alert), strict=True):
        write(made, value)
    for name, value in changes.items():
        object.__setattr__(made, name, value)  # AttributeError for a field that does not exist
    return made


async def add(connection: AsyncConnection, alert: PriceAlert, limit: int = MAX_PER_PERSON) -> PriceAlert:
    """Store a new alert (its id is ignored) and return it with its id. Raises LimitReached beyond `limit` a person."""
    mine = select(func.count()).where(
        price_alerts.c.owner_id == alert.owner_id, price_alerts.c.state.in_(("active", "paused"))
    )
    if (await connection.execute(mine)).scalar_one() >= limit:
        raise LimitReached(f"You have {limit} price alerts, the most there can be: remove one first.")
    values = {name: getattr(alert, name) for name in _FIELDS if name != "id"}
    row = (await connection.execute(insert(price_alerts).values(values).returning(*_COLUMNS))).one()
    await tell(connection, "alerts")
    return into(PriceAlert, row)


async def get(connection: AsyncConnection, alert_id: int) -> PriceAlert | None:
    """One alert; None when it does not exist (any more)."""
    row = (await connection.execute(select(*_COLUMNS).where(price_alerts.c.id == alert_id))).one_or_none()
    return None if row is None else into(PriceAlert, row)


async def active(connection: AsyncConnection) -> list[PriceAlert]:
    """Every alert to be watched."""
    statement = select(*_COLUMNS).where(price_alerts.c.state == "active").order_by(price_alerts.c.id)
    return [into(PriceAlert, row) for row in await connection.execute(statement)]


async def of_owner(connection: AsyncConnection, owner_id: int) -> list[PriceAlert]:
    """A person's alerts, newest first, the finished ones included."""
    statement = select(*_COLUMNS).where(price_alerts.c.owner_id == owner_id).order_by(price_alerts.c.id.desc())
    return [into(PriceAlert, row) for row in await connection.execute(statement)]


async def of_members(connection: AsyncConnection, guild_id: int) -> list[PriceAlert]:
    """Members' alerts that post in channels of the server, oldest first; those that are over are left out."""
    statement = (
        select(*_COLUMNS)
        .where(
            price_alerts.c.scope_guild_id == guild_id,
            price_alerts.c.target_kind == "channel",
            price_alerts.c.state.in_(("active", "paused")),
        )
        .order_by(price_alerts.c.id)
    )
    return [into(PriceAlert, row) for row in await connection.execute(statement)]


async def still_active(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Those of the ids that are still to be watched."""
    found: set[int] = set()
    for chunk in chunks(ids, 500):
        statement = select(price_alerts.c.id).where(price_alerts.c.id.in_(chunk), price_alerts.c.state == "active")
        found.update((await connection.execute(statement)).scalars())
    return found


async def save_standing(connection: AsyncConnection, alerts: Sequence[PriceAlert]) -> None:
    """Write where alerts stand after an evaluation."""
    if not alerts:
        return
    statement = (
        update(price_alerts)
        .where(price_alerts.c.id == bindparam("row_id"), price_alerts.c.state == "active")
        .values({name: bindparam(f"new_{name}") for name in _STANDING})
    )
    await connection.execute(
        statement,
        [{"row_id": alert.id} | {f"new_{name}": getattr(alert, name) for name in _STANDING} for alert in alerts],
    )


async def edit(connection: AsyncConnection, alert_id: int, **changes: object) -> PriceAlert | None:
    """Change what the owner may change; the alert starts over (its side of the level is decided anew).

    A paused one stays paused.
    """
    unknown = changes.keys() - _EDITABLE
    if unknown:
        raise ValueError(f"not editable: {sorted(unknown)}")
    state = case((price_alerts.c.state == "paused", "paused"), else_="active")
    return await _update(connection, alert_id, {"state": state, "armed": None, "last_fired_at": None} | changes)


async def pause(connection: AsyncConnection, alert_id: int, until: datetime | None = None) -> PriceAlert | None:
    """Stop watching; until: when it resumes by itself (None: by hand)."""
    return await _update(connection, alert_id, {"state": "paused", "paused_until": until}, ("active", "paused"))


async def resume(connection: AsyncConnection, alert_id: int) -> PriceAlert | None:
    """Watch again, starting over: what happened meanwhile does not fire it. Finished alerts may be resumed too."""
    return await _restart(connection, alert_id, {"paused_until": None})


async def due_to_resume(connection: AsyncConnection, now: datetime) -> list[int]:
    """Ids of paused alerts whose pause is over."""
    statement = select(price_alerts.c.id).where(price_alerts.c.state == "paused", price_alerts.c.paused_until <= now)
    return list((await connection.execute(statement)).scalars())


async def forget_done(connection: AsyncConnection, now: datetime) -> int:
    """Delete the alerts that did their work, or ran out, longer than `DONE_FOR` ago; how many."""
    before = now - DONE_FOR
    done = and_(price_alerts.c.state == "done", price_alerts.c.last_fired_at < before)
    expired = and_(price_alerts.c.state == "expired", price_alerts.c.expires_at < before)
    return (await connection.execute(delete(price_alerts).where(or_(done, expired)))).rowcount


async def remove(connection: AsyncConnection, alert_id: int) -> bool:
    """Delete an alert; whether it was there."""
    result = await connection.execute(delete(price_alerts).where(price_alerts.c.id == alert_id))
    await tell(connection, "alerts")
    return result.rowcount > 0


async def _restart(connection: AsyncConnection, alert_id: int, changes: dict[str, object]) -> PriceAlert | None:
    fresh: dict[str, object] = {
        "state": "active",
        "armed": None,
        "last_fired_at": None,
    }
    return await _update(connection, alert_id, fresh | changes)


async def _update(
    connection: AsyncConnection,
    alert_id: int,
    values: dict[str, object],
    states: Sequence[State] = ("active", "paused", "done", "expired"),
) -> PriceAlert | None:
    statement = (
        update(price_alerts)
        .where(price_alerts.c.id == alert_id, price_alerts.c.state.in_(states))
        .values(values)
        .returning(*_COLUMNS)
    )
    await tell(connection, "alerts")
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else into(PriceAlert, row)
