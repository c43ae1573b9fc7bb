"""`/alert quiet`: a person's quiet hours are shown, set and switched off, never lost by looking at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import guilds
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import UserSettings


async def stored(h: House) -> UserSettings:
    async with h.app.services.db.read() as connection:
        return await guilds.user(connection, h.local.world.user("trader").id)


async def test_without_options_quiet_hours_are_shown_and_a_button_ends_them_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as h:
        none = await h.use("trader", "lounge", "alert quiet")
        assert "no quiet hours" in none
        assert "start:22:00 end:07:00" in none, "and how to set them"
        assert "Switch off" not in none
        told = await h.use("trader", "lounge", "alert quiet", start="22:00", end="07:00", timezone="Europe/Warsaw")
        assert "Europe/Warsaw is your time zone from now on, for digests as well" in told
        used = await h.local.invoke("trader", h.guild, "lounge", "alert quiet")
        shown = said(await used.message(within=15))
        assert "Quiet from 22:00 to 07:00 (Europe/Warsaw)" in shown
        assert "from now on" not in shown, "nothing was changed"
        assert (await stored(h)).quiet_start == 22 * 60
        await h.restart()
        await h.local.press(used.original.data, "Switch off", "trader")
        await eventually(lambda: "no quiet hours now" in said(used.original.data))
        assert "Switch off" not in said(used.original.data)
        assert (await stored(h)).quiet_start is None


async def test_quiet_hours_are_switched_off_in_words_and_a_time_zone_alone_keeps_them(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert quiet", start="22:00", end="07:00")
        assert "Quiet from 22:00" in await h.use("trader", "lounge", "alert quiet", timezone="Asia/Tokyo")
        assert (await stored(h)).quiet_end == 7 * 60
        assert "without an end" in await h.use("trader", "lounge", "alert quiet", start="off", end="07:00")
        assert "no quiet hours now" in await h.use("trader", "lounge", "alert quiet", start="Off")
        assert ((await stored(h)).quiet_start, (await stored(h)).timezone) == (None, "Asia/Tokyo")
