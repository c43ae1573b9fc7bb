"""The tables of the reference: every figure sourced, units kept, lists whole, sums sound."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from bot.minerals import supply
from bot.minerals.catalogue import DATA, OTHERS, load
from bot.minerals.model import Code, DataError
from tests.corpus import shared

BOOK = load()
ROOT = Path(__file__).resolve().parents[3]
LINK = re.compile(r"https?://[a-z0-9.-]+\.[a-z]{2,}/\S*")
DOI = re.compile(r"https://doi\.org/10\.\d{4,9}/[A-Z0-9]+")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_87_minerals_with_distinct_names() -> None:
    assert len(BOOK.minerals) == 87
    assert len({mineral.name for mineral in BOOK.minerals.values()}) == 87


@pytest.mark.parametrize("name", ["production.csv", "figures.csv", "imports.csv"])
def test_every_figure_has_a_source_and_its_line(name: str) -> None:
    known = {row["source"] for row in rows("sources.csv")}
    for row in rows(name):
        assert row["source"] in known, row
        assert row["line"].isdigit() or row["source"] == "wna-2024", row


def test_every_figure_says_unit_year_and_whether_it_is_an_estimate() -> None:
    for name in ("production.csv", "figures.csv"):
        for row in rows(name):
            assert row["unit"], row
            assert re.fullmatch(r"20\d\d", row["year"]), row
            assert row["estimate"] in {"yes", "no"}, row


def test_a_figure_is_a_number_or_a_code_that_the_book_knows() -> None:
    for name in ("production.csv", "figures.csv", "imports.csv"):
        for row in rows(name):
            code = row["code"].partition(" ")[0]
            assert code in {c.value for c in Code}, row
            value = row.get("value", row.get("percent", ""))
            assert value or code in {"W", "NA", "XX", "E", "s", "range"}, row


def test_source_links_have_the_form_of_links() -> None:
    for name in ("sources.csv", "editions.csv", "lists.csv", "canada.csv"):
        for row in rows(name):
            for column in ("url", "source_url"):
                if column in row:
                    assert LINK.fullmatch(row[column]), row
                    assert "doi.org" not in row[column] or DOI.fullmatch(row[column]), row


@pytest.mark.parametrize(
    ("slug", "unit"),
    [
        ("platinum", "kilograms"),
        ("palladium", "kilograms"),
        ("gallium", "kilograms"),
        ("rhenium", "kilograms"),
        ("gold", "metric tons"),
        ("nickel", "metric tons"),
        ("copper", "thousand metric tons"),
        ("steel", "million metric tons"),
        ("bauxite", "thousand metric dry tons"),
        ("helium", "million cubic meters"),
        ("diamond_gem", "thousands of carats"),
        ("diamond_industrial", "million carats"),
        ("uranium", "tonnes U"),
    ],
)
def test_units_are_as_published(slug: str, unit: str) -> None:
    production = BOOK.minerals[slug].newest_production
    assert production is not None
    assert production.unit == unit


# Gaps that stand in USGS's own table: steel's countries add up to 1,823, its total says 1,900 (line 3591).
UNEXPLAINED = {("steel", 2025): 10}
PRODUCED = [(m.slug, p) for m in BOOK.minerals.values() for p in m.production]


@pytest.mark.parametrize(("slug", "production"), PRODUCED, ids=[f"{s}-{p.year}" for s, p in PRODUCED])
def test_the_countries_add_up_to_the_world_total_within_rounding(slug: str, production: object) -> None:
    """USGS rounds totals to two or three digits, and leaves out withheld countries from some totals."""
    found = next(p for s, p in PRODUCED if s == slug and p is production)
    world = found.world.value
    if world is None:
        pytest.skip("no total published")
    total = sum((p.value for p in found.producers if p.value is not None), Decimal(0))
    if not found.complete:
        assert total <= world
        return
    step = Decimal(10) ** (world.adjusted() - 1)  # the second digit
    # Each country is rounded too: half of its own second digit.
    own = sum((Decimal(10) ** (p.value.adjusted() - 1) / 2 for p in found.producers if p.value), Decimal(0))
    assert abs(total - world) <= step / 2 + own + UNEXPLAINED.get((slug, found.year), 0), (total, world)


@pytest.mark.parametrize(("slug", "production"), PRODUCED, ids=[f"{s}-{p.year}" for s, p in PRODUCED])
def test_shares_never_exceed_100(slug: str, production: object) -> None:
    found = next(p for s, p in PRODUCED if s == slug and p is production)
    shares = supply.shares(found)
    assert sum((share.percent for share in shares), Decimal(0)) <= Decimal("100.0001")
    assert all(share.percent > 0 for share in shares)


def test_import_shares_never_exceed_100() -> None:
    for mineral in BOOK.minerals.values():
        if mineral.imports is not None:
            exact = [item.percent for item in mineral.imports.sources if item.code is not Code.BELOW]
            # Published in whole percent, so each may be half a point too high (phosphate rock: >99 and <1).
            assert sum(exact) <= 100 + Decimal("0.5") * len(exact), mineral.slug
            assert sum(exact) <= 102, mineral.slug


def test_net_import_reliance_is_between_0_and_100() -> None:
    for mineral in BOOK.minerals.values():
        for figure in mineral.reliance:
            assert figure.value is None or 0 <= figure.value <= 100


def test_the_2025_figures_are_marked_as_estimates_unless_reported() -> None:
    for row in rows("production.csv"):
        if row["year"] == "2025":
            assert row["estimate"] == ("no" if "Reported." in row["note"] else "yes"), row


@pytest.mark.parametrize(
    ("slug", "rows_", "complete"),
    [
        ("us-2018", 35, True),
        ("us-2022", 50, True),
        ("us-2025", 60, True),
        ("canada-2021", 31, True),
        ("canada-2024", 34, True),
        ("eu-critical-2024", 34, True),
        ("eu-strategic-2024", 17, True),
        ("uk-2021", 18, True),
        ("uk-2021-watch", 5, True),
        ("australia-critical-2024", 31, True),
        ("australia-strategic-2024", 5, True),
        ("india-2023", 30, True),
        ("uk-2024", 13, False),
        ("japan-2009", 31, False),
    ],
)
def test_lists_have_their_official_size_or_say_that_they_are_incomplete(slug: str, rows_: int, complete: bool) -> None:
    found = BOOK.lists[slug]
    assert (len(found.members), found.complete) == (rows_, complete)
    assert (found.size == rows_) is complete
    assert len({member.key for member in found.members}) == rows_


def test_there_are_fourteen_lists_and_394_members() -> None:
    assert len(BOOK.lists) == 14
    assert sum(len(found.members) for found in BOOK.lists.values()) == 394


def test_every_slug_used_anywhere_is_a_mineral_of_the_book() -> None:
    slugs = set(BOOK.minerals)
    for found in BOOK.lists.values():
        for member in found.members:
            assert member.covers, member
            assert set(member.covers) <= slugs, member
    for group in BOOK.groups.values():
        assert group
        assert group <= slugs
    for name in ("production.csv", "figures.csv", "imports.csv", "names.csv"):
        assert {row["slug"] for row in rows(name)} <= slugs
    assert {rank.slug for rank in BOOK.canada_supplies} - {None} <= slugs


def test_every_mineral_has_a_french_and_a_spanish_name() -> None:
    for mineral in BOOK.minerals.values():
        assert set(mineral.names) == {"fr", "es"}, mineral.slug


def test_groups_of_the_lists_have_their_members() -> None:
    assert BOOK.groups["pgm"] == {"platinum", "palladium", "rhodium", "iridium", "ruthenium"}
    assert len(BOOK.groups["rare_earths"]) == 15
    assert BOOK.groups["rare_earths"] == BOOK.groups["rare_earths_light"] | BOOK.groups["rare_earths_heavy"]
    assert {"lithium", "cobalt", "nickel", "graphite"} <= BOOK.groups["battery"]
    assert "battery" in BOOK.editorial_groups
    assert "pgm" not in BOOK.editorial_groups


def test_the_eu_strategic_list_covers_only_the_seven_rare_earths_it_names() -> None:
    listed = BOOK.lists["eu-strategic-2024"].minerals & BOOK.groups["rare_earths"]
    assert listed == {"neodymium", "praseodymium", "terbium", "dysprosium", "gadolinium", "samarium", "cerium"}


def test_gold_is_on_none_of_the_lists() -> None:
    assert not [found.slug for found in BOOK.lists.values() if "gold" in found.minerals]


def test_canada_is_named_for_31_commodities_and_no_list_of_13_exists() -> None:
    assert len(BOOK.canada_supplies) == 31
    assert not [found.slug for found in BOOK.lists.values() if len(found.members) == 13 and found.complete]
    assert all(1 <= rank.rank <= 4 for rank in BOOK.canada_supplies)


def test_selenium_import_sources_are_of_one_form_only() -> None:
    imports = BOOK.minerals["selenium"].imports
    assert imports is not None
    assert [item.country for item in imports.sources][:1] == ["Philippines"]
    assert sum(item.percent for item in imports.sources) == 100


def test_manganese_is_priced_per_metric_ton_unit() -> None:
    price = BOOK.minerals["manganese"].newest_price
    assert price is not None
    assert price.unit == "dollars per metric ton unit"


def test_others_come_last_and_producers_fall() -> None:
    for mineral in BOOK.minerals.values():
        for production in mineral.production:
            named = [p.value for p in production.producers if p.value is not None and p.country != OTHERS]
            assert named == sorted(named, reverse=True)
            assert OTHERS not in [p.country for p in production.producers[:-1]]


def test_the_build_script_makes_exactly_these_files(tmp_path: Path) -> None:
    folder = shared("data").parent
    code = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import build_minerals as b; "
        "b.OUT = pathlib.Path(sys.argv[3]); b.build(pathlib.Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(ROOT / "scripts"), str(folder), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (DATA / made.name).read_bytes(), made.name
    assert {made.name for made in tmp_path.iterdir()} == {p.name for p in DATA.iterdir()} - {"names.csv"}


def test_damaged_tables_raise_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.minerals.catalogue.DATA", tmp_path)
    with pytest.raises(DataError, match="reinstall"):
        load.__wrapped__()
