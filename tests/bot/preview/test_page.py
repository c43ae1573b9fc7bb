"""The page's side of the protocol in docs/preview-protocol.md: what a person sees and does, and who is kept out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.preview import ControlError, LocalDiscord, P, Param

from .test_client_commands import furnish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord.ext import commands


class Visitor:
    """One person's page."""

    def __init__(self, local: LocalDiscord, session: aiohttp.ClientSession, key: str) -> None:
        self.local, self.session = local, session
        self.id = str(local.world.user(key).id)
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def get(self, path: str, **params: Any) -> Any:
        async with self.session.get(self.local.url + path, params={"as": self.id, **params}) as got:
            assert got.status == 200, await got.text()
            return await got.json()

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        async with self.session.post(self.local.url + path, json={"as": self.id, **body}) as got:
            return got.status, await got.json()

    async def event(self, *names: str) -> tuple[str, Any]:
        """The next event of one of these names."""
        assert self.socket is not None
        while True:
            got = await self.socket.receive_json(timeout=5)
            if got["t"] in names:
                return got["t"], got["d"]


@asynccontextmanager
async def visiting(local: LocalDiscord, key: str) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(local, session, key)
        async with session.ws_connect(f"{local.url}/local/events?as={visitor.id}") as visitor.socket:
            await visitor.event("READY")
            yield visitor


async def test_state_shows_what_each_person_may_see(local: LocalDiscord) -> None:
    async with visiting(local, "member") as member, visiting(local, "moderator") as moderator:
        seen = await member.get("/local/state")
        names = {c["name"] for c in seen["guilds"][0]["channels"]}
        assert "headlines" in names
        assert "mods" not in names
        assert seen["me"]["id"] == member.id
        assert [p["title"] for p in seen["people"]] == ["Member", "Trader", "Moderator"]
        assert seen["connected"] is False
        more = await moderator.get("/local/state")
        assert "mods" in {c["name"] for c in more["guilds"][0]["channels"]}


async def test_a_hidden_channel_is_not_read_or_written(local: LocalDiscord) -> None:
    mods = local.channel("mods").id
    async with visiting(local, "member") as member:
        async with member.session.get(f"{local.url}/local/channels/{mods}/messages?as={member.id}") as got:
            assert got.status == 404
        assert (await member.post("/local/messages", channel_id=str(mods), content="x"))[0] == 404


async def test_a_persons_message_is_seen_live_by_others_who_may(local: LocalDiscord) -> None:
    async with visiting(local, "member") as member, visiting(local, "moderator") as moderator:
        await moderator.post("/local/messages", channel_id=str(local.channel("mods").id), content="secret")
        await moderator.post("/local/messages", channel_id=str(local.channel("lounge").id), content="hello")
        _, first = await member.event("MESSAGE_CREATE")
        assert first["content"] == "hello"
        read = await member.get(f"/local/channels/{local.channel('lounge').id}/messages")
        assert [x["content"] for x in read] == ["hello"]


@pytest.fixture
async def served(bot: commands.AutoShardedBot, local: LocalDiscord) -> LocalDiscord:
    furnish(bot)
    await bot.tree.sync()
    return local


def used(found: list[Any], name: str, *options: dict[str, Any]) -> dict[str, Any]:
    command = next(c for c in found if c["name"] == name)
    return {"id": command["id"], "name": name, "type": command["type"], "options": list(options)}


async def test_a_command_answered_privately_reaches_only_its_person(served: LocalDiscord) -> None:
    guild, lounge = served.world.guild(), str(served.channel("lounge").id)
    async with visiting(served, "trader") as trader, visiting(served, "member") as member:
        found = await trader.get("/local/commands", guild=str(guild.id))
        assert "export" not in {c["name"] for c in found}
        query = {"type": 3, "name": "query", "value": "gold"}
        data = used(found, "alert", {"type": 1, "name": "keyword", "options": [query]})
        sent = {"type": 2, "nonce": "n1", "guild_id": str(guild.id), "channel_id": lounge, "data": data}
        status, _ = await trader.post("/local/interactions", **sent)
        assert status == 200
        assert (await trader.event("INTERACTION_SUCCESS"))[1]["nonce"] == "n1"
        _, shown = await trader.event("MESSAGE_UPDATE")
        assert (shown["content"], shown["flags"] & 64) == ("gold in None cap 5 for tomasz.w", 64)
        assert len(await trader.get(f"/local/channels/{lounge}/messages")) == 2
        assert await member.get(f"/local/channels/{lounge}/messages") == []
        assert (await trader.post("/local/messages/dismiss", message_id=shown["id"]))[0] == 200
        assert (await member.post("/local/messages/dismiss", message_id=shown["id"]))[0] == 404
        served.write("member", "lounge", "marker")
        assert (await member.event("MESSAGE_CREATE", "MESSAGE_UPDATE"))[1]["content"] == "marker"


async def test_autocomplete_components_and_modals_over_the_page(served: LocalDiscord) -> None:
    guild, lounge = served.world.guild(), str(served.channel("lounge").id)
    place = {"guild_id": str(guild.id), "channel_id": lounge}
    async with visiting(served, "member") as member:
        found = await member.get("/local/commands", guild=str(guild.id))
        typed = {"type": 3, "name": "query", "value": "zin", "focused": True}
        data = used(found, "alert", {"type": 1, "name": "keyword", "options": [typed]})
        await member.post("/local/interactions", type=4, nonce="a", data=data, **place)
        assert (await member.event("INTERACTION_AUTOCOMPLETE"))[1]["choices"][0]["name"] == "zin price"
        await member.post("/local/interactions", type=2, nonce="b", data=used(found, "panel"), **place)
        _, message = await member.event("MESSAGE_CREATE")
        form = {"component_type": 2, "custom_id": "form"}
        await member.post("/local/interactions", type=3, nonce="c", message_id=message["id"], data=form, **place)
        _, opened = await member.event("INTERACTION_MODAL")
        assert opened["nonce"] == "c"
        field = {"type": 1, "components": [{"type": 4, "custom_id": "name", "value": "Inès"}]}
        filled = {"custom_id": opened["modal"]["custom_id"], "components": [field]}
        answer = await member.post(
            "/local/interactions", type=5, nonce="d", modal_id=opened["id"], data=filled, **place
        )
        assert answer[0] == 200, answer
        assert (await member.event("MESSAGE_CREATE"))[1]["content"] == "hello Inès"


