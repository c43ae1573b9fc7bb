"""/setup: two minutes from nothing to news, resumable, and undone when one thinks better of it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.desk.setup import PRESETS, Plan
from bot.feeds import directory
from cogs.ui import setup_view as look
from storage import feeds, guilds, subscriptions
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def press(h: House, used: Any, what: str) -> None:
    await h.local.press(used.original.data, what, "moderator")


async def test_from_nothing_to_news_and_back(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "Gold rises to a record in London")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        used = await h.local.invoke("moderator", h.guild, "lounge", "setup", timezone="Europe/Paris")
        await used.message()
        assert "Step 1 of 5" in said(used.original.data)
        await press(h, used, "Next")
        await eventually(lambda: "Step 2" in said(used.original.data))
        await press(h, used, "Next")
        await eventually(lambda: "Step 3" in said(used.original.data))
        menus = [c for row in used.original.data["components"] for c in row["components"] if c["type"] == 8]
        channel = h.local.channel("gold-silver").id
        await h.local.select(used.original.data, menus[0]["custom_id"], [str(channel)], "moderator")
        await eventually(lambda: "Gold & silver →" in said(used.original.data))
        await press(h, used, "Next")
        await eventually(lambda: "Step 4" in said(used.original.data))
        await press(h, used, "Next")
        await eventually(lambda: "Gold rises to a record in London" in said(used.original.data)), "a live sample"
        await press(h, used, "Start")
        await eventually(lambda: "All set" in said(used.original.data))
        wire.publish("Silver falls as gold steadies")
        await eventually(lambda: h.posts("gold-silver"))
        async with h.app.services.db.read() as c:
            assert (await guilds.guild(c, h.guild.id)).timezone == "Europe/Paris"
        await press(h, used, "Undo")
        await eventually(lambda: "Undone" in said(used.original.data))
        async with h.app.services.db.read() as c:
            assert await subscriptions.of_guild(c, h.guild.id) == []
            assert (await guilds.guild(c, h.guild.id)).timezone is None
            assert await feeds.count_of_guild(c, h.guild.id) == 1, "what was there before stays"


async def test_it_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        first = await h.local.invoke("moderator", h.guild, "lounge", "setup", timezone="Asia/Tokyo")
        await first.message()
        await press(h, first, "Next")
        await eventually(lambda: "Step 2" in said(first.original.data))
        again = await h.local.invoke("moderator", h.guild, "lounge", "setup")
        assert "Step 2 of 5" in said(await again.message())
        await press(h, again, "Back")
        await eventually(lambda: "Asia/Tokyo" in said(again.original.data))


async def test_it_says_hello_once_where_it_may_write(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        owner = h.local.world.user("moderator")
        guild = h.local.world.add_guild("Second Club", owner)
        channel = h.local.world.add_channel(guild, "general")
        for _again in range(2):
            # Put out and added again: now with a channel to write in, and the second time it knows the place.
            h.local.world.emit("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id)
            h.local.world.emit("GUILD_CREATE", {"join": True}, guild_id=guild.id)
        await eventually(lambda: h.local.channel_messages(channel))
        assert ["/setup" in said(message) for message in h.local.channel_messages(channel)] == [True]
        h.local.world.remove_guild(guild)

        async def left() -> bool:
            async with h.app.services.db.read() as c:
                return (await guilds.guild(c, guild.id)).left_at is not None

        await eventually(left)


async def test_the_sample_reads_chosen_feeds_that_nobody_reads_yet_and_keeps_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/chosen.xml", "Gold mine opens in Peru", "Gold refinery closes", "Tin rises")
        wire.publish("Gold from long ago", at=datetime.now(UTC) - timedelta(days=3))
        listed = [
            dataclasses.replace(directory.entries()[0], url=url, title=title)
            for url, title in ((wire.url, "Chosen Wire"), (h.server.url("/nothing.xml"), "Broken Wire"))
        ]
        monkeypatch.setattr(directory, "entries", lambda: tuple(listed))
        used = await h.local.invoke("moderator", h.guild, "lounge", "setup")
        await used.message()

        def shows(text: str) -> Callable[[], bool]:
            return lambda: text in said(used.original.data)  # type: ignore[union-attr]

        for step in (2, 3):
            await press(h, used, "Next")
            await eventually(shows(f"Step {step}"))
        menus = [c for row in used.original.data["components"] for c in row["components"] if c["type"] == 8]
        policy = h.local.channel("policy").id
        await h.local.select(used.original.data, menus[0]["custom_id"], [str(policy)], "moderator")
        await eventually(shows("Gold & silver →"))
        await press(h, used, "Next")
        await eventually(shows("Step 4"))
        await h.local.select(used.original.data, None, ["0", "1"], "moderator")
        await eventually(shows("2 feeds chosen"))
        await press(h, used, "Next")
        await eventually(shows("2 headlines"))
        text = said(used.original.data)
        assert "Gold mine opens in Peru" in text
        assert "long ago" not in text
        assert "1 of the chosen feeds did not answer" in text
        async with h.app.services.db.read() as c:
            assert await feeds.count_of_guild(c, h.guild.id) == 0
        await press(h, used, "Start")
        await eventually(shows("All set"))
        assert "Broken" in said(used.original.data) or "nothing.xml" in said(used.original.data), "what failed is named"
        async with h.app.services.db.read() as c:
            assert await feeds.count_of_guild(c, h.guild.id) == 1
        await press(h, used, "Change")
        await eventually(shows("Step 1 of 5"))
        await press(h, used, "Next")
        await eventually(shows("Step 2"))
        again = await h.local.invoke("moderator", h.guild, "lounge", "setup")
        assert "Step 2" in said(await again.message()), "it is taken up there"


async def test_pressing_only_next_it_tells_what_is_followed_already_and_claims_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("moderator", "policy", "channel follow", query="tariff*")
        await h.use("moderator", "lounge", "channel follow", query="copper")
        used = await h.local.invoke("moderator", h.guild, "lounge", "setup")
        await used.message()
        for step in (2, 3):
            await press(h, used, "Next")
            await eventually(lambda step=step: f"Step {step}" in said(used.original.data))
        text = said(used.original.data)
        assert "no channel chosen" not in text, "no topic was chosen either"
        assert "2 queries are followed already and stay:" in text
        assert f"`tariff*` → <#{h.local.channel('policy').id}>" in text
        menu = used.original.data["components"][0]["components"][0]["custom_id"]
        await h.local.select(used.original.data, menu, ["battery"], "moderator")
        await eventually(lambda: "Battery metals: no channel chosen, so it is not added." in said(used.original.data))
        for step in (4, 5):
            await press(h, used, "Next")
            await eventually(lambda step=step: f"Step {step}" in said(used.original.data))
        text = said(used.original.data)
        assert "No topic was chosen here" in text
        assert "2 queries are followed already" in text
        assert "last day" not in text
        assert "Nothing is followed" not in text
        await press(h, used, "Start")
        await eventually(lambda: "Nothing was added or changed." in said(used.original.data))
        text = said(used.original.data)
        assert "2 queries were followed already and stay." in text
        assert "All set" not in text
        assert "Undo" not in text, "there is nothing to undo"


async def test_start_tells_apart_what_it_added_and_what_was_there(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("moderator", "lounge", "channel follow", query="copper")
        used = await h.local.invoke("moderator", h.guild, "lounge", "setup", timezone="Asia/Tokyo")
        await used.message()
        for step in (2, 3):
            await press(h, used, "Next")
            await eventually(lambda step=step: f"Step {step}" in said(used.original.data))
        (menu,) = (c for row in used.original.data["components"] for c in row["components"] if c["type"] == 8)
        forum = h.local.channel("deep-dives")
        assert forum.type in menu["channel_types"], "headlines may be posts of a forum"
        await h.local.select(used.original.data, menu["custom_id"], [str(forum.id)], "moderator")
        await eventually(lambda: f"Gold & silver → <#{forum.id}>" in said(used.original.data))
        for step in (4, 5):
            await press(h, used, "Next")
            await eventually(lambda step=step: f"Step {step}" in said(used.original.data))
        await press(h, used, "Start")
        await eventually(lambda: "All set." in said(used.original.data))
        text = said(used.original.data)
        assert "1 query was added" in text
        assert "Changed: Time zone" in text
        assert "1 query was followed already and stays." in text
        await press(h, used, "Undo")
        await eventually(lambda: "Undone" in said(used.original.data))
        async with h.app.services.db.read() as c:
            assert [one.query for one in await subscriptions.of_guild(c, h.guild.id)] == ["copper"]


def test_a_topic_that_is_followed_already_is_not_said_to_be_left_out() -> None:
    one = SimpleNamespace(query=PRESETS["gold"], target_id=7)
    step = look.STEPS.index("follows")
    text = look.embed(Plan(), step, "gold", followed=[one]).description or ""  # type: ignore[list-item]
    assert "no channel chosen" not in text
    assert "- Gold & silver → <#7>" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("topics", [[], ["gold"], ["policy", "juniors"], ["everything"]])
def test_the_button_adds_as_many_feeds_as_the_menus_call_recommended(topics: list[str]) -> None:
    panel = look.controls(Plan(follows=dict.fromkeys(topics, 7)), look.STEPS.index("feeds"), "")
    parts = [part for row in panel.to_components() for part in row["components"]]
    options = [one for part in parts for one in part.get("options", ())]
    named = [one for one in options if "recommended" in (one.get("description") or "")]
    (button,) = (part["label"] for part in parts if "recommended" in part.get("label", ""))
    assert button == f"Add the {len(named)} recommended"
    unproven = ["not proven" in (one.get("description") or "") for one in options]
    assert unproven == sorted(unproven), "those stand behind all others"


def test_notices_are_not_offered_a_forum() -> None:
    for step, offered in (("notices", False), ("follows", True)):
        panel = look.controls(Plan(), look.STEPS.index(step), "gold")
        kinds = [
            kind for row in panel.to_components() for c in row["components"] for kind in c.get("channel_types", ())
        ]
        assert (discord.ChannelType.forum.value in kinds) is offered
