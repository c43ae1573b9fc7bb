"""Critical lists: standing, editions compared, Canada as a supplier."""

from __future__ import annotations

import pytest

from bot.minerals import policy, tables
from bot.minerals.catalogue import load
from bot.minerals.content import as_text
from bot.minerals.policy import Standing, UnknownListError
from bot.minerals.tables import UnknownGroupError

BOOK = load()
LISTED, NOT, UNCONFIRMED = Standing.LISTED, Standing.NOT_LISTED, Standing.UNCONFIRMED

STANDINGS = [
    ("graphite", "canada-2024", LISTED),
    ("graphite", "us-2025", LISTED),
    ("gold", "us-2025", NOT),
    ("gold", "uk-2024", UNCONFIRMED),
    ("rhodium", "us-2018", LISTED),  # as platinum group metals
    ("rhodium", "uk-2021", NOT),
    ("neodymium", "canada-2024", LISTED),  # as rare earth elements
    ("erbium", "eu-strategic-2024", NOT),  # not among the seven for magnets
    ("erbium", "eu-critical-2024", LISTED),
    ("rare_earths", "us-2025", LISTED),  # through its elements
    ("rare_earths", "eu-critical-2024", LISTED),
    ("scandium", "eu-critical-2024", LISTED),
    ("bauxite", "eu-critical-2024", LISTED),
    ("alumina", "australia-critical-2024", LISTED),  # as high-purity alumina
    ("phosphate_rock", "canada-2024", LISTED),  # as phosphorus
    ("iron_ore", "canada-2024", LISTED),  # as high-purity iron ore
    ("nickel", "uk-2021-watch", LISTED),
    ("helium", "us-2022", NOT),
    ("helium", "us-2018", LISTED),
]


@pytest.mark.parametrize(("slug", "edition", "expected"), STANDINGS, ids=[f"{s}-{e}" for s, e, _ in STANDINGS])
def test_standing(slug: str, edition: str, expected: Standing) -> None:
    assert policy.standing(BOOK, slug, BOOK.lists[edition]).standing is expected


@pytest.mark.parametrize(
    ("older", "newer", "added", "removed"),
    [
        (
            "us-2022",
            "us-2025",
            "boron copper lead metallurgical_coal phosphate_rock potash rhenium silicon silver uranium",
            "",
        ),
        ("us-2018", "us-2022", "nickel zinc", "helium potash rhenium strontium uranium"),
        ("canada-2021", "canada-2024", "iron_ore phosphate_rock silicon", ""),
    ],
)
def test_what_changed_between_editions(older: str, newer: str, added: str, removed: str) -> None:
    found = policy.changes(BOOK.lists[older], BOOK.lists[newer])
    assert " ".join(found.added) == added
    assert " ".join(found.removed) == removed
    assert found.certain


def test_changes_against_an_incomplete_list_are_not_certain() -> None:
    assert not policy.changes(BOOK.lists["uk-2021"], BOOK.lists["uk-2024"]).certain


def test_editions_are_put_in_order_of_date() -> None:
    one = tables.editions(BOOK, "us-2025", "us-2022")
    other = tables.editions(BOOK, "us-2022", "us-2025")
    assert one == other
    assert "10 added, 0 removed" in as_text(one.whole())


@pytest.mark.parametrize(
    ("slug", "edition", "since"),
    [("lithium", "us-2025", 2018), ("nickel", "us-2025", 2022), ("uranium", "us-2025", 2025)],
)
def test_since_when_a_mineral_is_listed_without_a_break(slug: str, edition: str, since: int) -> None:
    assert policy.listed_since(BOOK, slug, BOOK.lists[edition]) == since


def test_an_unknown_list_is_answered_with_the_lists_there_are() -> None:
    with pytest.raises(UnknownListError, match="us-2025"):
        tables.listing(BOOK, "us-1999")


def test_an_unknown_category_is_answered_with_the_categories_there_are() -> None:
    with pytest.raises(UnknownGroupError, match="battery"):
        tables.listing(BOOK, None, "shiny")


def test_a_list_and_a_category_together_show_what_is_in_both() -> None:
    names = [line.text for line in tables.listing(BOOK, "us-2025", "battery").items]
    assert names == ["• Cobalt", "• Graphite", "• Lithium", "• Manganese", "• Nickel", "• Vanadium"]


def test_an_incomplete_list_says_so() -> None:
    assert "13 of 34 entries could be confirmed" in as_text(tables.listing(BOOK, "uk-2024").screen(0))


def test_our_own_groups_say_so_and_sourced_ones_do_not() -> None:
    remark = "This grouping is our own."
    assert remark in as_text(tables.listing(BOOK, None, "battery").whole())
    assert remark not in as_text(tables.listing(BOOK, None, "pgm").whole())


def test_canada_as_supplier_lists_31_commodities_with_ranks() -> None:
    table = tables.listing(BOOK, tables.CANADA_SUPPLIES)
    assert len(table.items) == 31
    assert table.items[0].label == "1. Gallium"
    assert any(line.label == "1. Potash" and "92%" in line.text for line in table.items)


@pytest.mark.parametrize("slug", sorted(BOOK.lists))
def test_screens_hold_every_member_exactly_once(slug: str) -> None:
    table = tables.listing(BOOK, slug)
    shown = [line for index in range(table.screens) for line in table.screen(index).lines if line in table.items]
    assert shown == list(table.items)
    assert len(table.slugs) == len(table.items)


def test_screens_outside_are_clamped() -> None:
    table = tables.listing(BOOK, "us-2025")
    assert table.screen(99) == table.screen(table.screens - 1)
    assert table.screen(-5) == table.screen(0)
