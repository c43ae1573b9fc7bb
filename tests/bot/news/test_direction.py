"""The direction of the price: main clause before background, metal before miners, and what turns a move round."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bot.news.tagger import tag

CASES = Path(__file__).parent / "cases" / "directions.csv"


def rows() -> list[tuple[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


def test_headlines_report_these_directions() -> None:
    """One test for the whole table, because a thousand small ones take longer to set up than to run."""
    wrong = [(headline, way, found) for headline, way in rows() if (found := tag(headline).direction or "") != way]
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gold rises after two-day fall", "gold falls after two-day rise"),
        ("as dollar falls, gold rises", "as dollar rises, gold falls"),
        ("gold pares losses", "gold pares gains"),
        ("gold snaps losing streak", "gold snaps winning streak"),
        ("gold holds gains", "gold holds losses"),
        ("gold off session lows", "gold off session highs"),
        ("gold ends week with a gain", "gold ends week with a loss"),
        ("gold hits three-week high", "gold hits three-week low"),
        ("rally in gold goes on", "slump in gold goes on"),
        ("weak dollar lifts gold", "strong dollar hurts gold"),
        ("data sends gold higher", "data sends gold lower"),
        ("gold's slide ends", "gold's rally ends"),
    ],
)
def test_pairs_that_differ_in_one_word_point_opposite_ways(one: str, other: str) -> None:
    assert (tag(one).direction, tag(other).direction) == ("up", "down")


NOT_THE_PRICE = "miners shares output demand imports jewellery holdings premiums thefts reserves exports"


@pytest.mark.parametrize("noun", NOT_THE_PRICE.split())
def test_the_price_of_a_metal_is_not_its_trade(noun: str) -> None:
    assert tag(f"gold {noun} fall sharply").direction is None
    assert tag("gold prices fall sharply").direction == "down"


@pytest.mark.parametrize("headline", ["Will gold fall?", "Is gold rising?", "Can silver rally?", "Could copper slump?"])
def test_yes_or_no_questions_report_nothing(headline: str) -> None:
    assert tag(headline).direction is None
    assert tag(headline).minerals
