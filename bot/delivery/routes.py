"""Which targets can be reached: marks a lost route, tells its moderators once, and opens it again.

A lost channel keeps its subscriptions and its queue; what is still fresh goes out when the permission is back. Where
Discord refuses for a reason the client cannot see, the route is tried again after a while, ever more rarely.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.i18n import _, use_language
from storage import deliveries, guilds, notify, outbox
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database

log = structlog.get_logger(__name__)
FRESH: Final = timedelta(hours=24)
_TELL_AGAIN: Final = timedelta(hours=24)  # a route that was never whole in between is reported at most so often
# When to look again at a channel that was refused though nothing shows why; the last one repeats.
_PROBES: Final = tuple(timedelta(seconds=s) for s in (5, 60, 600, 3600, 4 * 3600, 12 * 3600))


@dataclass(slots=True)
class _Probe:
    """tries: refusals in a row; due_at: when the next attempt may be made."""

    tries: int
    due_at: datetime


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

    async def load(self, now: datetime) -> None:
        """Read which routes are lost; free what waits for a route that is whole."""
        lost: dict[Target, str] = {}
        async with self._database.read() as connection:
            for row in await guilds.lost_channels(connection):
                lost[Target("channel", row.channel_id)] = row.lost_reason or "unknown"
            for user_id in await guilds.refused_users(connection):
                lost[Target("user", user_id)] = "dm"
            self.lost.clear()
            self.lost.update(lost)
            orphans = await outbox.held_routes(connection)
        for target in orphans:
            if target not in self.lost:
                async with self._database.write() as connection:
                    await outbox.release(connection, target, now=now, fresh=FRESH)

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
        """The target cannot be reached: hold its queue and tell those who can mend it, once.

        seen: the client's own view shows the obstacle, so its end will be seen too; else it is probed now and then.
        """
        first = target not in self.lost
        self.lost[target] = reason
        probe = self._probes.get(target)
        if target.kind == "channel" and not seen and reason not in {"left", "unknown-channel"}:
            tries = probe.tries + 1 if probe else 1
            self._probes[target] = probe = _Probe(tries, now + _PROBES[min(tries, len(_PROBES)) - 1])
        # What was refused without visible cause may have been mended that very moment: ask once more before telling.
        sure = seen or probe is None or probe.tries > 1
        async with self._database.write() as connection:
            await outbox.hold_target(connection, target, reason="route")
            if target.kind == "user":
                await guilds.set_user(connection, target.id, now=now, dm_refused_at=now)
            elif guild_id is not None:
                before = await guilds.channel(connection, target.id)
                told = before.told_at if before is not None else None
                if sure and reason != "left" and (told is None or now - told > _TELL_AGAIN):
                    await self._tell(connection, target, guild_id, reason, now)
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
            if first:
                await notify.tell(connection, "route", notify.of_target(target))
        if first:
            log.warning("route lost", target=f"{target.kind} {target.id}", reason=reason, mend=mend_of(reason))
        self._changed()

    async def restore(self, target: Target, now: datetime) -> None:
        """The target can be reached again, as far as is known: release what is fresh, drop the rest with its reason."""
        if self.lost.pop(target, None) is None:
            return
        async with self._database.write() as connection:
            if target.kind == "user":
                await guilds.set_user(connection, target.id, now=now, dm_refused_at=None)
            else:
                settings = await guilds.channel(connection, target.id)
                if settings is not None:
                    # `told_at` stays until something has really arrived.
                    await guilds.set_channel(
                        connection, target.id, settings.guild_id, route="ok", lost_reason=None, lost_since=None
                    )
                    if settings.told_at is not None:
                        self._told.add(target)
            released, dropped = await outbox.release(connection, target, now=now, fresh=FRESH)
            await notify.tell(connection, "route", notify.of_target(target))
        log.info("route restored", target=f"{target.kind} {target.id}", released=released, dropped=dropped)
        self._changed()

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
        return probe is None or now >= probe.due_at

    async def probe(self, now: datetime) -> None:
        """Try again what was refused without visible cause, when its time has come."""
        for target, probe in list(self._probes.items()):
            if target not in self.lost:
                continue
            if now >= probe.due_at:
                await self.restore(target, now)

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
    ) -> None:
        key = f"lost:{target.id}:{int(now.timestamp() * 1000)}"
        await self.tell(connection, guild_id, lambda: lost_text(target.id, reason), key, now, avoid=target.id)

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


def permission_name(name: str) -> str:
    """A permission as Discord's settings page calls it."""
    names = {
        "view_channel": _("View Channel"),
        "send_messages": _("Send Messages"),
        "send_messages_in_threads": _("Send Messages in Threads"),
        "embed_links": _("Embed Links"),
        "read_message_history": _("Read Message History"),
    }
    return names.get(name, name)


def reason_text(reason: str) -> str:
    """Why a channel cannot be reached, for people."""
    if reason.startswith("missing:"):
        names = ", ".join(permission_name(name) for name in reason.removeprefix("missing:").split(","))
        return _("I lack the permission: {names}").format(names=names)
    reasons = {
        "unknown-channel": _("the channel is gone"),
        "left": _("I am no longer on the server"),
        "locked": _("the thread is locked"),
        "archived": _("the thread is archived"),
        "dm": _("direct messages are refused"),
    }
    return reasons.get(reason, reason)


def lost_text(channel_id: int, reason: str) -> str:
    """The notice to moderators. Names the channel, the reason and what to do."""
    lines = [
        _("I can't post in <#{channel}> any more: {reason}.").format(channel=channel_id, reason=reason_text(reason))
    ]
    if reason.startswith("missing:"):
        lines.append(_("Give it back in the channel's settings and I go on by myself; nothing is lost for 24 hours."))
    else:
        lines.append(_("Follow in another channel with `/channel follow`, or end it with `/channel unfollow`."))
    return " ".join(lines)


def mend_of(reason: str) -> str:
    """What the operator reading the log can do."""
    if reason.startswith("missing:"):
        return f"grant {reason.removeprefix('missing:')} to the bot in that channel"
    return "nothing: it resumes when the target can be reached again"
