"""A fan-out to 100,000 on a clock that leaps over the waits: the real outbox, lanes, bucket and database.

Only the request itself is left out. Time passes as it really does while something is computed or the database is at
work, and leaps to the next timer when nothing is: half an hour of delivery then takes as long as its computing.
"""

from __future__ import annotations

import asyncio
import selectors
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.bench.delivery_bot import headline
from bot.delivery.answers import Sent
from bot.delivery.bucket import Bucket
from bot.delivery.compose import Composer
from bot.delivery.outbox import Outbox
from bot.delivery.routes import Routes
from storage import deliveries
from storage.database import Database
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.post import Post
    from storage.records import Delivery

_START: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_ALERTS: Final = 50  # price alerts that come up half way
_BASE: Final = 10**17


class _Leap(selectors.DefaultSelector):
    """A selector that does not wait where only a timer would end the waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0  # seconds leapt over
        self.working = 0  # transactions open: their answers come from threads, in real time

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0 or self.working:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.ahead += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, leap: _Leap) -> None:
        super().__init__(leap)
        self._leap = leap

    def time(self) -> float:
        return super().time() + self._leap.ahead


class _Counted(Database):
    """A database that says how many transactions are open."""

    leap: _Leap

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        self.leap.working += 1
        try:
            async with super().read() as connection:
                yield connection
        finally:
            self.leap.working -= 1

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.leap.working += 1
        try:
            async with super().write() as connection:
                yield connection
        finally:
            self.leap.working -= 1


@dataclass(slots=True)
class Sends:
    """In place of a connected sender: takes the bucket's token, and notes who was written to and when."""

    bucket: Bucket
    at: dict[int, float] = field(default_factory=dict)  # target → when its message went out
    count: int = 0
    _until: tuple[int, asyncio.Event] = field(default_factory=lambda: (0, asyncio.Event()))

    def reachable(self, _target: Target, _guild_id: int | None, _lost: str = "") -> None:
        return None

    def is_forum(self, _target: Target) -> bool:
        return False

    def is_announcement(self, _target: Target) -> bool:
        return False

    async def send(self, target: Target, _post: Post, _rows: Sequence[Delivery], *, priority: int, **_: Any) -> Sent:
        (await self.bucket.acquire(priority)).answered()
        self.count += 1
        self.at[target.id] = asyncio.get_running_loop().time()
        count, reached = self._until
        if self.count >= count:
            reached.set()
        return Sent(target.id, self.count)

    async def until(self, count: int) -> None:
        """Wait for so many messages in all."""
        self._until = (count, asyncio.Event())
        await self._until[1].wait()


@dataclass(frozen=True, slots=True)
class Simulated:
    """seconds: of the leaping clock; alert: the longest wait of the price alerts that came up half way."""

    messages: int
    channels: int
    seconds: float
    alert: float


def simulate(channels: int) -> Simulated:
    """One headline to so many channels; half way, some price alerts."""
    leap = _Leap()
    loop = _Loop(leap)
    try:
        return loop.run_until_complete(_simulate(channels, leap))
    finally:
        loop.close()


async def _simulate(channels: int, leap: _Leap) -> Simulated:
    loop = asyncio.get_running_loop()
    began = loop.time()

    def clock() -> datetime:
        return _START + timedelta(seconds=loop.time() - began)

    _Counted.leap = leap
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        database = await _Counted.open(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        outbox: Outbox
        routes = Routes(database, owner_of=lambda _guild: None, changed=lambda: outbox.wake())  # noqa: PLW0108
        outbox = Outbox(
            database,
            Composer(database),
            routes,
            subscription=lambda _id: None,
            fold_seconds=0,
            clock=clock,
            steady=loop.time,
        )
        await headline(database, [(_BASE + n, 1) for n in range(channels)], now=clock())
        sends = Sends(Bucket())
        started = loop.time()
        await outbox.start()
        outbox.connect(sends)  # type: ignore[arg-type]  # as much of a Sender as the outbox uses for headlines
        await sends.until(channels // 2)
        asked = loop.time()
        async with database.write() as connection:
            await deliveries.enqueue(connection, [_alert(n, clock()) for n in range(_ALERTS)])
        outbox.wake()
        await sends.until(channels + _ALERTS)
        took = loop.time() - started
        await outbox.stop()
        await database.close()
    waited = max(sends.at.pop(n) for n in range(1, _ALERTS + 1)) - asked
    return Simulated(sends.count - _ALERTS, len(sends.at), took, waited)


def _alert(number: int, at: datetime) -> NewDelivery:
    return NewDelivery(
        Target("user", number + 1), f"price:{number}", "price", at, at, at, priority=0, payload={"content": "Gold!"}
    )
