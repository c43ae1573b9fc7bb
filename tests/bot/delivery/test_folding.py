"""Bursts, caps, digests, quiet hours and pings, through the whole bot."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from storage import deliveries, guilds, held
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.bot.delivery.test_places import all_sent, deliver, look
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Delivery
    from tests.house import House


async def rows(h: House) -> list[Delivery]:
    async with h.app.services.db.read() as connection:
        found = [await deliveries.get(connection, number) for number in range(1, 80)]
    return [one for one in found if one is not None]


async def test_a_burst_travels_as_one_message_within_all_limits(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        titles = [f"Gold story number {n} " + "of the long kind " * 14 for n in range(23)]
        await deliver(h, titles, target)
        await eventually(lambda: all_sent(h))
        messages = h.local.channel_messages("headlines")
        assert len(messages) == 3
        text = "\n".join(said(one) for one in messages)
        places = [text.index(title.strip()) for title in titles]
        assert places == sorted(places)


async def test_what_follows_within_moments_gathers(tmp_path: Path) -> None:
    async with house(tmp_path, headframe_fold_seconds=3) as h:
        target = await look(h, "headlines")
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: h.posts("headlines"))
        for number in range(4):
            await deliver(h, [f"Gold more {number}"], target)
        await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 2


async def test_over_the_cap_comes_as_one_message_that_opens_as_a_page(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        answer = await h.use("moderator", "headlines", "channel follow", query="gold", max_per_hour=2)
        assert "now follows" in answer
        target = Target("channel", h.local.channel("headlines").id)
        async with h.app.services.db.read() as connection:
            [sub] = [row[0] for row in await connection.exec_driver_sql("SELECT id FROM subscriptions")]
        for number in range(5):
            await deliver(h, [f"Gold story {number}"], (target, h.guild.id), subscription_id=sub)
            await eventually(lambda n=number: _settled(h, n + 1))
        assert len(h.posts("headlines")) == 2
        held = [one for one in await rows(h) if one.reason == "cap"]
        assert len(held) == 3
        assert len({one.due_at for one in held}) == 1, "they travel together"
        async with h.app.services.db.write() as connection:  # an hour later
            await connection.exec_driver_sql("UPDATE deliveries SET due_at = due_at - 3700, sent_at = sent_at - 3700")
        h.app.services.outbox.wake()
        await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 3
        last = h.local.channel_messages("headlines")[-1]
        assert "3 more headlines" in said(last)
        pressed = await h.local.press(last, "Open as a page", "member")
        text = said(await pressed.message(within=10))
        assert all(f"Gold story {number}" in text for number in (2, 3, 4))


async def _settled(h: House, count: int) -> bool:
    found = await rows(h)
    return len(found) == count and all(one.state == "sent" or one.reason == "cap" for one in found)


def minutes_from_now(minutes: int) -> int:
    at = now() + timedelta(minutes=minutes)
    return at.hour * 60 + at.minute


async def test_quiet_hours_hold_everything_and_the_morning_brings_one_message(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        trader = h.local.world.user("trader")
        async with h.app.services.db.write() as connection:
            await guilds.set_user(
                connection, trader.id, now=now(), quiet_start=minutes_from_now(-60), quiet_end=minutes_from_now(60)
            )
        target = (Target("user", trader.id), None)
        titles = [f"Barrick reports quarter number {n} of gold output" for n in range(35)]
        for part in (titles[:20], titles[20:]):
            await deliver(h, part, target)
            await eventually(lambda: _all_quiet(h))
        assert h.local.dm_messages("trader") == []
        async with h.app.services.db.write() as connection:
            await guilds.set_user(connection, trader.id, now=now(), quiet_start=None, quiet_end=None)
            await held.end_quiet(connection, target[0], now=now())
        h.app.services.outbox.wake()
        await eventually(lambda: all_sent(h))
        messages = h.local.dm_messages("trader")
        assert len(messages) == 1
        assert all(title in said(messages[0]) for title in titles)
        assert "While it was quiet: 35 headlines" in said(messages[0])


async def _all_quiet(h: House) -> bool:
    found = await rows(h)
    return all(one.reason == "quiet" and one.state == "pending" for one in found)


async def test_a_channels_quiet_hours_follow_the_servers_time_zone(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        from zoneinfo import ZoneInfo

        local = now().astimezone(ZoneInfo("Australia/Lord_Howe"))
        start = (local - timedelta(minutes=30)).hour * 60 + (local - timedelta(minutes=30)).minute
        async with h.app.services.db.write() as connection:
            await guilds.set_guild(connection, h.guild.id, now=now(), timezone="Australia/Lord_Howe")
        target = await look(h, "headlines", quiet_start=start, quiet_end=(start + 60) % 1440)
        await deliver(h, ["Gold"], target)
        await eventually(lambda: _all_quiet(h))
        [held] = await rows(h)
        assert held.due_at is not None
        assert timedelta(minutes=28) < held.due_at - now() < timedelta(minutes=31)


async def test_a_digest_is_one_message_by_mineral_that_pings_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        role = next(one for one in h.guild.roles.values() if one.data["name"] == "Traders")
        target = await look(h, "headlines")
        titles = ["Gold climbs in London", "Copper mine floods", "Bullion demand rises", "Something of no metal"]
        await deliver(h, titles, target, mode="daily", priority=2, role_id=role.id)
        await eventually(lambda: all_sent(h))
        [message] = h.local.channel_messages("headlines")
        text = said(message)
        assert "Your daily digest: 4 headlines" in text
        assert text.index("Gold climbs") < text.index("Bullion demand") < text.index("Copper mine")
        assert message["mention_roles"] == [str(role.id)]


async def test_a_role_is_pinged_once_a_minute_at_most_restarts_included(tmp_path: Path) -> None:
    async def pings(h: House) -> list[Any]:
        return [one["mention_roles"] for one in h.local.channel_messages("headlines")]

    async with house(tmp_path) as h:
        role = next(one for one in h.guild.roles.values() if one.data["name"] == "Traders")
        target = await look(h, "headlines")
        for title in ("Gold one", "Gold two"):
            await deliver(h, [title], target, role_id=role.id)
            await eventually(lambda: all_sent(h))
        assert await pings(h) == [[str(role.id)], []]
        carrier = h.app.services.outbox._carrier
        carrier._last_ping.clear()  # as after a restart
        await deliver(h, ["Gold three"], target, role_id=role.id)
        await eventually(lambda: all_sent(h))
        assert (await pings(h))[2] == []
        carrier._last_ping[target[0]] = now() - timedelta(seconds=61)
        await deliver(h, ["Gold four"], target, role_id=role.id)
        await eventually(lambda: all_sent(h))
        assert (await pings(h))[3] == [str(role.id)]


async def test_every_request_allows_no_mention_but_the_roles_asked_for(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        await deliver(h, ["@everyone <@&1> gold is <@2> up"], target)
        await eventually(lambda: all_sent(h))
        for stored in h.local.requests_to("POST", "/channels/{channel_id}/messages"):
            assert stored.body["allowed_mentions"].get("parse") == []


async def test_a_clock_set_forward_loses_nothing_and_backward_delays_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        outbox_ = h.app.services.outbox
        for jump in (timedelta(days=3), timedelta(days=-6)):
            await seed(
                h.app.services.db, [f"Gold before a jump of {jump.days} days"], [target], at=now() - timedelta(hours=1)
            )
            async with h.app.services.db.write() as connection:  # what was written before is of the old time
                by = int(-jump.total_seconds())
                moved = f"created_at = created_at + {by}, due_at = due_at + {by}"
                await connection.exec_driver_sql(f"UPDATE deliveries SET {moved} WHERE state = 'pending'")
                outbox_._watch._difference -= jump.total_seconds()  # as if the wall clock had been set by that much
            outbox_.wake()
            await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 2
