"""Nobody reads or changes another person's or server's things by guessing numbers; suggestions leak nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from bot.preview import World
from bot.preview.permissions import P
from tests.house import house, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house import House

SECRET = "zanzibarite"  # stands in everything of the first server and of the trader; no answer may show it
TABLES = ("subscriptions", "guild_feeds", "price_alerts", "channels", "guild_settings", "user_settings", "feeds")


async def stored(h: House, *, guild: int, owner: int) -> dict[str, list[Any]]:
    """What belongs to the first server and to the trader, but for the state of polling."""
    conditions = {
        "subscriptions": f"scope_guild_id = {guild} OR owner_id = {owner}",
        "guild_feeds": f"guild_id = {guild}",
        "price_alerts": f"owner_id = {owner}",
        "channels": f"guild_id = {guild}",
        "guild_settings": f"guild_id = {guild}",
        "user_settings": f"user_id = {owner}",
        "feeds": "1 = 1",
    }
    found = {}
    async with h.app.services.db.read() as connection:
        for table in TABLES:
            columns = "id, url, state, zone, user_agent, rule" if table == "feeds" else "*"
            rows = await connection.execute(text(f"SELECT {columns} FROM {table} WHERE {conditions[table]} ORDER BY 1"))
            columns_ = [key for key in tuple(rows.keys()) if key not in {"armed", "last_fired_at"}]
            found[table] = [tuple(row._mapping[key] for key in columns_) for row in rows]
    return found


async def test_guessed_numbers_reach_nothing_of_another_server_or_person(tmp_path: Path) -> None:
    world = World.demo()
    rival = world.add_person("rival", "rival", "Rival", "Moderator elsewhere", "guesses numbers")
    async with house(tmp_path, world=world) as h:
        other = world.add_guild("Rival Club", rival, bot_permissions=int(P.ADMINISTRATOR))
        world.add_channel(other, "plaza")
        wire = h.wire("/zanzibarite.xml", "A quiet first headline")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query=f"gold {SECRET}")
        await h.use("trader", "lounge", "alert keyword", query=f"silver {SECRET}")
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="99999")
        trader = world.user("trader")
        before = await stored(h, guild=h.guild.id, owner=trader.id)
        assert [len(before[name]) for name in ("subscriptions", "guild_feeds", "price_alerts")] == [2, 1, 1]

        tries: list[tuple[str, dict[str, Any]]] = []
        for number in ("1", "2", "3", "#1", "p1"):
            tries += [
                ("channel edit", {"follow": number, "mode": "daily"}),
                ("channel unfollow", {"follow": number}),
                ("feed remove", {"feed": number}),
                ("feed zone", {"feed": number, "timezone": "Asia/Tokyo"}),
                ("alert edit", {"alert": number, "query": "mine now"}),
                ("alert pause", {"alert": number}),
                ("alert remove", {"alert": number}),
                ("alert test", {"alert": number}),
            ]
        tries += [(name, {}) for name in ("channel list", "feed list", "feed health", "alert list", "status")]
        tries += [("feed remove", {"feed": wire.url}), ("news search", {"query": SECRET})]
        for name, options in tries:
            used = await h.local.invoke("rival", other, _plaza(world), name, **options)
            told = said(await used.message(within=15))
            typed = " ".join(str(value) for value in options.values())
            assert SECRET not in told.replace(typed, ""), (name, options, told)
        for name, option in (
            ("channel edit", "follow"), ("channel unfollow", "follow"), ("feed remove", "feed"), ("feed zone", "feed"),
            ("alert edit", "alert"), ("alert pause", "alert"), ("alert remove", "alert"), ("alert test", "alert"),
        ):  # fmt: skip
            for typed in ("", "1", "zan"):
                assert await h.local.autocomplete("rival", other, _plaza(world), name, option, typed) == [], name
        assert await stored(h, guild=h.guild.id, owner=trader.id) == before


def _plaza(world: World) -> Any:
    return next(channel for channel in world.channels.values() if channel.name == "plaza")
