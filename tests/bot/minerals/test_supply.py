"""Shares, concentration and the risk ranking."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.minerals import risk, supply, tables
from bot.minerals.catalogue import OTHERS, load
from bot.minerals.content import as_text
from bot.minerals.model import Code, Figure, Producer, Production, Source
from bot.minerals.supply import Band

BOOK = load()
SOURCE = Source("a table", "https://example.org/", 1)


def production(world: int, **countries: int | None) -> Production:
    producers = tuple(
        Producer(
            OTHERS if name == "others" else name.replace("_", " "),
            None if value is None else Decimal(value),
            Code.WITHHELD if value is None else Code.EXACT,
            False,
            1,
        )
        for name, value in countries.items()
    )
    figure = Figure(Decimal(world), Code.EXACT, "metric tons", 2025, True, "Mine production", SOURCE)
    return Production("Mine production", "metric tons", 2025, figure, producers, True)


CASES = [
    ("a monopoly", production(100, China=100), 10_000, "", Band.HIGH),
    ("two halves", production(100, China=50, Peru=50), 5_000, "", Band.HIGH),
    ("ten equals", production(100, **{f"C{n}": 10 for n in range(10)}), 1_000, "", Band.MODERATE),
    ("twenty equals", production(100, **{f"C{n}": 5 for n in range(20)}), 500, "", Band.LOW),
    ("unnamed others make it a floor", production(100, China=50, others=50), 2_500, ">", Band.HIGH),
    ("many unnamed hide the band", production(100, China=20, others=80), 400, ">", None),
    ("few unnamed do not", production(100, **{f"C{n}": 9 for n in range(11)}, others=1), 891, ">", Band.LOW),
    ("a withheld country makes it approximate", production(100, China=100, Peru=None), 10_000, "≈", Band.HIGH),
    ("countries above a rounded total", production(90, China=90, Peru=10), 8_200, "", Band.HIGH),
]


@pytest.mark.parametrize(("name", "made", "hhi", "bound", "band"), CASES, ids=[case[0] for case in CASES])
def test_concentration(name: str, made: Production, hhi: int, bound: str, band: Band | None) -> None:
    found = supply.concentration(made)
    assert found is not None
    assert (found.hhi, found.bound, found.band) == (hhi, bound, band)


def test_no_published_output_means_no_index() -> None:
    assert supply.concentration(production(100, others=100)) is None
    assert supply.concentration(production(0)) is None


@given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 10**9), max_size=8), st.integers(0, 10**9))
def test_shares_never_exceed_100_and_the_index_stays_in_range(countries: dict[str, int], world: int) -> None:
    made = production(world, **countries)
    assert sum((share.percent for share in supply.shares(made)), Decimal(0)) <= Decimal("100.0001")
    found = supply.concentration(made)
    assert found is None or 0 <= found.hhi <= 10_000


@pytest.mark.parametrize(
    ("slug", "low", "high"),
    [("gallium", 98, 100), ("graphite", 77, 79), ("rare_earths", 69, 70), ("gold", 11, 12), ("niobium", 0, 1)],
)
def test_china_s_share(slug: str, low: int, high: int) -> None:
    made = BOOK.minerals[slug].newest_production
    assert made is not None
    share = supply.share_of(made, "China")
    assert share is not None
    assert low <= share <= high


def test_a_country_that_is_not_named_has_no_share() -> None:
    assert supply.share_of(production(100, Peru=100), "China") is None


def test_the_most_risky_are_those_bought_whole_from_few() -> None:
    ranked, _unranked = risk.ranking(BOOK)
    assert [found.mineral.slug for found in ranked[:3]] == ["gallium", "niobium", "bismuth"]
    assert [found.score for found in ranked] == sorted((found.score for found in ranked), reverse=True)
    assert all(0 <= found.score <= 100 for found in ranked)


def test_ranked_and_unranked_are_all_minerals() -> None:
    ranked, unranked = risk.ranking(BOOK)
    assert len(ranked) + len(unranked) == 87
    assert "uranium" in {mineral.slug for mineral in unranked}


@pytest.mark.parametrize(
    ("slug", "bound"),
    [("gallium", ""), ("magnesium", ">"), ("iodine", "≈"), ("molybdenum", ""), ("platinum", ">"), ("barite", "≈")],
)
def test_a_score_carries_the_bound_of_its_parts(slug: str, bound: str) -> None:
    found = risk.risk(BOOK.minerals[slug])
    assert found is not None
    assert found.bound == bound


def test_a_net_exporter_has_no_import_risk() -> None:
    found = risk.risk(BOOK.minerals["molybdenum"])
    assert found is not None
    assert found.score == 0


def test_the_ranking_shows_its_formula() -> None:
    text = as_text(tables.risks(BOOK).screen(0))
    assert "US net import reliance (%) × HHI of world output ÷ 10,000" in text
    assert "1. Gallium: 98.0 (reliance 100%, HHI 9,804)" in text


def test_the_ranking_can_be_limited_to_a_list() -> None:
    on_list = BOOK.lists["us-2025"].minerals
    table = tables.risks(BOOK, "us-2025")
    assert set(table.slugs) <= on_list
    assert "asbestos" not in table.slugs
