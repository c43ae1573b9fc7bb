"""Crossposts: what was posted in an announcement channel is published to its followers, through a slow queue.

Discord takes ten an hour per channel and makes the eleventh wait; here none is asked for before its turn, and nothing
that is to be posted ever waits for one. The queue is rows of the outbox's table, so it survives a restart.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.delivery import pace
from bot.delivery.answers import Lost, Refused, Retry, Sent
from bot.tasks import end
from storage import deliveries, guilds, outbox, posted
from storage.errors import StorageError
from storage.records import NewDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.answers import Outcome
    from bot.delivery.sender import Sender
    from storage.database import Database
    from storage.member import Member
    from storage.records import Delivery, Target

log = structlog.get_logger(__name__)
# One less than Discord takes: the library sleeps out the whole hour once an answer says that none is left.
PER_HOUR: Final = 9
_HOUR: Final = timedelta(hours=1, seconds=5)
_AT_ONCE: Final = 4
_LOOK_EVERY: Final = 20.0


def turn(times: Sequence[datetime], now: datetime) -> datetime:
    """When the next crosspost of a channel may be made. times: of its latest ones, made or planned, latest first."""
    return now if len(times) < PER_HOUR else max(now, times[PER_HOUR - 1] + _HOUR)


async def queue(
    connection: AsyncConnection, target: Target, guild_id: int | None, message: Sent, now: datetime
) -> None:
    """Plan the crosspost of a message just posted, unless the channel does without."""
    settings = await guilds.channel(connection, target.id)
    if settings is not None and not settings.publish:
        return
    at = turn(await posted.publish_times(connection, target.id, limit=PER_HOUR), now)
    row = NewDelivery(
        target=target,
        dedupe_key=f"publish:{message.message_id}",
        kind="publish",
        order_at=now,
        due_at=at,
        created_at=now,
        priority=3,
        guild_id=guild_id,
        payload={"channel_id": message.channel_id, "message_id": message.message_id},
    )
    await deliveries.enqueue(connection, [row])


class Publisher:
    """Makes the crossposts whose turn has come; a few at a time, apart from the outbox's lanes."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = utcnow, member: Member | None = None
    ) -> None:
        self._database = database
        self._member = member
        self._clock = clock
        self._sender: Sender | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connect(self, sender: Sender | None) -> None:
        self._sender = sender
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="publisher")

    async def stop(self) -> None:
        await end(self._task)
        self._task = None

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                if self._sender is not None and (self._member is None or await self._member.leads("crossposts")):
                    await self._round(self._sender)
            except StorageError as error:
                log.error("crossposts wait for the database", error=str(error))
            except Exception:
                log.exception("crossposting failed; trying again")
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _round(self, sender: Sender) -> None:
        while True:
            async with self._database.read() as connection:
                rows = await posted.due_to_publish(connection, self._clock(), limit=_AT_ONCE)
                turns = [await self._turn(connection, row) for row in rows]
            if not rows:
                return
            now = self._clock()
            free = [row for row, at in zip(rows, turns, strict=True) if at <= now]
            outcomes = await asyncio.gather(*(self._publish(sender, row) for row in free))
            async with self._database.write() as connection:
                for row, at in zip(rows, turns, strict=True):
                    if at > now:
                        # Their hours went by unused (the bot was not there): not all of them at once.
                        await outbox.retry(connection, [row.id], due_at=at, reason="this hour's are made")
                for row, outcome in zip(free, outcomes, strict=True):
                    await self._record(connection, row, outcome)

    async def _turn(self, connection: AsyncConnection, row: Delivery) -> datetime:
        made = await posted.publish_times(connection, row.target_id, limit=PER_HOUR, planned=False)
        return turn(made, self._clock())

    async def _publish(self, sender: Sender, row: Delivery) -> Outcome:
        payload = row.payload or {}
        return await sender.publish(int(str(payload["channel_id"])), int(str(payload["message_id"])))

    async def _record(self, connection: AsyncConnection, row: Delivery, outcome: Outcome) -> None:
        now = self._clock()
        match outcome:
            case Sent(channel_id, message_id):
                await outbox.sent(connection, [row.id], channel_id=channel_id, message_id=message_id, now=now)
            case Retry(reason, after) if now - row.created_at < pace.STALE:
                wait = max(pace.backoff(row.attempts + 5, after), timedelta(minutes=1))
                await outbox.retry(connection, [row.id], due_at=now + wait, reason=reason)
            case Retry(reason) | Lost(reason) | Refused(reason):
                await outbox.drop(connection, [row.id], reason=f"not published: {reason}")
                log.info("a message was not published to followers", channel=row.target_id, reason=reason)
