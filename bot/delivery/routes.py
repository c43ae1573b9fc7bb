"""Which targets can be reached: marks a lost route, tells its moderators once, and opens it again.

A lost channel keeps its subscriptions and its queue; what is still fresh goes out when the permission is back. Where
Discord refuses for a reason the client cannot see, the route is tried again after a while, ever more rarely. Where it
can see the reason, the gateway's events open it again; a look now and then costs nothing and misses none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.delivery.answers import Lost
from bot.delivery.losses import lost_text, mend_of
from bot.i18n import use_language
from storage import deliveries, guilds, held, notify
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.answers import Retry
    from bot.delivery.remote import Asking
    from storage.database import Database

log = structlog.get_logger(__name__)
FRESH: Final = timedelta(hours=24)
_TELL_AGAIN: Final = timedelta(hours=24)  # what comes and goes is told at most so often
# When to look again at a channel that was refused though nothing shows why; the last one repeats.
_PROBES: Final = tuple(timedelta(seconds=s) for s in (5, 60, 600, 3600, 4 * 3600, 12 * 3600))
_LOOK: Final = timedelta(seconds=30)  # between two looks at what the client itself sees to be lost; no request is made
_PROBE_SECONDS: Final = 0.2
_EXPIRE: Final = timedelta(minutes=10)
_FINAL: Final = frozenset({"left", "unknown-channel"})  # only an event can end these


@dataclass(slots=True)
class _Probe:
    """When to look again. tries: refusals in a row that nothing explains; seen: the client sees why, so only look."""

    guild_id: int | None
    tries: int
    due_at: datetime
    seen: bool = False


class Routes:
    """`owner_of` names a server's owner (or None), `changed` wakes the outbox.

    elsewhere: whom this process's gateway does not know, the one that sends will find out.
    """

    def __init__(
        self,
        database: Database,
        *,
        owner_of: Callable[[int], int | None],
        changed: Callable[[], None],
        elsewhere: bool = False,
    ) -> None:
        self._database = database
        self._owner_of = owner_of
        self._elsewhere = elsewhere
        self._changed = changed
        self.lost: dict[Target, str] = {}
        self._probes: dict[Target, _Probe] = {}
        self._told: set[Target] = set()  # told of a loss, nothing arrived since
        self._expired_at: datetime | None = None
        self._probed_at = 0.0

    async def load(self, now: datetime) -> None:
        """Read which routes are lost; free what waits for a route that is whole."""
        lost: dict[Target, str] = {}
        async with self._database.read() as connection:
            for row in await guilds.lost_channels(connection):
                target = Target("channel", row.channel_id)
                lost[target] = row.lost_reason or "unknown"
                if row.lost_reason not in _FINAL:
                    self._probes.setdefault(target, _Probe(row.guild_id, 1, now + _PROBES[0]))
            for user_id in await guilds.refused_users(connection):
                lost[Target("user", user_id)] = "dm"
            self.lost.clear()
            self.lost.update(lost)
            orphans = await held.held_routes(connection)
        for target in orphans:
            if target not in self.lost:
                async with self._database.write() as connection:
                    await held.release(connection, target, now=now, fresh=FRESH)

    async def refresh(self, target: Target) -> None:
        """Another process may have lost or restored it: what the database says now. Raises StorageError."""
        async with self._database.read() as connection:
            if target.kind == "user":
                person = await guilds.user(connection, target.id)
                reason = "dm" if person.dm_refused_at is not None else None
            else:
                settings = await guilds.channel(connection, target.id)
                gone = settings is not None and settings.route == "lost"
                reason = (settings.lost_reason or "unknown") if settings is not None and gone else None
        if reason is not None:
            self.lost[target] = reason
        elif self.lost.pop(target, None) is not None:
            self._changed()

    async def lose(
        self, target: Target, guild_id: int | None, reason: str, now: datetime, *, seen: bool = False
    ) -> None:
        """The target cannot be reached: hold its queue and tell those who can mend it, once. Raises StorageError.

        seen: the client's own view shows the obstacle, so its end will be seen too; else it is probed now and then.
        """
        first = target not in self.lost
        self.lost[target] = reason
        # What was refused without visible cause may have been mended that very moment: ask once more before telling.
        sure = self._look_again(target, guild_id, reason, now, seen=seen) != 1
        try:
            await self._hold(target, guild_id, reason, now, sure=sure)
        except BaseException:
            if first:
                self.lost.pop(target, None)  # nothing of it is written down: found out again at the next claim
            raise
        if first:
            log.warning("route lost", target=f"{target.kind} {target.id}", reason=reason, mend=mend_of(reason))
        self._changed()

    def _look_again(self, target: Target, guild_id: int | None, reason: str, now: datetime, *, seen: bool) -> int:
        """Plan the next look; how often in a row it was refused without visible cause (0: the cause is seen)."""
        if target.kind != "channel" or reason in _FINAL:
            self._probes.pop(target, None)
            return 0
        if seen:
            self._probes[target] = _Probe(guild_id, 0, now + _LOOK, seen=True)
            return 0
        before = self._probes.get(target)
        tries = before.tries + 1 if before else 1
        self._probes[target] = _Probe(guild_id, tries, now + _PROBES[min(tries, len(_PROBES)) - 1])
        return tries

    async def _hold(self, target: Target, guild_id: int | None, reason: str, now: datetime, *, sure: bool) -> None:
        async with self._database.write() as connection:
            await held.hold_target(connection, target)
            if target.kind == "user":
                await guilds.set_user(connection, target.id, now=now, dm_refused_at=now)
            elif guild_id is not None:
                before = await guilds.channel(connection, target.id)
                told = before.told_at if before is not None else None
                if (
                    sure
                    and reason != "left"
                    and told is None
                    and await self._tell(connection, target, guild_id, reason, now)
                ):
                    told = now
                    self._told.add(target)
                await guilds.set_channel(
                    connection,
                    target.id,
                    guild_id,
                    route="lost",
                    lost_reason=reason,
                    lost_since=before.lost_since if before and before.lost_since else now,
                    told_at=told,
                )
            await notify.tell(connection, "route", notify.of_target(target))

    async def restore(self, target: Target, now: datetime, *, seen: bool = False) -> None:
        """The target can be reached again, as far as is known: release what is fresh, drop the rest with its reason.

        seen: the client sees it whole (else it is only tried once more). Raises StorageError, and tries again later.
        """
        reason = self.lost.pop(target, None)
        if reason is None:
            return
        probe = self._probes.get(target)
        if probe is not None and probe.seen:
            del self._probes[target]
        try:
            released, dropped = await self._release(target, now, seen=seen)
        except BaseException:
            self.lost[target] = reason
            if target.kind == "channel":
                self._probes[target] = probe or _Probe(None, 1, now + _PROBES[0])
            raise
        log.info("route restored", target=f"{target.kind} {target.id}", released=released, dropped=dropped)
        self._changed()

    async def _release(self, target: Target, now: datetime, *, seen: bool) -> tuple[int, int]:
        async with self._database.write() as connection:
            if target.kind == "user":
                await guilds.set_user(connection, target.id, now=now, dm_refused_at=None)
            elif (settings := await guilds.channel(connection, target.id)) is not None:
                # A notice is remembered until something has really arrived, or for a day: what comes and goes within
                # is told once.
                told = settings.told_at
                if told is not None and seen and now - told > _TELL_AGAIN:
                    told = None
                await guilds.set_channel(
                    connection,
                    target.id,
                    settings.guild_id,
                    route="ok",
                    lost_reason=None,
                    lost_since=None,
                    told_at=told,
                )
                if told is not None:
                    self._told.add(target)
            counts = await held.release(connection, target, now=now, fresh=FRESH)
            await notify.tell(connection, "route", notify.of_target(target))
        return counts

    async def arrived(self, target: Target) -> None:
        """A message got through: a later loss is a new one, and is told again. Raises StorageError."""
        self._probes.pop(target, None)
        if target not in self._told:
            return
        async with self._database.write() as connection:
            settings = await guilds.channel(connection, target.id)
            if settings is not None:
                await guilds.set_channel(connection, target.id, settings.guild_id, told_at=None)
        self._told.discard(target)

    def may_restore(self, target: Target, now: datetime) -> bool:
        """Whether a route that looks whole may be tried: at once, unless it was refused though it looked whole."""
        probe = self._probes.get(target)
        return probe is None or probe.seen or now >= probe.due_at

    async def probe(
        self, now: datetime, reachable: Callable[[Target, int | None, str], Lost | Retry | Asking | None]
    ) -> None:
        """Look again where it is time to: try what was refused without visible cause, open what looks whole again.

        reachable: what the client sees, for a target, its server and why it was lost.
        """
        moment = time.monotonic()
        if moment - self._probed_at < _PROBE_SECONDS:
            return  # there may be thousands, and the outbox comes by many times a second
        self._probed_at = moment
        for target, probe in list(self._probes.items()):
            if now < probe.due_at or target not in self.lost:
                continue
            gone = reachable(target, probe.guild_id, self.lost[target])
            if gone is None:
                await self.restore(target, now, seen=probe.seen)
            else:
                probe.due_at = now + _LOOK
                probe.seen = isinstance(gone, Lost)  # then an event opens it at once

    def shift(self, by: timedelta) -> None:
        """The clock was set: the next looks keep their distance."""
        for probe in self._probes.values():
            probe.due_at += by

    async def expire(self, now: datetime) -> int:
        """Drop, with the reason, what has been held for longer than a day. For every round; works now and then."""
        if self._expired_at is not None and timedelta(0) <= now - self._expired_at < _EXPIRE:
            return 0
        async with self._database.write() as connection:
            dropped = await held.expire_held(connection, now=now, fresh=FRESH)
        self._expired_at = now
        if dropped:
            log.warning("dropped what could not be delivered for 24 h", count=dropped)
        return dropped

    async def dm_again(self, user_id: int, now: datetime) -> bool:
        """A person whose direct messages were refused was met at a command: try again. True: tell them so now.

        They are told once a day at most.
        """
        target = Target("user", user_id)
        if target not in self.lost:
            return False
        async with self._database.write() as connection:
            person = await guilds.user(connection, user_id)
            tell = person.dm_told_at is None or now - person.dm_told_at > _TELL_AGAIN
            if tell:
                await guilds.set_user(connection, user_id, now=now, dm_told_at=now)
        if tell or person.dm_refused_at is None or now - person.dm_refused_at > timedelta(minutes=5):
            await self.restore(target, now)
        return tell

    async def _tell(
        self, connection: AsyncConnection, target: Target, guild_id: int, reason: str, now: datetime
    ) -> bool:
        """Whether there was somebody to tell; else it is told at the next occasion."""
        key = f"lost:{target.id}:{int(now.timestamp() * 1000)}"
        return (
            await self.tell(connection, guild_id, lambda: lost_text(target.id, reason), key, now, avoid=target.id) > 0
        )

    async def tell(
        self,
        connection: AsyncConnection,
        guild_id: int,
        text: Callable[[], str],
        key: str,
        now: datetime,
        *,
        avoid: int | None = None,
    ) -> int:
        """Queue a note to a server's moderators: in its notice channel, else to its owner; 0 when nobody can be told.

        text: called in the server's language. key: of the same key and target only the first is sent. avoid: a channel
        that is of no use for it.
        """
        settings = await guilds.guild(connection, guild_id)
        notice = settings.notice_channel_id
        if notice is not None and notice != avoid and Target("channel", notice) not in self.lost:
            to = Target("channel", notice)
        elif (owner := self._owner_of(guild_id)) is not None:
            to = Target("user", owner)
        elif self._elsewhere:
            to = Target("owner", guild_id)
        else:
            return 0
        with use_language(settings.language):
            content = text()
        note = NewDelivery(
            target=to,
            dedupe_key=f"notice:{key}",
            kind="notice",
            order_at=now,
            due_at=now,
            created_at=now,
            priority=0,
            guild_id=guild_id if to.kind == "channel" else None,
            payload={"content": content},
        )
        return await deliveries.enqueue(connection, [note])
