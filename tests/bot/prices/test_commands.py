"""What people type about alerts and conversions, and what they are told."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n import use_language
from bot.prices import plausible
from bot.prices.commands import (
    BadCondition,
    already_passed,
    describe_alert,
    parse_condition,
    parse_number,
)
from bot.prices.consensus import agree
from bot.prices.conversion import CannotConvert, convert
from bot.prices.currency import Rates, UnknownCurrency
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import PriceError
from bot.prices.suggest import suggest_values
from bot.prices.units import UnknownUnit, round_price
from tests.bot.prices.conftest import OPEN, a_reading, an_alert

RATES = Rates({"USD": Decimal("1.25"), "JPY": Decimal(200)})
QUOTE = agree(INSTRUMENTS["gold"], [a_reading("4392"), a_reading("4392", "two")], OPEN)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("4500", "4500"), ("4,500", "4500"), ("4,500.50", "4500.50"), ("4.500,50", "4500.50"), ("4 500,5", "4500.5"),
        ("4500,50", "4500.50"), ("4'500", "4500"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("0,5", "0.5"),
        ("61.19", "61.19"), ("61.190", "61.190"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(typed, number):
    assert parse_number(typed) == Decimal(number)


@pytest.mark.parametrize(
    ("metal", "typed", "level", "currency", "unit"),
    [
        ("gold", "4500", "4500", "USD", "oz t"),
        ("gold", "$4,500.50", "4500.50", "USD", "oz t"),
        ("XAU", "140 eur/g", "140", "EUR", "g"),
        ("gold", "€140/g", "140", "EUR", "g"),
        ("gold", "4.5k", "4500", "USD", "oz t"),
        ("gold", "650000 JPY per troy ounce", "650000", "JPY", "oz t"),
        ("copper", "9,800/t", "9800", "USD", "t"),
        ("silver", "61.5 usd", "61.5", "USD", "oz t"),
        ("iron ore", "95", "95", "USD", "t"),
    ],
)
def test_levels_people_type(metal, typed, level, currency, unit):
    found = parse_condition(metal, "above", typed)
    assert (found.level, found.currency, found.unit) == (Decimal(level), currency, unit)


@pytest.mark.parametrize(
    ("typed", "percent", "seconds"),
    [
        ("2%", "2", 3600), ("2", "2", 3600), ("1.5% in 4h", "1.5", 14400), ("1,5 % in 1 day", "1.5", 86400),
        ("±3% within 30 min", "3", 1800), ("5% in a", None, None), ("2%/h", "2", 3600), ("5% in 1 week", "5", 604800),
        ("2% in 24h", "2", 86400), ("2 percent in 60 minutes", "2", 3600),
    ],
)  # fmt: skip
def test_moves_people_type(typed, percent, seconds):
    if percent is None:
        with pytest.raises(BadCondition, match="watched over 15m"):
            parse_condition("silver", "moves", typed)
        return
    found = parse_condition("silver", "moves", typed)
    assert (found.percent, found.window_seconds) == (Decimal(percent), seconds)


@pytest.mark.parametrize(
    ("metal", "condition", "typed", "complaint"),
    [
        ("gold", "above", "lots", "not a price; write it like 4500"),
        ("gold", "above", "", "not a price"),
        ("gold", "above", "0", "above zero"),
        ("gold", "above", "-5", "not a price"),
        ("gold", "above", "4500 EUR/bushel", "not a unit"),
        ("gold", "above", "$4500 EUR", "two currencies"),
        ("gold", "above", "9" * 30, "too many digits"),
        ("gold", "above", "9" * 100, "too long"),
        ("gold", "beside", "4500", "above, below or moves"),
        ("gold", "moves", "0.01%", "between 0.1 % and 50 %"),
        ("gold", "moves", "80%", "between 0.1 % and 50 %"),
        ("gold", "moves", "2% in 3 years", "watched over"),
        ("gold", "moves", "up a bit", "not a move"),
        ("nickel", "moves", "2%", "once a month"),
        ("unobtainium", "above", "5", "No price is kept"),
    ],
)
def test_what_cannot_be_meant_is_explained(metal, condition, typed, complaint):
    with pytest.raises(PriceError, match=complaint):
        parse_condition(metal, condition, typed)


@given(typed=st.text(max_size=90), condition=st.sampled_from(["above", "below", "moves"]))
def test_any_text_is_read_or_refused(typed, condition):
    try:
        found = parse_condition("gold", condition, typed)
    except PriceError:
        return
    assert (found.level or found.percent) > 0


@pytest.mark.parametrize(
    ("condition", "typed", "passed"),
    [
        ("above", "4000", True),
        ("above", "4500", False),
        ("below", "4500", True),
        ("below", "4000", False),
        ("moves", "2%", False),
    ],
)
def test_a_level_already_passed_is_noticed(condition, typed, passed):
    assert already_passed(parse_condition("gold", condition, typed), QUOTE, RATES) is passed


def test_suggestions_are_round_and_lie_beyond_the_price():
    above = suggest_values("gold", "above", "", QUOTE, RATES, "USD", None)
    below = suggest_values("gold", "below", "", QUOTE, RATES, "USD", None)
    assert above[0] == ("4,415.00 USD/oz t (+0.52 %)", "4415 USD/oz t")
    assert all(parse_condition("gold", "above", value).level > 4392 for _label, value in above)
    assert all(parse_condition("gold", "below", value).level < 4392 for _label, value in below)


def test_what_is_typed_comes_first_among_the_suggestions():
    assert suggest_values("gold", "above", "4,512", QUOTE, RATES, "USD", None)[0] == (
        "Gold above 4,512.00 USD/oz t",
        "4,512",
    )
    assert suggest_values("gold", "above", "nonsense", None, RATES, "USD", None) == []


@given(
    typed=st.text(max_size=20),
    metal=st.sampled_from(sorted(INSTRUMENTS)),
    condition=st.sampled_from(["above", "moves"]),
)
def test_every_suggestion_can_be_taken(typed, metal, condition):
    for label, value in suggest_values(metal, condition, typed, QUOTE if metal == "gold" else None, RATES, "EUR", None):
        assert 0 < len(value) <= 100
        assert label
        assert parse_condition(metal, condition, value)


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [("en", 900, "15 minutes"), ("en", 3600, "1 hour"), ("fr", 3600, "1 heure"), ("es", 86400 * 3, "3 días")],
)
def test_a_window_is_written_out_in_the_reader_s_language(language, seconds, said):
    with use_language(language):
        text = describe_alert(an_alert(condition="moves", level=None, percent=Decimal(2), window_seconds=seconds))
    assert text.replace("\N{NO-BREAK SPACE}", " ").endswith(said)


@pytest.mark.parametrize(
    ("condition", "typed", "currency", "unit", "says"),
    [
        pytest.param("above", "4000", "EUR", "g",
                     ["4,000.00 EUR/g is 35 times the present price, 112.96 EUR/g.", "Did you mean `4000 USD/oz t`?",
                      "write its currency and unit: `4000 EUR/g`"], id="dollars an ounce were meant"),
        pytest.param("below", "140", "USD", "oz t",
                     ["140.00 USD/oz t is 1/31 of the present price", "Did you mean `140 USD/g`?"], id="grams"),
        pytest.param("above", "9", "USD", "oz t", ["1/488 of"], id="nothing fits"),
        pytest.param("above", "$4,000", "EUR", "g", ["is 28 times"], id="half written"),
        pytest.param("above", "4000 EUR/g", "USD", "oz t", [], id="written out"),
        pytest.param("above", "20000", "USD", "oz t", [], id="bold, but to be had"),
        pytest.param("moves", "2%", "EUR", "g", [], id="a move has no level"),
    ],
)  # fmt: skip
def test_a_level_far_off_the_price_is_asked_about_unless_it_is_written_out(condition, typed, currency, unit, says):
    parsed = parse_condition("gold", condition, typed, currency=currency, unit=unit)
    plausible.check(parsed, None, RATES)  # without a price nothing can be said
    if not says:
        plausible.check(parsed, QUOTE, RATES)
        return
    with pytest.raises(BadCondition) as refused:
        plausible.check(parsed, QUOTE, RATES)
    assert all(text in str(refused.value) for text in says), str(refused.value)
    written = re.findall(r"`([^`]+)`", str(refused.value))
    for text in written:
        plausible.check(parse_condition("gold", condition, text), QUOTE, RATES)


def test_what_was_meant_is_suggested_before_a_level_far_off():
    found = suggest_values("gold", "above", "4000", QUOTE, RATES, "EUR", "g")
    assert [value for _label, value in found[:2]] == ["4000 USD/oz t", "4000"]


def test_alerts_in_words():
    assert describe_alert(an_alert()) == "Gold above 4,500.00 USD/oz t"
    moves = an_alert(condition="moves", level=None, percent=Decimal(2), window_seconds=3600)
    assert describe_alert(moves) == "Gold moves 2.00 % in 1 hour"


@pytest.mark.parametrize(
    ("amount", "source", "target", "metal", "line"),
    [
        ("10", "oz", "g", None, "10 oz t = 311.03 g"),
        ("10", "usd", "eur", None, "10.00 USD = 8.00 EUR"),
        ("10", "oz", "usd", "gold", "10 oz t Gold = 43,920.00 USD"),
        ("2", "kg", "eur", "XAU", "2 kg Gold = 225,929.73 EUR"),
        ("4392", "usd", "g", "gold", "4,392.00 USD = 31.1 g Gold"),
    ],
)
def test_conversions(amount, source, target, metal, line):
    done = convert(Decimal(amount), source, target, metal, RATES, lambda _slug: QUOTE)
    assert done.line == line


@pytest.mark.parametrize(
    ("source", "target", "metal", "error", "complaint"),
    [
        ("oz", "usd", None, CannotConvert, "choose one"),
        ("oz", "usd", "tin", CannotConvert, "no price of Tin yet"),
        ("bushel", "usd", None, UnknownUnit, "neither a unit nor a currency"),
        ("usd", "chf", None, UnknownCurrency, "CHF is not among"),
    ],
)
def test_conversions_that_cannot_be_made(source, target, metal, error, complaint):
    with pytest.raises(error, match=complaint):
        convert(Decimal(1), source, target, metal, RATES, lambda _slug: None)


@given(amount=st.decimals("0.01", "100000", places=2))
def test_money_to_metal_and_back(amount):
    there = convert(amount, "usd", "g", "gold", RATES, lambda _slug: QUOTE).result
    back = convert(there, "g", "usd", "gold", RATES, lambda _slug: QUOTE).result
    assert round_price(back) == round_price(amount)
