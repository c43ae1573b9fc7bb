"""The story index: what joins, what stays apart and why, what is forgotten. Labelled pairs are tested elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news.model import Tags
from bot.news.stories import StoryIndex
from bot.news.storyparts.titles import clean

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEAL = "Barrick agrees to buy Tethyan Resources for $1.2 billion"
DEAL_AGAIN = "Tethyan Resources agrees $1.2bn takeover by Barrick Gold"


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        ("UPDATE 2-Gold steady ahead of Fed", "Gold steady ahead of Fed"),
        ("PRECIOUS-Gold gains on softer dollar", "Gold gains on softer dollar"),
        ("UPDATE 1-METALS-Copper slips on China data", "Copper slips on China data"),
        ("EXCLUSIVE: Codelco to cut output", "Codelco to cut output"),
        ("Watch: Inside the world's deepest mine", "Inside the world's deepest mine"),
        ("Reuters: Glencore weighs sale of coal arm", "Glencore weighs sale of coal arm"),
        ("Copper smelters agree to cut output - Reuters", "Copper smelters agree to cut output"),
        ("Copper smelters agree to cut output | MINING.COM", "Copper smelters agree to cut output"),
        ("Gold price hits record – Kitco News", "Gold price hits record"),
        ("Rio Tinto and Glencore resume merger talks - FT", "Rio Tinto and Glencore resume merger talks"),
        ("Barrick Reports Q2 Results (NYSE: B) (TSX: ABX)", "Barrick Reports Q2 Results"),
        ("Talon Announces Financing (TSX: TLO; OTC: TLOFF)", "Talon Announces Financing"),
        ("Rio\u00a0Tinto\u2019s \u201cfirst\u201d ore", 'Rio Tinto\'s "first" ore'),
        ("LIVE", "LIVE"),
        ("BHP-Rio tie-up would face hurdles", "BHP-Rio tie-up would face hurdles"),
    ],
)
def test_clean_takes_off_what_agencies_and_sites_put_around_a_headline(title: str, cleaned: str) -> None:
    assert clean(title) == cleaned


@given(st.text(max_size=200))
def test_any_text_is_placed_without_error_and_joins_itself(title: str) -> None:
    index = StoryIndex()
    first = index.assign(title, NOON)
    assert index.assign(title, NOON) == first


def test_the_same_headline_from_another_site_joins_at_once() -> None:
    index = StoryIndex()
    index.add(7, 70, "Copper smelters in China agree to cut output by 10%", NOON)
    placed = index.place("UPDATE 2-Copper smelters in China agree to cut output by 10% - Reuters", NOON + HOUR)
    assert (placed.story, placed.nearest, placed.why) == (70, 7, "the same headline")


def test_a_retelling_joins_and_says_what_both_tell() -> None:
    index = StoryIndex()
    index.add(1, 1, DEAL, NOON)
    placed = index.place(DEAL_AGAIN, NOON + HOUR)
    assert placed.story == 1
    assert placed.nearest == 1
    assert "barrick" in placed.why
    assert "tethyan" in placed.why
    assert placed.why.endswith(f"overlap {placed.score:.2f}")


def test_placing_changes_nothing() -> None:
    index = StoryIndex()
    assert index.place(DEAL, NOON).story is None
    assert index.place(DEAL, NOON).story is None
    assert len(index) == 0


def test_a_story_is_not_joined_after_the_window() -> None:
    index = StoryIndex(timedelta(hours=48))
    index.add(1, 1, DEAL, NOON)
    assert index.place(DEAL, NOON + 48 * HOUR).story == 1
    assert index.place(DEAL, NOON + 48 * HOUR + timedelta(seconds=1)).story is None


def test_an_earlier_dated_headline_may_come_later() -> None:
    index = StoryIndex()
    index.add(1, 1, DEAL, NOON)
    assert index.place(DEAL_AGAIN, NOON - HOUR).story == 1


def test_tomorrows_market_report_with_the_same_words_is_another_event() -> None:
    index = StoryIndex()
    index.add(1, 1, "Gold steady ahead of Fed", NOON)
    assert index.place("Gold steady ahead of Fed", NOON + HOUR).story == 1
    assert index.place("Gold steady ahead of Fed", NOON + 24 * HOUR).story is None


def test_a_headline_that_contradicts_any_of_a_story_does_not_join_it() -> None:
    index = StoryIndex()
    index.add(1, 1, "Coal mine blast in Shanxi kills 3", NOON)
    index.add(2, 1, "China's Shanxi hit by coal mine explosion", NOON)
    assert index.place("Coal mine blast in Shanxi kills 7", NOON + HOUR).story is None


def test_forgotten_headlines_are_not_joined() -> None:
    index = StoryIndex()
    index.add(1, 1, DEAL, NOON)
    index.add(2, 1, DEAL_AGAIN, NOON + 2 * HOUR)
    index.forget_before(NOON + HOUR)
    assert len(index) == 1
    assert index.place(DEAL, NOON + 2 * HOUR).nearest == 2
    index.forget_before(NOON + 3 * HOUR)
    assert len(index) == 0
    assert index.place(DEAL, NOON + 2 * HOUR).story is None


def test_a_key_added_again_is_replaced() -> None:
    index = StoryIndex()
    index.add(1, 1, "Codelco halts El Teniente smelter after fire", NOON)
    index.add(1, 2, DEAL, NOON)
    assert len(index) == 1
    assert index.place(DEAL, NOON).story == 2
    assert index.place("Codelco halts El Teniente smelter after fire", NOON).story is None


def test_a_stream_keeps_no_more_than_its_window_needs() -> None:
    index = StoryIndex(timedelta(hours=1))
    for number in range(400):
        index.assign(
            f"Hole AB-{number} returns {number} m of {number}.5 g/t gold", NOON + number * timedelta(minutes=5)
        )
    assert len(index) < 40


def test_tags_are_accepted_and_not_needed() -> None:
    index = StoryIndex()
    index.add(1, 1, DEAL, NOON, Tags())
    assert index.place(DEAL_AGAIN, NOON, Tags()).story == 1
