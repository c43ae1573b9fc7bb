"""Keeps this process in step with the others on its database: takes in what they changed, takes over what they leave.

A notice (`storage.notify`) says that something changed; what it is now, the tables say. What was missed while the
connection was lost is found by the version of the subscriptions, and by reading the rest anew. With one process on
SQLite nothing of this runs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.delivery.window import SAFE_PER_SECOND
from bot.tasks import end
from storage import leases, notify, subscriptions
from storage.errors import StorageError
from storage.locks import Lock
from storage.records import Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.delivery.bucket import Bucket
    from bot.services import Services
    from storage.member import Member
    from storage.records import TargetKind

log = structlog.get_logger(__name__)
_LOOK_EVERY: Final = 2.0  # seconds between two looks for what dead processes left, and for notices that were missed
_DOUBT_EVERY: Final = 10.0  # seconds between two such looks of a process that is not the one to look


class Following:
    """The subscriptions in memory, kept equal to the table by what changed since `seen`."""

    def __init__(self, services: Services) -> None:
        self._db = services.db
        self._book = services.book
        self.seen = 0  # version of all subscriptions that is in memory

    async def begin(self) -> None:
        """Note the version before everything is loaded: what changes meanwhile is then read once more."""
        async with self._db.read() as connection:
            self.seen = await subscriptions.version(connection)

    async def changed(self, ids: set[int]) -> None:
        """Take in what changed, of which these were named. Raises StorageError."""
        async with self._db.read() as connection:
            version = await subscriptions.version(connection)
            rows = {row.id: row for row in await subscriptions.changed_since(connection, self.seen)}
            rows |= await subscriptions.get_many(connection, sorted(ids - rows.keys()))
        for row in rows.values():
            self._book.put(row)
        for gone in ids - rows.keys():
            self._book.drop(gone)
        self.seen = version

    async def catch_up(self, *, whole: bool = False) -> None:
        """Take in whatever changed unheard, deletions too. whole: look even where the version has not moved."""
        async with self._db.read() as connection:
            version = await subscriptions.version(connection)
            if version == self.seen and not whole:
                return
            left = await subscriptions.ids(connection)
        await self.changed(set())
        for gone in self._book.ids() - left:
            self._book.drop(gone)


class Together:
    """`start` after `Member.join` and before anything is loaded; `stop` before `Member.leave`."""

    def __init__(
        self, services: Services, member: Member, bucket: Bucket, *, also: Callable[[], Awaitable[None]]
    ) -> None:
        self._services = services
        self._member = member
        self._bucket = bucket
        self.following = Following(services)
        self._matches = services.settings.has("poll")
        self._ids: set[int] = set()
        self._targets: set[Target] = set()
        self._news: set[str] = set()
        self._wake = asyncio.Event()
        self._doubt_at = 0.0
        self._also = also  # looked after at the same pace
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises StorageError."""
        if not self._member.shared:
            return
        self._member.heard = self._heard
        self._member.rejoined = self._rejoined
        if self._services.settings.has("deliver"):
            await self._member.hold(Lock.DELIVERER, self._member.number)
            async with self._services.db.write() as connection:
                await notify.tell(connection, "senders")
        await self._share()
        await self.following.begin()

    def follow(self) -> None:
        """Everything is loaded: from now on it is kept up to date, and what dead processes hold is freed.

        Not before: a process that is still starting, which takes its time on a busy machine, would keep the lead from
        those that could do the work.
        """
        if self._member.shared:
            self._task = asyncio.create_task(self._run(), name="together")

    async def stop(self) -> None:
        await end(self._task)
        self._task = None

    # -- what is heard -----------------------------------------------------------------------------------------

    def _heard(self, notice: str) -> None:
        topic, _space, detail = notice.partition(" ")
        if topic == "outbox":
            self._services.outbox.wake()
            return
        if topic == "subscriptions" and detail.isdecimal():
            self._ids.add(int(detail))
        elif topic == "channel" and (target := _target(detail)) is not None:
            self._services.outbox.forget(target.id)
        elif topic == "route" and (target := _target(detail)) is not None:
            self._targets.add(target)
        else:
            self._news.add(topic)
        self._wake.set()

    def _rejoined(self) -> None:
        self._news |= {"subscriptions", "alerts", "routes"}
        self._services.outbox.wake()
        self._wake.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while True:
            if loop.time() >= look_at:  # however much there is to hear
                await self._guarded(self._look)
                look_at = loop.time() + _LOOK_EVERY
            try:
                async with asyncio.timeout_at(look_at):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()
            await self._guarded(self._take_in)

    async def _guarded(self, work: Callable[[], object]) -> None:
        try:
            result = work()
            if asyncio.iscoroutine(result):
                await result
        except StorageError as error:
            log.debug("what other processes changed could not be read; trying again", error=str(error))
            self._rejoined()
            await asyncio.sleep(1.0)
        except Exception:
            log.exception("following the other processes failed; trying again")
            self._rejoined()
            await asyncio.sleep(_LOOK_EVERY)

    async def _take_in(self) -> None:
        ids, self._ids = self._ids, set()
        targets, self._targets = self._targets, set()
        news, self._news = self._news, set()
        if self._matches and "subscriptions" in news:
            await self.following.catch_up(whole=True)
        if self._matches and ids:
            await self.following.changed(ids)
        if "alerts" in news and self._services.prices is not None:
            await self._services.prices.alerts.load()
        if "senders" in news:
            await self._share()
        if "routes" in news:
            await self._services.routes.load(utcnow())
        for target in targets:
            await self._services.routes.refresh(target)

    # -- what is left behind -----------------------------------------------------------------------------------

    async def _look(self) -> None:
        await self._take_over()
        if self._matches:
            await self.following.catch_up()
        await self._share()
        await self._also()

    async def _share(self) -> None:
        """Discord's limit is for the bot, however many processes send for it."""
        senders = await self._member.holders(Lock.DELIVERER)
        among = max(len(senders), 1)
        self._bucket.allow(self._services.settings.headframe_requests_per_second / among, SAFE_PER_SECOND // among)

    async def _take_over(self) -> None:
        """Feeds and deliveries of processes that are no more. A number once dead is never anybody's again.

        One process does it. The others look now and then all the same: it may be alive and stuck, or cut off.
        """
        moment = asyncio.get_running_loop().time()
        if not await self._member.leads("take over") and moment < self._doubt_at:
            return
        self._doubt_at = moment + _DOUBT_EVERY
        db, settings = self._services.db, self._services.settings
        now = utcnow()
        async with db.read() as connection:
            holding = await leases.owners(connection)
            late = await leases.overdue(connection, now)
        dead = holding - await self._member.holders(Lock.MEMBER)
        if not dead and not late:
            return
        async with db.write() as connection:
            if not await leases.taking_over(connection):
                return
            feeds = await leases.free_feeds(
                connection, dead, least=settings.headframe_min_poll_seconds, lease=leases.POLLING_FOR
            )
            sending = await leases.settle(connection, dead, now)
        if feeds or sending:
            log.info("took over from processes that ended", feeds=feeds, deliveries=sending)


def _target(text: str) -> Target | None:
    kind, _space, number = text.partition(" ")
    if not number.isdecimal():
        return None
    kinds: dict[str, TargetKind] = {"channel": "channel", "user": "user", "owner": "owner"}
    return Target(kinds[kind], int(number)) if kind in kinds else None
