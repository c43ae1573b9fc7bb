"""Two things at once: what happens elsewhere in the very moment in which the outbox looks, sends or writes down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.delivery.answers import Lost, Retry
from bot.preview import Fault, P
from storage import deliveries, guilds, held, outbox, posted
from storage.errors import StorageError
from storage.records import NewDelivery, Target
from tests.bot.delivery.seed import now, seed
from tests.bot.delivery.test_places import all_sent, correct, deliver, look, once
from tests.bot.delivery.test_routes import POST, allow, deny, notices_to_mods, states
from tests.house import eventually, house

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from storage.records import Delivery
    from tests.house import House

PATCH = "/channels/{channel_id}/messages/{message_id}"


async def get(h: House, number: int) -> Delivery:
    async with h.app.services.db.read() as connection:
        found = await deliveries.get(connection, number)
    assert found is not None
    return found


async def test_a_time_out_during_a_global_429_stops_nothing_for_good(tmp_path: Path) -> None:
    """discord.py shuts all requests of a client for as long as the answer says, and forgets to open when cut short."""
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        h.app.services.outbox._sender._request_seconds = 0.3  # type: ignore[union-attr]
        h.local.faults = once(Fault.rate_limited(1.0, scope="global"), "POST", POST)
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: h.app.services.outbox.counts["retry"])
        h.app.services.outbox._sender._request_seconds = 45.0  # type: ignore[union-attr]
        await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 1


async def test_a_permission_that_is_back_the_moment_it_was_missed_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway told of it between the look and the note that the channel is lost: it will not tell again."""
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        sender = h.app.services.outbox._sender
        assert sender is not None
        usual, missed = sender.reachable, [Lost("missing:send_messages", seen=True)]
        monkeypatch.setattr(sender, "reachable", lambda *about: missed.pop() if missed else usual(*about))
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: h.posts("headlines"))
        assert not h.app.services.routes.lost


async def test_a_refusal_that_comes_before_the_gateways_word_is_looked_at_and_not_asked_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        target = await look(h, "headlines")
        h.local.faults = once(Fault.then(lambda: deny(h, "headlines", P.SEND_MESSAGES)), "POST", POST)
        await deliver(h, ["Gold one"], target)
        routes = h.app.services.routes
        await eventually(lambda: target[0] in routes._probes)
        client = h.app.connection.client
        await eventually(lambda: client.get_channel(target[0].id).overwrites)
        routes._probes[target[0]].due_at = now()
        h.app.services.outbox.wake()
        await eventually(lambda: routes._probes[target[0]].seen)
        assert target[0] in routes.lost
        assert len([one for one in h.local.requests_to("POST", POST) if one.status == 403]) == 1
        allow(h, "headlines")
        await eventually(lambda: h.posts("headlines"))


async def test_an_edit_for_a_channel_that_is_lost_waits_for_it(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        [story] = await deliver(h, ["Gold hits record"], target)
        await eventually(lambda: all_sent(h))
        deny(h, "headlines", P.SEND_MESSAGES)
        client = h.app.connection.client
        await eventually(lambda: client.get_channel(target[0].id).overwrites)
        await correct(h, story, "Gold hits record high")
        await eventually(lambda: _count(h, "held", 1))  # it waits, and no round looks at it again and again
        allow(h, "headlines")
        await eventually(lambda: "record high" in h.posts("headlines")[0])


async def _count(h: House, state: str, number: int) -> bool:
    return (await states(h)).get(state, 0) == number


async def test_a_title_corrected_while_its_edit_is_made_is_edited_once_more(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        [story] = await deliver(h, ["Gold hits record"], target)
        await eventually(lambda: all_sent(h))
        asked = asyncio.Event()
        h.local.faults = lambda info: (asked.set(), Fault.delay(0.3))[1] if info.method == "PATCH" else None
        await correct(h, story, "Gold hits a record high")
        await asyncio.wait_for(asked.wait(), 10)
        await correct(h, story, "Gold hits a record high of 2026")
        await eventually(lambda: "high of 2026" in h.posts("headlines")[0])


async def test_a_headline_corrected_a_moment_ago_is_posted_with_its_new_words(tmp_path: Path) -> None:
    """One headline goes to many channels, so it is kept in mind; never for longer than it is true."""
    async with house(tmp_path) as h:
        first, second = await look(h, "headlines"), await look(h, "gold-silver")
        [story] = await deliver(h, ["Gold hits record"], first)
        await eventually(lambda: all_sent(h))
        await correct(h, story, "Gold hits record high")
        async with h.app.services.db.write() as connection:
            row = NewDelivery(
                second[0], f"story:{story}", "headline", now(), now(), now(), guild_id=second[1], story_id=story
            )
            await deliveries.enqueue(connection, [row])
        h.app.services.outbox.wake()
        [post] = await eventually(lambda: h.posts("gold-silver"))
        assert "record high" in post


async def test_a_mark_that_fails_in_an_unforeseen_way_is_made_again_and_nothing_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        usual, failures = outbox.sent_many, [ValueError("nobody foresaw this")]

        async def sent(*arguments: Any, **more: Any) -> None:
            if failures:
                raise failures.pop()
            await usual(*arguments, **more)

        monkeypatch.setattr(outbox, "sent_many", sent)
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h))
        assert len(h.local.requests_to("POST", POST)) == 1


