"""Asking the built-in sources over loopback, with the recorded bodies: what they bring, and how each trap ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from bot.prices.consensus import agree
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis, Standing
from bot.prices.polling import Poller
from bot.prices.source_list import load
from tests.bot.prices.priceserver import price_server
from tests.bot.prices.test_sources import sample, yahoo_body

NOW = datetime(2026, 8, 18, 13, 30, tzinfo=UTC)  # the Tuesday morning of the recorded answers

LIST = """
builtin = false
[[source]]
name = "gold-api"
reader = "gold-api"
url = "{url}/gold-api/{{symbol}}"
metals = ["gold"]
[[source]]
name = "swissquote"
reader = "swissquote"
url = "{url}/swissquote/{{symbol}}"
metals = ["gold"]
[[source]]
name = "yahoo"
reader = "yahoo"
url = "{url}/yahoo/{{symbol}}"
metals = ["gold"]
enabled = true
every = 60
"""
SWISS = b'[{"spreadProfilePrices":[{"bid":4391.2,"ask":4392.0}],"ts":%d}]' % (NOW.timestamp() * 1000)
FUTURE = yahoo_body(regularMarketTime=int(NOW.timestamp()))


@pytest.fixture
async def server():
    async with price_server() as made:
        yield made


@pytest.fixture
def poller(server, tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(LIST.format(url=server.url), "utf-8")
    return Poller(load(path), server.get, NOW)


def gold(poller, now=NOW):
    return agree(INSTRUMENTS["gold"], poller.readings("gold"), now)


async def test_the_sources_of_gold_come_in_order_and_futures_stay_beside(server, poller):
    server.say("/gold-api/XAU", sample("gold_api_com_price_XAU_2026-08-18.json"))
    server.say("/swissquote/XAU", SWISS)
    server.say("/yahoo/GC=F", FUTURE)
    await poller.poll(NOW)
    found = gold(poller)
    assert (found.sources, found.basis, found.standing) == (("gold-api", "swissquote"), Basis.SPOT, Standing.AGREED)
    assert found.price == (Decimal("4392.0") + Decimal("4391.6")) / 2
    assert [(reading.source, reading.basis) for reading in found.others] == [("yahoo", Basis.FUTURES)]


async def test_each_source_steps_in_for_the_one_before_it(server, poller):
    server.say("/gold-api/XAU", "gone", 503)
    server.say("/swissquote/XAU", SWISS)
    server.say("/yahoo/GC=F", FUTURE)
    await poller.poll(NOW)
    assert (gold(poller).sources, gold(poller).basis) == (("swissquote",), Basis.SPOT)
    server.say("/swissquote/XAU", b"[]")
    now = NOW
    for _ in range(2):  # twice, until its last word counts no more
        now += timedelta(minutes=2)
        server.say("/yahoo/GC=F", yahoo_body(regularMarketTime=int(now.timestamp())))
        await poller.poll(now)
    assert (gold(poller, now).sources, gold(poller, now).basis) == (("yahoo",), Basis.FUTURES)


TRAPS = [
    pytest.param(451, "binance_451.json", "may not answer where this machine is (451)", id="451"),
    pytest.param(200, "stooq_js_challenge_2026-08-18_truncated.html", "asks for JavaScript", id="a challenge"),
    pytest.param(200, "stooq_rate_limit_body.txt", "Exceeded the daily hits limit", id="a limit told in a 200"),
    pytest.param(200, b"<!doctype html><p>hello", "a web page, not JSON", id="HTML in a 200"),
    pytest.param(200, b'{"status":"ok","symbol":"XAU"}', "price should be a number", id="empty though ok"),
    pytest.param(200, b'{"symbol":"XAU","price":"4,392.00"}', None, id="a quoted string"),
    pytest.param(403, b"no", "it refuses (403)", id="403"),
    pytest.param(404, b"no", "it may have moved", id="404"),
    pytest.param(429, b"slow down", "fewer questions (429)", id="429"),
    pytest.param(500, b"oops", "status 500", id="500"),
]


@pytest.mark.parametrize(("status", "body", "error"), TRAPS)
async def test_a_bad_answer_is_named_and_the_other_source_goes_on(server, poller, status, body, error):
    server.say("/gold-api/XAU", sample(body) if isinstance(body, str) else body, status)
    server.say("/swissquote/XAU", SWISS)
    await poller.poll(NOW)
    (health, *_rest) = poller.health()
    if error is None:
        assert health.error is None
        assert gold(poller).sources == ("gold-api", "swissquote")
        return
    assert error in health.error
    assert (health.last_ok, health.failures) == (None, 1)
    assert gold(poller).sources == ("swissquote",)


async def test_a_failing_source_is_asked_ever_less_often_and_recovers(server, poller):
    server.say("/gold-api/XAU", "busy", 503)
    asked, now = [], NOW
    for _ in range(5 * 60):
        count = server.asked.count("/gold-api/XAU")
        await poller.poll(now)
        if server.asked.count("/gold-api/XAU") > count:
            asked.append(now)
        now += timedelta(minutes=1)
    waits = [(later - sooner) // timedelta(minutes=1) for sooner, later in pairwise(asked)]
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    server.say("/gold-api/XAU", b'{"symbol":"XAU","price":4392}')
    await poller.poll(now + timedelta(hours=1))
    assert (poller.health()[0].error, poller.health()[0].failures) == (None, 0)


async def test_no_source_is_asked_twice_within_its_pace(server, poller):
    server.say("/gold-api/XAU", b'{"symbol":"XAU","price":4392}')
    for second in range(0, 300, 5):
        await poller.poll(NOW + timedelta(seconds=second))
    assert server.asked.count("/gold-api/XAU") == 5, "once a minute"


async def test_a_source_that_never_answers_is_given_up_after_its_own_time(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('builtin=false\n[[source]]\nname="slow"\nurl="http://127.0.0.1:1/x"\nmetal="gold"\ntimeout=1\n')
    given = []

    async def get(_url, _headers, seconds):
        given.append(seconds)
        await asyncio.Event().wait()

    poller = Poller(load(path), get, NOW)
    await poller.poll(NOW)
    assert given == [1.0]
    assert poller.health()[0].error == "no answer within 1 s"
