"""What the pages say, figure by figure."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import LANGUAGES, use_language
from bot.minerals import pages, places, price_units, tables, weekly, wording
from bot.minerals.catalogue import load
from bot.minerals.content import Line, Page, as_markdown, as_text
from bot.minerals.model import Code, Figure, Source
from bot.minerals.places import CODES
from bot.minerals.policy_page import policy_page

BOOK = load()
SOURCE = Source("A table", "https://example.org/t", 7)


def built(slug: str, page: str) -> str:
    mineral = BOOK.minerals[slug]
    made = {
        "overview": lambda: pages.overview(BOOK, mineral),
        "supply": lambda: pages.supply_page(mineral),
        "policy": lambda: policy_page(BOOK, mineral),
        "market": lambda: pages.market_page(mineral),
    }
    return as_text(made[page]())


SAID = [
    ("graphite", "overview", "On critical lists: United States 2025 (since 2018) · Canada 2024 (since 2021)"),
    ("graphite", "overview", "Canada: number 2 among the main US import sources"),
    ("gold", "overview", "On critical lists: none of those carried here"),
    ("gold", "overview", "Not on: United States 2025 · Canada 2024"),
    ("gold", "overview", "US import reliance 2025: less than half of one percent"),
    ("gold", "overview", "🍁 Canada 27%"),
    ("gold", "supply", "World output 2025: 3,300 t (estimate), mine production"),
    ("gold", "market", "2025: 3,300 (estimate), US dollars per troy ounce"),
    ("copper", "supply", "World output 2025: 23 million t (estimate)"),
    ("platinum", "supply", "World output 2025: 170,000 kg (estimate)"),
    ("gallium", "supply", "1. China: 99% · 900,000 kg"),
    ("gallium", "supply", "Concentration (HHI): 9,804; highly concentrated"),
    ("graphite", "supply", "China’s share: 78%"),
    ("graphite", "supply", "Concentration (HHI): at least 6,114; highly concentrated"),
    ("gold", "supply", "Concentration (HHI): at least 455; too much output is unnamed"),
    ("lithium", "supply", "of published output only; highly concentrated"),
    ("germanium", "supply", "Source: USGS Mineral Commodity Summaries 2026, table T7"),
    ("rare_earths", "policy", "listed as: Rare earth elements group"),
    ("lithium", "supply", "No figure published for: United States."),
    ("coal", "supply", "USGS publishes no figure for coal."),
    ("metallurgical_coal", "supply", "USGS publishes no figure for metallurgical coal."),
    ("neodymium", "supply", "USGS publishes no figure for neodymium alone; see rare earths"),
    ("germanium", "supply", "it names China as the leading producer"),
    ("uranium", "supply", "1. Kazakhstan: 39% · 23,270 t U"),
    ("uranium", "supply", "Source: World Nuclear Association"),
    ("uranium", "supply", "Only the three leading countries are carried here."),
    ("uranium", "policy", "What changed: removed in United States 2022"),
    ("uranium", "policy", "What changed: added in United States 2025"),
    ("copper", "policy", "What changed: added in United States 2025"),
    ("rhodium", "policy", "listed as: Platinum group metals"),
    ("gold", "policy", "United Kingdom: 2024 (2024-11-28) not confirmed"),
    ("magnesium", "market", "US import reliance 2025: >75% (estimate)"),
    ("molybdenum", "market", "US import reliance 2025: net exporter"),
    ("thallium", "market", "US import reliance 2025: not available"),
    ("phosphate_rock", "market", "Peru >99%"),
    ("manganese", "market", "US dollars per metric ton unit"),
    ("salt", "market", "USGS publishes no annual price for salt."),
]


@pytest.mark.parametrize(("slug", "page", "text"), SAID, ids=[f"{s}-{p}-{n}" for n, (s, p, _) in enumerate(SAID)])
def test_the_page_says(slug: str, page: str, text: str) -> None:
    assert text in built(slug, page)


@pytest.mark.parametrize("slug", sorted(BOOK.minerals))
def test_every_page_with_a_figure_names_its_source(slug: str) -> None:
    mineral = BOOK.minerals[slug]
    if mineral.production:
        assert "Source: " in built(slug, "supply")
    if mineral.prices or mineral.reliance:
        assert "Source: " in built(slug, "market")
    assert "Source: " in built(slug, "policy")


@pytest.mark.parametrize("page", ["overview", "supply", "policy", "market"])
def test_no_page_holds_the_marks_of_missing_data(page: str) -> None:
    for slug in BOOK.minerals:
        text = built(slug, page)
        assert not re.search(r"\bNone\b|\bnan\b|E\+\d|\{|\}", text), (slug, text)


def test_nothing_speaks_of_a_list_of_thirteen() -> None:
    for slug in BOOK.minerals:
        assert not re.search(r"\bthe 13\b|\b13 minerals\b", built(slug, "overview") + built(slug, "policy"))


UNITS = [
    ("380", "metric tons", "380 t"),
    ("1.5", "metric tons", "1.5 t"),
    ("23000", "thousand metric tons", "23 million t"),
    ("280", "thousand metric tons", "280,000 t"),
    ("1900", "million metric tons", "1,900 million t"),
    ("440000", "thousand metric dry tons", "440 million dry t"),
    ("900000", "kilograms", "900,000 kg"),
    ("2000000", "kilograms", "2,000,000 kg"),
    ("69000", "thousands of carats", "69 million carats"),
    ("38", "million carats", "38 million carats"),
    ("190", "million cubic meters", "190 million m³"),
    ("60213", "tonnes U", "60,213 t U"),
]


@pytest.mark.parametrize(("value", "unit", "shown"), UNITS, ids=[f"{v} {u}" for v, u, _ in UNITS])
def test_quantities_are_scaled_but_not_converted(value: str, unit: str, shown: str) -> None:
    from decimal import Decimal

    assert wording.quantity(Decimal(value), unit) == shown


def test_every_unit_and_country_of_the_tables_is_known() -> None:
    for mineral in BOOK.minerals.values():
        for production in mineral.production:
            assert production.unit in wording._SCALE
            for producer in production.producers:
                assert producer.country in CODES or producer.country == "Other countries"
        for figure in mineral.prices:
            assert wording.price_unit(figure.unit).startswith("US ")


@pytest.mark.parametrize(
    ("name", "language", "shown"),
    [
        ("Congo (Kinshasa)", "en", "DR Congo"),
        ("Korea, Republic of", "en", "South Korea"),
        ("Germany", "fr", "Allemagne"),
        ("Germany", "es", "Alemania"),
        ("Turkey", "en", "Turkey"),
        ("Turkey", "fr", "Turquie"),
        ("China, Germany, and Russia", "en", "China, Germany, and Russia"),
    ],
)
def test_countries_in_the_reader_s_language(name: str, language: str, shown: str) -> None:
    with use_language(language):
        assert places.country(name) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        (Code.EXACT, 75, "75%"),
        (Code.ABOVE, 75, ">75%"),
        (Code.BELOW, 25, "<25%"),
        (Code.NET_EXPORTER, None, "net exporter"),
        (Code.SMALL, None, "less than half of one percent"),
        (Code.NOT_AVAILABLE, None, "not available"),
        (Code.WITHHELD, None, "withheld by USGS to protect company data"),
    ],
)
def test_codes_in_words(code: Code, value: int | None, shown: str) -> None:
    from decimal import Decimal

    number = None if value is None else Decimal(value)
    assert wording.reliance(Figure(number, code, "percent", 2025, True, "", SOURCE)) == shown


def test_markdown_shows_the_text_letter_for_letter() -> None:
    page = Page("# *a*", (Line("b_c_", "`d` [e](f) <@1>"), Line("", "- g"), Line("", "h", sub=True)), (SOURCE,))
    assert as_markdown(page).split("\n") == [
        r"## \# \*a\*",
        r"**b\_c\_**: \`d\` \[e\](f) \<@1>",
        r"\- g",
        "-# h",
        "-# Source: [A table](<https://example.org/t>), line 7",
    ]


def test_source_lines_are_joined_into_runs() -> None:
    sources = tuple(Source("A table", "https://example.org/t", line) for line in (9, 7, 8, 12, 7))
    assert as_text(Page("t", (), sources)).endswith("Source: A table <https://example.org/t>, lines 7–9, 12")


@given(st.integers(-500, 5000))
def test_a_week_always_has_a_mineral_with_figures_and_sources(week: int) -> None:
    post = weekly.mineral_of_the_week(week)
    assert BOOK.minerals[post.slug].production
    assert len(post.sections) == 5
    assert all(section.lines for section in post.sections)


def test_no_mineral_of_the_week_returns_before_all_had_their_turn() -> None:
    told = [mineral for mineral in BOOK.minerals.values() if mineral.production]
    assert len({weekly.pick(week).slug for week in range(len(told))}) == len(told)


def test_weeks_begin_on_monday_and_never_start_anew() -> None:
    from datetime import date

    assert weekly.week_of(date(2026, 11, 22)) + 1 == weekly.week_of(date(2026, 11, 23))
    assert weekly.week_of(date(2026, 12, 31)) == weekly.week_of(date(2027, 1, 3))


@pytest.mark.parametrize("language", LANGUAGES)
def test_comparison_holds_every_fact_of_both(language: str) -> None:
    with use_language(language):
        page = tables.compare(BOOK, BOOK.minerals["lithium"], BOOK.minerals["coal"])
        assert len(page.lines) == 9
        one, two = (wording.name(BOOK.minerals[slug]) for slug in ("lithium", "coal"))
        for line in page.lines:
            nothing, first, second = line.text.split("\n")
            assert nothing == ""
            assert first.startswith(wording.labelled(one, "")), "each value stands on its mineral's own line"
            assert second.startswith(wording.labelled(two, ""))
        written = as_markdown(page).splitlines()
        label = page.lines[2].label
        assert written[written.index(f"**{label}**" + wording.labelled("", "\n").strip("\n")) + 1].startswith(one)


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (("copper", "nickel"), ["about 10,580 US dollars per metric ton (published: 480 US cents per pound) (estimate)",
                                "15,000 US dollars per metric ton (estimate), 2025"]),
        (("gold", "copper"), ["about 106,100 US dollars per kilogram (published: 3,300 US dollars per troy ounce)",
                              "about 10.58 US dollars per kilogram (published: 480 US cents per pound)"]),
        (("lithium", "nickel"), ["9,000 US dollars per metric ton (estimate)", "15,000 US dollars per metric ton"]),
        (("gold", "coal"), ["3,300 US dollars per troy ounce (estimate), 2025", "not published"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_prices_are_compared_in_one_unit_and_the_published_figure_stays(pair: tuple[str, str], says: list[str]) -> None:
    one, two = (BOOK.minerals[slug] for slug in pair)
    page = tables.compare(BOOK, one, two)
    told = next(line.text for line in page.lines if line.label == "Annual average price").strip().split("\n")
    for text, expected in zip(told, says, strict=True):
        assert expected in text
    published = {mineral.newest_price.source for mineral in (one, two) if mineral.newest_price}
    assert published <= set(page.sources)


def test_prices_that_are_no_mass_or_no_figure_stay_as_published() -> None:
    assert price_units.common("dollars per ton", "dollars per metric ton") is None, "which ton is not said"
    assert price_units.common("dollars per metric ton unit", "dollars per pound") is None
    span = Figure(None, Code.RANGE, "dollars per kilogram", 2025, False, "", SOURCE, "890-1000")
    assert price_units.compared(span, "dollars per metric ton").startswith("about 890,000–1,000,000 US dollars per")
    unknown = Figure(None, Code.NOT_AVAILABLE, "dollars per pound", 2025, False, "", SOURCE, "")
    assert price_units.compared(unknown, "dollars per metric ton") == "not available US dollars per pound, 2025"


def test_what_the_publisher_says_in_english_only_is_called_so() -> None:
    with use_language("fr"):
        label, text = pages.overview(BOOK, BOOK.minerals["copper"]).lines[1].label, BOOK.minerals["copper"].uses
        assert (label, text) == ("Usages (en anglais)", "Wiring and cables")
        notes = [line.text for line in pages.supply_page(BOOK.minerals["lithium"]).lines if line.sub]
        assert notes[0] == "non divulgué\u00a0: États-Unis"
    assert pages.overview(BOOK, BOOK.minerals["copper"]).lines[1].label == "Uses"
