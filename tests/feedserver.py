"""An HTTP/1.1 server on 127.0.0.1 that answers from a script and records every request, to the byte.

It writes its answers itself, so that it can also say what no well-behaved server would: broken chunking, header
floods, bodies that drip or stop. `async with FeedServer() as server: server.script["/feed"] = Reply(body=b"…")`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import brotli  # type: ignore[import-untyped]
from backports import zstd

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: bytes(brotli.compress(body, quality=3)),
    "zstd": lambda body: zstd.compress(body),
}
REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found", 410: "Gone"}


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived. headers: (name as sent, value) in order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float  # the loop's clock

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Reply:
    """One answer. Content-Length is added unless a header, `chunks` or `raw` says otherwise.

    coding: compress the body with it and say so. hold: answer only once it is set. chunks: sent one by one, chunked,
    `pause` seconds apart. raw: these bytes and nothing else. close: end the connection after the answer.
    """

    status: int = 200
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = field(default_factory=dict)
    body: bytes = b""
    coding: str | None = None
    hold: asyncio.Event | None = None
    delay: float = 0.0
    chunks: Iterable[bytes] | None = None
    pause: float = 0.0
    raw: bytes | None = None
    close: bool = False

    def head(self) -> tuple[list[tuple[str, str]], bytes]:
        pairs = list(self.headers.items() if hasattr(self.headers, "items") else self.headers)
        body = self.body
        if self.coding is not None:
            body = CODINGS[self.coding](body)
            pairs.append(("Content-Encoding", self.coding))
        names = {name.lower() for name, _ in pairs}
        if self.chunks is not None:
            pairs.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in names and self.status != 304:
            pairs.append(("Content-Length", str(len(body))))
        if self.close:
            pairs.append(("Connection", "close"))
        return pairs, body


def redirect(to: str, status: int = 301) -> Reply:
    return Reply(status, {"Location": to})


def conditional(
    body: bytes, etag: str = '"v1"', headers: Mapping[str, str] | None = None
) -> Callable[[Recorded], Reply]:
    """A feed that answers 304 to its own ETag."""

    def answer(request: Recorded) -> Reply:
        extra = {"ETag": etag, "Content-Type": "application/rss+xml", **(headers or {})}
        return Reply(304, extra) if request.header("If-None-Match") == etag else Reply(200, extra, body)

    return answer


class FeedServer:
    """script: path → Reply, list of replies (the last one stays) or function of the request; other paths are 404."""

    def __init__(self, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.host = host
        self.port = 0
        self.script: dict[str, Reply | list[Reply] | Callable[[Recorded], Reply]] = {}
        self.requests: list[Recorded] = []
        self.connections = 0  # ever accepted
        self.open_requests = 0  # being answered now
        self.most_open = 0
        self.arrived = asyncio.Condition()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, 0, ssl=self._tls, limit=1 << 20)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/feed", *, host: str | None = None) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    async def wait_for(self, count: int) -> None:
        """Return once `count` requests have arrived in all."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            async for request in _requests(reader):
                self.requests.append(request)
                self.open_requests += 1
                self.most_open = max(self.most_open, self.open_requests)
                try:
                    async with self.arrived:
                        self.arrived.notify_all()
                    if not await self._answer(request, writer):
                        break
                finally:
                    self.open_requests -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1)

    def _reply(self, request: Recorded) -> Reply:
        entry = self.script.get(request.target, self.script.get(request.path, Reply(404, body=b"not here")))
        if isinstance(entry, list):
            return entry.pop(0) if len(entry) > 1 else entry[0]
        return entry if isinstance(entry, Reply) else entry(request)

    async def _answer(self, request: Recorded, writer: asyncio.StreamWriter) -> bool:
        """Write the scripted reply; False when the connection is to end."""
        reply = self._reply(request)
        if reply.hold is not None:
            await reply.hold.wait()
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            return not reply.close
        pairs, body = reply.head()
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in pairs]
        writer.write("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape"))
        if reply.chunks is None:
            writer.write(b"" if request.method == "HEAD" or reply.status == 304 else body)
        else:
            for chunk in reply.chunks:
                writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                await writer.drain()
                await asyncio.sleep(reply.pause)
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not reply.close


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Recorded]:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        headers = tuple((name, value.strip(" ")) for name, _, value in (line.partition(":") for line in lines))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length) if length else b""
        yield Recorded(method, target, headers, body, asyncio.get_running_loop().time())
