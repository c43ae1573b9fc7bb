"""The outbox: claims what is due, one message per target at a time, has it sent and records how it went.

Can be killed at any instant: a row is `sending` before the request leaves, its nonce is fixed with it, and what is
found in `sending` at start is the same message once more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.delivery import pace
from bot.delivery.answers import Lost, Outcome, Refused, Retry, Sent
from storage import deliveries, guilds, outbox
from storage.errors import StorageError
from storage.records import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.compose import Composer
    from bot.delivery.routes import Routes
    from bot.delivery.sender import Sender
    from storage.database import Database
    from storage.records import Delivery, JsonObject, Subscription

log = structlog.get_logger(__name__)
_LANES: Final = 96  # messages under way at once; 45 a second need about a dozen, the rest is for slow answers
_IDLE_SECONDS: Final = 2.0
_PING_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Job:
    """One message about to be sent: its rows share batch and nonce."""

    target: Target
    rows: tuple[Delivery, ...]
    nonce: str
    first_try_at: datetime | None

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]


class Outbox:
    def __init__(
        self,
        database: Database,
        composer: Composer,
        routes: Routes,
        *,
        subscription: Callable[[int], Subscription | None],
        fold_seconds: float = 2.0,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._database = database
        self._composer = composer
        self.routes = routes
        self._subscription = subscription
        self._fold = timedelta(seconds=fold_seconds)
        self._clock = clock
        self._sender: Sender | None = None
        self._wake = asyncio.Event()
        self._lanes: dict[Target, asyncio.Task[None]] = {}
        self._last_sent: dict[Target, datetime] = {}
        self._last_ping: dict[Target, datetime] = {}
        self._styles: dict[int, str] = {}  # how messages under way are shown
        self._task: asyncio.Task[None] | None = None
        self.published: asyncio.Queue[tuple[int, int]] = asyncio.Queue(maxsize=1000)
        self.counts: dict[str, int] = {"sent": 0, "retry": 0, "lost": 0, "dropped": 0, "edited": 0}

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def connect(self, sender: Sender | None) -> None:
        """Sending is possible from now on (a sender), or not any more (None)."""
        self._sender = sender
        self._wake.set()

    async def start(self) -> None:
        """Settle what a previous process left behind and begin."""
        async with self._database.write() as connection:
            left = await outbox.in_flight(connection)
            if left:
                await outbox.retry(
                    connection, [row.id for row in left], due_at=self._clock(), reason="interrupted by a restart"
                )
                log.info("settling interrupted deliveries", count=len(left))
        await self.routes.load(self._clock())
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self, grace: float = 4.0) -> None:
        """Let the sends in hand finish, then stop; what does not finish in time is settled at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
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
                if self._sender is not None:
                    wait = await self._round(self._sender)
            except StorageError as error:
                log.error("outbox waits for the database", error=str(error))
                wait = 5.0
            except Exception:
                log.exception("outbox round failed; trying again")
                wait = 5.0
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _round(self, sender: Sender) -> float:
        """Claim for free lanes; returns how long nothing will be due."""
        now = self._clock()
        free = _LANES - len(self._lanes)
        if free <= 0:
            return _IDLE_SECONDS
        async with self._database.read() as connection:
            due = await outbox.any_due(connection, now)
        if due:
            jobs = await self._claim(sender, now, free)
            for job in jobs:
                self._lanes[job.target] = asyncio.create_task(self._serve(sender, job), name=f"lane {job.target}")
            if jobs:
                return 0.0 if len(self._lanes) < _LANES else _IDLE_SECONDS
        async with self._database.read() as connection:
            at = await outbox.next_due_at(connection)
        if at is None:
            return _IDLE_SECONDS
        return min(max((at - self._clock()).total_seconds(), 0.2), _IDLE_SECONDS)

    async def _claim(self, sender: Sender, now: datetime, free: int) -> list[Job]:
        jobs: list[Job] = []
        lost: list[tuple[Target, int | None, str]] = []
        async with self._database.write() as connection:
            found = await outbox.due_targets(connection, now, limit=free + len(self._lanes))
            targets = [one for one, _urgency in found if one not in self._lanes][:free]
            rows = await outbox.due_rows(connection, now, targets)
            by_target: dict[Target, list[Delivery]] = {}
            for row in rows:
                by_target.setdefault(row.target, []).append(row)
            for target, due in by_target.items():
                guild_id = due[0].guild_id
                if target in self.routes.lost:
                    await outbox.hold_target(connection, target, reason="route")
                    continue
                gone = sender.reachable(target, guild_id)
                if isinstance(gone, Retry):
                    until = now + pace.backoff(1, gone.after)
                    await outbox.retry(connection, [row.id for row in due], due_at=until, reason=gone.reason)
                    continue
                if gone is not None and due[0].batch_id is None:
                    lost.append((target, guild_id, gone.reason))
                    continue
                job = await self._plan(connection, sender, target, due, now)
                if job is not None:
                    jobs.append(job)
        for target, guild_id, reason in lost:
            await self.routes.lose(target, guild_id, reason, now)
        return jobs

    async def _plan(
        self, connection: AsyncConnection, sender: Sender, target: Target, due: Sequence[Delivery], now: datetime
    ) -> Job | None:
        plan = pace.plan(due, await self._wishes(connection, sender, target, due, now), now)
        for held in plan.holds:
            await outbox.hold(connection, held.ids, reason=held.reason, due_at=held.until)
        if plan.stale:
            await outbox.drop(connection, plan.stale, reason="not delivered within 24 h")
            self.counts["dropped"] += len(plan.stale)
        if not plan.send:
            return None
        send = plan.send
        if send[0].batch_id is None and len(send) > 1:
            # What does not fit whole travels in the next message.
            send = send[: await self._composer.fitting(connection, send)]
        plan = replace(plan, send=send)
        first = plan.send[0]
        batch_id = first.batch_id or first.id
        # Deliveries' ids never come back, so neither do nonces (25 characters at most).
        nonce = first.nonce or f"hf{int(first.created_at.timestamp()):x}-{batch_id}"
        await outbox.start(connection, [row.id for row in plan.send], batch_id=batch_id, nonce=nonce, now=now)
        return Job(target, tuple(replace(row, batch_id=batch_id) for row in plan.send), nonce, first.claimed_at)

    async def _wishes(
        self, connection: AsyncConnection, sender: Sender, target: Target, due: Sequence[Delivery], now: datetime
    ) -> pace.Wishes:
        caps = {
            row.subscription_id: sub.max_per_hour
            for row in due
            if row.subscription_id is not None
            and (sub := self._subscription(row.subscription_id)) is not None
            and sub.max_per_hour is not None
        }
        counts: dict[int, int] = {}
        if caps:
            pairs = [(sub, target.kind, target.id) for sub in caps]
            found = await outbox.sent_counts(connection, pairs, since=now - timedelta(hours=1))
            counts = {sub: n for (sub, _kind, _id), n in found.items()}
        zone, start, end = await self._quiet(connection, target, due[0].guild_id)
        last = self._last_sent.get(target)
        return pace.Wishes(
            zone=zone,
            quiet_start=start,
            quiet_end=end,
            caps=caps,
            sent_last_hour=counts,
            overflows=await outbox.overflows(connection, target) if caps else {},
            personal=target.kind == "user",
            single=sender.is_forum(target),
            not_before=last + self._fold if last is not None else None,
        )

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
            outcome = await self._send(sender, job)
            if outcome is not None:
                await self._record(job, outcome)
        except StorageError as error:
            # The message may be out, the mark is not: the row stays `sending` and is settled by its nonce.
            log.error("could not record a delivery; settling it later", error=str(error))
            await self._unmark_later(job)
        except Exception:
            log.exception("delivery failed in an unforeseen way; trying again", batch=job.rows[0].batch_id)
            await self._unmark_later(job)
        finally:
            self._lanes.pop(job.target, None)
            self._wake.set()

    async def _unmark_later(self, job: Job) -> None:
        for _attempt in range(60):
            await asyncio.sleep(2.0)
            try:
                await self._record(job, Retry("could not be recorded"))
            except StorageError:
                continue
            return

    async def _send(self, sender: Sender, job: Job) -> Outcome | None:
        first = job.rows[0]
        if first.kind == "edit":
            return await self._edit(sender, first)
        async with self._database.read() as connection:
            post = await self._composer.compose(connection, job.rows)
        if post is None:
            return Refused("its entries no longer exist")
        now = self._clock()
        if post.role_ids:
            last = self._last_ping.get(job.target)
            if last is not None and now - last < _PING_EVERY:
                content = post.content
                for role in post.role_ids:
                    content = content.replace(f"<@&{role}>", "")
                post = replace(post, role_ids=(), content=content.strip())
            else:
                self._last_ping[job.target] = now
        self._styles[job.rows[0].id] = post.style
        return await sender.send(
            job.target,
            post,
            job.rows,
            nonce=job.nonce,
            first_try_at=job.first_try_at,
            now=now,
            priority=first.priority,
        )

    async def _edit(self, sender: Sender, row: Delivery) -> Outcome:
        batch_id = (row.payload or {}).get("batch_id")
        async with self._database.read() as connection:
            rows = await deliveries.batch(connection, int(str(batch_id)))
            carried = [one for one in rows if one.kind != "edit"]
            if any(one.state in {"sending", "pending"} for one in carried):
                return Retry("the message is still being sent")
            posted = [one for one in carried if one.state == "sent" and one.message_id and one.channel_id]
            post = await self._composer.compose(connection, posted) if posted else None
        if post is None or posted[0].channel_id is None or posted[0].message_id is None:
            return Refused("there is no message to edit")
        hooked = bool((posted[0].payload or {}).get("hooked"))
        return await sender.edit(posted[0].channel_id, posted[0].message_id, replace(post, role_ids=()), hooked=hooked)

    async def _record(self, job: Job, outcome: Outcome) -> None:
        now = self._clock()
        first = job.rows[0]
        match outcome:
            case Sent(channel_id, message_id, hooked):
                style = self._styles.pop(first.id, "")
                shown: JsonObject | None = {"style": style, "hooked": hooked} if first.story_id is not None else None
                async with self._database.write() as connection:
                    await outbox.sent(
                        connection, job.ids, channel_id=channel_id, message_id=message_id, now=now, shown=shown
                    )
                self.counts["edited" if first.kind == "edit" else "sent"] += len(job.rows)
                if first.kind != "edit":
                    self._last_sent[job.target] = now
                    if len(self._last_sent) > 20_000:
                        self._last_sent.clear()
            case Retry(reason, after):
                tried = first.attempts + 1
                async with self._database.write() as connection:
                    if job.first_try_at is not None and now - job.first_try_at > pace.STALE:
                        await outbox.drop(connection, job.ids, reason=f"not delivered within 24 h: {reason}")
                        self.counts["dropped"] += len(job.rows)
                    else:
                        due = now + pace.backoff(tried, after)
                        await outbox.retry(connection, job.ids, due_at=due, reason=reason)
                        self.counts["retry"] += 1
                log.info("delivery to be retried", batch=first.batch_id, attempts=tried, reason=reason)
            case Lost(reason):
                self.counts["lost"] += 1
                if first.kind == "edit":
                    async with self._database.write() as connection:
                        await outbox.drop(connection, job.ids, reason=f"cannot be edited: {reason}")
                else:
                    await self.routes.lose(job.target, first.guild_id, reason, now)
            case Refused(reason):
                async with self._database.write() as connection:
                    await outbox.drop(connection, job.ids, reason=reason)
                self.counts["dropped"] += len(job.rows)
                log.warning("delivery dropped", batch=first.batch_id, kind=first.kind, reason=reason)


__all__ = ["Job", "Outbox"]
