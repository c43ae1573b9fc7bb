"""Whatever bytes a server sends, and whatever a stored request holds, a fetch ends in time with exactly one outcome."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds.cadence import freshness
from bot.feeds.challenge import looks_like_feed, recognise
from bot.feeds.faults import of_status, parse_retry_after
from bot.feeds.fetch import Fetcher
from bot.feeds.guard import Guard, parse_networks
from bot.feeds.model import Fetched, FetchRequest
from tests.feedserver import FeedServer, Reply

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LOOPBACK = parse_networks("127.0.0.0/8")
HTTP_WORDS = st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 301 M\r\n", b"HTTP/1.0 403 X\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/2 200\r\n", b"Location: ", b"/feed", b"http://", b"//[", b"Content-Length: ", b"5", b"-1",
    b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n", b"\r\n",
    b"\r\n\r\n", b"\n", b": ", b"0\r\n\r\n", b"5\r\n<rss>\r\n", b"<rss/>", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
    b"ETag: ", b"\xff\xfe", b"Retry-After: ", b"Connection: close\r\n",
])  # fmt: skip
answers = st.lists(HTTP_WORDS | st.binary(max_size=20), max_size=25).map(b"".join)


def one_outcome(got: Fetched) -> bool:
    return [got.fault is not None, got.not_modified, got.body is not None].count(True) == 1


async def fetch_once(reply: Reply, request: FetchRequest | None = None) -> Fetched:
    async with (
        FeedServer() as server,
        Fetcher(Guard(LOOPBACK), user_agent="fuzz", total_seconds=3, max_bytes=10_000) as fetcher,
    ):
        server.script["/feed"] = reply
        fields = request or FetchRequest("")
        return await fetcher.fetch(replace(fields, url=server.url()))


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


@given(answers)
@settings(CALM, max_examples=150)
def test_any_answer_is_one_outcome(data: bytes) -> None:
    got = asyncio.run(fetch_once(Reply(raw=data, close=True)))
    assert one_outcome(got)
    assert got.fault is None or 0 < len(got.fault.detail) < 300


@given(st.builds(FetchRequest, st.just(""), *[st.none() | st.text(max_size=40)] * 3))
@settings(CALM, max_examples=60)
def test_any_stored_validators_are_harmless(request_fields: FetchRequest) -> None:
    got = asyncio.run(fetch_once(Reply(body=b"<rss/>"), request_fields))
    assert got.body == b"<rss/>", got


@given(st.text(max_size=80))
@settings(CALM, max_examples=200)
def test_any_address_is_one_outcome(url: str) -> None:
    async def refuse(*_: object) -> list[object]:
        raise OSError("no name server in this test")

    async def run() -> Fetched:
        async with Fetcher(Guard(lookup=refuse), user_agent="fuzz") as fetcher:  # type: ignore[arg-type]
            return await fetcher.fetch(FetchRequest(url))

    assert asyncio.run(run()).fault is not None


NAMES = ["retry-after", "cache-control", "expires", "date", "age", "content-type", "server"]
headers = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40))


@given(
    st.integers(100, 599),
    headers,
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    st.text(max_size=30),
)
@CALM
def test_judging_never_raises(status: int, head: dict[str, str], body: bytes, url: str) -> None:
    of_status(status, head, NOW)
    parse_retry_after(head.get("retry-after"), NOW)
    looks_like_feed(body)
    recognise(f"https://a.com/{url}", status, head, body)
    assert freshness(head, NOW) >= 0
