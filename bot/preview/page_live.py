"""What happens, live, to everyone who has the page open: each hears what that person may see.

The events are those of docs/preview-protocol.md; who may see a channel is the world's business.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from bot.tasks import end

if TYPE_CHECKING:
    from bot.preview import model as m
    from bot.preview.model import Event
    from bot.preview.wire import Json
    from bot.preview.world import World

BACKLOG: Final = 5_000  # events a slow page may owe before it is closed (it then reads everything again)
_SHOWN_TO_ALL: Final = ("LOCAL_COMMANDS_UPDATE", "LOCAL_CONTROLS")


class LivePages:
    """All open pages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[asyncio.Queue[Json | None], int] = {}

    async def serve(self, request: web.Request, user: m.User, *, connected: bool) -> web.StreamResponse:
        """One page's socket, until it is closed."""
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1 << 16)
        await socket.prepare(request)
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        queue.put_nowait({"t": "READY", "d": {"connected": connected}})
        self._open[queue] = user.id
        writer = asyncio.create_task(_write_events(socket, queue), name="preview-page-writer")
        try:
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    break
        finally:
            self._open.pop(queue, None)
            await end(writer)
        return socket

    def hear(self, event: Event) -> None:
        """Pass an event on to those who may see it."""
        if not self._open:
            return
        name = event.name.removeprefix("LOCAL_")
        for queue, user_id in list(self._open.items()):
            if self._may_see(event, user_id):
                queue.put_nowait({"t": name, "d": {**event.data, **event.extra}})
                if queue.qsize() > BACKLOG:
                    queue.put_nowait(None)
                    self._open.pop(queue, None)

    def _may_see(self, event: Event, user_id: int) -> bool:
        world = self._world
        if event.only_for is not None:
            return event.only_for == user_id
        if event.name in _SHOWN_TO_ALL:
            return True
        if event.channel_id is not None and (channel := world.channels.get(event.channel_id)) is not None:
            # A channel that was just hidden from someone must be heard of once more, to vanish from their list.
            if event.name in ("CHANNEL_UPDATE", "CHANNEL_DELETE"):
                return channel.guild_id is None or user_id in world.guilds[channel.guild_id].members
            return world.can_see(user_id, channel)
        guild = world.guilds.get(event.guild_id or 0)
        return guild is None or user_id in guild.members

    def status(self, connected: bool) -> None:
        """The bot came or went."""
        for queue in self._open:
            queue.put_nowait({"t": "BOT_STATUS", "d": {"connected": connected}})

    def close_all(self) -> None:
        for queue in self._open:
            queue.put_nowait(None)


async def _write_events(socket: web.WebSocketResponse, queue: asyncio.Queue[Json | None]) -> None:
    while (event := await queue.get()) is not None:
        await socket.send_str(json.dumps(event, separators=(",", ":"), ensure_ascii=False))
    await socket.close(code=1001)
