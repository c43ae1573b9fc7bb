"""A news page without a feed: its list is found, read by the accepted rule, and missed when it goes."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import page, parse
from bot.feeds.model import FaultKind, FeedError

URL = "https://mines.example/news"


def html(count: int = 12, first: int = 0, block: str = "article") -> str:
    menu = "".join(f'<li><a href="/section/{n}">A long section name, number {n}</a></li>' for n in range(15))
    cards = "".join(
        f'<{block} class="card c{n}"><a href="/news/{1000 + n}/gold-strikes-again"><img src="/i/{n}.jpg"></a>'
        f'<h3 class="title"><a href="/news/{1000 + n}/gold-strikes-again?utm_source=home">'
        f"Miner number {n} strikes gold in Nevada</a></h3><p>Summary of story {n}.</p>"
        f'<span class="date">November {n % 20 + 1}, 2026</span>'
        f'<a href="/news/{1000 + n}/gold-strikes-again">Read more</a>'
        f"</{block}>"
        for n in range(first, first + count)
    )
    return (
        f"<html><head><title>News - Mines</title></head><body><nav><ul>{menu}</ul></nav>"
        f'<div class="list">{cards}</div><footer><a href="/legal/terms-and-conditions">Terms and conditions of use</a>'
        "</footer></body></html>"
    )


def rule() -> page.Rule:
    return page.propose(html(), URL)[0].rule


def test_the_list_of_headlines_is_proposed_and_previewed() -> None:
    best = page.propose(html(), URL)[0]
    assert best.rule.blocks == 12
    assert best.preview[0][0] == "Miner number 0 strikes gold in Nevada"
    assert best.preview[0][1].startswith("https://mines.example/news/1000/")
    assert len(best.preview) == 5


def test_a_page_without_a_list_proposes_nothing() -> None:
    assert page.propose("<html><body><p>One <a href='/a'>single link of some length</a></p></body></html>", URL) == []


def test_an_accepted_rule_reads_the_page_through_the_common_parser() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    feed = parse.parse(html(first=3).encode(), url=URL, rule=rule().dumps(), now=now)
    assert (feed.kind, feed.title, feed.total) == ("page", "News - Mines", 12)
    first = feed.entries[0]
    assert first.title == "Miner number 3 strikes gold in Nevada"
    assert first.summary == "Summary of story 3."
    assert first.image == "https://mines.example/i/3.jpg"
    assert first.published == datetime(2026, 11, 4, tzinfo=UTC)


DRIFTED = {
    "the list is gone": "<html><body><p>Welcome to our new site</p></body></html>",
    "other markup": html(block="section"),
    "hardly any left": html(count=2),
}


@pytest.mark.parametrize("body", DRIFTED.values(), ids=DRIFTED.keys())
def test_drift_is_a_fault_and_not_silence(body: str) -> None:
    with pytest.raises(FeedError) as caught:
        page.parse(body, rule=rule(), url=URL)
    assert caught.value.fault.kind is FaultKind.NOT_A_FEED
    assert "has changed" in caught.value.fault.detail


def test_other_texts_in_the_same_place_are_drift() -> None:
    assert page.drifted(page.Rule("a", 10, 40), ["x" * 200] * 10)
    assert page.drifted(page.Rule("a", 10, 40), ["x" * 50] * 8) is None


@pytest.mark.parametrize("stored", ["", "{}", "[]", '{"css": "a, script", "blocks": 1, "length": 1}', "null"])
def test_a_rule_that_is_not_ours_is_refused(stored: str) -> None:
    with pytest.raises(FeedError):
        page.Rule.loads(stored)


def test_a_rule_survives_storage() -> None:
    assert page.Rule.loads(rule().dumps()) == rule()
    assert json.loads(rule().dumps())["blocks"] == 12


@given(st.binary(max_size=300))
def test_no_page_raises_anything_but_drift(body: bytes) -> None:
    page.propose(body, URL)
    with contextlib.suppress(FeedError):
        page.parse(body, rule=rule(), url=URL)
