"""What `headframe preview` sets up before it serves."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace

import pytest

from bot.errors import StartError
from bot.preview import LocalDiscord, World, newswire
from bot.preview.newswire import Newswire
from bot.preview.online import goes_without
from bot.preview.permissions import P
from bot.preview.stage import _FOLLOWED, Stage, _elsewhere, _local
from bot.settings import Settings


async def test_a_port_that_is_taken_is_named_with_what_to_do(local: LocalDiscord) -> None:
    with pytest.raises(StartError, match=rf"{local.port} on 127\.0\.0\.1 is taken.*--port {local.port + 1}"):
        await _local(local.port, any_port=False)


async def test_make_run_takes_another_port_and_says_so(local: LocalDiscord, capsys: pytest.CaptureFixture[str]) -> None:
    async with await _local(local.port, any_port=True) as other:
        assert other.port not in {0, local.port}
    assert f"Port {local.port} is taken" in capsys.readouterr().err


def test_the_furnished_server_has_the_channels_that_follow_something() -> None:
    world = World.demo()
    names = {channel.name for channel in world.guild().channels.values()}
    assert {name for name, _query in _FOLLOWED} <= names


def test_a_second_server_shows_what_people_carry_in_their_account() -> None:
    world = World.demo()
    _elsewhere(world)
    assert world.guild().name == "Copperline Mining Club", "the first is the one with the bot"
    other = list(world.guilds.values())[1]
    assert world.bot.id not in other.members
    assert world.user("member").id in other.members


async def test_the_wire_says_when_it_has_told_all() -> None:
    done, titles = asyncio.Event(), []

    async def published() -> None:
        titles.append(wire._items[-1].title)
        if titles[-1] == newswire.LAST_WORD[0]:
            done.set()

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    wire = Newswire(published, pause=at_once)
    await wire.start()
    try:
        wire.go()
        async with asyncio.timeout(10):
            await done.wait()
    finally:
        await wire.stop()
    assert titles == [*(title for title, _summary in newswire.written()[10:]), newswire.LAST_WORD[0]]


async def test_a_permission_can_be_taken_away_wherever_headlines_are_posted(local: LocalDiscord) -> None:
    stage = Stage(local, SimpleNamespace(), None)  # type: ignore[arg-type]
    stage._offer_controls()
    control = next(one for one in local.controls.payload() if one["name"] == "permission")
    offered = set(control["params"][0]["choices"])
    assert {name for name, _query in _FOLLOWED} <= offered
    forum = local.channel("deep-dives")
    may = local.world.permissions(local.world.bot.id, forum) & int(P.SEND_MESSAGES)
    said = await local.controls.run("permission", {"channel": forum.name})
    assert said == "The bot may no longer post in #deep-dives."
    assert may
    assert not local.world.permissions(local.world.bot.id, forum) & int(P.SEND_MESSAGES)


@pytest.mark.parametrize(
    ("looked_up", "own", "offline"),
    [(True, {}, False), (False, {}, True), (False, {"headframe_allow_private": "10.0.0.0/8"}, False)],
    ids=["online", "no internet", "feeds of one's own network"],
)
async def test_without_an_internet_the_preview_keeps_to_its_invented_news(
    monkeypatch: pytest.MonkeyPatch, looked_up: bool, own: dict[str, str], offline: bool
) -> None:
    def resolve(*_args: object) -> list[object]:
        if not looked_up:
            raise socket.gaierror("no such name")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("HEADFRAME_ALLOW_PRIVATE", "HEADFRAME_PRICE_SOURCES"):
        monkeypatch.delenv(name, raising=False)
    assert await goes_without(Settings(_env_file=None, **own)) is offline
