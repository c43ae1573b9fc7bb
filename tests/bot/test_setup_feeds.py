"""The feeds that /setup offers: the most useful for the chosen topics first, and each named whatever order is shown."""

from __future__ import annotations

import pytest

from bot.desk import setup_feeds
from bot.feeds import directory


@pytest.mark.parametrize(
    ("presets", "first"),
    [
        pytest.param(["gold"], ["Gold Silver Worlds", "GoldSeek", "SilverSeek", "World Gold Council"], id="gold"),
        pytest.param(["battery"], ["MINING.COM cobalt", "MINING.COM graphite"], id="battery metals"),
        pytest.param(["everything"], ["Canadian Mining Journal", "GlobeNewswire general mining"], id="everything"),
    ],
)
def test_those_for_the_topics_come_first_recommended_ones_before_others_and_by_name(
    presets: list[str], first: list[str]
) -> None:
    assert [one.title for one in setup_feeds.offered(presets)[: len(first)]] == first


@pytest.mark.parametrize("presets", [[], ["gold"], ["policy", "juniors"]])
def test_every_feed_that_may_answer_is_offered_once_in_menus_that_discord_takes(presets: list[str]) -> None:
    shelves = setup_feeds.shelves(presets)
    shown = [one.url for shelf in shelves for one in shelf]
    assert sorted(shown) == sorted(one.url for one in directory.entries() if one.status != "dead")
    assert all(1 <= len(shelf) <= 25 for shelf in shelves)
    assert len(shelves) <= setup_feeds.SHELVES


def test_choosing_in_one_menu_leaves_what_was_chosen_in_another() -> None:
    near, far = setup_feeds.shelves(["gold"])[:2]
    before = [near[0].url, far[0].url]
    chosen = setup_feeds.chosen(before, near, [setup_feeds.place(near[1]), setup_feeds.place(far[1])])
    assert chosen == [far[0].url, near[1].url], "a place of another menu counts for nothing"


def test_what_is_recommended_is_dependable_and_about_mining() -> None:
    titles = {one.title for one in directory.entries() if one.url in setup_feeds.recommended(["gold"])}
    assert {"World Gold Council", "The Northern Miner"} <= titles
    assert "OilPrice.com" not in titles
