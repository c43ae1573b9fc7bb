"""When metals trade: the week's edges in summer and winter time, and the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prices.market_hours import fresh_since, is_open, last_close, next_close, next_open, open_longer_than


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # New York is UTC-4 in September, UTC-5 in January.
        pytest.param("2026-09-18T20:59:59", True, id="last second of Friday"),
        pytest.param("2026-09-18T21:00:00", False, id="Friday 17:00 closes"),
        pytest.param("2026-09-18T22:30:00", False, id="no evening session on Friday"),
        pytest.param("2026-09-19T12:00:00", False, id="Saturday"),
        pytest.param("2026-09-20T21:59:59", False, id="Sunday just before 18:00"),
        pytest.param("2026-09-20T22:00:00", True, id="Sunday 18:00 opens"),
        pytest.param("2026-09-15T21:00:00", False, id="the daily break begins"),
        pytest.param("2026-09-15T21:59:59", False, id="the daily break lasts"),
        pytest.param("2026-09-15T22:00:00", True, id="the daily break ends"),
        pytest.param("2026-01-16T21:59:59", True, id="winter: Friday is open an hour longer in UTC"),
        pytest.param("2026-01-16T22:00:00", False, id="winter: Friday 17:00 closes"),
        pytest.param("2026-03-08T21:59:59", False, id="the Sunday of the change to summer time, before"),
        pytest.param("2026-03-08T22:00:00", True, id="the Sunday of the change to summer time, open"),
        pytest.param("2026-11-01T22:30:00", False, id="the Sunday of the change back, an hour later"),
        pytest.param("2026-11-01T23:00:00", True, id="the Sunday of the change back, open"),
    ],
)
def test_the_edges_of_the_week(moment, expected):
    assert is_open(at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "close", "opening"),
    [
        ("2026-09-19T12:00:00", "2026-09-18T21:00:00", "2026-09-20T22:00:00"),
        ("2026-09-20T22:00:00", "2026-09-18T21:00:00", "2026-09-20T22:00:00"),
        ("2026-09-15T21:30:00", "2026-09-15T21:00:00", "2026-09-15T22:00:00"),
        ("2026-09-15T14:00:00", "2026-09-14T21:00:00", "2026-09-15T14:00:00"),
        ("2026-09-18T21:00:00", "2026-09-18T21:00:00", "2026-09-20T22:00:00"),
    ],
)
def test_last_close_and_next_open(moment, close, opening):
    assert last_close(at(moment)) == at(close)
    assert next_open(at(moment)) == at(opening)


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(moment=MOMENTS)
def test_closing_and_opening_bracket_every_moment(moment):
    assert last_close(moment) <= moment <= next_open(moment)
    assert not is_open(last_close(moment))
    assert is_open(next_open(moment))
    assert next_open(moment) - moment <= timedelta(hours=50)
    if not is_open(moment):
        assert next_open(last_close(moment)) == next_open(moment)


def test_friday_stands_all_weekend():
    patience = timedelta(minutes=15)
    assert fresh_since(at("2026-09-20T20:00:00"), patience) == at("2026-09-18T20:45:00")
    assert fresh_since(at("2026-09-15T14:00:00"), patience) == at("2026-09-15T13:45:00")


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        pytest.param("2026-09-18T20:57:00", "2026-09-20T22:01:00", 4, id="over a weekend"),
        pytest.param("2026-09-15T14:00:00", "2026-09-15T14:07:00", 7, id="within a session"),
        pytest.param("2026-09-15T20:50:00", "2026-09-15T22:10:00", 20, id="over the daily break"),
        pytest.param("2026-09-18T22:00:00", "2026-09-20T21:00:00", 0, id="all within the weekend"),
    ],
)
def test_closed_hours_do_not_count(start, end, minutes):
    exact = timedelta(minutes=minutes)
    assert not open_longer_than(exact, at(start), at(end))
    if minutes:
        assert open_longer_than(exact - timedelta(seconds=1), at(start), at(end))
    assert next_close(at(start)) > at(start)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        is_open(datetime(2026, 1, 1))
