"""The curated directory: sound rows, and a search that finds what was meant."""

from __future__ import annotations

import csv

import pytest

from bot.feeds import clean, directory, zones
from tests.corpus import shared


def test_every_row_is_sound() -> None:
    rows = directory.entries()
    assert len(rows) == len({row.url for row in rows}) == len({row.title for row in rows}) == 67
    for row in rows:
        assert clean.address(row.url) == row.url
        assert row.title
        assert row.topic
        assert row.status in {"works", "unproven", "dead"}
        assert row.zone is None or zones.named(row.zone)


def test_a_good_dozen_of_defaults_that_are_said_to_work() -> None:
    assert 12 <= len(directory.defaults()) <= 20
    assert all(row.status == "works" for row in directory.defaults())


def test_addresses_are_those_of_the_evidence() -> None:
    with shared("feeds", "feed_urls.csv").open(encoding="utf-8") as file:
        assert {row["url"] for row in csv.DictReader(file)} == {row.url for row in directory.entries()}


SEARCHES = {
    "north": "The Northern Miner",
    "northen miner": "The Northern Miner",
    "MINING.COM LITH": "MINING.COM lithium",
    "uranium": "MINING.COM uranium",
    "fed reserve": "US Federal Reserve press releases",
    "minérios": "Revista Minerios",
    "oilprice.com/rss/energy": "OilPrice.com energy",
}


@pytest.mark.parametrize(("typed", "title"), SEARCHES.items())
def test_search_finds_what_was_meant(typed: str, title: str) -> None:
    assert title in [row.title for row in directory.search(typed)[:2]]


def test_dead_feeds_come_last_and_only_when_asked_for() -> None:
    assert directory.search("kitco")[-1].status == "dead"
    assert all(row.status != "dead" for row in directory.search(""))
    assert directory.search("")[0].default
    assert len(directory.search("")) == 25
    assert not directory.search("qqqqzzzz")


def test_lookup_forgives_spelling() -> None:
    found = directory.lookup("http://oilprice.com/rss/energy/")
    assert found is not None
    assert found.zone == "America/Chicago"
    assert directory.lookup("https://nowhere.example/") is None
