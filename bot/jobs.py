"""The jobs that run by the clock: which there are, and which of them only one process may do.

When each runs is said here and kept by `scheduler`; what they do is elsewhere. A job of one process moves to another
when its process dies (`Member.leads`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.clock import utcnow
from storage import subscriptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.housekeeping import Keeper
    from bot.push import Push
    from bot.scheduler import Scheduler
    from bot.services import Services
    from storage.member import Member
    from storage.records import Subscription

log = structlog.get_logger(__name__)
POLL_EVERY = 1.0  # seconds between two looks at which feeds are due


class Jobs:
    """`plan` hands all jobs of this process to the scheduler."""

    def __init__(self, services: Services, keeper: Keeper, member: Member) -> None:
        self._services = services
        self._keeper = keeper
        self._member = member
        self._asking = not member.shared  # this process asks the price sources

    def plan(self, scheduler: Scheduler, push: Push | None) -> None:
        """Everything this process's roles ask for."""
        prices = self._services.prices
        scheduler.every(60.0, self._minute, "minute")
        scheduler.every(5.0, self._keeper.mend, "mend")
        if prices is not None:
            scheduler.every(prices.pace, self._prices, "prices")
        if not self._services.settings.has("poll"):
            return
        scheduler.every(POLL_EVERY, self._services.pipeline.tick, "poll")
        scheduler.every(60.0, self._one("care", self._care), "care")
        scheduler.every(600.0, self._one("round", self._round), "round")
        scheduler.cron("11 * * * *", self._one("weekly", self._weekly), "mineral of the week")
        if prices is not None:
            scheduler.every(60.0, self._one("reactions", self._react), "market reaction")
            scheduler.every(300.0, self._one("prices", self._keep_prices), "price housekeeping")
        if push is not None:
            scheduler.every(30.0, push.renew, "hubs")

    def _one(self, name: str, job: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """The job, done by one process only."""

        async def work() -> None:
            if await self._member.leads(name):
                await job()

        return work

    async def _minute(self) -> None:
        """What every process does for itself."""
        now = utcnow()
        await self._keeper.minute(now)
        if not self._member.whole:
            log.error("another Headframe has taken over this process's shards: stop one of the two")
        self._services.ingest.forget_before(now - timedelta(hours=49))

    async def _care(self) -> None:
        if self._services.db.trouble is None:
            now = utcnow()
            await self._resume_paused(now)
            if await self._services.ingest.review_health(now):
                self._services.outbox.wake()

    async def _resume_paused(self, now: datetime) -> None:
        services = self._services
        async with services.db.read() as connection:
            due = await subscriptions.due_to_resume(connection, now)
        for subscription_id in due:
            async with services.db.write() as connection:
                changed: Subscription | None = await subscriptions.set_fields(
                    connection, subscription_id, now=now, state="active", paused_until=None
                )
            if changed is not None:
                services.book.put(changed)

    async def _round(self) -> None:
        await self._keeper.round(utcnow())

    async def _prices(self) -> None:
        """One process asks the sources and judges alerts; the others read what it stored."""
        prices = self._services.prices
        if prices is None:
            return
        if not self._services.settings.has("poll") or not await self._member.leads("prices"):
            await prices.follow(utcnow())
            return
        if not self._asking:
            await prices.start(utcnow())
            self._asking = True
        if await prices.tick(utcnow()):
            self._services.outbox.wake()

    async def _keep_prices(self) -> None:
        """Thin old quotes, and end the pauses of price alerts that are over."""
        if self._services.prices is not None:
            await self._services.prices.housekeep(utcnow())

    async def _react(self) -> None:
        from bot.prices.reactions import queue_reactions  # put off, like the next: no start waits for it

        if await queue_reactions(self._services.db, utcnow()):
            self._services.outbox.wake()

    async def _weekly(self) -> None:
        from bot.desk.weekly import queue_mineral_of_the_week

        if await queue_mineral_of_the_week(self._services.db, utcnow()):
            self._services.outbox.wake()
