"""Figures, periods and facts read from headlines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news.storyparts import numbers, periods
from bot.news.storyparts.conflicts import conflict
from bot.news.storyparts.facts import read
from bot.news.storyparts.likeness import likeness, same_event


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$1.2bn", [("$", 1.2e9)]),
        ("a$3.7 billion", [("$", 3.7e9)]),
        ("1,200 million euros", [("$", 1.2e9)]),
        ("32 cents a share", [("$", 0.32)]),
        ("$190-203 a tonne", [("$", 190.0), ("$", 203.0)]),
        ("up 3.6 percent", [("%", 3.6)]),
        ("by 25 basis points", [("%", 0.25)]),
        ("5.6 moz", [("oz", 5.6e6)]),
        ("109 mt", [("t", 1.09e8)]),
        ("250 mln tons", [("t", 2.5e8)]),
        ("1,009 m at 1.14%", [("m", 1009.0), ("%", 1.14)]),
        ("2.5 g/t over 553.8 metres", [("g/t", 2.5), ("m", 553.8)]),
        ("72-hour notice", [("day", 3.0)]),
        ("12th month", [("ord", 12.0)]),
        ("twelfth month", [("ord", 12.0)]),
        ("kills seven", [("n", 7.0)]),
        ("one of the largest", []),
        ("one dead, five trapped", [("n", 1.0), ("n", 5.0)]),
        ("south32 and b2gold", []),
    ],
)
def test_quantities_come_in_one_unit_per_dimension(text: str, found: list[tuple[str, float]]) -> None:
    quantities = [quantity for *_, quantity in numbers.find(text)]
    assert [quantity.dimension for quantity in quantities] == [dimension for dimension, _ in found]
    assert [quantity.value for quantity in quantities] == pytest.approx([value for _, value in found])


@pytest.mark.parametrize(
    ("one", "two", "agree"),
    [
        ("nearly 2%", "1.9%", True),
        ("2%", "1.9%", False),
        ("$1.2bn", "$1.23 billion", True),
        ("$1.2bn", "$1.3 billion", False),
        ("above $4,200", "$4,200", True),
        ("above $4,200", "above $4,300", False),
        ("553.8 m", "554 metres", True),
        ("3 dead", "5 dead", False),
        ("250,000", "250,000 tonnes", True),
        ("5%", "5 metres", False),
    ],
)
def test_figures_agree_when_one_rounds_the_other(one: str, two: str, agree: bool) -> None:
    first, second = numbers.find(one)[0][2], numbers.find(two)[0][2]
    assert first.agrees(second) is agree
    assert second.agrees(first) is agree


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Q2 profit", ["span:q2"]),
        ("Second-quarter profit", ["span:q2"]),
        ("1Q25 output", ["span:q1"]),
        ("First-half output", ["span:h1"]),
        ("January-June exports", ["span:h1"]),
        ("Full-year results for 2025", ["span:fy", "year:2025"]),
        ("Output in Sept", ["month:september"]),
        ("Prices may rise", []),
        ("Output fell in May", ["month:may"]),
        ("Protesters march on Friday", ["day:friday"]),
        ("Drills 2025 metres", []),
    ],
)
def test_periods_are_found_however_they_are_written(text: str, found: list[str]) -> None:
    assert [period for *_, period in periods.find(text.lower(), text)] == found


@pytest.mark.parametrize(
    ("title", "subject", "way"),
    [
        ("Gold slips as dollar firms", "price", "down"),
        ("LME copper hits one-week high", "price", "up"),
        ("Gold holds steady as investors await data", "price", "flat"),
        ("Strike lifts copper prices", "price", "up"),
        ("Barrick shares fall 4% after results", "shares", "down"),
        ("Lithium stocks soar as CATL halts mine", "shares", "up"),
        ("Gold miners rally as bullion tops $4,000", "shares", "up"),
        ("London copper rises on stimulus hopes", "price", "up"),
        ("LME copper stocks fall to lowest since July", "other", "down"),
        ("Codelco copper output falls 5%", "other", "down"),
        ("Goldman raises gold price forecast to $4,900", "other", "up"),
        ("Barrick second-quarter profit at 32 cents a share", "other", None),
        ("US firm to develop Kazakh tungsten", "other", "up"),
    ],
)
def test_a_markets_move_is_told_from_an_event(title: str, subject: str, way: str | None) -> None:
    facts = read(title)
    assert (facts.subject, facts.way) == (subject, way)


def test_a_mine_says_its_owner_country_and_metal() -> None:
    assert {"bhp", "chile", "copper"} <= read("Escondida union votes").implied


def test_the_main_clause_ends_where_the_cause_begins() -> None:
    facts = read("Codelco stops smelter after fire")
    assert "halt" in facts.main
    assert "fire" in facts.frames - facts.main


_TITLES = st.sampled_from(
    [
        "Gold slips as dollar firms",
        "Barrick agrees to buy Tethyan for $1.2 billion",
        "Barrick completes $1.2bn Tethyan deal",
        "Coal mine blast in Shanxi kills 3",
        "Workers at Escondida begin strike",
        "Newmont Q2 profit beats estimates",
        "Filo Drills 1,009 m at 1.14% CuEq in Hole FSDH068A",
        "China's copper imports fall 3.6% in October",
    ]
)


@given(_TITLES, _TITLES, st.floats(0, 48))
def test_judging_does_not_depend_on_which_headline_comes_first(one: str, two: str, hours: float) -> None:
    first, second = read(one), read(two)
    assert (conflict(first, second, hours) is None) == (conflict(second, first, hours) is None)
    assert likeness(first, second).score == pytest.approx(likeness(second, first).score)
    assert (same_event(first, second, hours) is None) == (same_event(second, first, hours) is None)


@given(_TITLES)
def test_a_headline_is_wholly_like_itself(title: str) -> None:
    assert likeness(read(title), read(title)).score == pytest.approx(1.0)
