"""A headline as the matcher sees it."""

from __future__ import annotations

from bot.news.document import Reading
from bot.news.model import EVERYTHING
from tests.bot.news.alert_kit import headline


def test_words_keep_order_and_raw_keeps_endings() -> None:
    document = headline("Miners' strikes hit U.S. copper")
    assert document.words == ("miner", "strike", "hit", "us", "copper")
    assert document.raw == ("miners", "strikes", "hit", "us", "copper")


def test_tags_become_facets_closed_over_groups_and_lists() -> None:
    document = headline("…", "neodymium", "policy deals", "up", "NEM", "https://www.mining.com/feed")
    assert document.facets == {
        "mineral:neodymium", "mineral:rare_earths", "list:us-2025", "list:us-2022", "list:canada-2024",
        "topic:policy", "topic:deals", "direction:up", "ticker:nem", "source:mining.com", "source:mining",
        EVERYTHING,
    }  # fmt: skip


def test_a_bare_headline_has_only_the_facet_of_every_headline() -> None:
    assert headline("Gold").facets == {EVERYTHING}


def test_an_open_phrase_needs_a_word_after_it() -> None:
    reading = Reading(headline("The central bank"))
    assert reading.has_phrase(("central",), "ban")
    assert not reading.has_phrase(("central", "bank"), "")
    assert not reading.has_phrase(("the",), "bank")
