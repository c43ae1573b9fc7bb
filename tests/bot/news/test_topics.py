"""Topics of a headline, and that everyday words are no topics away from mining news."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bot.news.tagger import tag

CASES = Path(__file__).parent / "cases" / "topics.csv"
TOPICS = """earnings guidance exploration resource-estimate production supply-disruption
supply-demand labour accident permits-courts policy tariffs
export-controls deals financing etf-flows central-banks price-move price-target esg"""


def rows() -> list[tuple[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


def test_headlines_touch_these_topics() -> None:
    assert [(headline, topic) for headline, topic in rows() if topic not in tag(headline).topic_slugs] == []


@pytest.mark.parametrize(
    ("headline", "topics"),
    [
        ("Bank raises year-end gold price target to $4900 an ounce", ("price-target",)),
        ("Goldman cuts copper target", ("price-target",)),
        ("Gold rises as Goldman lifts price target", ("price-target", "price-move")),
        ("Freeport cuts 2026 copper sales outlook", ("guidance",)),
        ("China tightens export licences for gallium", ("export-controls",)),
        ("Nickel ore quota cut by Indonesia", ("policy",)),
    ],
)
def test_words_that_two_topics_share_count_for_the_one_that_is_meant(headline: str, topics: tuple[str, ...]) -> None:
    assert tag(headline).topic_slugs == topics


def test_cases_cover_every_topic_and_no_other() -> None:
    assert {topic for _, topic in rows()} == set(TOPICS.split())


@pytest.mark.parametrize(
    "headline",
    [
        "Apple posts record profit",
        "Teachers strike over pay",
        "Court rejects appeal in murder trial",
        "Bank of Japan boosts rates",
        "Gold Coast council approves budget",
        "Phelps wins gold after appeal",
        "Explosion kills three in hotel",
    ],
)
def test_everyday_news_has_no_topic(headline: str) -> None:
    assert tag(headline).topic_slugs == ()


@pytest.mark.parametrize(
    ("headline", "topic"),
    [
        ("Antofagasta lifts copper dividend", "labour"),
        ("Gold rises in Asia", "earnings"),
        ("Cobalt mine reopens", "accident"),
        ("Lithium explorer hits 20 m at 1.5%", "tariffs"),
        ("Copper falls on China data", "export-controls"),
        ("Federal minister opens nickel plant", "central-banks"),
        ("Rio Tinto iron ore shipments fall", "price-move"),
        ("Fund snaps up gold stocks as rally goes on", "price-move"),
        ("Copper output hits record high in Peru", "price-move"),
        ("Coal demand likely to grow, says ministry", "price-target"),
        ("New zinc boss bullish despite weak prices", "price-target"),
        ("Central bank draws down gold reserves", "resource-estimate"),
        ("Gold steadies ahead of Fed policy decision", "policy"),
    ],
)
def test_headline_does_not_touch_this_topic(headline: str, topic: str) -> None:
    assert topic not in tag(headline).topic_slugs