async def test_a_route_that_could_not_be_written_down_as_whole_is_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as h:
        target = (Target("channel", deny(h, "headlines", P.SEND_MESSAGES)), h.guild.id)
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: _count(h, "held", 1))
        usual, failures = held.release, [StorageError("the disk is full")]

        async def release(*arguments: Any, **more: Any) -> tuple[int, int]:
            if failures:
                raise failures.pop()
            return await usual(*arguments, **more)

        monkeypatch.setattr(held, "release", release)
        allow(h, "headlines")
        await eventually(lambda: not failures)
        await eventually(lambda: target[0] in h.app.services.routes.lost)
        h.app.services.routes._probes[target[0]].due_at = now()
        h.app.services.outbox.wake()
        await eventually(lambda: h.posts("headlines"))


async def test_what_comes_while_a_route_is_being_opened_does_not_overtake_what_it_held(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = (Target("channel", deny(h, "headlines", P.SEND_MESSAGES)), h.guild.id)
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: _count(h, "held", 1))
        db = h.app.services.db

        async def looked() -> bool:  # unless the outbox was faster than this test
            return target[0] in h.app.services.outbox._turns.found or await _count(h, "held", 2)

        await seed(db, ["Gold two"], [target])
        async with db.write():
            h.app.services.outbox.wake()
            await eventually(looked)  # a claim waits, and comes before …
            allow(h, "headlines")
            await eventually(lambda: target[0] not in h.app.services.routes.lost)  # … what the route is to release
        await eventually(lambda: all_sent(h))
        text = "".join(h.posts("headlines"))
        assert 0 <= text.index("Gold one") < text.index("Gold two")


async def test_what_comes_while_a_server_is_away_does_not_overtake_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        sender = h.app.services.outbox._sender
        assert sender is not None
        usual, away = sender.reachable, [Retry("Discord says the server is down for the moment", 1.0)]
        monkeypatch.setattr(sender, "reachable", lambda *about: away.pop() if away else usual(*about))
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: not away)
        await deliver(h, ["Gold two"], target)
        await eventually(lambda: all_sent(h))
        text = "".join(h.posts("headlines"))
        assert 0 <= text.index("Gold one") < text.index("Gold two")


async def test_a_post_whose_form_discord_refuses_comes_without_its_pictures(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        h.local.faults = once(Fault.error(400), "POST", POST)
        await deliver(h, ["Gold one"], target, image="https://wire.example/p.png")
        await eventually(lambda: all_sent(h))
        [message] = h.local.channel_messages("headlines")
        assert message["embeds"][0]["title"] == "Gold one"
        assert not {"thumbnail", "url"} & set(message["embeds"][0])
        assert (await states(h)) == {"sent": 1}


async def test_without_a_history_to_look_at_an_old_attempt_is_not_repeated(tmp_path: Path) -> None:
    """Discord shows an empty history to who may not read it: the message may stand there all the same."""
    async with house(tmp_path) as h:
        await notices_to_mods(h)
        target = await look(h, "headlines")
        await deliver(h, ["Gold one"], target)
        await eventually(lambda: all_sent(h))
        deny(h, "headlines", P.READ_MESSAGE_HISTORY)
        client = h.app.connection.client
        await eventually(lambda: client.get_channel(target[0].id).overwrites)
        h.local.nonces._seen.clear()
        async with h.app.services.db.write() as connection:
            await outbox.retry(connection, [1], due_at=now(), reason="interrupted by a restart")
            await connection.exec_driver_sql("UPDATE deliveries SET claimed_at = claimed_at - 600, message_id = NULL")
        h.app.services.outbox.wake()
        [told] = await eventually(lambda: h.posts("mods"))
        assert "Read Message History" in told
        assert len(h.posts("headlines")) == 1
        allow(h, "headlines")
        await eventually(lambda: _count(h, "sent", 2))
        assert len(h.posts("headlines")) == 1
        assert (await get(h, 1)).message_id == int(h.local.channel_messages("headlines")[0]["id"])


async def test_a_direct_message_channel_that_is_gone_is_opened_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        trader = h.local.world.user("trader")
        async with h.app.services.db.write() as connection:
            await guilds.set_user(connection, trader.id, now=now(), dm_channel_id=123456789)
        await deliver(h, ["Gold one"], (Target("user", trader.id), None))
        await eventually(lambda: h.local.dm_messages("trader"))
        await eventually(lambda: all_sent(h))


async def test_crossposts_that_missed_their_hours_do_not_come_all_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, limits=True) as h:
        target = await look(h, "announcements", publish=False)
        await seed(h.app.services.db, [f"Gold {number}" for number in range(20)], [target])
        h.app.services.outbox.wake()
        await eventually(lambda: all_sent(h))
        messages = [int(one["id"]) for one in h.local.channel_messages("announcements")]
        for number in range(12):  # planned for three hours in which the bot was not there; Discord forgives repeats
            message = messages[number % len(messages)]
            async with h.app.services.db.write() as connection:
                at = now() - timedelta(hours=3) + timedelta(minutes=number)
                row = NewDelivery(
                    target[0], f"publish:{number}", "publish", at, at, at, guild_id=h.guild.id,
                    payload={"channel_id": target[0].id, "message_id": message},
                )  # fmt: skip
                await deliveries.enqueue(connection, [row])
        h.app.services.outbox._publisher.wake()

        async def settled() -> bool:
            async with h.app.services.db.read() as connection:
                return not await posted.due_to_publish(connection, now(), limit=5)

        await eventually(settled)
        async with h.app.services.db.read() as connection:
            made = await posted.publish_times(connection, target[0].id, limit=50, planned=False)
            planned = await posted.publish_times(connection, target[0].id, limit=50)
        assert len(made) == 9
        assert len(planned) == 12
        assert sum(at > now() + timedelta(minutes=55) for at in planned) == 3
