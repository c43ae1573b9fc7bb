"""A local Discord, a raw REST client for it, and a logged-in discord.py bot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.preview import LocalDiscord, ManualClock, World
from tests.localdiscord import plain_bot, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from discord.ext import commands


@dataclass
class Rest:
    """Requests as the bot would make them, without a library in between. `seen` keeps (method, path, status, body)."""

    local: LocalDiscord
    session: aiohttp.ClientSession
    seen: list[tuple[str, str, int, Any]]

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, data: Any = None
    ) -> tuple[int, Any]:
        status, answer, _ = await self.full(method, path, body, token=token, data=data)
        return status, answer

    async def full(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, data: Any = None
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bot {token or self.local.token}"}
        kwargs: dict[str, Any] = {"data": data} if data is not None else ({} if body is None else {"json": body})
        async with self.session.request(method, self.local.api_url + path, headers=headers, **kwargs) as got:
            answer = await got.json() if got.content_type == "application/json" else await got.text()
            self.seen.append((method, path, got.status, answer))
            return got.status, answer, got.headers

    async def post(self, channel: str, body: Any) -> tuple[int, Any]:
        """Post a message to a channel of the demo guild by its name."""
        return await self("POST", f"/channels/{self.local.channel(channel).id}/messages", body)


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    async with await LocalDiscord.start(world=World.demo(), limits=False) as made:
        yield made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time())


@pytest.fixture
async def frozen(clock: ManualClock) -> AsyncIterator[LocalDiscord]:
    """A local Discord whose time stands still, with rate limits on."""
    async with await LocalDiscord.start(world=World.demo(clock), limits=True) as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def rest(local: LocalDiscord, session: aiohttp.ClientSession) -> Rest:
    return Rest(local, session, [])


@pytest.fixture
def frozen_rest(frozen: LocalDiscord, session: aiohttp.ClientSession) -> Rest:
    return Rest(frozen, session, [])


@pytest.fixture
async def bot(local: LocalDiscord) -> AsyncIterator[commands.AutoShardedBot]:
    async with running(plain_bot(), local) as made:
        yield made
