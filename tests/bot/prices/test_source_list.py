"""The operator's file of price sources: what it may say, and how it is told that it is wrong."""

from __future__ import annotations

import json

import pytest

from bot.prices.model import Basis
from bot.prices.source_list import FLOOR, BadSourceList, load


def written(tmp_path, text: str, name: str = "sources.toml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def names(path=None, keys=None):
    return [source.name for source in load(path, keys)]


def test_the_built_in_list_needs_no_key_and_leaves_yahoo_alone():
    assert names() == ["gold-api", "swissquote", "world-bank", "ecb"]


def test_a_key_switches_its_source_on():
    found = {source.name: source for source in load(None, {"goldapi.io": "k"})}
    assert found["goldapi.io"].key == "k"
    assert "metals.dev" not in found


ONE = '[[source]]\nname = "desk"\nurl = "http://127.0.0.1:9/price/XAU"\nmetals = ["gold"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(ONE, ["desk", "gold-api", "swissquote", "world-bank", "ecb"], id="added in front"),
        pytest.param("builtin = false\n" + ONE, ["desk"], id="instead of the built-in ones"),
        pytest.param('off = ["world-bank", "ecb"]', ["gold-api", "swissquote"], id="switched off"),
        pytest.param('on = ["yahoo"]', ["gold-api", "swissquote", "yahoo", "world-bank", "ecb"], id="switched on"),
        pytest.param('order = ["swissquote"]', ["swissquote", "gold-api", "world-bank", "ecb"], id="reordered"),
        pytest.param(
            '[[source]]\nname = "gold-api"\nenabled = false',
            ["swissquote", "world-bank", "ecb"],
            id="a built-in changed",
        ),
        pytest.param("", ["gold-api", "swissquote", "world-bank", "ecb"], id="an empty file changes nothing"),
    ],
)
def test_a_file_changes_the_list(tmp_path, text, expected):
    assert sorted(names(written(tmp_path, text))) == sorted(expected)
    if "desk" in expected or "order" in text:
        assert names(written(tmp_path, text))[0] == expected[0]


def test_json_may_be_a_table_or_the_bare_list(tmp_path):
    one = {"name": "desk", "url": "http://127.0.0.1:9/{symbol}"}
    assert names(written(tmp_path, json.dumps([one]), "a.json")) == ["desk"]
    assert names(written(tmp_path, json.dumps({"builtin": False, "sources": [one]}), "b.json")) == ["desk"]


def test_what_a_template_becomes(tmp_path):
    text = """
builtin = false
[[source]]
name = "desk"
url = "https://prices.example.org/{symbol}?currency={currency}"
metals = {gold = "GC", silver = "SI"}
path = "data.{symbol}.last"
time_path = "data.time"
unit = "g"
currency = "eur"
basis = "futures"
every = 5
timeout = 3
"""
    (source,) = load(written(tmp_path, text))
    made = source.template
    assert (made.unit.code, made.currency, made.basis) == ("g", "EUR", Basis.FUTURES)
    assert dict(made.symbols) == {"gold": "GC", "silver": "SI"}
    assert source.every == FLOOR, "a public source is never asked more often than every 30 seconds"
    assert source.timeout == 3


@pytest.mark.parametrize(
    ("url", "every"),
    [
        ("http://127.0.0.1:8/x", 2.0),
        ("http://localhost/x", 2.0),
        ("http://10.0.0.3/x", 2.0),
        ("http://8.8.8.8/x", FLOOR),
    ],
)
def test_only_a_server_of_ones_own_may_be_asked_faster(tmp_path, url, every):
    text = f'builtin = false\n[[source]]\nurl = "{url}"\nmetal = "gold"\nevery = 2'
    (source,) = load(written(tmp_path, text))
    assert source.every == every


def test_a_built_in_reader_at_another_address(tmp_path):
    text = 'builtin = false\n[[source]]\nname = "near"\nreader = "gold-api"\nurl = "http://127.0.0.1:8/price/{symbol}"'
    (source,) = load(written(tmp_path, text))
    assert source.metals == ("gold", "silver", "platinum", "palladium", "copper")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[source]", "neither TOML nor JSON"),
        ("[1, 2", "neither TOML nor JSON"),
        ("colour = 1", 'unknown key "colour"'),
        ('off = ["nobody"]', 'off names "nobody", which is not a source; there are gold-api'),
        ("off = 3", "off should be a list"),
        ('builtin = "no"', "builtin should be true or false"),
        ("source = 3", "begun by \\[\\[source\\]\\]"),
        ('[[source]]\nname = "a"', 'source "a": url should be'),
        ('[[source]]\nname = "a"\nurl = "file:///etc/passwd"', "http or https"),
        ('[[source]]\nname = "a"\nurl = "http://x.org/"', "metals is missing"),
        (ONE + "colour = 1", 'unknown key "colour"'),
        (ONE + 'path = "a[["', 'cannot be read at "\\[\\["'),
        (ONE + 'unit = "bushel"', "not a unit"),
        (ONE + 'currency = "euros"', "not a currency"),
        (ONE + 'basis = "magic"', "spot, futures or monthly"),
        (ONE + 'every = "often"', "every should be a number of seconds"),
        (ONE + 'bid_path = "bid"', "go together"),
        (ONE + ONE, 'two sources are called "desk"'),
        (ONE.replace("gold", "unobtainium"), "No price is kept"),
        ('[[source]]\nname = "a"\nreader = "nobody"', 'reader "nobody" is not known'),
        ('[[source]]\nname = "a"\nreader = "ecb"\nmetals = ["gold"]', "it has no gold"),
        ('[[source]]\nname = "a,b"\nurl = "http://x.org"', "without commas"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path, text, complaint):
    with pytest.raises(BadSourceList, match=complaint) as caught:
        load(written(tmp_path, text))
    assert "sources.toml" in str(caught.value)
    assert str(caught.value).endswith("See docs/price-sources.md.") or "see docs/price-sources.md" in str(caught.value)


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(BadSourceList, match="check HEADFRAME_PRICE_SOURCES"):
        load(tmp_path / "nowhere.toml")
