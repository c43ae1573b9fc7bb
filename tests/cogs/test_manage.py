"""A list that is managed by opening its entries: for alerts and for what channels follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cogs.ui.manage_view import Entry, Screen, embed, form_title
from storage import price_alerts, subscriptions
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Subscription


class Desk:
    """One managed list on the screen of one person."""

    def __init__(self, h: House, who: str, used: Any) -> None:
        self.h, self.who, self.used = h, who, used

    @property
    def shown(self) -> str:
        return said(self.used.original.data)

    async def press(self, label: str, then: str) -> Any:
        """Press a button and wait until the message says `then`."""
        pressed = await self.h.local.press(self.used.original.data, label, self.who)
        await eventually(lambda: then in self.shown)
        return pressed

    async def open(self, key: str) -> None:
        await self.h.local.select(self.used.original.data, None, [key], self.who)
        await eventually(lambda: "Back to the list" in self.shown)

    async def form(self, button: str, then: str, **fields: Any) -> None:
        """Open a form by its button, fill it in by the names of fields, send it, wait until the message says `then`."""
        opened = await self.h.local.press(self.used.original.data, button, self.who)
        modal = await opened.modal()
        names = {
            "What to watch for": "query", "How often": "mode", "When": "condition", "Where it is posted": "channel",
            "Where it goes": "where",
        }  # fmt: skip
        values: dict[str, Any] = {}
        for label in modal["components"]:
            name = names[label["label"]]
            if name in fields:
                values[label["component"]["custom_id"]] = fields.pop(name)
        assert not fields, f"the form has no {fields}"
        await self.h.local.submit_modal(opened, **values)
        await eventually(lambda: then in self.shown)


async def alerts(h: House, who: str = "trader") -> Desk:
    used = await h.local.invoke(who, h.guild, "lounge", "alert list")
    await used.message(within=15)
    return Desk(h, who, used)


async def stored(h: House, who: str) -> list[Subscription]:
    async with h.app.services.db.read() as connection:
        return await subscriptions.of_owner(connection, h.local.world.user(who).id)


async def test_an_alert_is_changed_paused_tested_copied_and_removed_without_typing_a_number(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "Gold ETF holdings grow", "Silver slides")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("trader", "lounge", "alert keyword", query="gold etf")
        desk = await alerts(h)
        (one,) = await stored(h, "trader")
        await desk.open(str(one.id))
        await desk.press("Test", "It would have brought 1 headline")
        assert desk.shown.count("gold etf") == 1, "the title has it"
        assert "Gold ETF holdings grow" in desk.shown

        await desk.form("Change", "Changed.", query="silver", mode=["daily"], where=["here"])
        (now,) = await stored(h, "trader")
        assert (now.query, now.mode, now.target_kind) == ("silver", "daily", "channel")
        assert h.app.services.book.get(one.id) == now, "the matcher knows"

        await desk.press("Pause 8 h", "paused")
        (now,) = await stored(h, "trader")
        assert now.state == "paused"
        assert now.paused_until is not None
        await desk.press("Go on", "Pause 8 h")
        assert (await stored(h, "trader"))[0].state == "active"

        await desk.form("Copy", "This is the copy.", query="copper")
        assert [found.query for found in await stored(h, "trader")] == ["silver", "copper"]
        await desk.press("Remove", "for good?")
        await desk.press("Keep it", "Back to the list")
        assert len(await stored(h, "trader")) == 2
        await desk.press("Remove", "for good?")
        await desk.press("Remove", "Removed.")
        assert [found.query for found in await stored(h, "trader")] == ["silver"]


async def test_a_price_alert_stands_in_the_same_list_with_the_same_buttons(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        await h.use("trader", "lounge", "alert keyword", query="gold etf")
        desk = await alerts(h)
        assert "gold etf" in desk.shown
        assert "Gold above 99,999.00 USD/oz t" in desk.shown
        (keyword,) = await stored(h, "trader")
        assert "on headlines" in await h.use("trader", "lounge", "alert edit", alert=str(keyword.id), value="5000")
        await desk.open("p1")
        await desk.press("Test", "There are no stored prices")
        await desk.press("Pause", "paused")
        await desk.form("Change", "Changed.", condition=["below"], query="2000 USD/oz t", where=["here"], mode=["each"])
        async with h.app.services.db.read() as connection:
            changed = await price_alerts.get(connection, 1)
        assert changed is not None
        assert (changed.condition, str(changed.level), changed.repeat) == ("below", "2000", True)
        assert (changed.target_kind, changed.state) == ("channel", "paused"), "a change does not end a pause"
        await desk.press("Go on", "Pause 8 h")
        await desk.form("Copy", "This is the copy.", condition=["moves"], query="3% in 1d")
        async with h.app.services.db.read() as connection:
            copied, first = await price_alerts.of_owner(connection, changed.owner_id)
        assert (copied.percent, copied.window_seconds, copied.level) == (3, 86400, None)
        assert first.level == 2000
        await desk.press("Remove", "for good?")
        await desk.press("Remove", "Removed.")
        assert "moves 3.00 %" not in desk.shown
        assert "Gold below 2,000.00 USD/oz t" in desk.shown


async def test_a_bad_value_in_the_form_of_a_price_alert_is_explained_and_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        desk = await alerts(h)
        await desk.open("p1")
        opened = await h.local.press(desk.used.original.data, "Change", "trader")
        (_when, value, *_rest) = (await opened.modal())["components"]
        sent = await h.local.submit_modal(opened, **{value["component"]["custom_id"]: "lots"})
        assert "not a price" in said(await sent.message(within=15))
        async with h.app.services.db.read() as connection:
            alert = await price_alerts.get(connection, 1)
        assert alert is not None
        assert alert.level == 99999


async def test_what_a_channel_follows_is_moved_by_the_form(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        used = await h.local.invoke("moderator", h.guild, "lounge", "channel list")
        await used.message(within=15)
        desk = Desk(h, "moderator", used)
        async with h.app.services.db.read() as connection:
            (one,) = await subscriptions.of_guild(connection, h.guild.id)
        await desk.open(str(one.id))
        policy = h.local.channel("policy").id
        await desk.form("Change", "Changed.", channel=[str(policy)])
        async with h.app.services.db.read() as connection:
            (now,) = await subscriptions.of_guild(connection, h.guild.id)
        assert (now.target_id, now.query) == (policy, "gold")


async def test_a_bad_query_in_the_form_is_explained_and_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert keyword", query="gold")
        desk = await alerts(h)
        (one,) = await stored(h, "trader")
        await desk.open(str(one.id))
        opened = await h.local.press(desk.used.original.data, "Change", "trader")
        modal = await opened.modal()
        field = modal["components"][0]["component"]["custom_id"]
        sent = await h.local.submit_modal(opened, **{field: "(gold"})
        assert "bracket" in said(await sent.message(within=15))
        assert (await stored(h, "trader"))[0].query == "gold"


async def test_controls_stop_working_when_the_right_to_them_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        used = await h.local.invoke("moderator", h.guild, "lounge", "channel list")
        await used.message(within=15)
        desk = Desk(h, "moderator", used)
        async with h.app.services.db.read() as connection:
            (one,) = await subscriptions.of_guild(connection, h.guild.id)
        await desk.open(str(one.id))
        await desk.press("Remove", "for good?")
        rosa = h.local.world.user("moderator")
        h.guild.data["owner_id"] = str(h.local.world.bot.id)
        h.guild.owner_id = h.local.world.bot.id
        h.local.world.set_member_roles(h.guild, rosa, [])
        pressed = await h.local.press(used.original.data, "Remove", "moderator")
        assert "Manage Channels" in said(await pressed.message(within=15))
        async with h.app.services.db.read() as connection:
            assert await subscriptions.of_guild(connection, h.guild.id) == [one]


@pytest.mark.parametrize(("number", "pages"), [(7, 1), (8, 2)])
async def test_a_long_list_pages(tmp_path: Path, number: int, pages: int) -> None:
    async with house(tmp_path) as h:
        for place in range(number):
            await h.use("trader", "lounge", "alert keyword", query=f"gold word{place}")
        desk = await alerts(h)
        assert f"{number} alerts" in desk.shown
        assert ("Page 1 of 2" in desk.shown) is (pages == 2)
        if pages == 2:
            await desk.press("Next", "word7")
            (last,) = (await stored(h, "trader"))[7:]
            await desk.open(str(last.id))


async def test_an_opened_entry_and_its_form_name_the_alert(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        long = "gold OR " + " OR ".join(f"word{place}" for place in range(12))
        await h.use("trader", "lounge", "alert keyword", query=long)
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        desk = await alerts(h)
        (one,) = await stored(h, "trader")
        await desk.open(str(one.id))
        assert desk.used.original.data["embeds"][0]["title"] == long
        modal = await (await h.local.press(desk.used.original.data, "Copy", "trader")).modal()
        assert modal["title"].startswith("Copy: gold OR word0")
        assert len(modal["title"]) <= 45
        await desk.form("Change", "Changed.", mode=["daily"])
        assert desk.used.original.data["embeds"][0]["description"].count("\n") == 1, "no blank line before one line"
        await desk.press("Back to the list", "2 alerts")
        await desk.open("p1")
        assert "Gold above 99,999.00 USD/oz t" in desk.used.original.data["embeds"][0]["title"]
        modal = await (await h.local.press(desk.used.original.data, "Change", "trader")).modal()
        assert modal["title"].startswith("Change: Gold above")


async def test_what_channels_follow_is_counted_apart_from_members_alerts_as_status_counts(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for query in ("gold", "silver"):
            await h.use("moderator", "gold-silver", "channel follow", query=query)
        assert "Queries followed: 2\n" in await h.use("moderator", "lounge", "status")
        await h.use("trader", "lounge", "alert keyword", query="copper", where="here")
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="9000", where="here")
        assert "2 queries followed · 2 members' alerts" in await h.use("moderator", "lounge", "channel list")
        assert "Queries followed: 2 · 2 members' alerts\n" in await h.use("moderator", "lounge", "status")
        used = await h.local.invoke("moderator", h.guild, "lounge", "channel list")
        await used.message(within=15)
        desk = Desk(h, "moderator", used)
        await desk.open("1")
        assert desk.shown.count("gold") == 2, "in the channel's name and once as the query"


async def test_the_hour_of_a_daily_digest_and_its_time_zone_are_named(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "preferences", timezone="Europe/Warsaw")
        await h.use("moderator", "lounge", "settings", timezone="America/Lima")
        says = "as a daily digest at 08:00 (Europe/Warsaw)"
        assert says in await h.use("trader", "lounge", "alert keyword", query="gold", mode="daily")
        assert says in await h.use("trader", "lounge", "alert list")
        assert "at 17:00 (Europe/Warsaw)" in await h.use("trader", "lounge", "alert edit", alert="gold", hour=17)
        told = await h.use("moderator", "gold-silver", "channel follow", query="zinc", mode="daily")
        assert "at 08:00 (America/Lima)" in told
        desk = await alerts(h)
        await desk.open("1")
        modal = await (await h.local.press(desk.used.original.data, "Change", "trader")).modal()
        (_query, mode, *_rest) = modal["components"]
        labels = [one["label"] for one in mode["component"]["options"]]
        assert "as a daily digest at 17:00 (Europe/Warsaw)" in labels


@pytest.mark.parametrize(("label", "title"), [("*tin* `x`", r"\*tin\* \`x\`"), ("", "—"), ("*" * 500, None)])
def test_a_title_shows_the_label_letter_for_letter_and_fits(label: str, title: str | None) -> None:
    entry = Entry("1", label, "- line", paused=False)
    shown = embed(Screen([entry], key="1"), None).title  # type: ignore[arg-type]  # an opened entry asks no shelf
    assert shown is not None
    assert len(shown) <= 256
    assert title is None or shown == title
    assert len(form_title("Change", entry)) <= 45
