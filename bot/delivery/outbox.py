"""The outbox: claims what is due, one message per target at a time, and gives each to a lane that carries it.

Can be killed at any instant: a row is `sending` before the request leaves, its nonce is fixed with it, and what is
found in `sending` at start is the same message once more. What becomes of a message is in `lane`, its pace in `pace`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.delivery import pace
from bot.delivery.answers import Lost, Retry
from bot.delivery.lane import Carrier, Job
from bot.delivery.publish import Publisher
from bot.delivery.remote import Asking
from bot.delivery.steady import ClockWatch, running
from bot.delivery.tastes import Taste, of_targets
from bot.delivery.turns import Turns
from bot.tasks import end
from storage import held, leases, outbox, subscriptions
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.compose import Composer
    from bot.delivery.routes import Routes
    from bot.delivery.sender import Sender
    from storage.database import Database
    from storage.member import Member
    from storage.records import Delivery, Subscription, Target

log = structlog.get_logger(__name__)
_LANES: Final = 96  # messages under way at once; 45 a second need about a dozen, the rest is for slow answers
_CLAIM_AT: Final = 32  # free lanes that are worth a look at the whole queue
_CLAIM_MOST: Final = 32  # messages begun at once: answers to people wait no longer than these take to be composed
_CLAIM_WITHIN: Final = 0.25  # seconds a single free lane waits for others
_WARM: Final = 20  # stories read at once for the messages of a claim; digests read what more they need
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
        self._turns = Turns()
        self._stale = 0  # dropped by the claim under way
        self._task: asyncio.Task[None] | None = None

    async def settled(self, target: Target, patience: float = 10.0) -> bool:
        """Wait until nothing is on its way to the target; whether something was."""
        lane = self._lanes.get(target)
        if lane is not None:
            await asyncio.wait([lane], timeout=patience)
        return lane is not None

    @property
    def connected(self) -> bool:
        """Whether sending is possible at present."""
        return self._sender is not None

    def wake(self) -> None:
        """Something may be due."""
        self._turns.tell()
        self._wake.set()

    def forget(self, channel_id: int) -> None:
        """A channel has changed its kind, as another process saw."""
        if self._sender is not None and self._sender.remote is not None:
            self._sender.remote.forget(channel_id)

    def connect(self, sender: Sender | None) -> None:
        """Sending is possible from now on (a sender), or not any more (None)."""
        self._sender = sender
        self._publisher.connect(sender)
        self.wake()

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
        await end(self._task)
        self._task = None
        await self._publisher.stop()
        lanes = list(self._lanes.values())
        if lanes:
            _done, late = await asyncio.wait(lanes, timeout=grace)
            await end(*late)
        await self._carrier.stop()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = _IDLE_SECONDS
            try:
                await self._mind_clock()
                self.counts["dropped"] += await self.routes.expire(self._clock())
                if self._sender is not None:
                    await self.routes.probe(self._clock(), self._sender.reachable)
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
        self.routes.shift(timedelta(seconds=moved))
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
            await self._turns.find(self._database, now)
            looked = await self._claim(sender, now, min(free, _CLAIM_MOST))
            if looked:
                return 0.05 if len(self._lanes) < _LANES else _IDLE_SECONDS
            if (pause := self._turns.pause()) is not None:
                return pause
        async with self._database.read() as connection:
            at = await outbox.next_due_at(connection)
        if at is None:
            return _IDLE_SECONDS
        return min(max((at - self._clock()).total_seconds(), 0.2), _IDLE_SECONDS)

    async def _claim(self, sender: Sender, now: datetime, free: int) -> int:
        """Give lanes the messages to send now; how many targets were looked at for them."""
        self._stale = 0
        jobs: list[Job] = []
        lost: list[tuple[Target, int | None]] = []
        async with self._database.write() as connection:
            claimed = time.monotonic()
            await self._mind_clock(connection)  # nothing is claimed by a clock that has just been set
            if self._shared:
                order = sender.ready_for(self._turns.order(self._lanes), ask=2 * _CLAIM_MOST)
                taken = await leases.take_targets(connection, order, free)
                self._turns.serve(taken)
            else:
                taken = self._turns.take(free, self._lanes)
            # What was found may have begun to be sent since, or wait for another attempt: nothing overtakes it.
            targets = sorted(set(taken) - await outbox.blocked(connection, now, taken), key=taken.index)
            by_target: dict[Target, list[Delivery]] = {}
            for row in await outbox.due_rows(connection, now, targets):
                by_target.setdefault(row.target, []).append(row)
            tastes = await of_targets(connection, {target: due[0].guild_id for target, due in by_target.items()})
            told = Counter(due[0].story_id for due in by_target.values() if due[0].story_id is not None)
            await self._composer.warm(connection, [story for story, _n in told.most_common(_WARM)])
            for target, due in by_target.items():
                if target in self.routes.lost:
                    await held.hold_target(connection, target)
                    continue
                taste = tastes.get(target, Taste())
                if taste.lost:
                    # Being opened this very moment: what it holds goes first, and is not yet released.
                    self._turns.send_away(target)
                    continue
                gone = sender.reachable(target, due[0].guild_id)
                if isinstance(gone, Asking):
                    self._turns.send_away(target)
                    continue
                if isinstance(gone, Retry):
                    # The target waits, not its rows: what comes meanwhile may not overtake them.
                    self._turns.send_away(target, pace.backoff(1, gone.after).total_seconds())
                    await outbox.retry(connection, [row.id for row in due], due_at=now, reason=gone.reason)
                elif gone is not None:
                    lost.append((target, due[0].guild_id))
                else:
                    job = await self._plan(connection, sender, due, taste, now, claimed)
                    jobs += [job] if job is not None else []
            begun = [outbox.Begun(tuple(job.ids), job.rows[0].batch_id or 0, job.nonce) for job in jobs]
            await outbox.start_many(connection, begun, now=now, owner=self._owner)
        self.counts["dropped"] += self._stale
        # At once: they are `sending` from now on, whatever goes wrong below. The urgent take the first tokens.
        for job in sorted(jobs, key=lambda job: job.rows[0].priority):
            self._lanes[job.target] = asyncio.create_task(self._serve(sender, job), name=f"lane {job.target}")
        for target, guild_id in lost:
            # Looked at again, nothing awaited in between: an end that was told meanwhile is not told again.
            gone = sender.reachable(target, guild_id)
            if isinstance(gone, Lost):
                await self.routes.lose(target, guild_id, gone.reason, now, seen=gone.seen)
        return len(by_target)

    async def _plan(
        self,
        connection: AsyncConnection,
        sender: Sender,
        due: Sequence[Delivery],
        taste: Taste,
        now: datetime,
        claimed: float,
    ) -> Job | None:
        plan = pace.plan(due, await self._wishes(connection, sender, due, taste, now), now)
        for one in plan.holds:
            await outbox.hold(connection, one.ids, reason=one.reason, due_at=one.until)
        if plan.stale:
            await outbox.drop(connection, plan.stale, reason="not delivered within 24 h")
            self._stale += len(plan.stale)
        send = plan.send
        if not send:
            return None
        if send[0].batch_id is None and len(send) > 1:
            # What does not fit whole travels in the next message.
            send = send[: await self._composer.fitting(send, taste, since=claimed)]
        first = send[0]
        batch_id = first.batch_id or first.id
        # Deliveries' ids never come back, so neither do nonces (25 characters at most).
        nonce = first.nonce or f"hf{int(first.created_at.timestamp()):x}-{batch_id}"
        rows = tuple(replace(row, batch_id=batch_id) for row in send)
        return Job(first.target, rows, nonce, first.claimed_at, claimed, taste)

    async def _wishes(
        self, connection: AsyncConnection, sender: Sender, due: Sequence[Delivery], taste: Taste, now: datetime
    ) -> pace.Wishes:
        target = due[0].target
        caps = await self._caps(connection, {row.subscription_id for row in due if row.subscription_id is not None})
        counts: dict[int, int] = {}
        if caps:
            pairs = [(sub, target.kind, target.id) for sub in caps]
            found = await outbox.sent_counts(connection, pairs, since=now - timedelta(hours=1))
            counts = {sub: n for (sub, _kind, _id), n in found.items()}
        last = self._carrier.last_sent.get(target)
        return pace.Wishes(
            zone=taste.zone,
            quiet_start=taste.quiet_start,
            quiet_end=taste.quiet_end,
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

    async def _serve(self, sender: Sender, job: Job) -> None:
        try:
            if await self._carrier.carry(sender, job):
                self._publisher.wake()
        finally:
            self._lanes.pop(job.target, None)
            self._wake.set()
