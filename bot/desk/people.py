"""What a person may ask about themselves: quiet hours, time zone, all that is stored of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from bot.clock import utcnow
from bot.errors import UserError
from bot.i18n import _
from storage import deliveries, guilds, held, price_alerts, subscriptions
from storage.records import Target

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services import Services
    from storage.records import UserSettings

_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?", re.IGNORECASE)
OFF: Final = "off"  # in place of a start: no quiet hours any more


def zones(text: str) -> list[str]:
    """Names of time zones that contain what has been typed, at most 25."""
    wanted = text.strip().casefold().replace(" ", "_")
    found = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [name for name in ["UTC", *found] if wanted in name.casefold()][:25]


def read_zone(text: str) -> str:
    """A time zone's proper name. Raises UserError for an unknown one."""
    wanted = text.strip().replace(" ", "_")
    for name in available_timezones():
        if name.casefold() == wanted.casefold():
            return name
    raise UserError(
        _("`{zone}` is no time zone I know. Pick a suggestion, such as `Europe/Paris`.").format(zone=text[:40])
    )


def read_clock(text: str) -> int:
    """Minutes after midnight of "22:00", "7", "7.30", "10 pm". Raises UserError."""
    match = _CLOCK.fullmatch(text.strip())
    if match:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
        if hour < 24 and minute < 60:
            return hour * 60 + minute
        if (hour, minute) == (24, 0):
            return 0
    raise UserError(_("`{text}` is no time of day. Write it as `22:00`.").format(text=text[:20]))


def show_clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """How a person's quiet hours stand. text: for the person; on: whether there are any."""

    text: str
    on: bool


async def quiet(services: Services, user_id: int) -> Quiet:
    """The present quiet hours; changes nothing."""
    async with services.db.read() as connection:
        stored = await guilds.user(connection, user_id)
    if stored.quiet_start is None:
        return Quiet(_("You have no quiet hours. Set them like this: `/alert quiet start:22:00 end:07:00`."), on=False)
    return _quiet(stored)


async def set_quiet(services: Services, user_id: int, start: str | None, end: str | None, zone: str | None) -> Quiet:
    """Set a person's quiet hours, their time zone, or both; start "off" ends the hours. Raises UserError."""
    changes: dict[str, object] = {}
    if zone is not None:
        changes["timezone"] = read_zone(zone)
    off = start is not None and start.strip().casefold() == OFF
    if off and end is not None:
        raise UserError(_("To switch quiet hours off, write `start:off` without an end."))
    if off:
        changes |= {"quiet_start": None, "quiet_end": None}
    elif (start is None) != (end is None):
        raise UserError(_("Quiet hours need both a start and an end, such as `22:00` and `07:00`."))
    elif start is not None and end is not None:
        changes |= {"quiet_start": read_clock(start), "quiet_end": read_clock(end)}
        if changes["quiet_start"] == changes["quiet_end"]:
            raise UserError(_("Start and end are the same; quiet hours need two different times."))
    if not changes:
        return await quiet(services, user_id)
    async with services.db.write() as connection:
        now = utcnow()
        stored = await guilds.set_user(connection, user_id, now=now, **changes)
        if stored.quiet_start is None:
            # What was being held for the morning may come now.
            await held.end_quiet(connection, Target("user", user_id), now=now)
    services.outbox.wake()
    found = _quiet(stored)
    if zone is None:
        return found
    said = _("{zone} is your time zone from now on, for digests as well; `/preferences` changes it.")
    return Quiet(f"{found.text}\n{said.format(zone=stored.timezone)}", found.on)


def _quiet(stored: UserSettings) -> Quiet:
    if stored.quiet_start is None or stored.quiet_end is None:
        return Quiet(_("You have no quiet hours now; alerts come at once."), on=False)
    text = _("Quiet from {start} to {end} ({zone}). What comes in between reaches you afterwards, in one message.")
    hours = {"start": show_clock(stored.quiet_start), "end": show_clock(stored.quiet_end)}
    return Quiet(text.format(**hours, zone=stored.timezone or "UTC"), on=True)


async def language_of(services: Services, user_id: int) -> str | None:
    """The language a person has chosen; None for that of their Discord client."""
    async with services.db.read() as connection:
        return (await guilds.user(connection, user_id)).language


def hours_from(now: datetime, hours: int | None) -> datetime | None:
    return now + timedelta(hours=hours) if hours else None


# -- privacy --------------------------------------------------------------------------------------------------------


async def export(services: Services, user_id: int) -> dict[str, object]:
    """Everything stored about a person, as JSON."""
    async with services.db.read() as connection:
        person = await guilds.user(connection, user_id)
        mine = await subscriptions.of_owner(connection, user_id)
        made = await subscriptions.made_by(connection, user_id)
        prices = await price_alerts.of_owner(connection, user_id)
        sent = await deliveries.of_user(connection, user_id)
        added = await guilds.feeds_added_by(connection, user_id)
    return {
        "user_id": str(user_id),
        "settings": _plain(asdict(person)),
        "alerts": [_plain(asdict(one)) for one in mine],
        "price_alerts": [_plain(asdict(one)) for one in prices],
        "follows_you_set_up_for_servers": [_plain(asdict(one)) for one in made],
        "feeds_you_added_to_servers": added,
        "messages_to_you": [_plain(asdict(one)) for one in sent],
    }


async def delete(services: Services, user_id: int) -> None:
    """Forget a person at once, queued messages included."""
    async with services.db.read() as connection:
        mine = await subscriptions.of_owner(connection, user_id)
    for one in mine:
        services.book.drop(one.id)
    async with services.db.write() as connection:
        await guilds.forget_user(connection, user_id)
        made = await subscriptions.get_many(connection, [one.id for one in services.book.made_by(user_id)])
    if await services.outbox.settled(Target("user", user_id)):
        # What was on its way may have noted how it went, or the channel it opened.
        async with services.db.write() as connection:
            await guilds.forget_user(connection, user_id)
    for one in made.values():
        services.book.put(one)
    services.routes.lost.pop(Target("user", user_id), None)
    if services.prices is not None:
        await services.prices.alerts.load()


def _plain(row: dict[str, object]) -> dict[str, object]:
    """JSON-ready: times as ISO 8601, ids as text (JavaScript cannot hold them), decimals as text."""

    def value(name: str, item: object) -> object:
        if item is None or isinstance(item, bool | str | dict | list):
            return item
        if hasattr(item, "isoformat"):
            return str(item.isoformat())
        return str(item) if name.endswith("_id") or not isinstance(item, int) else item

    return {name: value(name, item) for name, item in row.items() if item is not None}
