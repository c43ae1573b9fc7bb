"""Keeping the noise down: a query is counted before it hurts, a source is muted where it came, and heard again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.preview import World
from storage import subscriptions
from tests.feedserver import Reply
from tests.house import House, eventually, house, item, rss, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Subscription


async def follows_of(h: House) -> list[Subscription]:
    async with h.app.services.db.read() as connection:
        return await subscriptions.of_guild(connection, h.guild.id)


async def test_a_query_is_counted_before_it_is_saved_and_a_noisy_one_is_called_so(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", *(f"Gold mine number {n} opens" for n in range(100)), "Zinc rises")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        for who, command in (("trader", "alert test"), ("moderator", "channel test")):
            noisy = await h.use(who, "lounge", command, query="gold mine")
            assert "100 headlines in the last 7 days" in noisy
            assert "about 14 a day" in noisy
            calm = await h.use(who, "lounge", command, query="zinc")
            assert "1 headline in" in calm
            assert "a day" not in calm
        assert await follows_of(h) == [], "nothing is saved"
        assert "about 14 a day" in await h.use("moderator", "gold-silver", "channel follow", query="gold mine")
        missed = "`list:uk-2024` is incomplete here: 13 of its 34 entries could be confirmed"
        assert missed in await h.use("moderator", "gold-silver", "channel follow", query="list:uk-2024")
        assert missed in await h.use("trader", "lounge", "alert keyword", query="list:uk-2024 OR zinc")
        assert "incomplete" not in await h.use("trader", "lounge", "alert keyword", query="list:us-2025")
        assert "choose one of your alerts" in await h.use("trader", "lounge", "alert test")


async def test_a_source_is_muted_where_it_came_by_who_may_and_heard_again(tmp_path: Path) -> None:
    async with house(tmp_path, headframe_fold_seconds=1) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        items = [
            item("Gold mine opens in Peru", guid="a", link="http://one.example/1"),
            item("Gold refinery closes in Ghana", guid="b", link="http://two.example/2"),
        ]
        h.server.script["/wire.xml"] = Reply(200, {"Content-Type": "application/rss+xml"}, rss(items))
        await eventually(
            lambda: "Ghana" in "".join(h.posts("gold-silver")) and "Peru" in "".join(h.posts("gold-silver"))
        )
        (message,) = h.local.channel_messages("gold-silver")
        refused = await h.local.invoke_on("member", h.guild, "gold-silver", "Mute this source here", message)
        assert "Manage Channels" in said(await refused.message(within=15))

        asked = await h.local.invoke_on("moderator", h.guild, "gold-silver", "Mute this source here", message)
        shown = await asked.message(within=15)
        assert "several sources" in said(shown)
        (menu,) = shown["components"][0]["components"]
        two = next(one["value"] for one in menu["options"] if one["label"] == "two.example")
        await h.local.select(shown, None, [two], "moderator")
        await eventually(lambda: "two.example is muted" in said(asked.original.data))  # type: ignore[union-attr]
        assert f"in <#{h.local.channel('gold-silver').id}>, for `gold`." in said(asked.original.data)  # type: ignore[union-attr]
        assert (await follows_of(h))[0].muted_sources == ["two.example"]
        await h.local.press(asked.original.data, "Hear it again", "moderator")  # type: ignore[union-attr]
        await eventually(lambda: "heard again" in said(asked.original.data))  # type: ignore[union-attr]
        assert (await follows_of(h))[0].muted_sources is None


async def test_what_a_member_left_behind_in_a_channel_is_stopped_or_taken_over(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "gold-silver", "alert keyword", query="gold", where="here")
        await h.use(
            "trader", "gold-silver", "alert price", metal="gold", condition="above", value="99999", where="here"
        )
        await h.use("trader", "lounge", "alert keyword", query="my own business")
        trader = h.local.world.user("trader").id
        used = await h.local.invoke("moderator", h.guild, "lounge", "channel list")
        shown = said(await used.message(within=15))
        assert shown.count(f"an alert of <@{trader}>") == 2
        assert "my own business" not in shown, "only what posts in the server's channels"

        async def open_(key: str) -> Any:
            await h.local.select(used.original.data, None, [key], "moderator")  # type: ignore[union-attr]
            await eventually(lambda: "Back to the list" in said(used.original.data))  # type: ignore[union-attr]

        await open_("1")
        assert "Change" not in said(used.original.data).split("\n"), "it is not rewritten in the member's name"  # type: ignore[union-attr]
        await h.local.press(used.original.data, "Take over for the server", "moderator")  # type: ignore[union-attr]
        await eventually(lambda: "belongs to the server now" in said(used.original.data))  # type: ignore[union-attr]
        (now,) = await follows_of(h)
        assert (now.owner_id, now.created_by) == (None, h.local.world.user("moderator").id)
        assert h.app.services.book.get(now.id) == now, "the matcher knows"

        await h.local.press(used.original.data, "Back to the list", "moderator")  # type: ignore[union-attr]
        await eventually(lambda: "Back to the list" not in said(used.original.data))  # type: ignore[union-attr]
        await open_("p1")
        await h.local.press(used.original.data, "Remove", "moderator")  # type: ignore[union-attr]
        await eventually(lambda: "for good?" in said(used.original.data))  # type: ignore[union-attr]
        await h.local.press(used.original.data, "Remove", "moderator")  # type: ignore[union-attr]
        await eventually(lambda: "Removed." in said(used.original.data))  # type: ignore[union-attr]
        assert "Gold above" not in await h.use("trader", "lounge", "alert list")


async def test_where_only_the_person_installed_it_the_feeds_of_everyone_are_read(tmp_path: Path) -> None:
    """A server the bot is not on: its own feeds do not exist, and nothing can be posted there."""
    world = World.demo()
    async with house(tmp_path, world=world) as h:
        wire = h.wire("/wire.xml", "Gold for the server alone")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        trader = world.user("trader")
        elsewhere = world.add_guild("Elsewhere", trader, bot_permissions=0)
        place = world.add_channel(elsewhere, "plaza")
        client = h.app.connection and h.app.connection.client
        assert client is not None
        await eventually(lambda: client.get_guild(elsewhere.id))
        client._connection._remove_guild(client.get_guild(elsewhere.id))  # as if it had never been added there

        async def ask(name: str, /, **options: Any) -> str:
            used = await h.local.invoke("trader", elsewhere, place, name, **options)
            return said(await used.message(within=15))

        assert "not on this server" in await ask("alert keyword", query="gold", where="here")
        assert "direct message" in await ask("alert keyword", query="gold")
        async with h.app.services.db.read() as connection:
            (one,) = await subscriptions.of_owner(connection, trader.id)
        assert one.scope_guild_id == 0, "it covers the feeds of people without a server"
        assert "server alone" not in await ask("news latest")
        assert "Lithium" in await ask("mineral info", name="lithium")
