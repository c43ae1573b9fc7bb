"""When a feed is asked next, and when its address changes for good. Pure: `now` and the dice are passed in.

The interval is half the usual time between a feed's publications, between the operator's minimum and maximum. What the
publisher asks for (Cache-Control, Expires, ttl, skipHours, skipDays, sy:updatePeriod, Retry-After) can only make it
longer. Failures double it, up to a day. Storing the time, so that a restart polls nothing early, is the caller's part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.feeds.faults import parse_retry_after
from bot.feeds.model import Fault, FaultKind, PublisherHints

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

DAY: Final = 86_400
MOVE_AFTER: Final = timedelta(days=1)
_RECENT: Final = 20  # publications looked at
_BURST: Final = 60.0  # entries published within a minute of each other are one publication
_QUIET: Final = 96  # a feed silent for N seconds is polled every N/96: a day's silence makes 15 minutes
_JITTER: Final = 0.1
_ASK_JITTER: Final = 60.0  # seconds at most are added to a time the publisher asked for
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)


class Reason(StrEnum):
    """What decided the time. Stored and shown by /feed health; keep it stable."""

    RATE = "rate"  # how often the feed publishes
    NEW = "new"  # too little is known of it yet
    QUIET = "quiet"  # it has published nothing for long
    PUSH = "push"  # WebSub delivers; polling is the safety net
    CACHE = "cache"  # Cache-Control max-age or Expires
    TTL = "ttl"  # RSS ttl
    PERIOD = "period"  # sy:updatePeriod
    RETRY_AFTER = "retry-after"
    SKIP = "skip"  # skipHours or skipDays
    BACKOFF = "backoff"  # after a failure


@dataclass(frozen=True, slots=True)
class CadenceSettings:
    """Seconds; 0 < min_seconds <= max_seconds."""

    min_seconds: float = 300
    max_seconds: float = 3600

    def __post_init__(self) -> None:
        if not 0 < self.min_seconds <= self.max_seconds:
            raise ValueError(
                "HEADFRAME_MIN_POLL_SECONDS must be above 0 and not above HEADFRAME_MAX_POLL_SECONDS "
                f"(they are {self.min_seconds:g} and {self.max_seconds:g})"
            )


@dataclass(frozen=True, slots=True)
class CadenceState:
    """recent: publication (or first-seen) times, aware UTC, any order; failures: in a row before this poll."""

    recent: Sequence[datetime] = ()
    failures: int = 0
    pushed: bool = False  # a WebSub subscription is in force


@dataclass(frozen=True, slots=True)
class Decision:
    at: datetime  # aware UTC
    reason: Reason
    failures: int  # in a row, this poll included


def next_poll(
    state: CadenceState,
    fault: Fault | None,
    hints: PublisherHints,
    headers: Mapping[str, str],
    now: datetime,
    settings: CadenceSettings,
    rng: random.Random,
) -> Decision:
    """The next poll after an answer: fault None for a success, 304 included. headers: names in lower case.

    A single wish of the publisher is honoured up to 24 hours, skipHours and skipDays as they stand (less than a week).
    """
    failures = 0 if fault is None else state.failures + 1
    if fault is None:
        seconds, reason = _usual(state, now, settings)
        seconds = _jittered(seconds, settings, rng)
    else:
        seconds = min(DAY, _backoff(fault, failures, settings) * (1 + _JITTER * rng.random()))
        reason = Reason.BACKOFF
    for asked, why in _asks(fault, hints, headers, now):
        if asked > seconds:
            seconds = asked + min(_ASK_JITTER, _JITTER * asked) * rng.random()
            reason = why
    at = now + timedelta(seconds=seconds)
    open_at = _skip(at, hints)
    if open_at > at:
        at, reason = open_at + timedelta(seconds=_ASK_JITTER * rng.random()), Reason.SKIP
    return Decision(at, reason, failures)


def usual_seconds(state: CadenceState, now: datetime, settings: CadenceSettings) -> float:
    """The interval by the feed's own pace alone, without jitter and the publisher's wishes."""
    return _usual(state, now, settings)[0]


def _usual(state: CadenceState, now: datetime, settings: CadenceSettings) -> tuple[float, Reason]:
    low, high = settings.min_seconds, settings.max_seconds
    if state.pushed:
        return high, Reason.PUSH
    times = sorted((at for at in state.recent if at <= now), reverse=True)[:_RECENT]
    moments = [at for i, at in enumerate(times) if i == 0 or (times[i - 1] - at).total_seconds() > _BURST]
    if not moments:
        return (low * high) ** 0.5, Reason.NEW
    quiet = (now - moments[0]).total_seconds() / _QUIET
    if len(moments) < 2:
        return _clamp(max(quiet, (low * high) ** 0.5), settings), Reason.NEW
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(moments)]
    rate = median(gaps) / 2
    if quiet > rate and quiet > low:
        return _clamp(quiet, settings), Reason.QUIET
    return _clamp(rate, settings), Reason.RATE


def _clamp(seconds: float, settings: CadenceSettings) -> float:
    return min(max(seconds, settings.min_seconds), settings.max_seconds)


def _jittered(seconds: float, settings: CadenceSettings, rng: random.Random) -> float:
    """Spread over a tenth around the interval, inside the operator's limits."""
    return _clamp(seconds * (1 - _JITTER / 2 + _JITTER * rng.random()), settings)


