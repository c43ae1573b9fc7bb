"""Nothing ever "did not respond": commands, controls and suggestions answer in time while the database is stuck."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discord import app_commands

import cogs
from tests.feedserver import Reply
from tests.house import House, eventually, house, item, rss, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.preview.interactions import Interaction

MODAL = 9
# One use of each command, with options that lead to whatever it asks of the database.
USES: dict[str, dict[str, Any]] = {
    "alert edit": {"alert": "1", "mode": "daily"},
    "alert keyword": {"query": "copper strike"},
    "alert list": {},
    "alert pause": {"alert": "1"},
    "alert price": {"metal": "gold", "condition": "above", "value": "99999"},
    "alert quiet": {"start": "22:00", "end": "07:00"},
    "alert remove": {"alert": "2"},
    "alert test": {"alert": "1"},
    "channel edit": {"follow": "3", "mode": "daily"},
    "channel follow": {"query": "zinc"},
    "channel list": {},
    "channel look": {"style": "line"},
    "channel test": {"query": "zinc"},
    "channel unfollow": {"follow": "3"},
    "feed add": {"url": "https://unknown.example/feed"},
    "feed agent": {"feed": "1"},
    "feed export": {},
    "feed health": {},
    "feed list": {},
    "feed remove": {"feed": "99"},
    "feed zone": {"feed": "1", "timezone": "Asia/Tokyo"},
    "help": {},
    "mineral compare": {"first": "gold", "second": "silver"},
    "mineral info": {"name": "lithium", "share": True},
    "mineral list": {"list": "us-2025"},
    "mineral risk": {},
    "mineral weekly": {},
    "news latest": {"share": True},
    "news movers": {},
    "news search": {"query": "gold"},
    "preferences": {"currency": "EUR"},
    "price chart": {"metal": "gold"},
    "price convert": {"amount": "10", "from_unit": "kg", "to_unit": "g"},
    "price now": {"metal": "gold"},
    "privacy delete": {},
    "privacy export": {},
    "settings": {"currency": "EUR"},
    "setup": {},
    "status": {},
}
WITH_A_FILE = {"feed import"}
MENUS = ("Why this?", "More like this", "Mute this source here", "Explain minerals")


@asynccontextmanager
async def stuck(h: House) -> AsyncIterator[None]:
    """A database that answers nobody until the block ends."""
    db = h.app.services.db
    free = asyncio.Event()
    originals = db.read, db.write

    def held(original: Any) -> Any:
        @asynccontextmanager
        async def connection() -> AsyncIterator[Any]:
            await free.wait()
            async with original() as made:
                yield made

        return connection

    db.read, db.write = (held(one) for one in originals)  # type: ignore[method-assign]
    try:
        yield
    finally:
        db.read, db.write = originals  # type: ignore[method-assign]
        free.set()


async def furnished(h: House) -> None:
    """A feed, two alerts of the moderator and one follow, numbers 1 to 3; a headline posted in #gold-silver."""
    wire = h.wire("/wire.xml", "first")
    await h.use("moderator", "lounge", "feed add", url=wire.url)
    for query in ("gold etf", "silver etf"):
        await h.use("moderator", "lounge", "alert keyword", query=query)
    await h.use("moderator", "gold-silver", "channel follow", query="gold")
    wire.publish("Gold holds steady in London")
    await eventually(lambda: h.posts("gold-silver"))


def names(h: House) -> set[str]:
    client = h.app.connection and h.app.connection.client
    assert client is not None
    walked = client.tree.walk_commands()
    return {one.qualified_name for one in walked if isinstance(one, app_commands.Command)}


async def test_every_command_and_suggestion_answers_in_time_while_the_database_is_stuck(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await furnished(h)
        assert names(h) == USES.keys() | WITH_A_FILE, "give each command a use here"
        message = h.local.channel_messages("gold-silver")[0]
        listed = await h.local.invoke("moderator", h.guild, "lounge", "alert list")
        await listed.message(within=15)
        guild = h.guild
        async with stuck(h):
            used = [
                await h.local.invoke("moderator", guild, "lounge", name, **options) for name, options in USES.items()
            ]
            used += [await h.local.invoke_on("moderator", guild, "gold-silver", name, message) for name in MENUS]
            used += [await h.local.press(message, label, "moderator") for label in ("Why this?", "Save")]
            used.append(await h.local.select(listed.original.data, None, ["1"], "moderator"))
            slow = [
                asyncio.create_task(h.local.autocomplete("moderator", guild, "lounge", name, option, ""))
                for name, option in (("alert edit", "alert"), ("feed remove", "feed"), ("news latest", "source"))
            ]
            for one in used:
                await used_in_time(one)
            for task in slow:
                assert await task == [], "late suggestions are none"
        for one in used:
            assert "incident number" not in await final(one), one.data


async def used_in_time(one: Interaction) -> None:
    """The person sees at least "is thinking…" within three seconds."""
    await one.until(lambda: one.callback is not None, str(one.data), 20)
    assert one.answered_after is not None
    assert one.answered_after < 3, one.data


async def final(one: Interaction) -> str:
    """What the person reads in the end."""
    if one.callback is not None and one.callback["type"] == MODAL:
        return "a form"
    await one.until(
        lambda: bool(one.followups) or (one._shown() and not one.original_deleted), f"the answer to {one.data}", 20
    )
    return said(one.followups[0].data if one.followups else await one.message(within=1))


async def test_a_slow_publisher_delays_nobody_but_the_answer_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        release = asyncio.Event()

        reply = Reply(200, {"Content-Type": "application/rss+xml"}, rss([item("Zinc rises")]), hold=release)
        h.server.script["/slow.xml"] = reply
        used = await h.local.invoke("moderator", h.guild, "lounge", "feed add", url=h.server.url("/slow.xml"))
        await used_in_time(used)
        assert "Prices" in await h.use("member", "lounge", "help", topic="prices")
        release.set()
        assert "Added" in await final(used)


async def test_a_late_answer_that_is_shared_is_seen_by_everyone_and_a_late_fault_only_by_one(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        used = {}
        async with stuck(h):
            for share in (True, False):
                for name in ("lithium", "unobtanium"):
                    options = {"name": name, "share": share}
                    used[name, share] = await h.local.invoke("member", h.guild, "lounge", "mineral info", **options)
            for one in used.values():
                await used_in_time(one)
        for (name, share), one in used.items():
            assert name in (await final(one)).lower()
            seen = one.followups[0] if one.followups else one.original
            assert seen is not None
            assert seen.ephemeral is (name == "unobtanium" or not share)


def test_one_file_of_the_counter_answers_so_that_no_answer_crosses_a_deferral() -> None:
    """`interaction.response` used elsewhere would race the clock of bot.intime."""
    folder = Path(cogs.__file__).parent
    direct = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if "interaction.response" in path.read_text(encoding="utf-8")
    }
    assert direct == {"ui/answer.py"}
