"""No command and no control reads or changes what belongs to another server or person, whatever numbers are guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import World
from bot.preview.permissions import P
from tests.cogs.siege import Siege, rows_of, shown_ids, walk
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from bot.preview import model as m

SECRET = "zanzibarite"  # stands in all that belongs to the first server
PRIVATE = "quuxium"  # stands in what belongs to the trader alone
POLLING = {"entries", "entry_facets", "stories"}  # news comes in meanwhile


async def furnish(h: House) -> set[str]:
    """The first server and the trader use everything once; the controls that were on anybody's screen meanwhile."""
    wire = h.wire(f"/{SECRET}.xml", f"{SECRET} gold mine opens", *(f"{SECRET} gold etf {n}" for n in range(12)))
    await h.use("moderator", "lounge", "feed add", url=wire.url)
    await h.use("moderator", "gold-silver", "channel follow", query=f"gold OR {SECRET}")
    await h.use("moderator", "gold-silver", "channel look", quiet="03:00-03:01")
    await h.use("moderator", "lounge", "settings", timezone="Europe/Paris", currency="EUR")
    await h.use("trader", "lounge", "alert keyword", query=f"gold OR {PRIVATE}")
    await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="88888")
    await h.use("trader", "lounge", "alert quiet", start="03:00", end="03:01", timezone="Europe/Paris")
    wire.publish(f"{SECRET} gold strike ends")
    wire.publish(f"{SECRET} gold mine floods")
    await eventually(lambda: h.posts("gold-silver"))
    await eventually(lambda: h.local.dm_messages("trader"))
    h.server.script["/choice"] = page_with_feeds(h)
    for who, name, options in (
        ("moderator", "setup", {}), ("moderator", "channel list", {}), ("moderator", "feed list", {}),
        ("moderator", "feed add", {"url": h.server.url("/choice")}), ("moderator", "news latest", {}),
        ("trader", "alert list", {}), ("trader", "privacy delete", {}), ("trader", "mineral info", {"name": "gold"}),
        ("trader", "mineral list", {}), ("trader", "help", {}), ("trader", "news search", {"query": "gold"}),
    ):  # fmt: skip
        await h.use(who, "lounge", name, **options)
    for who, command, key in (("moderator", "channel list", "1"), ("trader", "alert list", "2")):
        for button in (None, "Remove"):
            used = await h.local.invoke(who, h.guild, "lounge", command)
            await used.message(within=15)
            await h.local.select(used.original.data, None, [key], who)  # type: ignore[union-attr]
            await eventually(lambda used=used: "Back to the list" in said(used.original.data))
            if button:
                await h.local.press(used.original.data, button, who)  # type: ignore[union-attr]
                await eventually(lambda used=used: "for good?" in said(used.original.data))
    message = h.local.channel_messages("gold-silver")[0]
    muted = await h.local.invoke_on("moderator", h.guild, "gold-silver", "Mute this source here", message)
    assert "is muted" in said(await muted.message(within=15))
    asked = await h.local.press(message, "Alert me on this", "moderator")
    assert "which of these headlines" in said(await asked.message(within=15))
    started = await h.local.invoke("moderator", h.guild, "lounge", "setup")
    await started.message(within=15)
    seen = set(shown_ids(h))
    for step in range(2, 6):
        await h.local.press(started.original.data, "Next", "moderator")  # type: ignore[union-attr]
        await eventually(lambda step=step: f"Step {step} of" in said(started.original.data))
        seen.update(shown_ids(h))
    return seen


def page_with_feeds(h: House) -> Any:
    from tests.feedserver import Reply

    wires = [h.wire(f"/one{n}.xml", f"{SECRET} {n}") for n in (1, 2)]
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='{one.url}'>" for one in wires)
    return Reply(200, {"Content-Type": "text/html"}, f"<html><head>{links}</head></html>".encode())


