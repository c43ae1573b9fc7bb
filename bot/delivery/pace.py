"""When and in what company a delivery travels. Pure: rows, wishes and `now` in, a plan out.

A target gets one message at a time. What is due together travels together: instant headlines as one message of
several embeds, held-back ones (digest, quiet hours, cap) as one list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.records import Delivery

MAX_EMBEDS: Final = 10  # a Discord message holds ten embeds
MAX_LIST: Final = 25  # headlines in one list message: what fits 6,000 characters with links
RETRY_FOR: Final = timedelta(hours=24)
DEFAULT_DIGEST_HOUR: Final = 8

Form = Literal["cards", "list", "single"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a target asked for. Quiet hours in minutes after local midnight; equal ends mean none."""

    zone: str | None = None
    quiet_start: int | None = None
    quiet_end: int | None = None
    caps: Mapping[int, int] = field(default_factory=dict)  # subscription id → messages an hour
    sent_last_hour: Mapping[int, int] = field(default_factory=dict)  # subscription id → sent in the last hour
    not_before: datetime | None = None  # a message went out moments ago: let what follows gather


@dataclass(frozen=True, slots=True)
class Hold:
    ids: tuple[int, ...]
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """send: the rows of the one message to send now, in order (empty: nothing); holds: rows to keep back."""

    send: tuple[Delivery, ...] = ()
    holds: tuple[Hold, ...] = ()


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
    return _local(day.isoformat(), end // 60, end % 60, zone)


def digest_due(mode: str, hour: int | None, zone: str | None, now: datetime) -> datetime:
    """When a headline found `now` is to travel: at once, at the next full hour, or at the next local digest hour."""
    if mode == "hourly":
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if mode == "daily":
        local = now.astimezone(zone_of(zone))
        at = DEFAULT_DIGEST_HOUR if hour is None else hour
        due = _local(local.date().isoformat(), at, 0, zone)
        if due <= now:
            due = _local((local.date() + timedelta(days=1)).isoformat(), at, 0, zone)
        return due
    return now


def _local(day: str, hour: int, minute: int, zone: str | None) -> datetime:
    """A local time of day as UTC. In a spring gap the clock that was in force before counts (fold=0)."""
    local = datetime.combine(datetime.fromisoformat(day).date(), time(hour % 24, minute), zone_of(zone))
    return local.astimezone(UTC)


def form_of(rows: Sequence[Delivery]) -> Form:
    """How a message of these rows looks: derived from the rows alone, so that a restart renders the same."""
    if rows and rows[0].kind in {"notice", "price", "edit"}:
        return "single"
    return "list" if rows and (rows[0].mode != "instant" or rows[0].reason in {"quiet", "cap"}) else "cards"


def backoff(attempts: int, asked: float | None = None) -> timedelta:
    """How long to wait before attempt number `attempts` + 1: 2 s, 4 s, 8 s … 10 min, or as Discord asks."""
    seconds = min(2.0 ** min(attempts, 10), 600.0)
    return timedelta(seconds=max(seconds, asked or 0.0))


def plan(rows: Sequence[Delivery], wishes: Wishes, now: datetime) -> Plan:
    """What to send to one target now. `rows` are its due rows in sending order, a begun message first."""
    if not rows:
        return Plan()
    begun = rows[0].batch_id
    if begun is not None:
        return Plan(tuple(row for row in rows if row.batch_id == begun))
    waking = [row for row in rows if row.kind in {"headline", "sample", "price"}]
    until = quiet_until(wishes.quiet_start, wishes.quiet_end, wishes.zone, now)
    if until is not None and waking:
        held = Hold(tuple(row.id for row in waking), "quiet", until)
        others = [row for row in rows if row not in waking]
        return Plan(tuple(others[:1]), (held,))
    first = rows[0]
    if first.kind in {"notice", "price", "edit"}:
        return Plan((first,))
    headlines = [row for row in rows if row.kind in {"headline", "sample"}]
    if form_of([first]) == "list":
        alike = [row for row in headlines if (row.mode, row.reason) == (first.mode, first.reason)]
        return Plan(tuple(alike[:MAX_LIST]))
    return _instant([row for row in headlines if form_of([row]) == "cards"], wishes, now)


def _instant(rows: Sequence[Delivery], wishes: Wishes, now: datetime) -> Plan:
    left = {sub: cap - wishes.sent_last_hour.get(sub, 0) for sub, cap in wishes.caps.items()}
    send: list[Delivery] = []
    over: list[int] = []
    for row in rows:
        sub = row.subscription_id
        if sub in left and row.kind == "headline":
            if left[sub] <= 0:
                over.append(row.id)
                continue
            left[sub] -= 1
        send.append(row)
    holds = (Hold(tuple(over), "cap", now + timedelta(hours=1)),) if over else ()
    if send and wishes.not_before is not None and wishes.not_before > now:
        # A burst: what comes within moments of a message waits for its companions.
        return Plan((), (*holds, Hold(tuple(row.id for row in send), "", wishes.not_before)))
    return Plan(tuple(send[:MAX_EMBEDS]), holds)
