"""When and in what company a delivery travels. Pure: rows, wishes and `now` in, a plan out.

A target gets one message at a time. What is due together travels together: instant headlines as one message of
several embeds, held-back ones (digest, quiet hours, cap) as one list. Hours of the day are in `hours`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from bot.delivery.hours import quiet_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.records import Delivery

MAX_EMBEDS: Final = 10  # a Discord message holds ten embeds
MAX_LIST: Final = 60  # headlines looked at for one list; how many fit whole is measured (`lists.fitting`)
STALE: Final = timedelta(hours=24)  # a headline that could not be delivered for so long is news no more
OVERFLOW: Final = timedelta(hours=1)  # how long a cap gathers before its "12 more" is posted

Form = Literal["cards", "list", "single"]
_WAKING: Final = frozenset({"headline", "sample", "price"})
_FOLDED: Final = frozenset({"quiet", "cap"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a target asked for. Quiet hours in minutes after local midnight; equal ends mean none."""

    zone: str | None = None
    quiet_start: int | None = None
    quiet_end: int | None = None
    personal: bool = False  # a person: notices wait for the morning too
    single: bool = False  # a forum: every story is a post of its own
    caps: Mapping[int, int] = field(default_factory=dict)  # subscription id → messages an hour
    sent_last_hour: Mapping[int, int] = field(default_factory=dict)  # subscription id → sent in the last hour
    overflows: Mapping[int, datetime] = field(default_factory=dict)  # subscription id → when what it holds back goes
    not_before: datetime | None = None  # a message went out moments ago: let what follows gather


@dataclass(frozen=True, slots=True)
class Hold:
    """Rows to keep back until then; an empty reason is a short wait that leaves no trace."""

    ids: tuple[int, ...]
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """send: the rows of the one message to send now, in order (empty: nothing); the others wait, or are too old."""

    send: tuple[Delivery, ...] = ()
    holds: tuple[Hold, ...] = ()
    stale: tuple[int, ...] = ()


def reason_of(row: Delivery) -> str:
    """Why a row travels in a list: quiet | cap | hourly | daily; "" for one that goes by itself at once."""
    if row.reason in _FOLDED:
        return row.reason or ""
    return row.mode if row.mode != "instant" else ""


def form_of(rows: Sequence[Delivery]) -> Form:
    """How a message of these rows looks: derived from the rows alone, so that a restart renders the same."""
    if rows and rows[0].kind in {"notice", "price", "edit"}:
        return "single"
    return "list" if rows and reason_of(rows[0]) else "cards"


def backoff(attempts: int, asked: float | None = None) -> timedelta:
    """How long to wait before attempt number `attempts` + 1: 2 s, 4 s, 8 s … 10 min, or as Discord asks."""
    seconds = min(2.0 ** min(max(attempts, 1), 10), 600.0)
    return timedelta(seconds=max(seconds, asked or 0.0))


def too_old(row: Delivery, now: datetime) -> bool:
    """Whether it is no use any more. Digests and what quiet hours held back count from when they fell due."""
    since = row.created_at
    if reason_of(row) and row.due_at is not None:
        since = row.claimed_at or row.due_at
    return now - since > STALE


def plan(rows: Sequence[Delivery], wishes: Wishes, now: datetime) -> Plan:
    """What to send to one target now. `rows` are its due rows in sending order, a begun message first."""
    if not rows:
        return Plan()
    begun = rows[0].batch_id
    if begun is not None and rows[0].kind != "edit":
        # Whether it is too old is judged by how the next attempt ends: it may have arrived.
        return Plan(tuple(row for row in rows if row.batch_id == begun))
    stale = tuple(row.id for row in rows if row.kind in _WAKING and too_old(row, now))
    rows = [row for row in rows if row.id not in stale]
    waking = [row for row in rows if row.kind in _WAKING or (wishes.personal and row.kind == "notice")]
    until = quiet_until(wishes.quiet_start, wishes.quiet_end, wishes.zone, now)
    if until is not None and waking:
        held = Hold(tuple(row.id for row in waking), "quiet", until)
        return Plan(tuple([row for row in rows if row not in waking][:1]), (held,), stale)
    if not rows:
        return Plan(stale=stale)
    first = rows[0]
    if form_of([first]) == "single":
        return Plan((first,), (), stale)
    headlines = [row for row in rows if row.kind in {"headline", "sample"}]
    if form_of([first]) == "list":
        alike = [row for row in headlines if reason_of(row) == reason_of(first)]
        return Plan(tuple(alike[:MAX_LIST]), (), stale)
    sent, holds = _instant([row for row in headlines if not reason_of(row)], wishes, now)
    return Plan(sent, holds, stale)


def _instant(rows: Sequence[Delivery], wishes: Wishes, now: datetime) -> tuple[tuple[Delivery, ...], tuple[Hold, ...]]:
    left = {sub: cap - wishes.sent_last_hour.get(sub, 0) for sub, cap in wishes.caps.items()}
    gathering = dict(wishes.overflows)
    send: list[Delivery] = []
    over: dict[datetime, list[int]] = {}
    for row in rows:
        sub = row.subscription_id
        if sub is not None and sub in left and row.kind == "headline":
            # Once a cap is reached all that follows gathers until its list is out: the order stays that of publication.
            if left[sub] <= 0 or sub in gathering:
                until = gathering.setdefault(sub, now + OVERFLOW)
                over.setdefault(max(until, now + timedelta(seconds=1)), []).append(row.id)
                continue
            left[sub] -= 1
        send.append(row)
    holds = tuple(Hold(tuple(ids), "cap", until) for until, ids in over.items())
    if send and wishes.not_before is not None and wishes.not_before > now:
        # A burst: what comes within moments of a message waits for its companions.
        return (), (*holds, Hold(tuple(row.id for row in send), "", wishes.not_before))
    return tuple(send[: 1 if wishes.single else MAX_EMBEDS]), holds