def every_control(h: House, found: set[str]) -> list[str]:
    """All on anybody's screen, each with numbers of every kind; and none that the client knows is missing."""
    client = h.app.connection and h.app.connection.client
    assert client is not None
    known = list(client._connection._view_store._dynamic_items)
    assert [one.pattern for one in known if not any(one.fullmatch(custom) for custom in found)] == []
    desks = {custom.split(":")[1] for custom in found if custom.split(":")[0] in {"do", "pick", "place"}}
    assert desks == set(client.desks)
    assert {custom.split(":")[1] for custom in found if custom.startswith("post:")} <= set(client.press_handlers)
    more = set(found)
    for custom in found:
        head, colon, last = custom.rpartition(":")
        if custom.startswith("post:"):
            more |= {f"{head}:{number}" for number in range(1, 6)}
        elif "|" in last:
            more |= {f"{head}{colon}0|{key}" for key in ("1", "2", "3", "p1", "", "x")}
    more |= {f"{kind}:{n}" for kind in ("do:mute:end", "pick:mute:pick", "do:follows:take") for n in ("1", "0|2", "x")}
    more |= {f"post:{what}:{n}" for what in client.press_handlers for n in (1, 2, 3)}
    return sorted(more)


def elsewhere(world: World) -> tuple[m.User, m.Guild, m.Channel]:
    rival = world.add_person("rival", "rival", "Rival", "Moderator elsewhere", "guesses numbers")
    other = world.add_guild("Rival Club", rival, bot_permissions=int(P.ADMINISTRATOR))
    return rival, other, world.add_channel(other, "plaza")


@pytest.mark.long
async def test_a_moderator_of_another_server_reads_and_changes_nothing_here(tmp_path: Path) -> None:
    world = World.demo()
    _rival, other, plaza = elsewhere(world)
    async with house(tmp_path, world=world) as h:
        seen = await furnish(h)
        trader, gold = world.user("trader").id, h.local.channel("gold-silver", h.guild)
        mine = (h.guild.id, gold.id, trader, h.local.channel("lounge", h.guild).id)
        before = await rows_of(h, *mine)
        controls = every_control(h, seen)
        for guild, where in ((other, plaza), (None, None)):
            siege = Siege(h, "rival", guild, where)
            file = h.local.add_file("rival", "feeds.opml", b"<opml version='2.0'><body/></opml>")
            ids = {"channel": str(gold.id), "role": str(max(h.guild.roles)), "file": str(file.id)}
            said_to_rival = await siege.commands(ids)
            for typed in ("", SECRET[:4], PRIVATE[:4]):
                said_to_rival += await siege.suggestions(typed)
            said_to_rival += await siege.controls(controls, ["1", str(gold.id)])
            assert len(said_to_rival) > len(list(walk(h))) + len(controls)
            leaks = [pair for pair in said_to_rival if SECRET in pair[1].lower() or PRIVATE in pair[1].lower()]
            assert leaks == []
            faults = [pair for pair in said_to_rival if "incident number" in pair[1]]
            assert faults == []
        after = await rows_of(h, *mine)
        assert {k: v for k, v in after.items() if k not in POLLING} == {
            k: v for k, v in before.items() if k not in POLLING
        }
        assert all(SECRET in said(one) or "Headframe" in said(one) for one in h.local.channel_messages(gold))


@pytest.mark.long
async def test_a_member_without_rights_changes_nothing_of_the_server_or_of_others(tmp_path: Path) -> None:
    world = World.demo()
    async with house(tmp_path, world=world) as h:
        seen = await furnish(h)
        trader, moderator = world.user("trader").id, world.user("moderator").id
        gold, lounge = h.local.channel("gold-silver"), h.local.channel("lounge")
        before = await rows_of(h, trader, moderator, gold.id)
        file = h.local.add_file("member", "feeds.opml", b"<opml version='2.0'><body/></opml>")
        siege = Siege(h, "member", h.guild, lounge)
        ids = {"channel": str(gold.id), "role": str(max(h.guild.roles)), "file": str(file.id)}
        answers = await siege.commands(ids)
        for typed in ("", PRIVATE[:4], SECRET[:4]):
            suggested = await siege.suggestions(typed)
            assert [pair for pair in suggested if SECRET in pair[1].lower()] == [], "not even what moderators may know"
            answers += suggested
        answers += await siege.controls(every_control(h, seen), ["1", str(gold.id)])
        assert [pair for pair in answers if PRIVATE in pair[1].lower()] == []
        assert [pair for pair in answers if "incident number" in pair[1]] == []
        after = await rows_of(h, trader, moderator, gold.id)
        assert {k: v for k, v in after.items() if k not in POLLING} == {
            k: v for k, v in before.items() if k not in POLLING
        }
