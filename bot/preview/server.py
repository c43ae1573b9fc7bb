"""The local Discord as one object: state, REST, gateway and the page, served from one loopback address.

What people do in it is in people.py (and, over HTTP, page.py); this file starts, stops and connects the parts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from aiohttp import web

from bot.preview import (
    route_application,
    route_channels,
    route_guilds,
    route_interactions,
    route_marks,
    route_messages,
    route_threads,
    route_webhooks,
)
from bot.preview.controls import Controls
from bot.preview.gateway import Gateway
from bot.preview.http import MAX_BODY, PREFIX, Dispatcher, RequestRecord
from bot.preview.interactions import InteractionDesk
from bot.preview.page import Page
from bot.preview.people import People
from bot.preview.ratelimits import Limit, RateLimits
from bot.preview.route_messages import Nonces
from bot.preview.wire import Json, PreviewError
from bot.preview.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from bot.preview import model as m
    from bot.preview.clock import Clock
    from bot.preview.faults import Faults

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
KEEP_STORED: Final = 200_000
ROUTES: Final = (
    *route_application.ROUTES,
    *route_guilds.ROUTES,
    *route_channels.ROUTES,
    *route_messages.ROUTES,
    *route_marks.ROUTES,
    *route_threads.ROUTES,
    *route_interactions.ROUTES,
    *route_webhooks.ROUTES,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message the bot got stored by posting (not interaction answers): what exactly-once is asserted on."""

    at: float
    channel_id: int
    message_id: int
    nonce: str | None
    data: Json


class LocalDiscord(People):
    """A Discord on this machine. `async with await LocalDiscord.start() as local:` or `start` and `stop`."""

    def __init__(
        self,
        world: World,
        *,
        clock: Clock | None = None,
        limits: bool = True,
        faults: Faults | None = None,
        token: str | None = None,
    ) -> None:
        self.world = world
        self.clock: Clock = clock or world.clock
        # Made anew each time, so that no other page in the visitor's browser can know it.
        self.token = token or f"preview.{secrets.token_hex(3)}.{secrets.token_urlsafe(24)}"
        self.faults = faults
        self.limits = RateLimits(self.clock, enabled=limits)
        self.dispatcher = Dispatcher(self)
        self.gateway = Gateway(self)
        self.interactions = InteractionDesk(self)
        self.nonces = Nonces(self.clock)
        self.controls = Controls(world)
        self.page = Page(self)
        self.stored: deque[Stored] = deque(maxlen=KEEP_STORED)
        self.host = "127.0.0.1"
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        world.listeners.append(self.gateway.hear)
        world.listeners.append(self.page.live.hear)
        self.gateway.on_status.append(self.page.live.status)

    # -- life --------------------------------------------------------------------------------------------------

    @classmethod
    async def start(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        world: World | None = None,
        clock: Clock | None = None,
        limits: bool = True,
        faults: Faults | None = None,
        token: str | None = None,
    ) -> Self:
        """Serve a world (an empty one by default) on a loopback address; port 0 takes a free one.

        Raises PreviewError for any other host, OSError when the port is taken.
        """
        if host not in LOOPBACK:
            raise PreviewError(f"the local Discord serves this machine only; {host!r} is not a loopback address")
        made = cls(world or World.empty(clock), clock=clock, limits=limits, faults=faults, token=token)
        made.host, made.port = host, port
        await made.come_up()
        return made

    async def come_up(self) -> None:
        """Listen (again), on the same port, with the same state."""
        if self._runner is not None:
            return
        self._closing = asyncio.Event()
        app = web.Application(client_max_size=MAX_BODY)
        # Words before parameters: /messages/pins is not the message called "pins".
        for route in sorted(ROUTES, key=lambda r: r.path.count("{")):
            app.router.add_route(route.method, PREFIX + route.path, self.dispatcher.endpoint(route))
        app.router.add_get("/gateway", self.gateway.connect)
        app.router.add_get("/gateway/", self.gateway.connect)
        self.page.add_routes(app)
        app.router.add_route("*", "/api/{rest:.*}", self.dispatcher.not_found)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port, reuse_address=True)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def go_down(self) -> None:
        """Stop listening and cut every connection; the state stays, `come_up` brings it back."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._closing.set()
        self.gateway.close_all()
        self.page.live.close_all()
        await runner.cleanup()

    async def stop(self) -> None:
        """The end; the world may be served again by another LocalDiscord."""
        await self.go_down()
        for listener in (self.gateway.hear, self.page.live.hear):
            if listener in self.world.listeners:
                self.world.listeners.remove(listener)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- addresses ---------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the page is: http://127.0.0.1:PORT."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def api_url(self) -> str:
        """What DISCORD_API_URL is set to."""
        return self.url + PREFIX

    @property
    def gateway_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/gateway"

    # -- what was asked and kept -------------------------------------------------------------------------------

    @property
    def requests(self) -> deque[RequestRecord]:
        """The request log, oldest first."""
        return self.dispatcher.log

    def requests_to(self, method: str, route: str) -> list[RequestRecord]:
        """Logged requests of a method whose route template is `route`, such as "/channels/{channel_id}/messages"."""
        return [r for r in self.requests if r.method == method and r.route == route]

    @staticmethod
    def limits_for(method: str, route: str) -> Limit:
        """The bucket of a route. KeyError when there is no such route."""
        for known in ROUTES:
            if (known.method, known.path) == (method, route):
                return known.bucket
        raise KeyError(f"{method} {route}")

    def note_stored(self, message: m.Message) -> None:
        now = self.clock.now()
        self.stored.append(Stored(now, message.channel_id, message.id, message.nonce, message.data))

    async def until_closed(self, request: web.Request) -> None:
        """Wait until the client hangs up or the server goes down."""
        while request.transport is not None and not request.transport.is_closing():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._closing.wait()
                    return
