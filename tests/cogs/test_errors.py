"""Every error says what to do next and carries a number that finds it in the log, where nothing typed stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot import mishaps
from tests.house import House, house, said

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LONG = "gold " * 101  # 505 characters
# (who, command, options, what the answer tells to do)
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("trader", "alert keyword", {"query": "(zanzibarite"}, "add )"),
    ("trader", "alert keyword", {"query": LONG}, "make two of it"),
    ("trader", "alert keyword", {"query": "mineral:zanzibarite"}, "did you mean"),
    ("trader", "alert edit", {"alert": "999", "mode": "daily"}, "Pick one of the suggestions"),
    ("trader", "alert remove", {"alert": "p999"}, "Pick one of the suggestions"),
    ("trader", "alert quiet", {"start": "22:00"}, "both a start and an end"),
    ("trader", "alert price", {"metal": "zanzibarite", "condition": "above", "value": "1"}, "there are gold"),
    ("trader", "alert price", {"metal": "gold", "condition": "above", "value": "1e400"}, "write it like"),
    ("trader", "price convert", {"amount": "1e400", "from_unit": "kg", "to_unit": "g"}, "write it like"),
    ("trader", "price convert", {"amount": "NaN", "from_unit": "kg", "to_unit": "g"}, "write it like"),
    ("trader", "mineral info", {"name": "zanzibarite"}, "Try a name"),
    ("trader", "news latest", {"topic": "zanzibarite"}, "Pick one of the suggestions"),
    ("trader", "preferences", {"currency": "ZZZ"}, "use one of"),
    ("moderator", "settings", {"timezone": "Mars/Olympus"}, "Pick a suggestion"),
    ("moderator", "feed add", {"url": "no address"}, "It should look like"),
    ("moderator", "feed remove", {"feed": "999"}, "`/feed list` shows"),
    ("moderator", "channel edit", {"follow": "999"}, "Pick one of the suggestions"),
]


class Lines:
    """The log of bot.mishaps."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.written.append({"event": event, **fields})

    error = info


async def test_what_cannot_be_done_is_said_with_the_way_on_and_a_number_that_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = Lines()
    monkeypatch.setattr(mishaps, "log", logs)
    async with house(tmp_path) as h:
        for who, command, options, way_on in WRONG:
            told = await h.use(who, "lounge", command, **options)
            assert way_on in told, (command, options, told)
            assert len(told) < 700
            (number,) = re.findall(r"\n-# ref ([0-9a-f]{6})$", told)
            (line,) = [one for one in logs.written if one.get("incident") == number]
            assert line["command"] == command
            assert line["at"]
            assert "zanzibarite" not in str(logs.written).lower()


async def test_limits_are_settings_and_refused_kindly(tmp_path: Path) -> None:
    limits = {
        "headframe_max_alerts_per_person": 1,
        "headframe_max_follows_per_server": 1,
        "headframe_max_feeds_per_server": 1,
    }
    async with house(tmp_path, **limits) as h:
        one, two = h.wire("/one.xml", "first"), h.wire("/two.xml", "first")
        assert "Added" in await h.use("moderator", "lounge", "feed add", url=one.url)
        assert "1 feeds, as many as it may" in await h.use("moderator", "lounge", "feed add", url=two.url)
        for who, command, says in (
            ("trader", "alert keyword", "`/alert remove`"), ("moderator", "channel follow", "`/channel unfollow`")
        ):  # fmt: skip
            await h.use(who, "lounge", command, query="gold")
            assert says in await h.use(who, "lounge", command, query="silver")
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        same = await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        assert "already" in same
        assert "`/alert edit`" in same
        again = await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="88888")
        assert "`/alert remove`" in again
        await opens_no_back_door(h)


async def opens_no_back_door(h: House) -> None:
    """Taking a member's alert over counts as one of the server's."""
    await h.use("member", "lounge", "alert keyword", query="zinc", where="here")
    used = await h.local.invoke("moderator", h.guild, "lounge", "channel list")
    shown = await used.message(within=15)
    (menu,) = shown["components"][0]["components"]
    key = next(one["value"] for one in menu["options"] if "zinc" in one["label"])
    opened = await h.local.select(shown, None, [key], "moderator")
    pressed = await h.local.press(await opened.message(within=15), "Take over for the server", "moderator")
    assert "`/channel unfollow`" in said(await pressed.message(within=15))


async def test_moderators_commands_are_refused_to_others_even_when_discord_shows_them(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for known in h.local.world.global_commands.values():
            known["default_member_permissions"] = None  # as a server's owner may set it
        for command in ("feed list", "channel list", "setup", "settings"):
            assert "needs the permission Manage" in await h.use("member", "lounge", command)
