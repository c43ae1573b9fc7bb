"""Every card of the reference fits Discord, in every page and language, and its text is safe."""

from __future__ import annotations

from typing import Any

import pytest

from bot.i18n import LANGUAGES, use_language
from bot.minerals import supply_chart, tables
from bot.minerals.catalogue import load
from bot.minerals.content import as_markdown
from bot.minerals.pages import PAGES
from bot.preview.check_components import message as check_components
from bot.preview.wire import Form
from cogs.ui import mineral_buttons, mineral_card
from cogs.ui.mineral_card import Drawn

BOOK = load()


def refusals(components: list[dict[str, Any]]) -> object:
    form = Form()
    check_components(form, components, v2=True)
    return form.errors


def texts(node: Any) -> list[str]:
    if isinstance(node, list):
        return [text for item in node for text in texts(item)]
    own = [node["content"]] if node.get("type") == 10 else []
    return own + texts(node.get("components", []))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_card_fits_discord(page: str, language: str) -> None:
    stories = ["- [" + "W" * 500 + "](<https://example.org/" + "a" * 400 + ">)"] * 12
    with use_language(language):
        for mineral in BOOK.minerals.values():
            plan = supply_chart.plan(mineral) if page == "supply" else None
            chart = Drawn(b"", plan.alt) if plan else None
            view = mineral_card.card(
                BOOK, mineral, page, price_line="USD 4,112.30 per oz t", stories=stories, chart=chart
            )
            components = view.to_components()
            assert not refusals(components), mineral.slug
            assert view.content_length() <= 4000, mineral.slug
            assert view.total_children_count <= 40, mineral.slug
            if page != "news":  # nothing was cut away, except from the absurd news above
                whole = mineral_card.page_markdown(BOOK, mineral, page, price_line="USD 4,112.30 per oz t")
                assert texts(components) == [whole]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_of_every_list_fits_discord(language: str) -> None:
    with use_language(language):
        made = [(("list", slug, ""), tables.listing(BOOK, slug)) for slug in tables.list_titles(BOOK)]
        made += [(("list", "", group), tables.listing(BOOK, None, group)) for group in BOOK.groups]
        made += [(("diff", one, two), tables.editions(BOOK, one, two)) for one in BOOK.lists for two in BOOK.lists]
        made += [(("risk", slug, ""), tables.risks(BOOK, slug)) for slug in BOOK.lists]
        made += [(("risk", "", ""), tables.risks(BOOK)), (("list", "", ""), tables.listing(BOOK))]
        for address, table in made:
            for screen in range(table.screens):
                view = mineral_card.text_view(as_markdown(table.screen(screen)))
                minerals = [BOOK.minerals[slug] for slug in table.minerals(screen)]
                mineral_buttons.add_table_controls(view.children[0], table, minerals, address, screen)
                components = view.to_components()
                assert not refusals(components), (address, screen)
                assert view.content_length() < 4000, (address, screen)


def test_comparisons_fit_discord() -> None:
    minerals = list(BOOK.minerals.values())
    for one in minerals:
        for two in minerals[::9]:
            assert mineral_card.text_view(as_markdown(tables.compare(BOOK, one, two))).content_length() < 3900


def test_the_news_page_cuts_no_headline_in_two() -> None:
    stories = [f"- [{n}{'W' * 900}](<https://example.org/{n}>)" for n in range(9)]
    lines = mineral_card.news_markdown(BOOK.minerals["gold"], stories).split("\n")
    assert lines[1:] == stories[: len(lines) - 1]
    assert len(lines) > 3


def test_a_mineral_without_stories_says_so() -> None:
    assert "No story about coal yet." in mineral_card.news_markdown(BOOK.minerals["coal"], [])


def test_a_live_price_takes_the_place_of_the_quoting_unit() -> None:
    with_price = mineral_card.page_markdown(BOOK, BOOK.minerals["gold"], "market", price_line="USD 4,112.30")
    without = mineral_card.page_markdown(BOOK, BOOK.minerals["gold"], "market")
    assert "**Price now**: USD 4,112.30" in with_price
    assert "Price now" not in without
    assert "**Quoted in**: USD/oz t" in without


def test_custom_ids_parse_back_to_what_they_were_made_from() -> None:
    for mineral in BOOK.minerals:
        for what in (*PAGES, "alert", *(f"share-{page}" for page in PAGES)):
            button = mineral_buttons.MineralButton(mineral, what)
            match = button.template.fullmatch(button.custom_id)
            assert match is not None
            assert (match["slug"], match["what"]) == (mineral, what)
            assert len(button.custom_id) <= 100
    for first in (*tables.list_titles(BOOK), ""):
        for second in (*BOOK.groups, *BOOK.lists, ""):
            table_button = mineral_buttons.TableButton("list", first, second, 12)
            match = table_button.template.fullmatch(table_button.custom_id)
            assert match is not None
            assert (match["first"], match["second"], match["screen"]) == (first, second, "12")
            assert len(table_button.custom_id) <= 100


def test_a_shared_card_offers_no_sharing() -> None:
    ids = str(mineral_card.card(BOOK, BOOK.minerals["gold"], "supply", shared=True).to_components())
    assert "share-" not in ids
    assert "mineral:gold:alert" in ids
