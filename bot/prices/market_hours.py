"""When metals trade. Pure; times in and out are aware UTC.

The week of COMEX and of spot metals: Sunday 18:00 to Friday 17:00 New York time, with a break from 17:00 to 18:00 each
day (CME Group, "COMEX Gold futures: trading hours"). Holidays are not listed: on those the sources stop moving, their
own times grow old, and the figure is called stale.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_CLOSE: Final = time(17)
_OPEN: Final = time(18)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


@lru_cache(maxsize=1)
def _new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")


def _local(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("market hours need an aware datetime")
    return now.astimezone(_new_york())


def _at(day: datetime, clock: time) -> datetime:
    """That wall-clock time on that New York day. Both times lie far from the clock changes at 02:00."""
    return datetime.combine(day.date(), clock, tzinfo=_new_york())


def is_open(now: datetime) -> bool:
    """Whether spot metals trade at `now`: from the opening minute (included) to the closing one (not)."""
    local = _local(now)
    clock, day = local.timetz().replace(tzinfo=None), local.weekday()
    if day == _SATURDAY:
        return False
    if day == _SUNDAY:
        return clock >= _OPEN
    if clock < _CLOSE:
        return True
    return day != _FRIDAY and clock >= _OPEN


def last_close(now: datetime) -> datetime:
    """The latest 17:00 close at or before `now` (UTC)."""
    local = _local(now)
    for back in range(4):
        day = local - timedelta(days=back)
        close = _at(day, _CLOSE)
        if close <= local and day.weekday() not in (_SATURDAY, _SUNDAY):
            return close.astimezone(UTC)
    raise AssertionError("a week has five closes")


def next_open(now: datetime) -> datetime:
    """When trading begins again; `now` itself while it is open (UTC)."""
    if is_open(now):
        return now.astimezone(UTC)
    local = _local(now)
    for ahead in range(4):
        day = local + timedelta(days=ahead)
        opening = _at(day, _OPEN)
        if opening >= local and day.weekday() not in (_FRIDAY, _SATURDAY):
            return opening.astimezone(UTC)
    raise AssertionError("a week has five openings")


def next_close(now: datetime) -> datetime:
    """The first 17:00 close after `now` (UTC)."""
    local = _local(now)
    for ahead in range(4):
        day = local + timedelta(days=ahead)
        close = _at(day, _CLOSE)
        if close > local and day.weekday() not in (_SATURDAY, _SUNDAY):
            return close.astimezone(UTC)
    raise AssertionError("a week has five closes")


def open_longer_than(limit: timedelta, start: datetime, end: datetime) -> bool:
    """Whether the market was open for more than `limit` between two times; closed hours do not count."""
    total, moment = timedelta(0), next_open(start)
    while moment < end and total <= limit:
        close = min(next_close(moment), end)
        total += close - moment
        moment = next_open(close)
    return total > limit


def fresh_since(now: datetime, patience: timedelta) -> datetime:
    """The oldest time a figure may carry and still be the present one.

    While closed that is `patience` before the last close: Friday's last price stands all weekend.
    """
    return (now if is_open(now) else last_close(now)) - patience
