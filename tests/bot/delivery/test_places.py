"""Where and how a post appears: styles, webhooks, forums, announcement channels, edits; and no copy after a cut."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import Fault, P
from storage import deliveries, entries, guilds, outbox, posted
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.preview import RequestInfo
    from tests.house import House


async def look(h: House, name: str, **fields: Any) -> tuple[Target, int]:
    place = h.local.channel(name).id
    async with h.app.services.db.write() as connection:
        await guilds.set_channel(connection, place, h.guild.id, **fields)
    return Target("channel", place), h.guild.id


async def deliver(h: House, titles: list[str], target: tuple[Target, int | None], **more: Any) -> list[int]:
    made = await seed(h.app.services.db, titles, [target], **more)
    h.app.services.outbox.wake()
    return made


async def all_sent(h: House) -> bool:
    async with h.app.services.db.read() as connection:
        found = await deliveries.states(connection)
    return set(found) <= {"sent", "dropped"}


def once(fault: Fault, method: str, route: str) -> Callable[[RequestInfo], Fault | None]:
    """The first request of a route goes wrong."""
    left = [fault]
    return lambda info: left.pop() if left and info.method == method and info.route == route else None


@pytest.mark.parametrize("style", ["line", "embed", "card"])
async def test_a_style_per_channel_and_an_edit_that_keeps_to_it(tmp_path: Path, style: str) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines", style=style)
        [story] = await deliver(h, ["Gold hits record"], target, image="https://wire.example/p.png")
        await eventually(lambda: all_sent(h))
        message = h.local.channel_messages("headlines")[0]
        assert bool(message["embeds"]) is (style == "embed")
        await look(h, "headlines", style="embed" if style != "embed" else "line")  # chosen since
        await correct(h, story, "Gold hits record high")
        await eventually(lambda: "record high" in h.posts("headlines")[0])
        assert bool(h.local.channel_messages("headlines")[0]["embeds"]) is (style == "embed")
        assert len(h.posts("headlines")) == 1


async def correct(h: House, story: int, title: str) -> None:
    async with h.app.services.db.write() as connection:
        line = (await entries.sources_of(connection, [story]))[story][0]
        known = next(one for one in await entries.known(connection, await identities(connection, line.feed_id), []))
        await entries.correct(
            connection, known, title=title, summary="", url=line.url, tags=line.tags or {}, piece=None, now=now()
        )
        await posted.enqueue_edits(connection, [story], now=now(), within=timedelta(hours=48), tag="update")
    h.app.services.outbox.wake()


async def identities(connection: Any, feed_id: int) -> list[tuple[int, str]]:
    rows = await connection.exec_driver_sql("SELECT feed_id, identity FROM entries ORDER BY id DESC LIMIT 1")
    return [(row[0], row[1]) for row in rows]


async def test_an_edit_of_a_message_that_a_moderator_deleted_is_dropped_quietly(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        [story] = await deliver(h, ["Gold hits record"], target)
        await eventually(lambda: all_sent(h))
        world = h.local.world
        message = h.local.channel_messages("headlines")[0]
        world.remove_message(world.find_message(target[0].id, int(message["id"])))
        await correct(h, story, "Gold hits record high")
        await eventually(lambda: all_sent(h))
        assert h.posts("headlines") == []
        assert h.app.services.outbox.counts["dropped"] == 0


async def test_many_changes_of_one_message_are_one_edit_and_headlines_go_first(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        stories = await deliver(h, ["Gold one", "Gold two"], target)
        await eventually(lambda: all_sent(h))
        async with h.app.services.db.write() as connection:
            for _ in range(5):
                await posted.enqueue_edits(connection, stories, now=now(), within=timedelta(hours=48), tag="update")
        h.local.requests.clear()
        await deliver(h, ["Gold three"], target)
        await eventually(lambda: all_sent(h))
        asked = [one.method for one in h.local.requests if "/messages" in one.route and one.method in {"POST", "PATCH"}]
        assert asked == ["POST", "PATCH"]


async def test_a_webhook_is_made_once_found_again_and_done_without(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        world = h.local.world
        place = h.local.channel("headlines")
        world.set_overwrite(place, world.bot, allow=int(P.MANAGE_WEBHOOKS))
        await eventually(lambda: h.app.connection.client.get_channel(place.id).overwrites)
        target = await look(h, "headlines", webhook=True)
        for title in ("Gold one", "Gold two"):
            await deliver(h, [title], target)
            await eventually(lambda: all_sent(h))
        assert len(world.webhooks) == 1
        hooks = {one.get("webhook_id") for one in h.local.channel_messages("headlines")}
        assert hooks == {str(next(iter(world.webhooks)))}
        # The database forgot it (an older backup): the same one is found again.
        await look(h, "headlines", webhook_id=None, webhook_token=None)
        [story] = await deliver(h, ["Gold three"], target)
        await eventually(lambda: all_sent(h))
        assert len(world.webhooks) == 1
        await correct(h, story, "Gold three, corrected")
        await eventually(lambda: "corrected" in h.posts("headlines")[2])
        # A moderator deleted it and took the permission: posts go on as the bot's own.
        world.webhooks.clear()
        world.set_overwrite(place, world.bot, deny=int(P.MANAGE_WEBHOOKS))
        await deliver(h, ["Gold four"], target)
        await eventually(lambda: all_sent(h))
        assert h.local.channel_messages("headlines")[3].get("webhook_id") is None


EXECUTE = "/webhooks/{webhook_id}/{webhook_token}"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.cut(after_storing=True),
        Fault.error(502, after_storing=True),
        Fault.error(500),
        Fault.cut(),
        Fault.rate_limited(0.05),
    ],
    ids=["cut after", "502 after", "500", "cut", "429"],
)
async def test_a_webhook_takes_no_nonce_and_still_posts_once(tmp_path: Path, fault: Fault) -> None:
    async with house(tmp_path) as h:
        place = h.local.channel("headlines")
        h.local.world.set_overwrite(place, h.local.world.bot, allow=int(P.MANAGE_WEBHOOKS))
        target = await look(h, "headlines", webhook=True)
        h.local.faults = once(fault, "POST", EXECUTE)
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault.cut(after_storing=True),
        Fault.error(502, after_storing=True),
        Fault.error(500),
        Fault.cut(),
        Fault.rate_limited(0.05),
    ],
    ids=["cut after", "502 after", "500", "cut", "429"],
)
async def test_a_forum_gets_a_post_per_story_tagged_and_once(tmp_path: Path, fault: Fault) -> None:
    async with house(tmp_path) as h:
        world = h.local.world
        forum = h.local.channel("deep-dives")
        tags = [
            *forum.data["available_tags"],
            {"id": str(world.new_id()), "name": "Gold", "moderated": False, "emoji_id": None, "emoji_name": None},
        ]
        world.change_channel(forum, available_tags=tags)
        await eventually(lambda: len(h.app.connection.client.get_channel(forum.id).available_tags) == len(tags))
        target = await look(h, "deep-dives")
        h.local.faults = once(fault, "POST", "/channels/{channel_id}/threads")
        await deliver(h, ["Gold hits *record*", "Copper falls in Chile"], target)
        await eventually(lambda: all_sent(h))
        threads = [one for one in h.guild.channels.values() if one.parent_id == forum.id]
        assert [one.data["name"] for one in threads] == ["Gold hits *record*", "Copper falls in Chile"]
        assert threads[0].data["applied_tags"] == [tags[-1]["id"]]
        assert "Gold hits *record*" in said(h.local.channel_messages(threads[0])[0])


@pytest.mark.parametrize(
    "fault",
    [Fault.cut(after_storing=True), Fault.error(504, after_storing=True), Fault.error(503), Fault.rate_limited(None),
     Fault.rate_limited(None, html=True), Fault.rate_limited(0.1, scope="global"),
     Fault.rate_limited(0.1, scope="shared")],
    ids=["cut after", "504 after", "503", "429 without time", "429 page", "429 global", "429 shared"],
)  # fmt: skip
async def test_a_message_arrives_once_whatever_the_first_answer(tmp_path: Path, fault: Fault) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        h.local.faults = once(fault, "POST", "/channels/{channel_id}/messages")
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h), 40)
        assert len(h.posts("headlines")) == 1


@pytest.mark.parametrize("style", ["line", "embed", "card"])
async def test_an_old_attempt_is_found_in_the_history_though_its_words_have_changed(tmp_path: Path, style: str) -> None:
    """The process died between the request and the mark, and Discord has forgotten the nonce."""
    async with house(tmp_path) as h:
        target = await look(h, "headlines", style=style)
        [story] = await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h))
        for number in range(120):
            h.local.write("member", "headlines", f"chatter {number}")
        h.local.nonces._seen.clear()
        async with h.app.services.db.write() as connection:
            await outbox.retry(connection, [1], due_at=now(), reason="interrupted by a restart")
            await connection.exec_driver_sql("UPDATE deliveries SET claimed_at = claimed_at - 600, message_id = NULL")
            await connection.exec_driver_sql("UPDATE entries SET title = 'Gold one, corrected'")
        h.app.services.outbox.wake()
        await eventually(lambda: all_sent(h))
        assert sum("Gold one" in post for post in h.posts("headlines")) == 1
        async with h.app.services.db.read() as connection:
            row = await deliveries.get(connection, 1)
        assert row is not None
        assert row.message_id == int(h.local.channel_messages("headlines")[0]["id"])
        assert story


async def test_announcements_are_published_nine_an_hour_and_posting_never_waits(tmp_path: Path) -> None:
    async with house(tmp_path, limits=True) as h:
        target = await look(h, "announcements")
        for number in range(12):
            await deliver(h, [f"Gold {number}"], target)
            await eventually(lambda n=number: len(h.posts("announcements")) == n + 1)

        async def publications() -> list[datetime] | None:
            async with h.app.services.db.read() as connection:
                found = await posted.publish_times(connection, target[0].id, limit=50)
            return found if len(found) == 12 else None

        times = await eventually(publications)
        assert sum(at > now() + timedelta(minutes=55) for at in times) == 3
        published = lambda: [one for one in h.local.channel_messages("announcements") if one["flags"] & 3]  # noqa: E731
        await eventually(lambda: len(published()) == 9)
        assert not [one for one in h.local.requests if one.status == 429]


async def test_a_channel_may_do_without_being_published(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "announcements", publish=False)
        await deliver(h, ["Gold"], target)
        await eventually(lambda: all_sent(h))
        async with h.app.services.db.read() as connection:
            assert await posted.publish_times(connection, target[0].id, limit=5) == []


async def test_the_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h))
        await h.app.connection.client.close()  # the connection begins anew, with a new client
        old = h.app.connection.client
        await eventually(lambda: h.app.connection.client is not old and h.app.connection.client.is_ready())
        pressed = await h.local.press(h.local.channel_messages("headlines")[0], "Why this?", "member")
        assert "Test Wire" in said(await pressed.message(within=10))
