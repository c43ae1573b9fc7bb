"""The fetcher against a server that records what it was asked: manners, redirects, statuses and limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.feeds.fetch import Fetcher, user_agent
from bot.feeds.guard import Guard, parse_networks
from bot.feeds.model import FaultKind, Fetched, FetchRequest
from tests.feedserver import CODINGS, FeedServer, Recorded, Reply, conditional, redirect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = b"<?xml version='1.0'?><rss><channel><title>Zinc</title></channel></rss>"
AGENT = user_agent("1.2.3", "https://example.org/bot")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LOOPBACK = parse_networks("127.0.0.0/8, ::1/128")


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        running.script["/feed"] = Reply(body=BODY)
        yield running


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(Guard(LOOPBACK), user_agent=AGENT, max_bytes=100_000, now=lambda: NOW) as running:
        yield running


async def get(fetcher: Fetcher, server: FeedServer, path: str = "/feed", **fields: str) -> Fetched:
    got = await fetcher.fetch(FetchRequest(server.url(path), **fields))
    assert [got.fault is not None, got.not_modified, got.body is not None].count(True) == 1
    return got


# --- manners


async def test_the_first_request_is_plain_and_says_who_asks(fetcher: Fetcher, server: FeedServer) -> None:
    got = await get(fetcher, server)
    assert (got.status, got.body, got.moved_to, got.fault) == (200, BODY, None, None)
    (request,) = server.requests
    names = {name.lower() for name, _ in request.headers}
    assert names == {"host", "user-agent", "accept", "accept-encoding"}
    assert request.header("User-Agent") == "Headframe/1.2.3 (feed reader; +https://example.org/bot)"
    assert {"gzip", "br", "zstd"} <= {part.strip() for part in (request.header("Accept-Encoding") or "").split(",")}


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (None, "Headframe/1 (feed reader)"),
        ("", "Headframe/1 (feed reader)"),
        ("ops@example.org", "Headframe/1 (feed reader; ops@example.org)"),
        ("https://example.org", "Headframe/1 (feed reader; +https://example.org)"),
        ("a\r\nEvil: 1 (é)", "Headframe/1 (feed reader; aEvil: 1 ())"),
    ],
)
def test_the_user_agent(contact: str | None, expected: str) -> None:
    assert user_agent("1", contact) == expected


@pytest.mark.parametrize(
    "etag",
    ['"abc"', 'W/"abc"', "abc", '"a b"', '"a""b"', "W/abc", '"ü-tag"', '"x-gzip"', "'x'", "\"{'k': 1}\"", "*", '""'],
)
async def test_validators_go_back_byte_for_byte(fetcher: Fetcher, server: FeedServer, etag: str) -> None:
    stamp = "Mon, 23 Nov 2026 9:5:00 +0000 (odd)"
    server.script["/feed"] = Reply(200, {"ETag": etag, "Last-Modified": stamp}, BODY)
    first = await get(fetcher, server)
    assert (first.etag, first.last_modified) == (etag, stamp)
    server.script["/feed"] = Reply(304, {"ETag": etag})
    second = await get(fetcher, server, etag=etag, last_modified=stamp)
    assert second.not_modified
    assert server.requests[1].header("If-None-Match") == etag
    assert server.requests[1].header("If-Modified-Since") == stamp


async def test_a_validator_that_is_not_text_is_not_sent_back(fetcher: Fetcher, server: FeedServer) -> None:
    """Latin-1 bytes cannot be stored and returned as they came; asking unconditionally is the honest way."""
    server.script["/feed"] = Reply(200, {"ETag": '"caf\udce9"'}, BODY)
    assert (await get(fetcher, server)).etag is None


async def test_a_stored_validator_cannot_smuggle_headers(fetcher: Fetcher, server: FeedServer) -> None:
    await get(fetcher, server, etag='"a"\r\nX-Evil: 1', last_modified="x\x00y", user_agent="a\nb")
    names = {name.lower() for name, _ in server.requests[0].headers}
    assert names == {"host", "user-agent", "accept", "accept-encoding"}


async def test_a_304_nobody_asked_for_is_a_fault(fetcher: Fetcher, server: FeedServer) -> None:
    server.script["/feed"] = Reply(304)
    got = await get(fetcher, server)
    assert got.fault is not None
    assert got.fault.kind is FaultKind.HTTP


async def test_no_cookie_and_no_referer_ever(server: FeedServer) -> None:
    """Asked by name, since no client keeps cookies for a bare address."""
    server.script["/a"] = Reply(302, {"Location": "/feed", "Set-Cookie": "sid=1; Path=/"})
    async with Fetcher(Guard(LOOPBACK), user_agent=AGENT) as fetcher:
        for _ in range(2):
            await fetcher.fetch(FetchRequest(server.url("/a", host="localhost")))
    assert len(server.requests) == 4
    for request in server.requests:
        assert request.header("Cookie") is None
        assert request.header("Referer") is None


@pytest.mark.parametrize(
    "target",
    ["/feed?a=b+c&d=%20&e=%2F&f", "/feed?x=[1]|{2}", "/feed/%E4%B8%AD/a%2Fb;p=1", "/feed?%zz=%", "/feed//a/./b/../c"],
)
async def test_the_address_is_sent_exactly_as_given(fetcher: Fetcher, server: FeedServer, target: str) -> None:
    await get(fetcher, server, target)
    assert [request.target for request in server.requests] == [target]


async def test_the_operators_user_agent_is_sent_for_that_feed_alone(fetcher: Fetcher, server: FeedServer) -> None:
    await get(fetcher, server, user_agent="Other/1")
    await get(fetcher, server)
    assert [request.header("User-Agent") for request in server.requests] == ["Other/1", AGENT]


async def test_a_proxy_in_the_environment_is_not_used(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with Fetcher(Guard(LOOPBACK), user_agent=AGENT) as fetcher:
        assert (await get(fetcher, server)).fault is None


@pytest.mark.parametrize("coding", CODINGS)
async def test_compressed_bodies(fetcher: Fetcher, server: FeedServer, coding: str) -> None:
    server.script["/feed"] = Reply(body=BODY, coding=coding)
    assert (await get(fetcher, server)).body == BODY


async def test_repeated_headers(fetcher: Fetcher, server: FeedServer) -> None:
    server.script["/feed"] = Reply(
        200, [("Cache-Control", "public"), ("Cache-Control", "max-age=9"), ("ETag", '"1"')], BODY
    )
    assert (await get(fetcher, server)).headers["cache-control"] == "public, max-age=9"


# --- redirects


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [((301,), True), ((308,), True), ((301, 308), True), ((302,), False), ((307,), False), ((303,), False),
     ((301, 302), False), ((302, 301), False), ((301, 301, 301, 308, 301), True)],
)  # fmt: skip
async def test_only_an_unbroken_permanent_chain_moves(
    fetcher: Fetcher, server: FeedServer, statuses: tuple[int, ...], permanent: bool
) -> None:
    for number, status in enumerate(statuses):
        server.script[f"/{number}"] = redirect(f"/{number + 1}", status)
    server.script[f"/{len(statuses)}"] = conditional(BODY)
    final = server.url(f"/{len(statuses)}")
    for etag in ("", '"v1"'):
        got = await get(fetcher, server, "/0", etag=etag)
        assert got.url == final
        assert got.moved_to == (final if permanent else None)
        assert got.not_modified is bool(etag)


async def test_a_chain_that_ends_in_an_error_moves_nothing(fetcher: Fetcher, server: FeedServer) -> None:
    server.script["/old"] = redirect("/gone", 301)
    got = await get(fetcher, server, "/old")
    assert (got.moved_to, got.status) == (None, 404)


@pytest.mark.parametrize(
    ("name", "location", "kind"),
    [
        ("to itself", "/r", FaultKind.REDIRECTS),
        ("to itself with a fragment", "/r#x", FaultKind.REDIRECTS),
        ("nowhere", "", FaultKind.HTTP),
        ("another scheme", "ftp://127.0.0.1/", FaultKind.REFUSED),
        ("a host that is none", "http://[/", FaultKind.CONNECT),
        ("a header's worth of noise", "http://127.0.0.1:1/" + "a" * 5000, FaultKind.REFUSED),
    ],
)
async def test_redirects_that_lead_nowhere(
    fetcher: Fetcher, server: FeedServer, name: str, location: str, kind: FaultKind
) -> None:
    server.script["/r"] = redirect(location, 302)
    got = await get(fetcher, server, "/r")
    assert got.fault is not None
    assert got.fault.kind is kind


async def test_endless_redirects_stop_after_five(fetcher: Fetcher, server: FeedServer) -> None:
    def on_and_on(request: Recorded) -> Reply:
        return redirect(f"/r?n={len(server.requests)}", 301)

    server.script["/r"] = on_and_on
    got = await get(fetcher, server, "/r")
    assert got.fault is not None
    assert got.fault.kind is FaultKind.REDIRECTS
    assert len(server.requests) == 6


async def test_a_relative_and_a_non_ascii_location(fetcher: Fetcher, server: FeedServer) -> None:
    server.script["/a/b"] = redirect("../x/ü?q=é", 302)
    server.script["/x/%C3%BC"] = Reply(body=BODY)
    assert (await get(fetcher, server, "/a/b")).body == BODY
    assert server.requests[1].target == "/x/%C3%BC?q=%C3%A9"


# --- forms


async def test_post_sends_a_form(fetcher: Fetcher, server: FeedServer) -> None:
    server.script["/hub"] = Reply(202)
    got = await fetcher.post(server.url("/hub"), {"hub.mode": "subscribe", "hub.topic": "http://a/b?c=d&e"})
    assert (got.status, got.fault, got.body) == (202, None, b"")
    assert server.requests[0].body == b"hub.mode=subscribe&hub.topic=http%3A%2F%2Fa%2Fb%3Fc%3Dd%26e"
    assert server.requests[0].method == "POST"
    for status in (302, 304, 400, 404):
        server.script["/hub"] = Reply(status, {"Location": "/x"})
        assert (await fetcher.post(server.url("/hub"), {})).fault is not None
    assert (await fetcher.post("http://10.0.0.1/", {})).fault is not None
