"""The outbox: claims what is due, one message per target at a time, and gives each to a lane that carries it.

Can be killed at any instant: a row is `sending` before the request leaves, its nonce is fixed with it, and what is
found in `sending` at start is the same message once more. What becomes of a message is in `lane`, its pace in `pace`.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.delivery import pace
from bot.delivery.answers import Retry
from bot.delivery.lane import Carrier, Job
from bot.delivery.publish import Publisher
from bot.delivery.remote import Asking
from bot.delivery.steady import ClockWatch, running
from storage import guilds, leases, outbox, subscriptions
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.answers import Lost
    from bot.delivery.compose import Composer
    from bot.delivery.routes import Routes
    from bot.delivery.sender import Sender
    from storage.database import Database
    from storage.member import Member
    from storage.records import Delivery, Subscription, Target

log = structlog.get_logger(__name__)
_LANES: Final = 96  # messages under way at once; 45 a second need about a dozen, the rest is for slow answers
_CLAIM_AT: Final = 32  # free lanes that are worth a look at the whole queue
_CLAIM_WITHIN: Final = 0.25  # seconds a single free lane waits for others
_CANDIDATES: Final = 1000  # targets looked at in a claim, so that those served longest ago come first
_IDLE_SECONDS: Final = 2.0


class Outbox:
    """`wake` when something was queued; `connect` when sending is possible. `counts` are totals since the start.

    subscription: finds one in memory; None: this process holds none, the database is asked.
    """

    def __init__(
        self,
        database: Database,
        composer: Composer,
        routes: Routes,
        *,
        subscription: Callable[[int], Subscription | None] | None,
        fold_seconds: float = 2.0,
        member: Member | None = None,
        clock: Callable[[], datetime] = utcnow,
        steady: Callable[[], float] = running,
    ) -> None:
        self._database = database
        self._composer = composer
        self.routes = routes
        self._subscription = subscription
        self._fold = timedelta(seconds=fold_seconds)
        self._clock = clock
        self._watch = ClockWatch(clock, steady)
        self._owner = member.number if member is not None else 0
        self._shared = member is not None and member.shared  # other processes may serve the same targets
        self.counts: dict[str, int] = {"sent": 0, "retry": 0, "lost": 0, "dropped": 0, "edited": 0}
        self._carrier = Carrier(database, composer, routes, self.counts, clock, shared=self._shared)
        self._publisher = Publisher(database, clock=clock, member=member)
        self._sender: Sender | None = None
        self._wake = asyncio.Event()
        self._lanes: dict[Target, asyncio.Task[None]] = {}
        self._served: dict[Target, int] = {}  # when each target last had its turn
        self._turns = itertools.count(1)
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def forget(self, channel_id: int) -> None:
        """A channel has changed its kind, as another process saw."""
        if self._sender is not None and self._sender.remote is not None:
            self._sender.remote.forget(channel_id)

    def connect(self, sender: Sender | None) -> None:
        """Sending is possible from now on (a sender), or not any more (None)."""
        self._sender = sender
        self._publisher.connect(sender)
        self._wake.set()

    async def start(self) -> None:
        """Settle what a previous process left behind and begin. Where there are several, `bot.together` settles."""
        if not self._shared:
            async with self._database.write() as connection:
                left = await outbox.in_flight(connection)
                if left:
                    await outbox.retry(
                        connection, [row.id for row in left], due_at=self._clock(), reason="interrupted by a restart"
                    )
                    log.info("settling interrupted deliveries", count=len(left))
        await self.routes.load(self._clock())
        self._publisher.start()
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self, grace: float = 4.0) -> None:
        """Let the sends in hand finish, then stop; what does not finish in time is settled at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._publisher.stop()
        lanes = list(self._lanes.values())
        if lanes:
            _done, late = await asyncio.wait(lanes, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = _IDLE_SECONDS
            try:
                await self._mind_clock()
                await self.routes.probe(self._clock())
                if self._sender is not None:
                    wait = await self._round(self._sender)
            except StorageError as error:
                log.debug("outbox waits for the database", error=str(error))
                wait = 5.0
            except Exception:
                log.exception("outbox round failed; trying again")
                wait = 5.0
            if self._lanes and wait > 0:
                # Lanes come free one by one; a claim looks at the whole queue and is worth several of them.
                await asyncio.sleep(0 if _LANES - len(self._lanes) >= _CLAIM_AT else _CLAIM_WITHIN)
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _mind_clock(self, connection: AsyncConnection | None = None) -> None:
        moved = self._watch.moved()
        if not moved:
            return
        if self._shared:
            log.warning("this machine's clock was set; keep the clocks of all machines in step (NTP)", seconds=moved)
            return
        if connection is None:
            async with self._database.write() as connection:
                rows = await outbox.shift(connection, moved, now=self._clock())
        else:
            rows = await outbox.shift(connection, moved, now=self._clock())
        log.warning("the machine's clock was set; what waits keeps its age", seconds=moved, waiting=rows)

    async def _round(self, sender: Sender) -> float:
        """Claim for free lanes; returns how long nothing will be due."""
        now = self._clock()
        free = _LANES - len(self._lanes)
        if free <= 0:
            return _IDLE_SECONDS
        async with self._database.read() as connection:
            due = await outbox.any_due(connection, now)
        if due:
            jobs, looked = await self._claim(sender, now, free)
            for job in jobs:
                self._lanes[job.target] = asyncio.create_task(self._serve(sender, job), name=f"lane {job.target}")
            if looked:
                return 0.05 if len(self._lanes) < _LANES else _IDLE_SECONDS
        async with self._database.read() as connection:
            at = await outbox.next_due_at(connection)
        if at is None:
            return _IDLE_SECONDS
        return min(max((at - self._clock()).total_seconds(), 0.2), _IDLE_SECONDS)

    async def _claim(self, sender: Sender, now: datetime, free: int) -> tuple[list[Job], int]:
        """Messages to send now, and how many targets were looked at for them."""
        jobs: list[Job] = []
        lost: list[tuple[Target, int | None, Lost]] = []
        async with self._database.write() as connection:
            await self._mind_clock(connection)  # nothing is claimed by a clock that has just been set
            targets = self._in_turn(await outbox.due_targets(connection, now, limit=_CANDIDATES), sender)
            if self._shared:
                targets = await leases.take_targets(connection, targets, free)
            targets = targets[:free]
            by_target: dict[Target, list[Delivery]] = {}
            for row in await outbox.due_rows(connection, now, targets):
                by_target.setdefault(row.target, []).append(row)
            for target, due in by_target.items():
                self._served.pop(target, None)
                self._served[target] = next(self._turns)
                if target in self.routes.lost:
                    await outbox.hold_target(connection, target, reason="route")
                    continue
                gone = sender.reachable(target, due[0].guild_id)
                if isinstance(gone, Asking):
                    continue
                if isinstance(gone, Retry):
                    until = now + pace.backoff(1, gone.after)
                    await outbox.retry(connection, [row.id for row in due], due_at=until, reason=gone.reason)
                elif gone is not None:
                    lost.append((target, due[0].guild_id, gone))
                elif (job := await self._plan(connection, sender, target, due, now)) is not None:
                    jobs.append(job)
        while len(self._served) > 4 * _CANDIDATES:
            del self._served[next(iter(self._served))]
        for target, guild_id, gone in lost:
            await self.routes.lose(target, guild_id, gone.reason, now, seen=gone.seen)
        return jobs, len(by_target)

    def _in_turn(self, found: Sequence[tuple[Target, int]], sender: Sender) -> list[Target]:
        """Round robin: of equal urgency, the target served longest ago first."""
        waiting = [(urgency, self._served.get(target, 0), target) for target, urgency in found]
        waiting.sort(key=lambda one: one[:2])
        asking = sender.remote.asking if sender.remote is not None else lambda _channel_id: False
        return [target for _urgency, _turn, target in waiting if target not in self._lanes and not asking(target.id)]

    async def _plan(
        self, connection: AsyncConnection, sender: Sender, target: Target, due: Sequence[Delivery], now: datetime
    ) -> Job | None:
        plan = pace.plan(due, await self._wishes(connection, sender, target, due, now), now)
        for held in plan.holds:
            await outbox.hold(connection, held.ids, reason=held.reason, due_at=held.until)
        if plan.stale:
            await outbox.drop(connection, plan.stale, reason="not delivered within 24 h")
            self.counts["dropped"] += len(plan.stale)
        send = plan.send
        if not send:
            return None
        if send[0].batch_id is None and len(send) > 1:
            # What does not fit whole travels in the next message.
            send = send[: await self._composer.fitting(connection, send)]
        first = send[0]
        batch_id = first.batch_id or first.id
        # Deliveries' ids never come back, so neither do nonces (25 characters at most).
        nonce = first.nonce or f"hf{int(first.created_at.timestamp()):x}-{batch_id}"
        await outbox.start(
            connection, [row.id for row in send], batch_id=batch_id, nonce=nonce, now=now, owner=self._owner
        )
        return Job(target, tuple(replace(row, batch_id=batch_id) for row in send), nonce, first.claimed_at)

    async def _wishes(
        self, connection: AsyncConnection, sender: Sender, target: Target, due: Sequence[Delivery], now: datetime
    ) -> pace.Wishes:
        caps = await self._caps(connection, {row.subscription_id for row in due if row.subscription_id is not None})
        counts: dict[int, int] = {}
        if caps:
            pairs = [(sub, target.kind, target.id) for sub in caps]
            found = await outbox.sent_counts(connection, pairs, since=now - timedelta(hours=1))
            counts = {sub: n for (sub, _kind, _id), n in found.items()}
        zone, start, end = await self._quiet(connection, target, due[0].guild_id)
        last = self._carrier.last_sent.get(target)
        return pace.Wishes(
            zone=zone,
            quiet_start=start,
            quiet_end=end,
            personal=target.kind == "user",
            single=sender.is_forum(target),
            caps=caps,
            sent_last_hour=counts,
            overflows=await outbox.overflows(connection, target) if caps else {},
            not_before=last + self._fold if last is not None else None,
        )

    async def _caps(self, connection: AsyncConnection, ids: set[int]) -> dict[int, int]:
        if self._subscription is None:
            return await subscriptions.caps(connection, sorted(ids)) if ids else {}
        known = [found for found in map(self._subscription, ids) if found is not None]
        return {one.id: one.max_per_hour for one in known if one.max_per_hour is not None}

    async def _quiet(
        self, connection: AsyncConnection, target: Target, guild_id: int | None
    ) -> tuple[str | None, int | None, int | None]:
        if target.kind == "user":
            person = await guilds.user(connection, target.id)
            return person.timezone, person.quiet_start, person.quiet_end
        channel = await guilds.channel(connection, target.id)
        if channel is None or channel.quiet_start is None:
            return None, None, None
        zone = (await guilds.guild(connection, guild_id)).timezone if guild_id else None
        return zone, channel.quiet_start, channel.quiet_end

    async def _serve(self, sender: Sender, job: Job) -> None:
        try:
            if await self._carrier.carry(sender, job):
                self._publisher.wake()
        finally:
            self._lanes.pop(job.target, None)
            self._wake.set()
