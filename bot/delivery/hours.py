"""Hours of the day as people set them: the end of quiet hours, the hour of a digest; right over clock changes. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import date

DEFAULT_DIGEST_HOUR: Final = 8


@lru_cache(maxsize=1024)
def zone_of(name: str | None) -> ZoneInfo:
    """The named zone; UTC for None and for names this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def quiet_until(start: int | None, end: int | None, zone: str | None, now: datetime) -> datetime | None:
    """The end of the quiet hours `now` lies in, or None. Spans midnight where start > end; follows local clocks."""
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(zone_of(zone))
    minute = local.hour * 60 + local.minute
    inside = start <= minute < end if start < end else minute >= start or minute < end
    if not inside:
        return None
    day = local.date()
    if start > end and minute >= start:
        day += timedelta(days=1)
    until = at_local(day, end // 60, end % 60, zone)
    # The hour that comes twice in autumn: the clock may show a time before `end` although the first `end` has passed.
    return until if until > now else at_local(day, end // 60, end % 60, zone, fold=1)


def digest_due(mode: str, hour: int | None, zone: str | None, now: datetime) -> datetime:
    """When a headline found `now` is to travel: at once, at the next full hour, or at the next local digest hour."""
    local = now.astimezone(zone_of(zone))
    if mode == "hourly":
        # Full by the reader's clock (some zones are half an hour off), counted in UTC: no hour is lost or doubled.
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return now.astimezone(UTC) - past + timedelta(hours=1)
    if mode == "daily":
        at = DEFAULT_DIGEST_HOUR if hour is None else hour
        due = at_local(local.date(), at, 0, zone)
        return due if due > now else at_local(local.date() + timedelta(days=1), at, 0, zone)
    return now


def at_local(day: date, hour: int, minute: int, zone: str | None, *, fold: int = 0) -> datetime:
    """A local time of day as UTC. A time that a clock change leaves out is as long after midnight as it would be."""
    local = datetime.combine(day, time(hour % 24, minute, fold=fold), zone_of(zone))
    return local.astimezone(UTC)
