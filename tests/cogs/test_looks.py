"""`/channel look` through the whole bot: styles, a name of its own, quiet hours, publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.desk.looks import read_quiet
from bot.errors import UserError
from bot.preview import P
from storage import guilds
from tests.house import eventually, house

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("22:00-07:00", (1320, 420)),
        ("22 – 7", (1320, 420)),
        ("off", (None, None)),
        ("22:00", UserError),
        ("7-7", UserError),
        ("25:00-7:00", UserError),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(text: str, minutes: object) -> None:
    if minutes is UserError:
        with pytest.raises(UserError):
            read_quiet(text)
    else:
        assert read_quiet(text) == minutes


async def test_a_moderator_sets_style_quiet_hours_and_publishing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        said = await h.use("moderator", "headlines", "channel look", style="card", quiet="22:00-07:00", publish=False)
        assert "cards" in said
        assert "22:00–07:00" in said
        async with h.app.services.db.read() as connection:
            stored = await guilds.channel(connection, h.local.channel("headlines").id)
        assert stored is not None
        assert (stored.style, stored.quiet_start, stored.quiet_end, stored.publish) == ("card", 1320, 420, False)


async def test_a_name_of_its_own_is_a_webhook_and_needs_the_permission(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        said = await h.use("moderator", "headlines", "channel look", name="The Assay")
        assert "Manage Webhooks" in said
        place = h.local.channel("headlines")
        h.local.world.set_overwrite(place, h.local.world.bot, allow=int(P.MANAGE_WEBHOOKS))
        await eventually(lambda: h.app.connection.client.get_channel(place.id).overwrites)
        for name in ("The Assay", "The Assay Office"):
            await h.use("moderator", "headlines", "channel look", name=name)
        [hook] = h.local.world.webhooks.values()
        assert hook.data["name"] == "The Assay Office"
        await h.use("moderator", "headlines", "channel look", name="-")
        async with h.app.services.db.read() as connection:
            stored = await guilds.channel(connection, place.id)
        assert stored is not None
        assert stored.webhook is False
