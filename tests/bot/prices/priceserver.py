"""A loopback HTTP server that imitates price sources, and a plain client for it. Both on 127.0.0.1 and a free port."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass
class PriceServer:
    """answers: path → (status, body) or (status, body, headers). asked: every path, in order; seen: its headers."""

    url: str = ""
    answers: dict[str, tuple] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.seen.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.answers.get(request.path, (404, b"not here"))
        status, body, headers = (*answer, {})[:3]
        return web.Response(status=status, body=body, headers=headers)

    def say(self, path: str, body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.answers[path] = (status, body.encode() if isinstance(body, str) else body, headers or {})

    async def get(self, url: str, headers: Mapping[str, str], seconds: float) -> tuple[int, dict[str, str], bytes]:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self.session.get(url, headers=dict(headers), timeout=timeout) as response:
            return response.status, {k.lower(): v for k, v in response.headers.items()}, await response.read()


@asynccontextmanager
async def price_server() -> AsyncIterator[PriceServer]:
    server = PriceServer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        server.session = session
        try:
            yield server
        finally:
            await runner.cleanup()
