"""Finding a mineral from what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import use_language
from bot.minerals import search
from bot.minerals.catalogue import load
from bot.minerals.model import UnknownMineralError

TYPED = [
    ("alumnium", "aluminium"),
    ("aluminum", "aluminium"),
    ("Pt", "platinum"),
    ("pt", "platinum"),
    ("AU", "gold"),
    ("wolfram", "tungsten"),
    ("Tungstène", "tungsten"),
    ("yellowcake", "uranium"),
    ("U3O8", "uranium"),
    ("moly", "molybdenum"),
    ("coltan", "tantalum"),
    ("columbium", "niobium"),
    ("nickle", "nickel"),
    ("lithum", "lithium"),
    ("palladum", "palladium"),
    ("galium", "gallium"),
    ("graphit", "graphite"),
    ("met coal", "metallurgical_coal"),
    ("rare earths", "rare_earths"),
    ("rare_earths", "rare_earths"),
    ("REE", "rare_earths"),
    ("sulphur", "sulfur"),
    ("quicksilver", "mercury"),
    ("cuivre", "copper"),
    ("plomb", "lead"),
    ("étain", "tin"),
    ("etain", "tin"),
    ("estaño", "tin"),
    ("mineral de hierro", "iron_ore"),
    ("plata", "silver"),
    ("ｇｏｌｄ", "gold"),
    ("  gold  ", "gold"),
    ("spodumene", "lithium"),
    ("lith", "lithium"),
    ("sele", "selenium"),
    ("borax", "boron"),
    ("phosphorus", "phosphate_rock"),
    ("caesium", "cesium"),
]


@pytest.mark.parametrize(("typed", "slug"), TYPED, ids=[typed for typed, _ in TYPED])
def test_what_people_type_lands(typed: str, slug: str) -> None:
    assert search.find(typed).slug == slug


@pytest.mark.parametrize("slug", sorted(load().minerals))
def test_every_name_symbol_and_slug_finds_its_mineral(slug: str) -> None:
    mineral = load().minerals[slug]
    assert search.find(slug) is mineral
    assert search.find(mineral.name) is mineral
    for language in ("fr", "es"):
        assert search.find(mineral.names[language]).names[language] == mineral.names[language]


def test_a_symbol_shared_by_no_other_mineral_finds_its_element() -> None:
    for mineral in load().minerals.values():
        same = [m for m in load().minerals.values() if m.symbol == mineral.symbol]
        if mineral.symbol and len(same) == 1:
            assert search.find(mineral.symbol) is mineral


def test_nothing_near_is_an_error_that_says_what_to_try() -> None:
    with pytest.raises(UnknownMineralError, match="Try a name"):
        search.find("zzzzzz")


def test_a_doubtful_name_is_answered_with_suggestions() -> None:
    with pytest.raises(UnknownMineralError) as caught:
        search.find("gadlum")
    assert "gadolinium" in caught.value.suggestions


def test_an_empty_text_offers_the_first_25_by_name() -> None:
    labels = [label for label, _ in search.choices("")]
    assert len(labels) == 25
    assert labels == sorted(labels, key=str.casefold)


def test_a_choice_says_which_name_matched() -> None:
    assert ("Uranium (U) · yellowcake", "uranium") in search.choices("yellow")


def test_choices_speak_the_reader_s_language() -> None:
    with use_language("fr"):
        assert search.choices("copper")[0] == ("Cuivre (Cu) · Copper", "copper")


@given(st.text(max_size=150))
def test_any_text_yields_at_most_25_valid_choices(text: str) -> None:
    found = search.choices(text)
    assert len(found) <= 25
    assert len({slug for _, slug in found}) == len(found)
    assert all(1 <= len(label) <= 100 and slug in load().minerals for label, slug in found)


@given(st.text(max_size=150))
def test_any_text_finds_a_mineral_or_raises_a_short_error(text: str) -> None:
    found: object = None
    try:
        found = search.find(text)
    except UnknownMineralError as error:
        found = str(error) if len(str(error)) < 400 else None
    assert found is not None
