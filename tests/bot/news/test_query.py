"""The alert language: what each form matches, its canonical text, and what is said about mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news import query
from bot.news.document import build
from bot.news.matcher import Matcher
from bot.news.model import Tags
from bot.news.query import MAX_LENGTH, Query, QueryError
from tests.bot.news.alert_kit import KNOWN, documents, headline, parse, queries

if TYPE_CHECKING:
    from bot.news.model import Document

TAGGED = headline(
    "Newmont’s Peñasquito strike lifts gold, silver prices",
    "gold silver",
    "labour supply-disruption",
    "up",
    "NEM",
    "https://www.mining.com/feed/",
)


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("gold etf", "Gold ETF holdings rise", True),
        ("gold etf", "ETF inflows lift gold", True),
        ("gold etf", "Gold rises", False),
        ("gold AND etf", "Gold ETF", True),
        ("gold & etf", "Gold", False),
        ('"central bank"', "Central banks buy", True),
        ('"central bank"', "Bank of central Asia", False),
        ('"central bank', None, False),
        ("“central bank”", "A central bank buys", True),
        ("«central bank»", "A central bank buys", True),
        ("'central bank'", "Bank of central Asia", False),
        ("gold OR silver", "Silver falls", True),
        ("gold | silver", "Silver falls", True),
        ("gold or silver", "Silver falls", True),
        ("gold and silver", "Silver falls", False),
        ("gold silver OR tin", "Tin falls", True),  # AND binds tighter
        ("gold (silver OR tin)", "Tin falls", False),
        ("gold -jewellery", "Gold jewellery demand", False),
        ("gold -jewellery", "Gold demand", True),
        ("gold NOT jewellery", "Gold jewellery demand", False),
        ("gold not jewellery", "Gold demand", True),
        ("gold AND NOT jewellery", "Gold jewellery demand", False),
        ("gold –jewellery", "Gold jewellery demand", False),
        ("gold --jewellery", "Gold jewellery demand", False),
        ("gold NOT -jewellery", "Gold jewellery demand", True),
        ('gold -"north korea"', "North Korea gold", False),
        ('gold -"north korea"', "Korea looks north for gold", True),
        ("gold -(silver OR tin)", "Gold and tin", False),
        ("tariff*", "Tariffs bite", True),
        ("tariff*", "Untariffed", False),
        ("battery*", "Batteries boom", True),
        ('"rate cut*"', "Fed signals rate cuts", True),
        ('"rate cut*"', "Cut-rate", False),
        ("copper-gold", "A copper-gold porphyry", True),
        ("copper-gold", "Gold and copper", False),
        ("GOLD", "gold", True),
        ("gold", "Gold's", True),
        ("gold", "Golden", False),
        ("gold", "Goldman", False),
        ("penasquito", "Peñasquito halts", True),
        ("Peñasquito", "PENASQUITO halts", True),
        ("us tariffs", "U.S. tariff", True),
        ("$4,500", "Gold tops 4500", True),
        ("5%", "Up 5 percent", True),
        ("黄金", "国际黄金价格", True),
        ("黄金", "金黄", False),
        ("ทอง", "ราคาทองคำ", True),
        ("ｇｏｌｄ　（ｅｔｆ　ＯＲ　ｂａｒ）", "Gold bar", True),
        ('"or"', "L'or monte", True),
        ("unobtainium", "Unobtainium found", True),
        ("10:30", "At 10:30 gold fell", True),
        ("S&P", "S&P 500 falls", True),
        ("#gold", "Gold", True),
    ],
)
def test_words(text: str, title: str | None, expected: bool) -> None:
    if title is None:
        with pytest.raises(QueryError):
            parse(text)
    else:
        assert parse(text).matches(headline(title)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mineral:gold", True),
        ("mineral:Au", True),
        ("mineral：gold", True),
        ("MINERAL:Gold", True),
        ("mineral: gold", True),
        ('mineral:"gold"', True),
        ("metal:gold", True),
        ("mineral:copper", False),
        ("mineral:gold,copper", True),
        ("mineral:gold|copper", True),
        ("mineral:(copper OR gold) strike", True),
        ("mineral:(copper tin*)", None),
        ("-mineral:gold strike", False),
        ("mineral:gold (strike OR topic:supply) -chile", True),
        ("topic:supply", True),
        ("topic:deals", False),
        ("direction:up", True),
        ("direction:down", False),
        ("source:mining.com", True),
        ("source:www.mining.com", True),
        ("source:https://www.mining.com/feed", True),
        ("source:mining", True),
        ("source:kitco.com", False),
        ("ticker:NEM", True),
        ("ticker:nem", True),
        ("ticker:NYSE:NEM", True),
        ("ticker:GOLD", False),
        ("list:us-2025", False),
        ("mineral:or", True),  # French for gold, and no operator right after a colon
    ],
)
def test_fields(text: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(QueryError):
            parse(text)
    else:
        assert parse(text).matches(TAGGED) is expected


@pytest.mark.parametrize(
    ("text", "minerals", "expected"),
    [
        ("mineral:pgm", "palladium", True),
        ("mineral:pgm", "gold", False),
        ("mineral:rare_earths", "neodymium", True),
        ("mineral:rare_earths", "rare_earths", True),
        ("mineral:neodymium", "rare_earths", False),
        ("list:us-2025", "copper", True),
        ("list:us-2025 -list:us-2022", "copper", True),
        ("list:us-2025 -list:us-2022", "neodymium", False),
        ("list:canada-2024", "platinum", True),
    ],
)
def test_groups_and_lists(text: str, minerals: str, expected: bool) -> None:
    assert parse(text).matches(headline("…", minerals)) is expected


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("silver  gold", "gold silver"),
        ("gold AND silver AND gold", "gold silver"),
        ("silver OR (gold OR silver)", "gold OR silver"),
        ("((gold))", "gold"),
        ("Mines' batteries", "battery mine"),
        ('"Gold"', "gold"),
        ("gold/or", '"gold or"'),
        ("#or", '"or"'),
        ('"central banks*"', '"central banks*"'),
        ("NOT (silver OR tin) gold", "gold -silver -tin"),
        ("gold NOT (silver tin)", "(-silver OR -tin) gold"),
        ("-chile (strike OR topic:supply) mineral:copper", "(strike OR topic:supply-disruption) mineral:copper -chile"),
        ("b a OR c", "a b OR c"),
        ("mineral:aluminum", "mineral:aluminium"),
        ("source:'Kitco News'", 'source:"kitco news"'),
        ("ticker:TSX:ABX", "ticker:abx"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    assert sorted(parse(text).canonical.split()) == sorted(canonical.split())
    assert parse(text) == parse(canonical)
    assert hash(parse(text)) == hash(parse(canonical))


def test_different_meanings_are_not_equal() -> None:
    assert parse("gold silver") != parse("gold OR silver")
    assert parse("gold") != "gold"


FAULTS = [
    # what is written, what is marked, what the message says, what is suggested
    ("mineral:lithum", "lithum", "unknown mineral `lithum`; did you mean lithium?", "lithium"),
    ("gold mineral：lithum", "lithum", "did you mean lithium?", "lithium"),
    ("mineral:gold,silvr", "silvr", "did you mean silver?", "silver"),
    ('mineral:"rare erth"', "rare erth", "did you mean rare_earths?", "rare_earths"),
    ("mineral:xyzzy", "xyzzy", "known are aluminium", None),
    ("list:us", "us", "did you mean us-2025 or us-2022?", "us-2025"),
    ("topic:price", "price", "did you mean price-move or price-target?", "price-move"),
    ("direction:left", "left", "known are down, flat, up", None),
    ("minral:gold", "minral:", "did you mean mineral:?", "mineral:"),
    ("foo:bar", "foo:", "fields are mineral, list,", None),
    ("TSX:ABX", "TSX:", "for a share write ticker:ABX", "ticker:"),
    ("mineral:", "mineral:", "needs a value", None),
    ("mineral: OR gold", "mineral:", "needs a value", None),
    ("mineral:,", ",", "needs a value", None),
    ("topic:list:us-2025", "list:", "not another field", None),
    ("mineral:gol*", "gol*", "write the whole name", None),
    ("", "", "at least one word", None),
    ("   ", "", "at least one word", None),
    ("gold )", ")", "closes nothing", None),
    ("(gold", "(", "not closed", None),
    ("gold (silver OR (tin)", "(", "not closed", None),
    ("()", "(", "nothing between these brackets", None),
    ('gold "central bank', '"', "not closed", None),
    ('""', '""', "no word", None),
    ("gold OR", "OR", "missing after `OR`", None),
    ("OR gold", "OR", "stands between two terms", '"OR"'),
    ("or", "or", "stands between two terms", '"or"'),
    ("gold AND OR silver", "OR", "stands between two terms", '"OR"'),
    ("gold NOT", "NOT", "missing after `NOT`", None),
    ("gold - silver", "-", "touches the word", None),
    ("gold 🚀", "🚀", "no word", None),
    ("a*", "a*", "at least two letters", None),
    ("go*ld", "go*ld", "at the end of a word", None),
    ("*gold", "*gold", "at the end of a word", None),
    ("-gold", "-gold", "only excludes", None),
    ("gold OR -silver", "gold OR -silver", "only excludes", None),
    ("NOT (gold silver)", "NOT (gold silver)", "only excludes", None),
    ("(" * 30 + "gold" + ")" * 30, "(", "at most 20 deep", None),
    (" ".join(f"w{n}" for n in range(51)), "w50", "at most 50 terms", None),
]


@pytest.mark.parametrize(("text", "marked", "says", "suggestion"), FAULTS, ids=[fault[0][:24] for fault in FAULTS])
def test_faults(text: str, marked: str, says: str, suggestion: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert says in error.message
    assert error.text[error.position : error.position + error.length].strip() == marked
    assert error.suggestion == suggestion


@pytest.mark.parametrize("text", [fault[0] for fault in FAULTS if fault[3]])
def test_a_suggestion_mends_its_fault(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.mended
    try:
        parse(caught.value.mended)
    except QueryError as again:
        assert again.message != caught.value.message  # noqa: PT017 - another fault further on is for the next round


def test_limits() -> None:
    assert parse(" ".join(f"w{n}" for n in range(50)))
    assert parse("(" * 20 + "gold" + ")" * 20).canonical == "gold"
    assert parse("g" * MAX_LENGTH)
    with pytest.raises(QueryError, match="at most 500 characters; this one has 501"):
        parse("g" * (MAX_LENGTH + 1))
    with pytest.raises(QueryError, match="when written out in full"):
        parse("黄" * 400)


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("mineral:lithum x", "mineral:lithum x\n        ^^^^^^"),
        ("黄金 (tin", "黄金 (tin\n     ^"),
        ("e\u0301 (tin", "e\u0301 (tin\n  ^"),
        ("gold\n(tin", "gold (tin\n     ^"),
    ],
)
def test_caret(text: str, picture: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.caret() == picture


def test_caret_of_a_long_query_shows_the_neighbourhood() -> None:
    with pytest.raises(QueryError) as caught:
        parse("gold " * 40 + "mineral:lithum")
    line, marks = caught.value.caret(width=40).split("\n")
    assert len(line) <= 40
    assert line[len(marks) - 6 : len(marks)] == "lithum"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("mineral:gold (strike OR topic:policy) -chile", {"mineral:gold", "strike"}),
        ("price* OR tin", {"price*"}),
        ('"gold silver"', {'"gold silver"'}),
        ("tin", set()),
        ("gold -silver", set()),
    ],
)
def test_explain(text: str, terms: set[str]) -> None:
    assert set(parse(text).explain(TAGGED)) == terms


def test_the_text_as_written_is_kept() -> None:
    assert parse("  Gold  OR Silver ").text == "Gold  OR Silver"


def test_words_alone_need_no_reference_book() -> None:
    def unread() -> object:
        raise AssertionError("the vocabulary was asked for")

    assert query.grammar.read("gold OR tariff*", unread)  # type: ignore[arg-type]


@given(queries, st.lists(documents, max_size=5))
def test_the_canonical_text_means_the_same(one: Query, headlines: list[Document]) -> None:
    again = parse(one.canonical)
    assert again == one
    assert again.canonical == one.canonical
    for document in headlines:
        assert again.matches(document) == one.matches(document)


@given(queries, documents)
def test_an_explanation_is_there_exactly_when_it_matches(one: Query, document: Document) -> None:
    assert bool(one.explain(document)) == one.matches(document)


PIECES = ["gold", "or", "OR", "NOT", "and", "-", "(", ")", '"', "'", "*", ":", "|", ",", " ", " ", "source:", "ticker:",
          "mineral:", "topic:", "é", "黄", "’s", ".com", "/", "1,5", "，", "U.S."]  # fmt: skip


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        one = query.parse(text, KNOWN)
    except QueryError as refused:
        error = refused
    else:
        assert parse(one.canonical) == one
        return
    assert 0 <= error.position <= len(text)
    assert error.message
    assert error.caret().count("\n") == 1
    assert error.caret().endswith("^")


@pytest.mark.parametrize(
    ("alert", "matches"), [("*", True), ("* -gold", False), ("* -tin", True), ("gold OR *", True), ("(* -tin)", True)]
)
def test_a_star_alone_is_every_headline(alert: str, matches: bool) -> None:
    parsed = query.parse(alert)
    shown = build("Gold rises", Tags())
    assert parsed.matches(shown) is matches
    index = Matcher()
    index.add(1, parsed)
    assert bool(index.match(shown)) is matches
    assert query.parse(parsed.canonical) == parsed
