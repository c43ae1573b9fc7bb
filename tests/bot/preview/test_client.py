"""The unpatched discord.py client in this Discord: it connects, registers commands, posts, edits and is answered."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import ui
from discord.ext import commands

from bot.preview import LocalDiscord, P, World
from bot.preview import model as m

if TYPE_CHECKING:
    from collections.abc import Callable

Bot = commands.AutoShardedBot


def channel(bot: Bot, local: LocalDiscord, name: str) -> Any:
    found = bot.get_channel(local.channel(name).id)
    assert found is not None
    return found


async def test_the_client_sees_the_furnished_server(bot: Bot, local: LocalDiscord) -> None:
    guild = bot.guilds[0]
    assert guild.name == "Copperline Mining Club"
    assert {"headlines", "gold-silver", "battery-metals", "policy", "alerts", "mods"} <= {
        c.name for c in guild.text_channels
    }
    assert guild.forums[0].name == "deep-dives"
    assert channel(bot, local, "announcements").is_news()
    assert guild.me.guild_permissions.send_messages
    assert local.gateway.connected


async def test_permissions_taken_away_reach_the_client_by_the_gateway(bot: Bot, local: LocalDiscord) -> None:
    heard = asyncio.Event()

    @bot.event
    async def on_guild_channel_update(_before: object, _after: object) -> None:
        heard.set()

    target = channel(bot, local, "headlines")
    assert target.permissions_for(target.guild.me).send_messages
    local.world.set_overwrite(local.channel("headlines"), local.world.bot, deny=P.SEND_MESSAGES)
    await asyncio.wait_for(heard.wait(), 5)
    assert not target.permissions_for(target.guild.me).send_messages
    with pytest.raises(discord.Forbidden) as refused:
        await target.send("x")
    assert refused.value.code == 50013


ROLE_EVENTS: dict[str, tuple[str, Callable[[World, m.Guild], None]]] = {
    "role": ("guild_role_update", lambda w, g: w.change_role(g, g.role("Headframe"), permissions=0)),
    "member": ("member_update", lambda w, g: w.set_member_roles(g, w.bot, [])),
    "channel gone": ("guild_channel_delete", lambda w, g: w.remove_channel(g.channel("lounge"))),
    "put out": ("guild_remove", lambda w, g: w.remove_guild(g)),
    "outage": ("guild_unavailable", lambda w, g: w.set_unavailable(g, True)),
}


@pytest.mark.parametrize("name", ROLE_EVENTS)
async def test_changes_of_the_server_reach_the_client(bot: Bot, local: LocalDiscord, name: str) -> None:
    event, change = ROLE_EVENTS[name]
    waiting = asyncio.ensure_future(bot.wait_for(event, timeout=5))
    await asyncio.sleep(0)
    change(local.world, local.world.guild())
    await waiting


async def test_messages_are_sent_edited_read_and_deleted(bot: Bot, local: LocalDiscord) -> None:
    target = channel(bot, local, "headlines")
    sent = [await target.send(f"headline {i}") for i in range(5)]
    await sent[0].edit(content="corrected", embed=discord.Embed(title="t"))
    assert local.channel_messages("headlines")[0]["content"] == "corrected"
    assert local.channel_messages("headlines")[0]["embeds"][0]["title"] == "t"
    await sent[4].delete()
    assert [x.content async for x in target.history(limit=10)] == [
        "headline 3",
        "headline 2",
        "headline 1",
        "corrected",
    ]
    assert [x.content async for x in target.history(before=sent[2])] == ["headline 1", "corrected"]
    assert [x.content async for x in target.history(after=sent[1])] == ["headline 2", "headline 3"]
    around = {x.content async for x in target.history(around=sent[1], limit=3)}
    assert around == {"headline 2", "headline 1", "corrected"}
    assert (await target.fetch_message(sent[1].id)).content == "headline 1"
    with pytest.raises(discord.Forbidden):
        await target.delete_messages(sent[1:3])
    guild = local.world.guild()
    local.world.change_role(guild, guild.role("Headframe"), permissions=int(P.ADMINISTRATOR))
    await target.delete_messages(sent[1:3])
    assert len(local.channel_messages("headlines")) == 2


async def test_files_are_stored_and_served(bot: Bot, local: LocalDiscord) -> None:
    target = channel(bot, local, "headlines")
    embed = discord.Embed(title="chart").set_image(url="attachment://chart.png")
    picture = discord.File(
        io.BytesIO(b"\x89PNG\r\n\x1a\n----IHDR\0\0\0\x02\0\0\0\x03"), "chart.png", description="Gold"
    )
    sent = await target.send(embed=embed, file=picture)
    assert await sent.attachments[0].read() == b"\x89PNG\r\n\x1a\n----IHDR\0\0\0\x02\0\0\0\x03"
    stored = local.channel_messages("headlines")[0]
    assert stored["attachments"][0]["description"] == "Gold"
    assert (stored["attachments"][0]["width"], stored["attachments"][0]["height"]) == (2, 3)
    assert stored["embeds"][0]["image"]["url"] == stored["attachments"][0]["url"]


async def test_threads_forum_posts_crossposts_pins_and_reactions(bot: Bot, local: LocalDiscord) -> None:
    target = channel(bot, local, "headlines")
    message = await target.send("root")
    thread = await message.create_thread(name="story")
    await thread.send("in the thread")
    assert [x["content"] for x in local.channel_messages("story")] == ["in the thread"]
    post = await channel(bot, local, "deep-dives").create_thread(name="Resolution", content="first")
    await post.thread.send("second")
    assert [x["content"] for x in local.channel_messages("Resolution")] == ["first", "second"]
    news = await channel(bot, local, "announcements").send("big")
    await news.publish()
    with pytest.raises(discord.HTTPException) as twice:
        await bot.http.publish_message(news.channel.id, news.id)
    assert twice.value.code == 40033
    await message.add_reaction("⛏")
    assert local.channel_messages("headlines")[0]["reactions"][0]["count"] == 1
    with pytest.raises(discord.Forbidden):
        await message.pin()
    guild = local.world.guild()
    local.world.change_role(guild, guild.role("Headframe"), permissions=int(P.ADMINISTRATOR))
    await message.pin()
    assert [x.id async for x in target.pins()] == [message.id]
    hook = await target.create_webhook(name="wire")
    posted = await hook.send("by webhook", wait=True, username="Wire")
    await hook.edit_message(posted.id, content="edited")
    assert local.channel_messages("headlines")[-1]["content"] == "edited"
    await hook.delete()


async def test_a_direct_message_arrives_or_is_refused(bot: Bot, local: LocalDiscord) -> None:
    trader = await bot.fetch_user(local.world.user("trader").id)
    await trader.send("your alert")
    assert [x["content"] for x in local.dm_messages("trader")] == ["your alert"]
    local.set_dms_open("trader", False)
    with pytest.raises(discord.Forbidden) as refused:
        await trader.send("again")
    assert refused.value.code == 50007


async def test_a_layout_view_goes_through(bot: Bot, local: LocalDiscord) -> None:
    view = ui.LayoutView()
    box: ui.Container[ui.LayoutView] = ui.Container(ui.TextDisplay("# Gold"), ui.Separator(), accent_colour=0xC27C2C)
    box.add_item(ui.Section(ui.TextDisplay("up"), accessory=ui.Button(label="More", custom_id="more")))
    view.add_item(box)
    await channel(bot, local, "gold-silver").send(view=view)
    stored = local.channel_messages("gold-silver")[0]
    assert stored["flags"] & 1 << 15
    assert [c["type"] for c in stored["components"][0]["components"]] == [10, 14, 9]
