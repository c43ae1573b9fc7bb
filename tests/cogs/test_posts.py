"""The buttons under posts, and digests at an hour of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import addressing
from storage import guilds, subscriptions
from tests.bot.delivery.seed import now
from tests.bot.delivery.test_places import all_sent, deliver, look
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Subscription
    from tests.house import House


async def subscription(h: House, number: int) -> Subscription:
    async with h.app.services.db.read() as connection:
        found = (await subscriptions.get_many(connection, [number])).get(number)
    assert found is not None
    return found


async def test_alert_me_on_this_asks_which_headline_of_a_folded_message_is_meant(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        await deliver(h, ["Gold hits record", "Lithium price falls in Chile", "Copper mine floods"], target)
        await eventually(lambda: all_sent(h))
        [message] = h.local.channel_messages("headlines")
        pressed = await h.local.press(message, "Alert me on this", "member")
        asked = await pressed.message(within=10)
        [menu] = asked["components"][0]["components"]
        assert [one["label"] for one in menu["options"]] == [
            "Gold hits record",
            "Lithium price falls in Chile",
            "Copper mine floods",
        ]
        chosen = await h.local.select(asked, None, [menu["options"][1]["value"]], "member")
        done = await h.local.submit_modal(chosen)
        assert "mineral:lithium" in said(await done.message(within=10))
        made = await subscription(h, 1)
        assert made.owner_id == h.local.world.user("member").id
        assert "mineral:lithium" in made.query


async def test_alert_me_on_this_opens_the_form_at_once_where_one_headline_stands(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines", style="card")
        await deliver(h, ["Gold hits record"], target)
        await eventually(lambda: all_sent(h))
        pressed = await h.local.press(h.local.channel_messages("headlines")[0], "Alert me on this", "member")
        done = await h.local.submit_modal(pressed)
        assert "mineral:gold" in said(await done.message(within=10))


async def test_save_brings_every_headline_of_a_message_to_the_presser(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        await deliver(h, ["Gold hits record", "Copper mine floods"], target)
        await eventually(lambda: all_sent(h))
        pressed = await h.local.press(h.local.channel_messages("headlines")[0], "Save", "member")
        assert "Saved" in said(await pressed.message(within=10))
        text = said(h.local.dm_messages("member")[0])
        assert "Gold hits record" in text
        assert "Copper mine floods" in text


async def test_a_daily_digest_comes_at_the_hour_that_was_chosen(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        zone = ZoneInfo("America/Toronto")
        async with h.app.services.db.write() as connection:
            await guilds.set_guild(connection, h.guild.id, now=now(), timezone="America/Toronto")
        told = await h.use("moderator", "headlines", "channel follow", query="gold", mode="daily", hour=18)
        assert "daily digest at 18:00" in told
        assert "add `mode: daily`" in await h.use("moderator", "headlines", "channel follow", query="tin", hour=18)
        one = await subscription(h, 1)
        async with h.app.services.db.read() as connection:
            due = await addressing.due(one, addressing.Zones(connection), now())
        assert due.astimezone(zone).hour == 18
        changed = await h.use("moderator", "headlines", "channel edit", follow="1", hour=7)
        assert "daily digest at 07:00" in changed
        mine = await h.use("trader", "lounge", "alert keyword", query="silver", mode="daily", hour=21)
        assert "daily digest at 21:00" in mine
        assert "at 06:00" in await h.use("trader", "lounge", "alert edit", alert="2", hour=6)
