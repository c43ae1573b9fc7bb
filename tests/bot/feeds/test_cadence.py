"""When a feed is asked next: a table of situations, and properties that hold for all of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds.cadence import (
    DAY,
    CadenceSettings,
    CadenceState,
    Decision,
    Move,
    PendingMove,
    Reason,
    freshness,
    moved,
    next_poll,
    usual_seconds,
)
from bot.feeds.model import Fault, FaultKind, PublisherHints

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)  # a Monday
MIN, HOUR = 60, 3600
DEFAULT = CadenceSettings()
NO_HINTS = PublisherHints()


def every(seconds: float, count: int = 10, ago: float = 0) -> CadenceState:
    """A feed that published `count` times, `seconds` apart, lastly `ago` seconds ago."""
    return CadenceState(recent=[NOW - timedelta(seconds=ago + seconds * i) for i in range(count)])


def decide(
    state: CadenceState = CadenceState(),  # noqa: B008 - frozen
    fault: Fault | None = None,
    hints: PublisherHints = NO_HINTS,
    headers: dict[str, str] | None = None,
    now: datetime = NOW,
    settings: CadenceSettings = DEFAULT,
    seed: int = 0,
) -> Decision:
    return next_poll(state, fault, hints, headers or {}, now, settings, random.Random(seed))


def wait(decision: Decision, now: datetime = NOW) -> float:
    return (decision.at - now).total_seconds()


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        ("nothing known: between the limits", CadenceState(), (300 * 3600) ** 0.5),
        ("one publication: likewise", every(1, 1), (300 * 3600) ** 0.5),
        ("one burst is one publication", every(1, 20), (300 * 3600) ** 0.5),
        ("every 40 minutes: half of it", every(40 * MIN), 20 * MIN),
        ("every two minutes: the minimum", every(2 * MIN), 300),
        ("daily: the maximum", every(DAY), HOUR),
        ("ten at once each day: the maximum, not the minimum",
         CadenceState([NOW - timedelta(days=day, seconds=i) for day in range(3) for i in range(10)]), HOUR),
        ("busy, then silent for a day", every(2 * MIN, ago=DAY), 15 * MIN),
        ("busy, then silent for a month", every(2 * MIN, ago=30 * DAY), HOUR),
        ("future dates are no evidence",
         CadenceState([NOW + timedelta(hours=i) for i in range(1, 9)]), (300 * 3600) ** 0.5),
        ("one long pause among many short ones",
         CadenceState([NOW - timedelta(minutes=20 * i + (600 if i > 5 else 0)) for i in range(12)]), 10 * MIN),
        ("a WebSub feed is a safety net", CadenceState(pushed=True), HOUR),
    ],
)  # fmt: skip
def test_the_usual_interval(name: str, state: CadenceState, expected: float) -> None:
    assert usual_seconds(state, NOW, DEFAULT) == pytest.approx(expected)


def hints(**values: object) -> PublisherHints:
    return PublisherHints(**values)  # type: ignore[arg-type]


BUSY = every(2 * MIN)
# name: (hints, headers, least seconds, most seconds, reason)
ASKS = {
    "nothing asked": (NO_HINTS, {}, 300, 330, Reason.RATE),
    "ttl": (hints(ttl=30 * MIN), {}, 1800, 1860, Reason.TTL),
    "ttl below the interval": (hints(ttl=60), {}, 300, 330, Reason.RATE),
    "ttl of a month counts as a day": (hints(ttl=30 * DAY), {}, DAY, DAY + 60, Reason.TTL),
    "update period": (hints(update_period=HOUR), {}, HOUR, HOUR + 60, Reason.PERIOD),
    "max-age": (NO_HINTS, {"cache-control": "public, max-age=900"}, 900, 960, Reason.CACHE),
    "max-age in quotes and capitals": (NO_HINTS, {"cache-control": 'Max-Age="900"'}, 900, 960, Reason.CACHE),
    "s-maxage is for shared caches": (NO_HINTS, {"cache-control": "s-maxage=9000"}, 300, 330, Reason.RATE),
    "max-age less Age": (NO_HINTS, {"cache-control": "max-age=900", "age": "300"}, 600, 660, Reason.CACHE),
    "Age beyond max-age": (NO_HINTS, {"cache-control": "max-age=900", "age": "9999"}, 300, 330, Reason.RATE),
    "max-age of a year": (NO_HINTS, {"cache-control": "max-age=31536000"}, DAY, DAY + 60, Reason.CACHE),
    "max-age wins over Expires": (
        NO_HINTS, {"cache-control": "max-age=0", "expires": "Mon, 23 Nov 2026 19:30:00 GMT"}, 300, 330, Reason.RATE),
    "no-cache beside max-age": (NO_HINTS, {"cache-control": "no-cache, max-age=9000"}, 300, 330, Reason.RATE),
    "Expires": (NO_HINTS, {"expires": "Mon, 23 Nov 2026 10:00:00 GMT"}, 1800, 1860, Reason.CACHE),
    "Expires by the server's own wrong clock": (
        NO_HINTS, {"expires": "Thu, 01 Jan 2015 00:20:00 GMT", "date": "Thu, 01 Jan 2015 00:00:00 GMT"},
        1200, 1260, Reason.CACHE),
    "Expires in the past": (NO_HINTS, {"expires": "Thu, 19 Nov 1981 08:52:00 GMT"}, 300, 330, Reason.RATE),
    "Expires 0 or -1": (NO_HINTS, {"expires": "-1"}, 300, 330, Reason.RATE),
    "Retry-After on a success": (NO_HINTS, {"retry-after": "1200"}, 1200, 1260, Reason.RETRY_AFTER),
    "the longest of several wins": (
        hints(ttl=600, update_period=1200), {"cache-control": "max-age=2400"}, 2400, 2460, Reason.CACHE),
    "skipHours: on to the first open hour": (
        hints(skip_hours=frozenset({9, 10, 11})), {}, 150 * MIN, 151 * MIN, Reason.SKIP),
    "skipDays: on to the first open day": (
        hints(skip_days=frozenset({0})), {}, 14.5 * HOUR, 14.5 * HOUR + 60, Reason.SKIP),
    "skipDays and skipHours together": (
        hints(skip_days=frozenset({0, 1}), skip_hours=frozenset({0})), {}, 39.5 * HOUR, 39.5 * HOUR + 60, Reason.SKIP),
    "all hours skipped is nonsense": (hints(skip_hours=frozenset(range(24))), {}, 300, 330, Reason.RATE),
    "all days skipped is nonsense": (hints(skip_days=frozenset(range(7))), {}, 300, 330, Reason.RATE),
    "hours that do not exist": (hints(skip_hours=frozenset({24, 99, -1})), {}, 300, 330, Reason.RATE),
}  # fmt: skip


@pytest.mark.parametrize(("wish", "headers", "least", "most", "reason"), ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize("seed", [0, 1])
def test_what_the_publisher_asks(
    wish: PublisherHints, headers: dict[str, str], least: float, most: float, reason: Reason, seed: int
) -> None:
    decision = decide(BUSY, hints=wish, headers=headers, seed=seed)
    assert least <= wait(decision) <= most
    assert decision.reason is reason
    assert decision.failures == 0


ERROR = Fault(FaultKind.HTTP, "broken", 502)


@pytest.mark.parametrize(("failures", "least"), [(0, 300), (1, 600), (2, 1200), (5, 9600), (9, DAY), (500, DAY)])
def test_failures_double_the_wait_up_to_a_day(failures: int, least: float) -> None:
    decision = decide(CadenceState(failures=failures), ERROR)
    assert min(least, DAY) <= wait(decision) <= min(least * 1.1, DAY)
    assert (decision.reason, decision.failures) == (Reason.BACKOFF, failures + 1)


def test_a_success_after_failures_is_back_to_normal() -> None:
    decision = decide(CadenceState(BUSY.recent, failures=9))
    assert decision.failures == 0
    assert wait(decision) <= 330


@pytest.mark.parametrize(
    ("name", "retry_in", "least"),
    [("a time ahead", 7200, 7200), ("sooner than the back-off", 10, 300), ("a week counts as a day", 7 * DAY, DAY)],
)
def test_retry_after_of_a_failure(name: str, retry_in: float, least: float) -> None:
    fault = Fault(FaultKind.RATE_LIMITED, "slow", 429, NOW + timedelta(seconds=retry_in))
    assert least <= wait(decide(fault=fault)) <= least + 60


def test_an_error_pages_freshness_says_nothing_of_the_feed() -> None:
    assert wait(decide(fault=ERROR, headers={"cache-control": "max-age=86400"})) <= 330


def test_a_gone_feed_waits_a_day() -> None:
    assert wait(decide(fault=Fault(FaultKind.GONE, "gone", 410))) == DAY


@pytest.mark.parametrize("seconds", [1, 2])
@pytest.mark.parametrize("state", [CadenceState(), BUSY, every(DAY), every(1, ago=30 * DAY)])
def test_equal_limits_are_the_interval_whatever_the_cadence(seconds: int, state: CadenceState) -> None:
    """HEADFRAME_MIN_POLL_SECONDS = MAX = 1 or 2: every feed that often, unless the publisher asks for longer."""
    fast = CadenceSettings(seconds, seconds)
    assert wait(decide(state, settings=fast)) == seconds
    assert wait(decide(state, hints=hints(ttl=600), settings=fast)) >= 600


@pytest.mark.parametrize(("low", "high"), [(0, 10), (-1, 5), (20, 10)])
def test_impossible_limits_are_refused_by_name(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="HEADFRAME_MIN_POLL_SECONDS"):
        CadenceSettings(low, high)


def test_feeds_polled_together_spread_out() -> None:
    assert len({decide(every(40 * MIN), seed=seed).at for seed in range(50)}) > 45


# A move is a sequence of polls: (hours since the first, where the chain led) and what is adopted at the end.
A, B, C = "https://a.com/feed", "https://b.com/feed", "https://c.com/feed"
MOVES = {
    "held for a day": (A, [(0, B), (12, B), (24, B)], B),
    "not yet a day": (A, [(0, B), (23.9, B)], None),
    "two polls a day apart": (A, [(0, B), (25, B)], B),
    "taken back in between": (A, [(0, B), (12, None), (24, B), (47, B)], None),
    "another target starts anew": (A, [(0, B), (12, C), (25, C)], None),
    "and holds in turn": (A, [(0, B), (12, C), (36, C)], C),
    "temporary redirects never": (A, [(0, None), (48, None)], None),
    "to itself": (A, [(0, A), (48, A)], None),
    "from https to http": (A, [(0, "http://b.com/feed"), (48, "http://b.com/feed")], None),
    "from http to https": ("http://a.com/feed", [(0, A), (30, A)], A),
}


@pytest.mark.parametrize(("url", "polls", "adopted"), MOVES.values(), ids=MOVES.keys())
def test_moves(url: str, polls: list[tuple[float, str | None]], adopted: str | None) -> None:
    move = Move()
    for hours, target in polls:
        move = moved(url, target, move.pending, NOW + timedelta(hours=hours))
    assert move.adopt == adopted
    assert not (move.adopt and move.pending)


def test_a_pending_move_keeps_its_first_time() -> None:
    first = PendingMove(B, NOW)
    assert moved(A, B, first, NOW + timedelta(hours=5)) == Move(first)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
limits = st.tuples(st.floats(1, 7200), st.floats(0, 7200)).map(lambda pair: CadenceSettings(pair[0], sum(pair)))
any_hints = st.builds(
    PublisherHints,
    ttl=st.none() | st.integers(-5, 10**9),
    skip_hours=st.frozensets(st.integers(-1, 25)),
    skip_days=st.frozensets(st.integers(-1, 8)),
    update_period=st.none() | st.integers(-5, 10**9),
)
any_headers = st.dictionaries(
    st.sampled_from(["cache-control", "expires", "age", "date", "retry-after"]),
    st.text(max_size=30)
    | st.integers(-(10**13), 10**13).map(str)
    | st.integers(0, 10**12).map(lambda n: f"max-age={n}")
    | st.sampled_from(["Mon, 23 Nov 2026 10:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -1200", "0", "-1", "nan", "1e400"]),
)
any_fault = st.none() | st.builds(
    Fault, st.sampled_from(FaultKind), st.just("x"), st.none() | st.integers(100, 599), st.none() | moments
)
any_state = st.builds(
    CadenceState, st.lists(moments, max_size=12), st.integers(0, 10**6), st.booleans()
)  # fmt: skip


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


@given(any_state, any_fault, any_hints, any_headers, moments, limits, st.integers(0, 99))
@CALM
def test_always_between_the_minimum_and_the_wishes(
    state: CadenceState,
    fault: Fault | None,
    wish: PublisherHints,
    headers: dict[str, str],
    now: datetime,
    settings: CadenceSettings,
    seed: int,
) -> None:
    """Never sooner than the operator's minimum, a wish or a skipped hour; never later than all of them explain."""
    decision = decide(state, fault, wish, headers, now, settings, seed)
    seconds = wait(decision, now)
    assert seconds >= settings.min_seconds - 1e-3
    for asked in (wish.ttl or 0, wish.update_period or 0, 0 if fault else freshness(headers, now)):
        assert seconds >= min(asked, DAY) - 1e-3
    if fault and fault.retry_after:
        assert seconds >= min((fault.retry_after - now).total_seconds(), DAY) - 1e-3
    hours, days = wish.skip_hours & set(range(24)), wish.skip_days & set(range(7))
    if len(hours) < 24 and len(days) < 7:
        assert decision.at.hour not in hours
        assert decision.at.weekday() not in days
    assert seconds <= DAY * 7 + DAY + HOUR
    if decision.reason in {Reason.RATE, Reason.NEW, Reason.QUIET, Reason.PUSH}:
        assert seconds <= settings.max_seconds + 1e-3


@given(st.integers(0, 60), limits)
@CALM
def test_one_more_failure_never_polls_sooner(failures: int, settings: CadenceSettings) -> None:
    sooner = wait(decide(CadenceState(failures=failures), ERROR, settings=settings))
    later = wait(decide(CadenceState(failures=failures + 1), ERROR, settings=settings))
    assert later >= sooner - 1e-3
