"""/privacy and /settings through the real client."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import aiohttp

from bot.desk import people
from bot.preview.faults import Fault
from storage import guilds
from storage.records import Target
from tests.house import eventually, house
from tests.storage.test_people import holding

if TYPE_CHECKING:
    from pathlib import Path

    from bot.preview.faults import RequestInfo


async def test_a_person_gets_everything_stored_about_them_and_then_nothing_is(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert keyword", query="gold etf")
        await h.use("trader", "lounge", "alert quiet", start="22:00", end="07:00", timezone="Europe/Paris")
        await h.use("trader", "lounge", "privacy export")
        await eventually(lambda: h.local.dm_messages("trader"))
        attachment = h.local.dm_messages("trader")[-1]["attachments"][0]
        assert attachment["filename"] == "headframe-export.json"
        async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as got:
            stored = json.loads(await got.text())
        assert stored["alerts"][0]["query"] == "gold etf"
        assert stored["settings"]["timezone"] == "Europe/Paris"
        trader = h.local.world.user("trader").id
        asked = await h.local.invoke("trader", h.guild, "lounge", "privacy delete")
        shown = await asked.message()
        await h.local.press(shown, "Delete everything", "trader")

        async def empty() -> bool:
            async with h.app.services.db.read() as connection:
                return await holding(connection, trader) == []

        await eventually(empty)
        assert "no alerts" in await h.use("trader", "lounge", "alert list")


async def test_only_those_who_manage_the_server_change_its_settings(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        text = await h.use("moderator", "lounge", "settings", timezone="europe/paris", currency="eur", language="fr")
        assert "Europe/Paris" in text
        assert "EUR" in text
        async with h.app.services.db.read() as connection:
            stored = await guilds.guild(connection, h.guild.id)
        assert (stored.timezone, stored.currency, stored.language) == ("Europe/Paris", "EUR", "fr")
        wrong = await h.use("moderator", "lounge", "settings", timezone="Mars/Olympus")
        assert "no time zone I know" in wrong


async def test_what_is_on_its_way_while_a_person_is_forgotten_leaves_nothing_either(tmp_path: Path) -> None:
    opening = asyncio.Event()

    def slow_door(request: RequestInfo) -> Fault | None:
        """The channel for direct messages takes its time to open."""
        if request.route != "/users/@me/channels":
            return None
        opening.set()
        return Fault.delay(0.5)

    async with house(tmp_path, faults=slow_door) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("trader", "lounge", "alert keyword", query="gold")
        wire.publish("Gold holds steady")
        await asyncio.wait_for(opening.wait(), 20)
        trader = h.local.world.user("trader").id
        await people.delete(h.app.services, trader)
        await h.app.services.outbox.settled(Target("user", trader))
        async with h.app.services.db.read() as connection:
            assert await holding(connection, trader) == []
