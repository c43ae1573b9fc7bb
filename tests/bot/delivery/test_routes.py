"""Targets that cannot be reached: who is told and how often, what it costs, and that it goes on by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.delivery import routes as routes_module
from bot.preview import Fault, P
from storage import deliveries, guilds
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house import House

POST = "/channels/{channel_id}/messages"


def deny(h: House, name: str, permission: P) -> int:
    place = h.local.channel(name)
    h.local.world.set_overwrite(place, h.local.world.bot, deny=int(permission))
    return place.id


def allow(h: House, name: str) -> None:
    h.local.world.set_overwrite(h.local.channel(name), h.local.world.bot, deny=0)


async def notices_to_mods(h: House) -> None:
    async with h.app.services.db.write() as connection:
        await guilds.set_guild(connection, h.guild.id, now=now(), notice_channel_id=h.local.channel("mods").id)


async def states(h: House) -> dict[str, int]:
    async with h.app.services.db.read() as connection:
        return await deliveries.states(connection)


@pytest.mark.parametrize(
    ("permission", "named"),
    [
        (P.SEND_MESSAGES, "Send Messages"),
        (P.EMBED_LINKS, "Embed Links"),
        (P.VIEW_CHANNEL, "View Channel"),
    ],
)
async def test_a_permission_taken_is_told_once_costs_no_request_and_delivery_goes_on_by_itself(
    tmp_path: Path, permission: P, named: str
) -> None:
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        place = deny(h, "headlines", permission)
        target = (Target("channel", place), h.guild.id)
        for number in range(3):
            await seed(h.app.services.db, [f"Gold story {number}"], [target])
            h.app.services.outbox.wake()
            await eventually(lambda n=number: _held(h, n + 1))
        told = await eventually(lambda: h.posts("mods"))
        assert len(told) == 1
        assert f"<#{place}>" in told[0]
        assert named in told[0]
        assert sum(one in told[0] for one in ("View Channel", "Send Messages", "Embed Links")) == 1, "no other"
        refused = [one for one in h.local.requests_to("POST", POST) if one.status == 403]
        assert len(refused) <= 2
        allow(h, "headlines")
        posts = await eventually(
            lambda: len("".join(h.posts("headlines")).split("Gold story")) == 4 and h.posts("headlines")
        )
        text = "\n".join(posts)
        assert text.index("story 0") < text.index("story 1") < text.index("story 2")
        assert len(h.posts("mods")) == 1


async def _held(h: House, count: int) -> bool:
    return (await states(h)).get("held", 0) >= count


async def test_the_list_of_what_is_followed_says_which_channel_is_stopped_and_why(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("moderator", "headlines", "channel follow", query="gold")
        place = deny(h, "headlines", P.SEND_MESSAGES)
        await seed(h.app.services.db, ["Gold story"], [(Target("channel", place), h.guild.id)])
        h.app.services.outbox.wake()
        await eventually(lambda: _held(h, 1))
        listed = await h.use("moderator", "lounge", "channel list")
        assert "stopped" in listed
        assert "Send Messages" in listed
        allow(h, "headlines")
        await eventually(lambda: any("Gold story" in post for post in h.posts("headlines")))
        assert "stopped" not in await h.use("moderator", "lounge", "channel list")


async def test_a_loss_after_delivery_went_on_is_told_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        target = (Target("channel", deny(h, "headlines", P.SEND_MESSAGES)), h.guild.id)
        await seed(h.app.services.db, ["Gold one"], [target])
        h.app.services.outbox.wake()
        await eventually(lambda: len(h.posts("mods")) == 1)
        allow(h, "headlines")
        await eventually(lambda: h.posts("headlines"))
        await eventually(lambda: not h.app.services.routes._told)
        deny(h, "headlines", P.SEND_MESSAGES)
        await seed(h.app.services.db, ["Gold two"], [target])
        h.app.services.outbox.wake()
        await eventually(lambda: len(h.posts("mods")) == 2)


async def test_a_refusal_that_nothing_explains_is_probed_rarely_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out, say: Discord refuses, the permissions look whole, and no event comes when it ends."""
    monkeypatch.setattr(routes_module, "_PROBES", tuple(timedelta(seconds=s) for s in (0.2, 0.2, 3600)))
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        place = h.local.channel("headlines").id
        h.local.faults = lambda info: Fault.error(403) if info.channel_id == place and info.method == "POST" else None
        await seed(h.app.services.db, ["Gold one"], [(Target("channel", place), h.guild.id)])
        h.app.services.outbox.wake()
        await eventually(lambda: (p := h.app.services.routes._probes.get(Target("channel", place))) and p.tries == 3)
        # Any event of the server makes the bot look again; it may not ask Discord each time.
        for number in range(5):
            h.local.world.change_channel(h.local.channel("policy"), topic=f"topic {number}")
        await eventually(lambda: h.app.connection.client.get_channel(h.local.channel("policy").id).topic == "topic 4")
        assert len([one for one in h.local.requests_to("POST", POST) if one.status == 403]) == 3
        assert len(h.posts("mods")) == 1
        h.local.faults = None
        h.app.services.routes._probes[Target("channel", place)].due_at = now()
        await eventually(lambda: h.posts("headlines"))


async def test_a_deleted_channel_stops_and_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        place = h.local.channel("headlines")
        h.local.world.remove_channel(place)
        target = (Target("channel", place.id), h.guild.id)
        for number in range(3):
            await seed(h.app.services.db, [f"Gold {number}"], [target])
            h.app.services.outbox.wake()
            await eventually(lambda n=number: _held(h, n + 1))
        told = await eventually(lambda: h.posts("mods"))
        assert len(told) == 1
        assert "the channel is gone" in told[0]
        assert len([one for one in h.local.requests_to("POST", POST) if one.status == 404]) == 1


