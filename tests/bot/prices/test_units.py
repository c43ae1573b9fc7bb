"""Units, currencies and how prices are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import use_language
from bot.prices.commands import parse_number
from bot.prices.currency import Rates, UnknownCurrency, parse_currency
from bot.prices.instruments import INSTRUMENTS, UnknownMetal, instrument
from bot.prices.units import (
    UNITS,
    UnknownUnit,
    convert_mass,
    convert_price,
    format_percent,
    format_price,
    parse_unit,
    round_price,
)
from tests.corpus import shared

PRICES = st.decimals("0.0001", "1000000", places=4)
UNIT = st.sampled_from(sorted(UNITS))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("oz", "oz t"), ("toz", "oz t"), (" Troy  Ounce ", "oz t"), ("g", "g"), ("Grams", "g"), ("KG", "kg"),
        ("lbs", "lb"), ("($/mt)", "t"), ("$/dmtu", "t"), ("tonne", "t"), ("ton", "st"), ("tola", "tola"),
        ("oz t", "oz t"),
    ],
)  # fmt: skip
def test_units_people_and_sources_write(text, code):
    assert parse_unit(text).code == code


def test_every_unit_is_read_by_its_code():
    """A suggestion's value is the code: an ounce chosen as avoirdupois must not come back as a troy one."""
    assert {code: parse_unit(code) for code in UNITS} == UNITS


@pytest.mark.parametrize("text", ["", "bushel", "x" * 100])
def test_an_unknown_unit_says_which_there_are(text):
    with pytest.raises(UnknownUnit, match="oz t, g, kg"):
        parse_unit(text)


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        ("1", "oz t", "g", "31.1034768"),
        ("1", "lb", "g", "453.59237"),
        ("1", "t", "kg", "1000"),
        ("1", "st", "lb", "2000"),
        ("1", "lt", "lb", "2240"),
        ("32.15", "g", "g", "32.15"),
        ("8", "tola", "oz t", "3"),
    ],
)
def test_mass_converts_exactly(amount, source, target, expected):
    assert convert_mass(Decimal(amount), UNITS[source], UNITS[target]) == Decimal(expected)


def test_a_gram_price_becomes_an_ounce_price():
    # goldapi.io's recorded answer of 2026-03-16 gives both: 5019.315 an ounce and 161.3747 a gram.
    assert round_price(convert_price(Decimal("5019.315"), UNITS["oz t"], UNITS["g"])) == Decimal("161.37")
    assert convert_price(Decimal(100), UNITS["g"], UNITS["oz t"]) == Decimal("3110.34768")


def test_a_copper_price_per_pound_becomes_one_per_tonne():
    assert round_price(convert_price(Decimal("6.10"), UNITS["lb"], UNITS["t"])) == Decimal("13448.20")


@given(price=PRICES, one=UNIT, other=UNIT)
def test_there_and_back_is_the_same_price(price, one, other):
    there = convert_price(price, UNITS[one], UNITS[other])
    back = convert_price(there, UNITS[other], UNITS[one])
    assert abs(back - price) <= price * Decimal("1e-32")


@given(amount=PRICES, price=PRICES, one=UNIT, other=UNIT)
def test_the_value_of_a_lump_does_not_depend_on_the_unit(amount, price, one, other):
    value = amount * price
    again = convert_mass(amount, UNITS[one], UNITS[other]) * convert_price(price, UNITS[one], UNITS[other])
    assert abs(again - value) <= value * Decimal("1e-26")


RATES = Rates({"USD": Decimal("1.1614"), "JPY": Decimal("179.20"), "GBP": Decimal("0.85740")})


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        ("1.1614", "USD", "EUR", "1"),
        ("1", "EUR", "USD", "1.1614"),
        ("179.20", "JPY", "GBP", "0.85740"),
        ("5", "USD", "USD", "5"),
    ],
)
def test_currencies_convert_through_the_euro(amount, source, target, expected):
    found = RATES.convert(Decimal(amount), source, target)
    assert abs(found - Decimal(expected)) < Decimal("1e-30")


def test_without_rates_only_the_dollar_is_known():
    assert Rates().per_dollar() == {"USD": Decimal(1)}
    with pytest.raises(UnknownCurrency, match="use USD"):
        Rates().convert(Decimal(1), "USD", "EUR")
    with pytest.raises(UnknownCurrency, match="XXX is not among"):
        RATES.convert(Decimal(1), "USD", "XXX")


@pytest.mark.parametrize(("text", "code"), [("eur", "EUR"), ("€", "EUR"), (" Canadian dollar", "CAD"), ("$", "USD")])
def test_currencies_people_write(text, code):
    assert parse_currency(text) == code


@pytest.mark.parametrize("text", ["", "e", "euros please", "12a"])
def test_what_is_no_currency(text):
    with pytest.raises(UnknownCurrency):
        parse_currency(text)


@pytest.mark.parametrize(
    ("price", "written"),
    [
        ("4392", "4,392.00 USD/oz t"),
        ("13448.2048", "13,448.20 USD/oz t"),
        ("6.1", "6.1000 USD/oz t"),
        ("0.00982", "0.009820 USD/oz t"),
    ],
)
def test_a_price_is_written_one_way(price, written):
    assert format_price(Decimal(price), "USD", UNITS["oz t"]) == written


@pytest.mark.parametrize(
    ("fraction", "written"),
    [("0.0082", "+0.82 %"), ("-0.0082", "−0.82 %"), ("0", "0.00 %"), ("-0.00001", "0.00 %"), ("12.5", "+1,250.00 %")],
)
def test_percent_is_written_one_way(fraction, written):
    assert format_percent(Decimal(fraction)) == written


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("gold", "gold"),
        ("XAU", "gold"),
        ("Aluminum", "aluminium"),
        ("iron ore", "iron_ore"),
        ("HG", "copper"),
        ("oro", "gold"),
    ],
)
def test_metals_people_write(text, slug):
    assert instrument(text).slug == slug


def test_an_unknown_metal_says_which_there_are():
    with pytest.raises(UnknownMetal, match="gold, silver"):
        instrument("unobtainium")


def test_every_instrument_is_a_mineral_of_the_reference():
    text = shared("data", "minerals_facts.csv").read_text("utf-8")
    slugs = {line.split(",")[0] for line in text.splitlines()[1:]}
    assert set(INSTRUMENTS) <= slugs


@pytest.mark.parametrize(
    ("language", "price", "small", "percent", "zero"),
    [
        ("en", "43,920.10 USD/oz t", "0.0512 USD", "−1,234.50 %", "0.00 %"),
        ("fr", "43\u202f920,10 USD/oz t", "0,0512 USD", "−1\u202f234,50 %", "0,00 %"),
        ("es", "43.920,10 USD/oz t", "0,0512 USD", "−1.234,50 %", "0,00 %"),
    ],
)
def test_figures_have_the_separators_of_the_language(
    language: str, price: str, small: str, percent: str, zero: str
) -> None:
    with use_language(language):
        shown = format_price(Decimal("43920.1"), "USD", UNITS["oz t"])
        assert shown == price
        assert parse_number(shown.partition(" USD")[0]) == Decimal("43920.10"), "and they can be typed that way"
        assert format_price(Decimal("0.0512"), "USD") == small
        assert format_percent(Decimal("-12.345")) == percent
        assert format_percent(Decimal(0)) == zero