def _backoff(fault: Fault, failures: int, settings: CadenceSettings) -> float:
    if fault.kind is FaultKind.GONE:
        return DAY  # retired by the caller; should it be kept, it is asked once a day
    return min(DAY, settings.min_seconds * 2.0 ** min(failures - 1, 40))


def _asks(
    fault: Fault | None, hints: PublisherHints, headers: Mapping[str, str], now: datetime
) -> list[tuple[float, Reason]]:
    """What the publisher asks for, in seconds from now, each at most a day."""
    retry = (fault.retry_after if fault else None) or parse_retry_after(headers.get("retry-after"), now)
    asks = [
        (float(hints.ttl or 0), Reason.TTL),
        (float(hints.update_period or 0), Reason.PERIOD),
        ((retry - now).total_seconds() if retry else 0.0, Reason.RETRY_AFTER),
    ]
    if fault is None:  # how long an error page may be kept says nothing of the feed
        asks.append((freshness(headers, now), Reason.CACHE))
    return [(min(seconds, DAY), reason) for seconds, reason in asks if seconds > 0]


def freshness(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds an answer stays fresh (RFC 9111 §4.2): max-age, else Expires less Date, both less Age; 0 when unsaid."""
    control = headers.get("cache-control", "")
    if re.search(r"(?:^|[,\s])no-(?:cache|store)\b(?!\s*=)", control, re.IGNORECASE):
        return 0.0
    if match := _MAX_AGE.search(control):
        lifetime = float(match[1])
    else:
        expires = _date(headers.get("expires"))
        if expires is None:
            return 0.0
        lifetime = (expires - (_date(headers.get("date")) or now)).total_seconds()
    age = headers.get("age", "").strip()
    spent = float(age) if age.isascii() and age.isdigit() and len(age) < 12 else 0.0
    return max(0.0, lifetime - spent)


def _date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        when = parsedate_to_datetime(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _skip(at: datetime, hints: PublisherHints) -> datetime:
    """The first moment from `at` on that lies in no skipped hour or day (UTC); a list that leaves none is ignored."""
    hours = hints.skip_hours & frozenset(range(24))
    days = hints.skip_days & frozenset(range(7))
    if len(hours) == 24 or len(days) == 7 or not (hours or days):
        return at
    moment = at
    while moment.weekday() in days or moment.hour in hours:
        step = timedelta(hours=1)
        start = moment.replace(minute=0, second=0, microsecond=0)
        if moment.weekday() in days:
            step, start = timedelta(days=1), start.replace(hour=0)
        moment = start + step
    return moment


@dataclass(frozen=True, slots=True)
class PendingMove:
    """Where a permanent redirect has been leading, and since when (aware UTC)."""

    url: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """pending: what to store now (None: clear it); adopt: the address to store as the feed's from now on."""

    pending: PendingMove | None = None
    adopt: str | None = None


def moved(url: str, moved_to: str | None, pending: PendingMove | None, now: datetime) -> Move:
    """Judge a successful fetch of a feed: a permanent redirect is adopted once the same target has held for 24 hours.

    Call it for answers that proved to be the feed (or 304), not for failures: an outage neither confirms a move nor
    ends it. A move from https to http is followed at each poll and never adopted.
    """
    if moved_to is None or moved_to == url:
        return Move()
    if urlsplit(url).scheme == "https" and urlsplit(moved_to).scheme != "https":
        return Move()
    if pending is None or pending.url != moved_to:
        return Move(PendingMove(moved_to, now))
    if now - pending.since >= MOVE_AFTER:
        return Move(adopt=moved_to)
    return Move(pending)