async def test_without_a_notice_channel_the_owner_hears_of_it(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = (Target("channel", deny(h, "headlines", P.SEND_MESSAGES)), h.guild.id)
        await seed(h.app.services.db, ["Gold"], [target])
        h.app.services.outbox.wake()
        told = await eventually(lambda: h.local.dm_messages("moderator"))
        assert "Send Messages" in said(told[0])


async def test_a_locked_thread_waits_until_it_is_open_and_an_archived_one_wakes(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        world = h.local.world
        parent = h.local.channel("lounge")
        world.set_overwrite(parent, world.bot, deny=int(P.MANAGE_THREADS))
        thread = world.add_thread(parent, "gold talk", world.bot.id, 11)
        thread.data["thread_metadata"] |= {"archived": True, "locked": True}
        world.channel_changed(thread)
        await notices_to_mods(h)
        target = (Target("channel", thread.id), h.guild.id)
        await seed(h.app.services.db, ["Gold one"], [target])
        h.app.services.outbox.wake()
        told = await eventually(lambda: h.posts("mods"))
        assert "locked" in told[0]
        world.change_channel(h.local.channel("policy"), topic="anything")  # an event that opens nothing
        await eventually(lambda: h.app.connection.client.get_channel(h.local.channel("policy").id).topic == "anything")
        assert Target("channel", thread.id) in h.app.services.routes.lost
        thread.data["thread_metadata"]["locked"] = False
        world.channel_changed(thread)
        # Discord does not announce threads that are still archived; the next look finds it open.
        h.app.services.outbox.wake()
        await eventually(lambda: target[0] in h.app.services.routes._probes)
        h.app.services.routes._probes[target[0]].due_at = now()
        await eventually(lambda: h.local.channel_messages(thread))
        assert thread.data["thread_metadata"]["archived"] is False


async def test_an_outage_of_the_server_is_no_loss(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        h.local.world.set_unavailable(h.guild, True)
        client = h.app.connection.client
        await eventually(lambda: client.get_guild(h.guild.id).unavailable)
        target = (Target("channel", h.local.channel("headlines").id), h.guild.id)
        await seed(h.app.services.db, ["Gold"], [target])
        h.app.services.outbox.wake()
        await eventually(lambda: _waits(h))
        assert not h.app.services.routes.lost
        h.local.world.set_unavailable(h.guild, False)
        await eventually(lambda: h.posts("headlines"), 40)
        assert h.posts("mods") == []


async def _waits(h: House) -> bool:
    async with h.app.services.db.read() as connection:
        row = await deliveries.get(connection, 1)
    return row is not None and row.state == "pending" and "down for the moment" in (row.error or "")


async def test_a_server_left_is_held_without_a_word_and_goes_on_after_the_return(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = (Target("channel", h.local.channel("headlines").id), h.guild.id)
        client = h.app.connection.client
        h.local.world.remove_guild(h.guild)
        await eventually(lambda: not client.guilds)
        await seed(h.app.services.db, ["Gold"], [target])
        h.app.services.outbox.wake()
        await eventually(lambda: _held(h, 1))
        assert h.app.services.routes.lost[target[0]] == "left"
        assert not h.local.requests_to("POST", POST)


async def test_refused_direct_messages_wait_are_told_at_the_next_command_and_tried_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        trader = h.local.world.user("trader")
        h.local.set_dms_open("trader", False)
        await seed(h.app.services.db, ["Gold one", "Gold two"], [(Target("user", trader.id), None)])
        h.app.services.outbox.wake()
        await eventually(lambda: _held(h, 2))
        used = await h.local.invoke("trader", h.guild, "lounge", "status")
        await used.message(within=10)
        await eventually(lambda: used.followups)
        assert "direct messages" in said(used.followups[-1].data)
        # It was tried again and refused again; nothing is lost, and it is not said at every command.
        await eventually(lambda: Target("user", trader.id) in h.app.services.routes.lost)
        again = await h.local.invoke("trader", h.guild, "lounge", "status")
        await again.message(within=10)
        h.local.set_dms_open("trader", True)
        async with h.app.services.db.write() as connection:  # ten minutes later
            await guilds.set_user(connection, trader.id, now=now(), dm_refused_at=now() - timedelta(minutes=10))
        third = await h.local.invoke("trader", h.guild, "lounge", "status")
        await third.message(within=10)
        await eventually(lambda: "Gold two" in "".join(said(one) for one in h.local.dm_messages("trader")))
        assert again.followups == []


async def test_what_is_too_old_when_the_route_is_back_is_dropped_with_its_reason(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = (Target("channel", deny(h, "headlines", P.SEND_MESSAGES)), h.guild.id)
        await seed(h.app.services.db, ["Gold of yesterday"], [target], age=timedelta(hours=23, minutes=59, seconds=50))
        h.app.services.outbox.wake()
        await eventually(lambda: _held(h, 1))
        await h.app.services.routes.restore(target[0], now() + timedelta(minutes=1))
        async with h.app.services.db.read() as connection:
            row = await deliveries.get(connection, 1)
            dropped = await deliveries.dropped_since(connection, h.guild.id, now() - timedelta(days=2))
        assert row is not None
        assert row.state == "dropped"
        assert list(dropped) == ["older than 24 h when the channel could be reached again"]