async def test_a_bot_that_is_away_fails_the_interaction(local: LocalDiscord) -> None:
    lounge = local.channel("lounge")
    command = {"id": "5", "type": 1, "name": "x", "options": [], "default_member_permissions": None, "contexts": None}
    local.world.global_commands[5] = command
    async with visiting(local, "member") as member:
        data = {"id": "5", "name": "x", "type": 1, "options": []}
        await member.post("/local/interactions", type=2, nonce="n", channel_id=str(lounge.id), data=data)
        _, failed = await member.event("INTERACTION_FAILURE")
        assert failed["message"] == "The application did not respond"


WRONG: dict[str, dict[str, Any]] = {
    "unknown command": {"type": 2, "data": {"id": "1", "name": "nothing"}},
    "no data": {"type": 2},
    "unknown type": {"type": 9, "data": {}},
    "modal not open": {"type": 5, "modal_id": "1", "data": {}},
    "component on nothing": {"type": 3, "message_id": "1", "data": {"component_type": 2, "custom_id": "x"}},
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_interaction_is_refused_with_a_sentence(local: LocalDiscord, name: str) -> None:
    async with visiting(local, "member") as member:
        lounge = str(local.channel("lounge").id)
        status, answer = await member.post("/local/interactions", channel_id=lounge, **WRONG[name])
        assert 400 <= status < 500
        assert answer["message"]


async def test_nobody_is_the_bot(local: LocalDiscord, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{local.url}/local/state?as={local.world.bot.id}") as got:
        assert got.status == 400


OUTSIDERS: dict[str, dict[str, str]] = {
    "a rebound name": {"Host": "evil.example"},
    "another site": {"Origin": "https://evil.example"},
    "a sandboxed page": {"Origin": "null"},
    "another port": {"Host": "127.0.0.1:1"},
    "a cross-site request": {"Sec-Fetch-Site": "cross-site"},
}


@pytest.mark.parametrize("path", ["/", "/local/state", "/local/events", "/static/app.js"])
@pytest.mark.parametrize("name", OUTSIDERS)
async def test_outsiders_are_refused(local: LocalDiscord, session: aiohttp.ClientSession, name: str, path: str) -> None:
    async with session.get(local.url + path, headers=OUTSIDERS[name]) as got:
        # A link to the page itself may stand anywhere.
        assert (got.status == 403) is ((path, name) != ("/", "a cross-site request"))


async def test_the_page_comes_with_a_strict_policy(
    local: LocalDiscord, session: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.preview.page.STATIC", tmp_path / "static")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.txt").write_text("secret")
    async with session.get(local.url + "/") as got:
        assert got.status == 200
        policy = got.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    for path in ("/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt", "/static//etc/passwd"):
        async with session.get(local.url + path) as got:
            assert got.status == 404, path


async def test_uploads_are_served_as_files_not_pages(local: LocalDiscord, session: aiohttp.ClientSession) -> None:
    who = local.world.user("member").id
    async with session.post(f"{local.url}/local/uploads?as={who}&name=x.html", data=b"<script>") as got:
        made = await got.json()
    async with session.get(made["url"]) as got:
        assert await got.read() == b"<script>"
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert got.content_type == "application/octet-stream"


async def test_controls_are_listed_and_run_with_checked_parameters(local: LocalDiscord) -> None:
    asked: list[dict[str, Any]] = []

    async def move(params: dict[str, Any]) -> str:
        asked.append(params)
        if params["by"] > 50:
            raise ControlError("Not that much.")
        return f"moved {params['by']}"

    params = [
        Param("metal", "Metal", "choice", choices=("gold", "zinc")),
        Param("by", "Per cent", "number", default=1.0),
    ]
    async with visiting(local, "member") as member:
        local.controls.register("move", "Move a price", move, params)
        await member.event("CONTROLS")
        assert (await member.get("/local/state"))["controls"][0]["params"][0]["choices"] == ["gold", "zinc"]
        done = await member.post("/local/control", name="move", params={"metal": "gold", "by": "2.5"})
        assert done == (200, {"ok": True, "message": "moved 2.5"})
        for given in ({"metal": "tin"}, {"metal": "gold", "by": "x"}, {}, {"metal": "gold", "by": 99}):
            assert (await member.post("/local/control", name="move", params=given))[0] == 400
        assert (await member.post("/local/control", name="nothing"))[0] == 400
    assert asked[0] == {"metal": "gold", "by": 2.5}


async def test_losing_a_channel_is_heard_once(local: LocalDiscord) -> None:
    async with visiting(local, "member") as member:
        lounge, guild = local.channel("lounge"), local.world.guild()
        local.world.set_overwrite(lounge, guild.roles[guild.id], deny=P.VIEW_CHANNEL)
        assert (await member.event("CHANNEL_UPDATE"))[1]["id"] == str(lounge.id)
        state = await member.get("/local/state")
        assert "lounge" not in {c["name"] for c in state["guilds"][0]["channels"]}


async def test_only_loopback_addresses_are_served() -> None:
    with pytest.raises(Exception, match="loopback"):
        await LocalDiscord.start(host="0.0.0.0")
