"""When and in what company deliveries travel, as tables; and the hours of the day around real clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import hours, pace, publish
from tests.bot.delivery.seed import row

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sent(plan: pace.Plan) -> list[int]:
    return [one.id for one in plan.send]


@pytest.mark.parametrize(
    ("case", "rows", "wishes", "expected", "held"),
    [
        ("one headline goes alone", [row(1)], {}, [1], {}),
        ("a burst travels as one message", [row(n) for n in range(1, 6)], {}, [1, 2, 3, 4, 5], {}),
        ("of ten embeds at most", [row(n) for n in range(1, 14)], {}, list(range(1, 11)), {}),
        ("in a forum each is its own post", [row(1), row(2)], {"single": True}, [1], {}),
        ("a begun message goes first and alone", [row(1, batch_id=1), row(2)], {}, [1], {}),
        ("an edit begun is no begun message", [row(2, kind="edit", batch_id=2, priority=3)], {}, [2], {}),
        ("soon after a message the rest gathers", [row(1)], {"not_before": NOW + timedelta(seconds=2)}, [], {"": [1]}),
        ("a cap lets so many through and gathers the rest", [row(1), row(2), row(3)], {"caps": {1: 2}}, [1, 2],
         {"cap": [3]}),
        ("what was sent in the hour counts", [row(1), row(2)], {"caps": {1: 2}, "sent_last_hour": {1: 1}}, [1],
         {"cap": [2]}),
        ("while a cap gathers all joins it", [row(1)],
         {"caps": {1: 5}, "overflows": {1: NOW + timedelta(minutes=9)}}, [], {"cap": [1]}),
        ("another follow of the channel has its own cap", [row(1), row(2, subscription_id=2)],
         {"caps": {1: 1}, "sent_last_hour": {1: 1}}, [2], {"cap": [1]}),
        ("quiet hours hold headlines and price alerts", [row(1), row(2, kind="price")],
         {"quiet_start": 600, "quiet_end": 900}, [], {"quiet": [1, 2]}),
        ("a channel's notices and edits wake nobody", [row(1), row(2, kind="notice")],
         {"quiet_start": 600, "quiet_end": 900}, [2], {"quiet": [1]}),
        ("a person's notices wait too", [row(2, kind="notice", target_kind="user")],
         {"quiet_start": 600, "quiet_end": 900, "personal": True}, [], {"quiet": [2]}),
        ("in the morning all is one list, digests too", [row(1, reason="quiet"), row(2, reason="quiet", mode="daily")],
         {}, [1, 2], {}),
        ("a digest and an overflow are two lists", [row(1, mode="daily"), row(2, reason="cap")], {}, [1], {}),
        ("nothing due, nothing sent", [], {}, [], {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_plan(
    case: str, rows: list[Any], wishes: dict[str, Any], expected: list[int], held: dict[str, list[int]]
) -> None:
    plan = pace.plan(rows, pace.Wishes(**wishes), NOW)
    assert sent(plan) == expected
    assert {hold.reason: list(hold.ids) for hold in plan.holds} == held


def test_a_headline_older_than_a_day_is_dropped_but_a_digest_counts_from_its_hour() -> None:
    old = NOW - timedelta(hours=25)
    rows = [row(1, created_at=old), row(2, created_at=old, mode="daily", due_at=NOW), row(3)]
    plan = pace.plan(rows, pace.Wishes(), NOW)
    assert plan.stale == (1,)
    assert sent(plan) == [2]


def test_an_overflow_joins_the_one_that_gathers_already() -> None:
    until = NOW + timedelta(minutes=9)
    plan = pace.plan([row(1)], pace.Wishes(caps={1: 5}, overflows={1: until}), NOW)
    assert plan.holds[0].until == until


@given(
    st.lists(st.sampled_from(["instant", "hourly", "daily"]), max_size=40),
    st.integers(0, 5),
    st.booleans(),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_every_row_is_sent_held_stale_or_left_and_none_twice(
    modes: list[Any], cap: int, single: bool, start: int, end: int
) -> None:
    rows = [row(n, mode=mode) for n, mode in enumerate(modes, 1)]
    plan = pace.plan(rows, pace.Wishes(caps={1: cap}, single=single, quiet_start=start, quiet_end=end), NOW)
    touched = [*sent(plan), *(one for hold in plan.holds for one in hold.ids), *plan.stale]
    assert len(touched) == len(set(touched))
    assert sent(plan) == sorted(sent(plan))
    assert all(hold.until > NOW for hold in plan.holds)


NY, PARIS, LORD_HOWE, KOLKATA = "America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"


@pytest.mark.parametrize(
    ("zone", "hour", "found", "due"),
    [
        (
            NY,
            8,
            "2026-03-07T20:00",
            "2026-03-08T12:00",
        ),  # the night the clocks go forward: 8:00 is 12:00 UTC, not 13:00
        (NY, 8, "2026-03-07T12:30", "2026-03-07T13:00"),
        (NY, 2, "2026-03-08T05:00", "2026-03-08T07:00"),  # 2:00 does not exist: two hours after midnight
        (NY, 8, "2026-10-31T20:00", "2026-11-01T13:00"),  # back again
        (NY, 1, "2026-11-01T03:00", "2026-11-01T05:00"),  # 1:00 comes twice: the first counts
        (NY, 1, "2026-11-01T05:30", "2026-11-02T06:00"),  # and only the first
        (PARIS, 7, "2026-03-28T22:00", "2026-03-29T05:00"),
        (PARIS, 7, "2026-10-24T22:00", "2026-10-25T06:00"),
        (LORD_HOWE, 8, "2026-04-04T10:00", "2026-04-04T21:30"),  # half an hour back
        (LORD_HOWE, 8, "2026-10-03T15:00", "2026-10-03T21:00"),
        (KOLKATA, 8, "2026-11-23T02:31", "2026-11-24T02:30"),
        (None, None, "2026-11-23T08:00", "2026-11-24T08:00"),
        ("Mars/Olympus", 8, "2026-11-23T07:59", "2026-11-23T08:00"),
    ],
)
def test_a_daily_digest_comes_at_its_local_hour(zone: str | None, hour: int | None, found: str, due: str) -> None:
    assert hours.digest_due("daily", hour, zone, utc(found)) == utc(due)


@pytest.mark.parametrize(
    ("zone", "found", "due"),
    [
        ("UTC", "2026-11-23T12:10", "2026-11-23T13:00"),
        ("UTC", "2026-11-23T12:00", "2026-11-23T13:00"),
        (KOLKATA, "2026-11-23T12:10", "2026-11-23T12:30"),
        (NY, "2026-11-01T05:59", "2026-11-01T06:00"),  # the doubled hour has two digests
        (NY, "2026-11-01T06:30", "2026-11-01T07:00"),
    ],
)
def test_an_hourly_digest_comes_at_the_readers_full_hour(zone: str, found: str, due: str) -> None:
    assert hours.digest_due("hourly", None, zone, utc(found)) == utc(due)


@pytest.mark.parametrize(
    ("zone", "start", "end", "now", "until"),
    [
        ("UTC", "22:00", "07:00", "2026-11-23T21:59", None),
        ("UTC", "22:00", "07:00", "2026-11-23T22:00", "2026-11-24T07:00"),
        ("UTC", "22:00", "07:00", "2026-11-24T06:59", "2026-11-24T07:00"),
        ("UTC", "22:00", "07:00", "2026-11-24T07:00", None),
        ("UTC", "13:00", "14:00", "2026-11-24T13:30", "2026-11-24T14:00"),
        ("UTC", "13:00", "13:00", "2026-11-24T13:00", None),
        (NY, "22:00", "07:00", "2026-03-08T04:00", "2026-03-08T11:00"),  # a night an hour shorter
        (NY, "22:00", "07:00", "2026-11-01T04:00", "2026-11-01T12:00"),  # and one an hour longer
        (NY, "22:00", "01:30", "2026-11-01T06:10", "2026-11-01T06:30"),  # the second 1:10, when 1:30 has been once
        (PARIS, "23:00", "02:30", "2026-03-28T23:00", "2026-03-29T01:30"),  # 2:30 does not exist
        (LORD_HOWE, "21:00", "06:00", "2026-10-03T13:00", "2026-10-03T19:00"),
    ],
)
def test_quiet_hours_end_by_the_local_clock(zone: str, start: str, end: str, now: str, until: str | None) -> None:
    def minutes(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    found = hours.quiet_until(minutes(start), minutes(end), zone, utc(now))
    assert found == (utc(until) if until else None)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.sampled_from([NY, PARIS, LORD_HOWE, KOLKATA, "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham"]),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.integers(0, 23),
)
def test_what_is_held_is_held_for_a_day_and_an_hour_at_most_and_ends_in_the_future(
    now: datetime, zone: str, start: int, end: int, hour: int
) -> None:
    until = hours.quiet_until(start, end, zone, now)
    assert until is None or now < until <= now + timedelta(hours=25, minutes=1)
    for mode, most in (("hourly", 1), ("daily", 25)):
        due = hours.digest_due(mode, hour, zone, now)
        assert now < due <= now + timedelta(hours=most)


def test_backoff_doubles_to_ten_minutes_and_heeds_discord() -> None:
    waits = [pace.backoff(n).total_seconds() for n in range(1, 13)]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
    assert pace.backoff(1, 30.0) == timedelta(seconds=30)


def test_the_tenth_crosspost_waits_for_the_first_ones_hour() -> None:
    made = [NOW - timedelta(minutes=n) for n in range(9)]
    assert publish.turn(made[:8], NOW) == NOW
    assert publish.turn(made, NOW) == made[8] + timedelta(hours=1, seconds=5)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=60))
def test_no_hour_ever_holds_more_than_nine_crossposts(gaps: list[int]) -> None:
    now, planned = NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        planned.append(publish.turn(sorted(planned, reverse=True)[: publish.PER_HOUR], now))
    for at in planned:
        assert sum(at <= other < at + timedelta(hours=1) for other in planned) <= 9
