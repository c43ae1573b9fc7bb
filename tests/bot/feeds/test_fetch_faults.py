"""The fetcher against servers that refuse, stall, break off, lie or explode: a fault of the right kind, in time."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.feeds.fetch import Fetcher, user_agent
from bot.feeds.guard import Guard, parse_networks
from bot.feeds.model import FaultKind, Fetched, FetchRequest
from bot.feeds.politeness import HostGate
from tests.feedserver import CODINGS, FeedServer, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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


# --- statuses

STATUSES = {
    400: FaultKind.HTTP, 401: FaultKind.FORBIDDEN, 402: FaultKind.HTTP, 403: FaultKind.FORBIDDEN, 404: FaultKind.HTTP,
    410: FaultKind.GONE, 418: FaultKind.HTTP, 429: FaultKind.RATE_LIMITED, 451: FaultKind.HTTP, 500: FaultKind.HTTP,
    502: FaultKind.HTTP, 503: FaultKind.HTTP, 504: FaultKind.HTTP, 521: FaultKind.HTTP, 204: FaultKind.HTTP,
    206: FaultKind.HTTP, 300: FaultKind.HTTP, 304: FaultKind.HTTP, 305: FaultKind.HTTP, 599: FaultKind.HTTP,
}  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_statuses(fetcher: Fetcher, server: FeedServer, status: int, kind: FaultKind) -> None:
    """Whatever the body says: an error page that is XML is still an error."""
    server.script["/feed"] = Reply(status, body=b"" if status in {204, 304} else BODY)
    got = await get(fetcher, server)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.status, got.status) == (kind, status, status)
    assert got.fault.detail.endswith(".")
    assert str(status) in got.fault.detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("1.5", 2), ("Mon, 23 Nov 2026 10:30:00 GMT", 3600), ("-5", None), ("soon", None),
     ("99999999999999999999", 365 * 86400), ("nan", None), ("Fri, 31 Dec 9999 23:59:59 GMT", 365 * 86400)],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after(fetcher: Fetcher, server: FeedServer, status: int, value: str, seconds: int | None) -> None:
    server.script["/feed"] = Reply(status, {"Retry-After": value})
    got = await get(fetcher, server)
    assert got.fault is not None
    assert got.fault.retry_after == (None if seconds is None else NOW + timedelta(seconds=seconds))
    assert (got.fault.kind is FaultKind.RATE_LIMITED) is (status == 429 or seconds is not None)


CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
LOGIN = b"<html><head><title>Log in</title></head><form><input type=password></form></html>"


@pytest.mark.parametrize("status", [200, 403, 429, 503])
@pytest.mark.parametrize(("page", "kind"), [(CHALLENGE, FaultKind.BLOCKED), (LOGIN, FaultKind.LOGIN)])
@pytest.mark.parametrize("coding", [None, "gzip", "br"])
async def test_challenge_and_login_pages(
    fetcher: Fetcher, server: FeedServer, status: int, page: bytes, kind: FaultKind, coding: str | None
) -> None:
    server.script["/feed"] = Reply(status, {"Content-Type": "text/html", "Retry-After": "60"}, page, coding)
    got = await get(fetcher, server)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.status) == (kind, status)
    assert (got.fault.retry_after is not None) is (status != 200)


async def test_an_ordinary_page_is_handed_on(fetcher: Fetcher, server: FeedServer) -> None:
    """Sites are searched for their feeds: HTML is a body."""
    server.script["/"] = Reply(body=b"<html><title>Mining</title><a href=/feed>RSS</a></html>")
    assert (await get(fetcher, server, "/")).body is not None


# --- limits and faults of the network


def fast(**options: object) -> Fetcher:
    return Fetcher(Guard(LOOPBACK), user_agent=AGENT, **{"total_seconds": 0.4, **options})  # type: ignore[arg-type]


HANGS = {
    "no answer": Reply(hold=asyncio.Event()),
    "a body that drips": Reply(chunks=[b"<"] * 10_000, pause=0.05),
    "a body that stops": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<rss>"),
    "headers that never end": Reply(raw=b"HTTP/1.1 200 OK\r\nX-A: b\r\n"),
    "half a status line": Reply(raw=b"HTTP/1."),
}


@pytest.mark.parametrize("reply", HANGS.values(), ids=HANGS.keys())
async def test_slow_servers_are_given_up(server: FeedServer, reply: Reply) -> None:
    server.script["/feed"] = reply
    async with fast() as fetcher:
        got = await get(fetcher, server)
    assert got.fault is not None
    assert got.fault.kind is FaultKind.TIMEOUT


async def test_the_time_limit_is_over_all_hops(server: FeedServer) -> None:
    """Five redirects that each take two fifths of the time: given up, though no single hop is slow."""
    for number in range(5):
        server.script[f"/{number}"] = Reply(302, {"Location": f"/{number + 1}"}, delay=0.16)
    async with fast() as fetcher:
        got = await get(fetcher, server, "/0")
    assert got.fault is not None
    assert got.fault.kind is FaultKind.TIMEOUT
    assert len(server.requests) < 5


async def test_a_dripping_error_page_is_still_its_error(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.feeds.fetch._ERROR_SECONDS", 0.1)
    server.script["/feed"] = Reply(403, chunks=[b"x"] * 10_000, pause=0.02)
    async with fast(total_seconds=20) as fetcher:
        got = await get(fetcher, server)
    assert got.fault is not None
    assert got.fault.kind is FaultKind.FORBIDDEN


def raw(text: str) -> Reply:
    return Reply(raw=text.encode(), close=True)


BROKEN = {
    "closed without a word": (Reply(raw=b"", close=True), FaultKind.CONNECT),
    "not HTTP": (raw("SSH-2.0-OpenSSH_9.6\r\n"), FaultKind.CONNECT),
    "bad chunk size": (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss/>"), FaultKind.CONNECT),
    "huge chunk size": (
        raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n<rss/>"), FaultKind.CONNECT),
    "chunks that stop": (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>"), FaultKind.CONNECT),
    "shorter than announced": (raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss/>"), FaultKind.CONNECT),
    "two lengths": (
        raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>"), FaultKind.CONNECT),
    "length and chunks": (
        raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), FaultKind.CONNECT),
    "a huge header": (raw(f"HTTP/1.1 200 OK\r\nX-A: {'a' * 200_000}\r\n\r\n"), FaultKind.CONNECT),
    "a flood of headers": (
        raw("HTTP/1.1 200 OK\r\n" + "X-A: b\r\n" * 50_000 + "\r\n"), FaultKind.CONNECT),
    "an announced monster": (
        raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<rss>"), FaultKind.TOO_LARGE),
    "a body over the cap": (Reply(body=b"a" * 100_001), FaultKind.TOO_LARGE),
    "an endless body": (Reply(chunks=[b"a" * 65536] * 1000), FaultKind.TOO_LARGE),
    "twice compressed": (Reply(200, {"Content-Encoding": "gzip, gzip"}, BODY), FaultKind.ENCODING),
    "twice compressed, two headers": (
        Reply(200, [("Content-Encoding", "gzip"), ("Content-Encoding", "br")], CODINGS["gzip"](BODY)),
        FaultKind.ENCODING),
    "unknown coding": (Reply(200, {"Content-Encoding": "lzma"}, BODY), FaultKind.ENCODING),
    "mislabelled": (Reply(200, {"Content-Encoding": "br"}, BODY), FaultKind.ENCODING),
    "cut short": (Reply(200, {"Content-Encoding": "gzip"}, CODINGS["gzip"](BODY)[:-4]), FaultKind.ENCODING),
    **{f"a {name} bomb": (Reply(body=bytes(32 << 20), coding=name), FaultKind.TOO_LARGE) for name in CODINGS},
}  # fmt: skip


@pytest.mark.parametrize(("reply", "kind"), BROKEN.values(), ids=BROKEN.keys())
async def test_broken_and_hostile_answers(fetcher: Fetcher, server: FeedServer, reply: Reply, kind: FaultKind) -> None:
    server.script["/feed"] = [reply, reply, Reply(body=BODY)]
    got = await get(fetcher, server)
    assert got.fault is not None
    assert got.fault.kind is kind, got.fault
    server.script["/feed"] = Reply(body=BODY)
    assert (await get(fetcher, server)).body == BODY, "the next fetch is not disturbed"


async def test_faults_before_any_answer(fetcher: Fetcher) -> None:
    refused = await fetcher.fetch(FetchRequest("http://127.0.0.1:1/feed"))
    unknown = await fetcher.fetch(FetchRequest("http://no-such-name.invalid/feed"))
    plain = await fetcher.fetch(FetchRequest("file:///etc/passwd"))
    kinds = [got.fault.kind if got.fault else None for got in (refused, unknown, plain)]
    assert kinds == [FaultKind.CONNECT, FaultKind.DNS, FaultKind.REFUSED]


async def test_plain_http_on_a_tls_address_is_a_tls_fault(fetcher: Fetcher) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        got = await fetcher.fetch(FetchRequest(f"https://127.0.0.1:{port}/feed"))
    assert got.fault is not None
    assert got.fault.kind is FaultKind.TLS


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server context with a certificate that nobody has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command + files + ["-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


async def test_an_unknown_certificate_is_a_tls_fault_and_a_known_one_is_read(
    fetcher: Fetcher, certificate: ssl.SSLContext, tmp_path: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with FeedServer(tls=certificate) as secure:
        secure.script["/feed"] = Reply(body=BODY)
        got = await get(fetcher, secure)
        async with Fetcher(Guard(LOOPBACK), user_agent=AGENT, tls=trusting) as careful:
            read = await get(careful, secure)
    assert got.fault is not None
    assert got.fault.kind is FaultKind.TLS
    assert "certificate" in got.fault.detail
    assert read.body == BODY


async def test_cancellation_passes(server: FeedServer) -> None:
    server.script["/feed"] = Reply(hold=asyncio.Event())
    async with fast(total_seconds=60) as fetcher:
        task = asyncio.create_task(fetcher.fetch(FetchRequest(server.url())))
        await server.wait_for(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_waiting_for_the_hosts_turn_is_not_counted(server: FeedServer) -> None:
    """With one place at the host, the second fetch waits longer than the limit and still succeeds."""
    gate = HostGate(connections=1, interval=0)
    hold = asyncio.Event()
    server.script["/slow"] = Reply(body=BODY, hold=hold)
    async with fast(gate=gate, total_seconds=5, clock=lambda: 0.0) as fetcher:
        first = asyncio.create_task(fetcher.fetch(FetchRequest(server.url("/slow"))))
        await server.wait_for(1)
        second = asyncio.create_task(fetcher.fetch(FetchRequest(server.url())))
        await asyncio.sleep(0)
        assert fetcher.delay(server.url()) >= 0
        assert len(server.requests) == 1
        hold.set()
        assert [(await first).body, (await second).body] == [BODY, BODY]


async def test_two_connections_a_host_and_all_for_the_operators_own(server: FeedServer) -> None:
    hold = asyncio.Event()
    server.script["/slow"] = Reply(body=BODY, hold=hold)
    for gate, most in ((HostGate(interval=0), 2), (None, 10)):
        hold.clear()
        server.most_open = 0
        before = len(server.requests)
        async with fast(gate=gate, total_seconds=20) as fetcher, asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetcher.fetch(FetchRequest(server.url("/slow")))) for _ in range(10)]
            await server.wait_for(before + most)
            hold.set()
        assert all(task.result().body == BODY for task in tasks)
        assert server.most_open == most
