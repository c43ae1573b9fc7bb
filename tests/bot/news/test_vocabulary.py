"""Names: what people write after a field, and what it means."""

from __future__ import annotations

import pytest

from bot.news import vocabulary
from bot.news.vocabulary import Field, source_facets, ticker_symbol
from tests.bot.news.alert_kit import KNOWN


@pytest.mark.parametrize(
    ("field", "written", "facet"),
    [
        ("mineral", "gold", "mineral:gold"),
        ("mineral", "Aluminum", "mineral:aluminium"),
        ("mineral", "AU", "mineral:gold"),
        ("mineral", "rare_earths", "mineral:rare_earths"),
        ("mineral", "rare-earth", "mineral:rare_earths"),
        ("mineral", "Rare Earths", "mineral:rare_earths"),
        ("mineral", "pgm", "mineral:pgm"),  # the group, though PGM is also given as a name of platinum
        ("mineral", "lithum", None),
        ("mineral", "", None),
        ("list", "us-2025", "list:us-2025"),
        ("list", "US2025", "list:us-2025"),
        ("list", "us", None),  # which edition?
        ("topic", "earnings", "topic:earnings"),
        ("topic", "supply", "topic:supply-disruption"),
        ("topic", "strikes", "topic:labour"),
        ("topic", "labor", "topic:labour"),
        ("topic", "m&a", "topic:deals"),
        ("topic", "tariff", "topic:tariffs"),
        ("topic", "explor", "topic:exploration"),
        ("topic", "central banks", "topic:central-banks"),
        ("topic", "etf", "topic:etf-flows"),
        ("topic", "price", None),  # price-move or price-target?
        ("topic", "ex", None),
        ("direction", "UP", "direction:up"),
        ("direction", "falling", "direction:down"),
        ("direction", "sideways", "direction:flat"),
        ("direction", "left", None),
        ("source", "https://www.Mining.com/feed/", "source:mining.com"),
        ("source", "mining.com", "source:mining.com"),
        ("source", "Kitco  News", "source:kitco news"),
        ("source", "***", None),
        ("ticker", "nem", "ticker:nem"),
        ("ticker", "TSX:ABX", "ticker:abx"),
        ("ticker", "$NEM", "ticker:nem"),
        ("ticker", "BRK.B", "ticker:brk.b"),
        ("ticker", "$", None),
    ],
)
def test_resolve(field: Field, written: str, facet: str | None) -> None:
    assert KNOWN.resolve(field, written) == facet


@pytest.mark.parametrize("slug", sorted(vocabulary.TOPICS))
def test_every_topic_means_itself(slug: str) -> None:
    assert KNOWN.resolve("topic", slug) == f"topic:{slug}"


@pytest.mark.parametrize(
    ("field", "written", "suggested"),
    [
        ("mineral", "lithum", ["lithium"]),
        ("mineral", "silvr", ["silver"]),
        ("mineral", "pall", ["palladium"]),
        ("list", "us", ["us-2025", "us-2022"]),
        ("topic", "price", ["price-move", "price-target"]),
        ("topic", "earning's", ["earnings"]),
        ("mineral", "xyzzy", []),
        ("mineral", "c", []),
        ("source", "?", []),
    ],
)
def test_suggest(field: Field, written: str, suggested: list[str]) -> None:
    assert KNOWN.suggest(field, written) == suggested


@pytest.mark.parametrize(
    ("slug", "facets"),
    [
        ("gold", "mineral:gold"),
        ("palladium", "mineral:palladium mineral:pgm list:canada-2024"),  # Canada lists the group
        ("neodymium", "mineral:neodymium mineral:rare_earths list:us-2025 list:us-2022 list:canada-2024"),
        ("rare_earths", "mineral:rare_earths list:us-2025 list:us-2022 list:canada-2024"),  # a member is listed
        ("unobtainium", "mineral:unobtainium"),
    ],
)
def test_a_mineral_is_closed_over_groups_and_lists(slug: str, facets: str) -> None:
    assert KNOWN.about(slug) == set(facets.split())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("https://feeds.mining.com/x?y=1", "feeds.mining.com mining.com mining"),
        ("www.reuters.com", "reuters.com reuters"),
        ("https://user:pw@www.abc.net.au:443/news", "abc.net.au abc"),
        ("https://www.bbc.co.uk/feed", "bbc.co.uk bbc"),
        ("Kitco", "kitco"),
        ("", ""),
    ],
)
def test_source_facets(source: str, names: str) -> None:
    assert source_facets(source) == {f"source:{name}" for name in names.split()}


def test_a_symbol_keeps_no_padding() -> None:
    assert ticker_symbol(" (TSX: ABX) ") == "abx"


class TestBundled:
    """The reference book as a vocabulary."""

    @pytest.mark.parametrize(
        ("field", "written", "facet"),
        [
            ("mineral", "aluminum", "mineral:aluminium"),
            ("mineral", "cu", "mineral:copper"),
            ("mineral", "yellowcake", "mineral:uranium"),
            ("mineral", "wolfram", "mineral:tungsten"),
            ("mineral", "rare_earths", "mineral:rare_earths"),
            ("mineral", "pgm", "mineral:pgm"),
            ("mineral", "PGMs", "mineral:pgm"),
            ("mineral", "brine", None),  # lithium or salt
            ("list", "us-2025", "list:us-2025"),
            ("list", "canada-2024", "list:canada-2024"),
        ],
    )
    def test_names(self, field: Field, written: str, facet: str | None) -> None:
        assert vocabulary.default().resolve(field, written) == facet

    def test_every_slug_means_itself(self) -> None:
        known = vocabulary.default()
        assert len(known.slugs) == 87
        assert {slug for slug in known.slugs if known.resolve("mineral", slug) != f"mineral:{slug}"} == set()

    def test_gold_is_on_no_list_and_copper_on_the_newest_american_one(self) -> None:
        known = vocabulary.default()
        assert not [facet for facet in known.about("gold") if facet.startswith("list:")]
        assert "list:us-2025" in known.about("copper")
        assert "list:us-2022" not in known.about("copper")
        assert "list:us-2025" in known.about("rare_earths")
