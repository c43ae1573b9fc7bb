"""One message on its way: composed, sent or edited, and what became of it written down.

Between the request and the mark the process may die or the disk be full: the row stays `sending`, and whoever finds it
there recognises the message by its nonce or its buttons.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.delivery import pace
from bot.delivery.answers import Lost, Refused, Retry, Sent
from bot.delivery.marks import Marks
from storage import deliveries, outbox
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.delivery.answers import Outcome
    from bot.delivery.compose import Composer
    from bot.delivery.post import Post
    from bot.delivery.routes import Routes
    from bot.delivery.sender import Sender
    from bot.delivery.tastes import Taste
    from storage.database import Database
    from storage.records import Delivery, JsonObject, Target

log = structlog.get_logger(__name__)
_PING_EVERY: Final = timedelta(minutes=1)
_MARK_AGAIN: Final = 1.0  # seconds, doubled up to half a minute while the database cannot be written
_REMEMBERED: Final = 20_000  # targets whose last message and ping are kept in mind


@dataclass(frozen=True, slots=True)
class Job:
    """One message about to be sent: its rows share batch and nonce. `first_try_at` is None for a first attempt.

    claimed: when it was claimed, by time.monotonic(): what is read for it must not be older. taste: as it was then.
    """

    target: Target
    rows: tuple[Delivery, ...]
    nonce: str
    first_try_at: datetime | None
    claimed: float
    taste: Taste

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]


class Carrier:
    """`carry` takes one job to its end. `last_sent` says when a target was last written to (for folding bursts)."""

    def __init__(
        self,
        database: Database,
        composer: Composer,
        routes: Routes,
        counts: dict[str, int],
        clock: Callable[[], datetime],
        *,
        shared: bool = False,
    ) -> None:
        self._database = database
        self._composer = composer
        self._routes = routes
        self._counts = counts
        self._clock = clock
        self._since = clock()
        self._shared = shared  # other processes may have pinged, too
        self._marks = Marks(database)
        self.last_sent: dict[Target, datetime] = {}
        self._last_ping: dict[Target, datetime] = {}

    async def stop(self) -> None:
        """No lane is left, or what is left is to be settled at the next start."""
        await self._marks.stop()

    async def carry(self, sender: Sender, job: Job) -> bool:
        """Send and record; whether a crosspost was planned. Never raises but for cancellation."""
        style = ""
        try:
            outcome, style = await self._attempt(sender, job)
            if isinstance(outcome, Refused) and outcome.form and job.rows[0].kind in {"headline", "sample", "edit"}:
                log.warning("Discord refuses a post's form; trying without its pictures", reason=outcome.reason)
                outcome, style = await self._attempt(sender, job, bare=True)
        except StorageError as error:
            log.error("a delivery could not be read; trying again", error=str(error))
            outcome = Retry("the database could not be read")
        except Exception:
            log.exception("delivery failed in an unforeseen way; trying again", batch=job.rows[0].batch_id)
            outcome = Retry("an error of the bot's own")
        return await self._mark(sender, job, outcome, style)

    async def _attempt(self, sender: Sender, job: Job, *, bare: bool = False) -> tuple[Outcome, str]:
        """One request, and the style of what it posted. bare: headlines without pictures and links of their own."""
        if job.rows[0].kind == "edit":
            return await self._edit(sender, job, bare=bare), ""
        post = await self._compose(job, bare=bare)
        if post is None:
            return Refused("its entries no longer exist"), ""
        return await self._send(sender, job, post), post.style

    async def _mark(self, sender: Sender, job: Job, outcome: Outcome, style: str) -> bool:
        """Write the outcome down, however long the database takes; until then the target's lane stays taken."""
        wait = _MARK_AGAIN
        while True:
            try:
                return await self._record(sender, job, outcome, style)
            except StorageError as error:
                # The message may be out and the mark is not: never ask Discord again for what is known here.
                log.error("a delivery could not be recorded; trying again", error=str(error), seconds=wait)
            except Exception:
                log.exception("a delivery could not be recorded, in an unforeseen way; trying again", seconds=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)

    async def _compose(self, job: Job, *, bare: bool) -> Post | None:
        post = await self._composer.compose(job.rows, job.taste, since=job.claimed, bare=bare)
        if post is None or not post.role_ids:
            return post
        now = self._clock()
        last = self._last_ping.get(job.target)
        if self._shared or (last is None and now - self._since < _PING_EVERY):
            # The process before this one, or one beside it, may have pinged moments ago.
            async with self._database.read() as connection:
                last = await outbox.last_ping_at(connection, job.target, since=now - _PING_EVERY)
        if last is not None and now - last < _PING_EVERY:
            # The names stay, the ping does not: it is allowed by `role_ids` alone.
            return replace(post, role_ids=())
        return post

    async def _send(self, sender: Sender, job: Job, post: Post) -> Outcome:
        now = self._clock()
        outcome = await sender.send(
            job.target,
            post,
            job.rows,
            nonce=job.nonce,
            first_try_at=job.first_try_at,
            now=now,
            priority=job.rows[0].priority,
        )
        if isinstance(outcome, Sent):
            _remember(self.last_sent, job.target, now)
            if post.role_ids:
                _remember(self._last_ping, job.target, now)
        return outcome

    async def _edit(self, sender: Sender, job: Job, *, bare: bool) -> Outcome:
        batch_id = (job.rows[0].payload or {}).get("batch_id")
        async with self._database.read() as connection:
            rows = await deliveries.batch(connection, int(str(batch_id)))
            carried = [one for one in rows if one.kind != "edit"]
            if any(one.state in {"sending", "pending", "held"} for one in carried):
                return Retry("the message is still being sent")
        posted = [one for one in carried if one.state == "sent" and one.message_id and one.channel_id]
        post = await self._composer.compose(posted, job.taste, since=job.claimed, bare=bare) if posted else None
        if post is None or posted[0].channel_id is None or posted[0].message_id is None:
            return Refused("there is no message to edit")
        hooked = bool((posted[0].payload or {}).get("hooked"))
        return await sender.edit(posted[0].channel_id, posted[0].message_id, replace(post, role_ids=()), hooked=hooked)

    async def _record(self, sender: Sender, job: Job, outcome: Outcome, style: str) -> bool:
        now = self._clock()
        first = job.rows[0]
        match outcome:
            case Sent(channel_id, message_id, hooked):
                news = first.kind in {"headline", "sample"}
                published = news and not hooked and sender.is_announcement(job.target)
                shown: JsonObject | None = {"style": style, "hooked": hooked} if news else None
                out = outbox.Out(tuple(job.ids), channel_id, message_id, now, shown)
                await self._marks.add(out, (job.target, first.guild_id) if published else None)
                await self._routes.arrived(job.target)
                self._counts["edited" if first.kind == "edit" else "sent"] += len(job.rows)
                return published
            case Retry(reason, after):
                await self._again(job, reason, after, now)
            case Lost(reason, seen) if first.kind != "edit":
                await self._routes.lose(job.target, first.guild_id, reason, now, seen=seen)
                self._counts["lost"] += 1
            case Lost(reason) | Refused(reason):
                async with self._database.write() as connection:
                    await outbox.drop(connection, job.ids, reason=reason)
                if first.kind != "edit":
                    # A post of ours that a moderator deleted is no fault; a headline that nobody will see is.
                    self._counts["dropped"] += len(job.rows)
                    log.warning("delivery dropped", batch=first.batch_id, kind=first.kind, reason=reason)
        return False

    async def _again(self, job: Job, reason: str, after: float | None, now: datetime) -> None:
        first = job.rows[0]
        tried = first.attempts + 1
        too_old = pace.too_old(replace(first, claimed_at=job.first_try_at or now), now)
        async with self._database.write() as connection:
            if too_old:
                await outbox.drop(connection, job.ids, reason=f"not delivered within 24 h: {reason}")
            else:
                await outbox.retry(connection, job.ids, due_at=now + pace.backoff(tried, after), reason=reason)
        if too_old:
            self._counts["dropped"] += len(job.rows)
            log.warning("delivery dropped", batch=first.batch_id, kind=first.kind, reason=f"24 h have passed: {reason}")
            return
        self._counts["retry"] += 1
        log.info("delivery to be retried", batch=first.batch_id, attempts=tried, reason=reason)


def _remember(where: dict[Target, datetime], target: Target, at: datetime) -> None:
    """Latest last; the oldest is forgotten where there are many."""
    where.pop(target, None)
    where[target] = at
    if len(where) > _REMEMBERED:
        del where[next(iter(where))]
