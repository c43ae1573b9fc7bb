"""Each source's good and bad answers, most of them recorded (shared/data/price_samples/PROVENANCE.md)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prices.model import Basis
from bot.prices.sources import ecb, gold_api, keyed, swissquote, template, world_bank, yahoo
from bot.prices.sources.base import BadAnswer, Request, load_json, moment
from bot.prices.sources.path import BadPath, follow, parse_path
from bot.prices.sources.xlsx import MAX_UNPACKED
from bot.prices.units import UNITS, round_price
from tests.bot.prices.xlsx_file import build, pink_sheet
from tests.corpus import shared

NOW = datetime(2026, 10, 10, 12, 0, tzinfo=UTC)


def sample(name: str) -> bytes:
    return shared("data", "price_samples", name).read_bytes()


def ask(metal: str = "gold") -> Request:
    return Request("http://127.0.0.1/", (metal,))


@pytest.mark.parametrize(
    ("parse", "name", "price", "as_of"),
    [
        (gold_api.parse, "gold_api_com_price_XAU_2026-08-18.json", "4392.0", "2026-08-18T13:29:35+00:00"),
        (gold_api.parse, "gold_api_com_price_XAU_2026-07-03.json", "4165.200195", "2026-07-03T16:08:54+00:00"),
        (gold_api.parse, "gold_api_com_old_shape.json", "1934.56", "2026-01-05T11:59:00+00:00"),
        (swissquote.parse, "swissquote_XAUUSD_2026-10-06_fixture.json", "4161.025", "2026-10-06T16:28:08+00:00"),
        (keyed.goldapi_parse, "goldapi_io_XAU_USD_2026-03-16.json", "5019.315", "2026-03-16T11:25:07+00:00"),
        (keyed.metalpriceapi_parse, "metalpriceapi_latest_documented.json", "1856.906765", NOW.isoformat()),
    ],
)
def test_recorded_answers_are_read(parse, name, price, as_of):
    (found,) = parse(ask(), sample(name), NOW, "source").readings
    assert (found.price, found.basis, found.metal) == (Decimal(price), Basis.SPOT, "gold")
    assert found.as_of == datetime.fromisoformat(as_of)


def test_swissquote_keeps_bid_and_ask():
    (found,) = swissquote.parse(ask(), sample("swissquote_XAUUSD_2026-10-06_fixture.json"), NOW, "s").readings
    assert (found.bid, found.ask) == (Decimal("4160.696"), Decimal("4161.354"))


def test_metals_dev_is_read_in_the_unit_it_names():
    block = json.loads(sample("metals_dev_metals_block_unit_g.json"), parse_float=str)
    for unit, expected in (("g", "2741.94"), ("toz", "88.16")):
        body = json.dumps({"status": "success", "currency": "USD", "unit": unit, "metals": block}).encode()
        parsed = keyed.metals_dev_parse(Request("", ("gold", "silver")), body, NOW, "m")
        assert [reading.metal for reading in parsed.readings] == ["gold", "silver"]
        assert round_price(parsed.readings[0].price) == Decimal(expected)


YAHOO = {"symbol": "GC=F", "currency": "USD", "instrumentType": "FUTURE", "regularMarketPrice": 4448.4,
         "regularMarketTime": 1787059182}  # fmt: skip


def yahoo_body(**changes) -> bytes:
    return json.dumps({"chart": {"result": [{"meta": YAHOO | changes}], "error": None}}).encode()


def test_yahoo_is_labelled_futures():
    (found,) = yahoo.parse(ask(), yahoo_body(), NOW, "y").readings
    assert (found.price, found.basis) == (Decimal("4448.4"), Basis.FUTURES)
    assert found.as_of == datetime.fromtimestamp(1787059182, UTC)


def gold(**changes) -> bytes:
    return json.dumps({"currency": "USD", "symbol": "XAU", "price": 4392.0} | changes).encode()


SWISS_WIDE = b'[{"spreadProfilePrices":[{"bid":1,"ask":3}],"ts":1}]'
BAD = [
    (gold_api.parse, "stooq_js_challenge_2026-08-18_truncated.html", "asks for JavaScript"),
    (gold_api.parse, "stooq_rate_limit_body.txt", "Exceeded the daily hits limit"),
    (gold_api.parse, "exchangerate_host_missing_key.json", "not supplied an API Access Key"),
    (gold_api.parse, "binance_451.json", "price should be a number"),
    (swissquote.parse, "swissquote_XAUUSD_2026-08-18_truncated.txt", "not JSON"),
    (yahoo.parse, "yahoo_chart_GC=F_2026-08-18_truncated.txt", "not JSON"),
    (keyed.metalpriceapi_parse, "apilayer_live_USDXAU_trap.json", "base USD"),
    (keyed.metals_dev_parse, "metals_dev_metals_block_unit_g.json", "asked for USD"),
    (ecb.parse, "gold_api_com_price_XAU_2026-08-18.json", "ECB's XML"),
    (gold_api.parse, b"", "empty"),
    (gold_api.parse, b"<html><body>hello", "a web page"),
    (gold_api.parse, b"[]", "JSON object"),
    (gold_api.parse, gold(price=0), "above zero"),
    (gold_api.parse, gold(price=-5), "above zero"),
    (gold_api.parse, gold(price="n/a"), "should be a number"),
    (gold_api.parse, gold(price=True), "should be a number"),
    (gold_api.parse, gold(price=None), "should be a number"),
    (gold_api.parse, b'{"symbol":"XAU","price":NaN}', "not JSON"),
    (gold_api.parse, b'{"symbol":"XAU","price":1e999}', "more digits"),
    (gold_api.parse, b'{"symbol":"XAU","price":' + b"9" * 5000 + b"}", "not JSON"),
    (gold_api.parse, b"[" * 100_000, "not JSON"),
    (gold_api.parse, gold(symbol="XAG"), "asked for XAU, got XAG"),
    (gold_api.parse, gold(currency="EUR"), "asked for USD, got EUR"),
    (gold_api.parse, gold(error="try later"), "try later"),
    (swissquote.parse, b"[]", "holds no price"),
    (swissquote.parse, b'[{"spreadProfilePrices":[]}]', "holds no price"),
    (swissquote.parse, b'[{"spreadProfilePrices":[{"bid":5,"ask":4}]}]', "bid is above the ask"),
    (swissquote.parse, SWISS_WIDE, "too far apart"),
    (yahoo.parse, yahoo_body(currency="EUR"), "currency should be USD"),
    (yahoo.parse, yahoo_body(symbol="SI=F"), "symbol should be GC=F"),
    (yahoo.parse, b'{"chart":{"result":null,"error":{"description":"No data"}}}', "No data"),
    (keyed.metalpriceapi_parse, b'{"base":"USD","rates":{"XAU":0.0005,"USDXAU":0.0005}}', "inverse"),
    (keyed.metalpriceapi_parse, b'{"base":"USD","rates":{"USDXAU":1856.9}}', "none of the metals"),
    (ecb.parse, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "ECB's XML"),
    (ecb.parse, b"<x/>", "no day of rates"),
    (world_bank.parse, b"<html>moved</html>", "not a spreadsheet"),
    (world_bank.parse, build([["x"]], "Other sheet"), "no sheet Monthly Prices"),
    (world_bank.parse, build([["x"]]), "no row of commodity names"),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "body", "complaint"), BAD)
def test_bad_answers_say_what_came_instead(parse, body, complaint):
    if isinstance(body, str):
        body = sample(body)
    with pytest.raises(BadAnswer, match=complaint):
        parse(ask(), body, NOW, "source")


@given(body=st.binary(max_size=200))
def test_no_bytes_make_a_reader_fall(body):
    for parse in (gold_api.parse, swissquote.parse, yahoo.parse, ecb.parse, keyed.metals_dev_parse, world_bank.parse):
        with pytest.raises(BadAnswer):
            parse(ask(), body, NOW, "source")


KEYS = st.sampled_from(["price", "symbol", "chart", "result", "meta", "rates", "base", "XAU", "spreadProfilePrices"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON)
def test_no_json_makes_a_reader_fall(value):
    body = json.dumps(value).encode()
    for parse in (
        gold_api.parse,
        swissquote.parse,
        yahoo.parse,
        keyed.metals_dev_parse,
        keyed.goldapi_parse,
        keyed.metalpriceapi_parse,
    ):
        try:
            found = parse(ask(), body, NOW, "source")
        except BadAnswer:
            continue
        assert all(reading.price > 0 for reading in found.readings)


def test_the_ecb_file_is_units_per_euro():
    parsed = ecb.parse(ask("fx"), sample("ecb_eurofxref_daily_2026-09-08_excerpt.xml"), NOW, "ecb")
    assert parsed.rates == {
        "USD": Decimal("1.1614"), "JPY": Decimal("179.20"), "CHF": Decimal("0.9425"), "GBP": Decimal("0.85740")
    }  # fmt: skip
    assert parsed.rates_day == datetime(2026, 9, 8, tzinfo=UTC)


def test_the_pink_sheet_gives_the_newest_month_of_each_metal():
    request = Request("", ("aluminium", "iron_ore", "copper", "coal", "potash", "tin"))
    parsed = world_bank.parse(request, pink_sheet(), NOW, "world-bank")
    found = {reading.metal: reading for reading in parsed.readings}
    assert found.keys() == {"aluminium", "iron_ore", "copper", "coal", "potash"}
    assert all(reading.basis is Basis.MONTHLY for reading in found.values())
    assert (found["iron_ore"].price, found["iron_ore"].as_of) == (Decimal(101), datetime(2026, 9, 1, tzinfo=UTC))
    # Copper's September is "…": August stands. The sheet's $/t is kept per pound, copper's home unit.
    assert found["copper"].as_of == datetime(2026, 8, 1, tzinfo=UTC)
    assert round_price(found["copper"].price) == Decimal("6.1000")
    assert len([row for row in parsed.history if row[0] == "coal"]) == 3


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused():
    bomb = build([["x"]], extra=b"\0" * (MAX_UNPACKED + 1))
    with pytest.raises(BadAnswer, match="unpacks to more"):
        world_bank.parse(ask("copper"), bomb, NOW, "w")


# --- templates ---


def read(body: bytes, per_dollar=None, **changes):
    values = {"url": "http://127.0.0.1/{symbol}", "symbols": {"gold": "XAU"}} | changes
    made = template.Template(**values)
    (request,) = template.requests(made)
    (found,) = template.parse(made, request, body, NOW, "desk", per_dollar or {"USD": Decimal(1)}).readings
    return found


@pytest.mark.parametrize(
    ("name", "changes", "price"),
    [
        pytest.param("gold_api_com_price_XAU_2026-08-18.json", {}, "4392.00", id="the default path"),
        pytest.param(
            "goldprice_org_dbXRates_USD,CNY_2020-07-09.json",
            {"path": "items[curr=USD].xauPrice"},
            "1803.46",
            id="picked by currency, not by place",
        ),
        pytest.param(
            "twelvedata_time_series_XAUUSD_2026-10-06.json",
            {"path": "values.0.close"},
            "4162.10",
            id="quoted as a string",
        ),
        pytest.param(
            "apilayer_live_USDXAU_trap.json",
            {"path": "quotes.USD{symbol}", "inverse": True},
            "2222.22",
            id="ounces per dollar",
        ),
        pytest.param(
            "nbp_gold_last.json",
            {"path": "$[0].cena", "unit": UNITS["g"], "currency": "PLN"},
            "4370.07",
            id="zloty per gram",
        ),
        pytest.param(
            "metals_dev_metals_block_unit_g.json",
            {"path": "{metal}", "unit": UNITS["g"]},
            "2741.94",
            id="dollars per gram",
        ),
        pytest.param(
            "swissquote_XAUUSD_2026-10-06_fixture.json",
            {"path": None, "bid_path": "0.spreadProfilePrices.0.bid", "ask_path": "0.spreadProfilePrices.0.ask"},
            "4161.02",
            id="bid and ask",
        ),
    ],
)
def test_templates_read_the_recorded_shapes(name, changes, price):
    found = read(sample(name), {"USD": Decimal(1), "PLN": Decimal("3.7293")}, **changes)
    assert round_price(found.price) == Decimal(price)


@pytest.mark.parametrize(
    ("body", "changes", "complaint"),
    [
        (b'{"data":{}}', {"path": "data.price"}, 'no "price"'),
        (b'{"items":[{"curr":"CNY"}]}', {"path": "items[curr=USD].x"}, "no item has curr=USD"),
        (b'{"items":[]}', {"path": "items.3"}, "no item 3"),
        (b'{"price":5}', {"path": "price.deeper"}, "ends before"),
        (b'{"price":5}', {"currency": "PLN"}, "no exchange rate"),
    ],
)
def test_templates_say_where_the_path_ends(body, changes, complaint):
    with pytest.raises(BadAnswer, match=complaint):
        read(body, **changes)


def test_one_url_serves_several_metals():
    made = template.Template(
        url="http://127.0.0.1/all?key={key}", symbols={"gold": "XAU", "silver": "XAG"}, path="{symbol}", key="k"
    )
    (request,) = template.requests(made)
    assert request.url == "http://127.0.0.1/all?key=k"
    parsed = template.parse(made, request, b'{"XAU": 4000, "XAG": "60.5"}', NOW, "desk", {"USD": Decimal(1)})
    assert {reading.metal: reading.price for reading in parsed.readings} == {
        "gold": Decimal(4000),
        "silver": Decimal("60.5"),
    }


@pytest.mark.parametrize("path", ["a..", "a[", "a[x", '"open'])
def test_a_path_that_cannot_be_read_says_so(path):
    with pytest.raises(BadPath, match="cannot be read"):
        parse_path(path)


def test_quoted_keys_may_hold_dots():
    assert follow({"a.b": {"c": "1"}}, parse_path('"a.b".c'), "") == "1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-10T11:59:00Z", NOW - timedelta(minutes=1)),
        ("2026-10-10 11:59:00", NOW - timedelta(minutes=1)),
        (Decimal(1791633540), NOW - timedelta(minutes=1)),
        (Decimal(1791633540123), NOW - timedelta(minutes=1)),
        ("1791633540", NOW - timedelta(minutes=1)),
        ("a few seconds ago", NOW),
        (None, NOW),
        (Decimal(0), NOW),
        ("1970-01-01T00:00:00Z", NOW),
        ("2031-01-01T00:00:00Z", NOW),
    ],
)
def test_the_times_sources_give(value, expected):
    assert moment(value, NOW) == expected


def test_numbers_are_exact():
    assert load_json(b'{"price": 0.1}') == {"price": Decimal("0.1")}
