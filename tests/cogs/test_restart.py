"""What people see on the screen goes on working when the bot was restarted in between, or says how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage import guilds, subscriptions
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


async def ask(h: House, who: str, command: str, **options: Any) -> Any:
    used = await h.local.invoke(who, h.guild, "lounge", command, **options)
    await used.message(within=15)
    return used


async def test_the_controls_of_every_answer_outlive_the_process(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert keyword", query="gold etf")
        await h.use("moderator", "gold-silver", "channel follow", query="silver")
        alerts = await ask(h, "trader", "alert list")
        follows = await ask(h, "moderator", "channel list")
        started = await ask(h, "moderator", "setup")
        card = await ask(h, "member", "mineral info", name="lithium")
        delete = await ask(h, "trader", "privacy delete")
        await h.restart()

        await h.local.select(alerts.original.data, None, ["1"], "trader")
        await eventually(lambda: "Back to the list" in said(alerts.original.data))
        await h.local.press(alerts.original.data, "Pause 8 h", "trader")
        await eventually(lambda: "paused" in said(alerts.original.data))

        await h.local.select(follows.original.data, None, ["2"], "moderator")
        await eventually(
            lambda: "Take over" not in said(follows.original.data) and "Remove" in said(follows.original.data)
        )
        await h.local.press(follows.original.data, "Remove", "moderator")
        await eventually(lambda: "for good?" in said(follows.original.data))
        await h.local.press(follows.original.data, "Remove", "moderator")
        await eventually(lambda: "No channel follows anything" in said(follows.original.data))

        menus = [one["custom_id"] for row in started.original.data["components"] for one in row["components"]]
        await h.local.select(started.original.data, menus[0], ["fr"], "moderator")
        await eventually(lambda: "Français" in said(started.original.data))
        async with h.app.services.db.read() as connection:
            plan = (await guilds.guild(connection, h.guild.id)).setup
        assert plan is not None
        assert plan["language"] == "fr"

        await h.local.press(card.original.data, "Supply", "member")
        await eventually(lambda: "Producers" in said(card.original.data) or "World" in said(card.original.data))

        await h.local.press(delete.original.data, "Delete everything", "trader")
        await eventually(lambda: "I know nothing of you" in said(delete.original.data))
        async with h.app.services.db.read() as connection:
            assert await subscriptions.of_owner(connection, h.local.world.user("trader").id) == []


async def test_a_list_that_turned_its_pages_names_the_command_to_use_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", *(f"Gold headline number {n}" for n in range(20)))
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        used = await ask(h, "member", "news latest")
        await h.restart()
        pressed = await h.local.press(used.original.data, "Next", "member")
        told = said(await pressed.message(within=15))
        assert "`/news latest`" in told
        assert pressed.answered_after < 3


async def test_a_form_that_was_open_during_a_restart_gives_back_what_was_typed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert keyword", query="gold")
        used = await ask(h, "trader", "alert list")
        await h.local.select(used.original.data, None, ["1"], "trader")
        await eventually(lambda: "Back to the list" in said(used.original.data))
        opened = await h.local.press(used.original.data, "Change", "trader")
        modal = await opened.modal()
        await h.restart()
        field = modal["components"][0]["component"]["custom_id"]
        sent = await h.local.submit_modal(opened, **{field: "gold etf OR gold trust"})
        told = said(await sent.message(within=15))
        assert "Open it again" in told
        assert "gold etf OR gold trust" in told


@pytest.mark.parametrize("button", ["Why this?", "Alert me on this"])
async def test_the_buttons_under_a_post_work_after_a_restart(tmp_path: Path, button: str) -> None:
    async with house(tmp_path) as h:
        wire = h.wire("/wire.xml", "first")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        wire.publish("Gold holds steady in London")
        await eventually(lambda: h.posts("gold-silver"))
        await h.restart()
        pressed = await h.local.press(h.local.channel_messages("gold-silver")[0], button, "member")
        if button == "Why this?":
            assert "Gold holds steady" in said(await pressed.message(within=15))
        else:
            assert "mineral:gold" in str(await pressed.modal())
