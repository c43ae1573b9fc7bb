"""What exactly-once delivery leans on: nonces, rate limits, and requests that fail before or after they were stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest

from bot.preview import Fault, LocalDiscord, ManualClock, RandomFaults, RequestInfo, flip_send
from tests.localdiscord import plain_bot, running

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Rest

NONCED = {"content": "once", "nonce": "n1", "enforce_nonce": True}


async def test_a_repeated_nonce_answers_with_the_first_message(frozen_rest: Rest, clock: ManualClock) -> None:
    frozen_rest.local.limits.enabled = False
    first = (await frozen_rest.post("headlines", NONCED))[1]
    again = (await frozen_rest.post("headlines", NONCED | {"content": "other"}))[1]
    assert again["id"] == first["id"]
    assert again["content"] == "once"
    elsewhere = (await frozen_rest.post("policy", NONCED))[1]
    assert elsewhere["id"] != first["id"]
    unenforced = (await frozen_rest.post("headlines", {"content": "x", "nonce": "n1"}))[1]
    assert unenforced["id"] != first["id"]
    clock.advance(301)
    late = (await frozen_rest.post("headlines", NONCED))[1]
    assert late["id"] not in (first["id"], unenforced["id"])
    assert [s.nonce for s in frozen_rest.local.stored] == ["n1", "n1", "n1", "n1"]


async def test_a_sixth_message_within_five_seconds_is_limited(frozen_rest: Rest, clock: ManualClock) -> None:
    channel = frozen_rest.local.channel("headlines").id
    path = f"/channels/{channel}/messages"
    left = []
    for _ in range(5):
        status, _, headers = await frozen_rest.full("POST", path, {"content": "x"})
        assert status == 200
        left.append(headers["X-RateLimit-Remaining"])
    assert left == ["4", "3", "2", "1", "0"]
    status, answer, headers = await frozen_rest.full("POST", path, {"content": "x"})
    assert status == 429
    assert answer["global"] is False
    assert answer["retry_after"] == pytest.approx(5.0)
    assert headers["Via"]
    assert headers["X-RateLimit-Scope"] == "user"
    assert headers["X-RateLimit-Bucket"]
    assert (await frozen_rest.post("policy", {"content": "x"}))[0] == 200
    clock.advance(answer["retry_after"])
    assert (await frozen_rest.post("headlines", {"content": "x"}))[0] == 200
    assert frozen_rest.local.limits.invalid_requests == 1


async def test_the_fifty_first_request_of_a_second_is_limited_everywhere(frozen_rest: Rest, clock: ManualClock) -> None:
    world = frozen_rest.local.world
    for _ in range(50):
        frozen_rest.local.limits.ask(frozen_rest.local.limits_for("GET", "/users/@me"), 0, counts_globally=True)
    status, answer, headers = await frozen_rest.full("GET", f"/guilds/{world.guild().id}")
    assert (status, answer["global"], headers["X-RateLimit-Scope"]) == (429, True, "global")
    clock.advance(1)
    assert (await frozen_rest("GET", f"/guilds/{world.guild().id}"))[0] == 200


async def test_the_eleventh_crosspost_of_an_hour_is_limited(frozen_rest: Rest, clock: ManualClock) -> None:
    statuses = []
    for _ in range(11):
        _, message = await frozen_rest.post("announcements", {"content": "x"})
        clock.advance(2)
        path = f"/channels/{message['channel_id']}/messages/{message['id']}/crosspost"
        statuses.append((await frozen_rest("POST", path))[0])
    assert statuses == [200] * 10 + [429]


def on_posts(fault: Fault, times: int = 1) -> Callable[[RequestInfo], Fault | None]:
    left = [fault] * times
    return lambda info: left.pop() if left and info.route.endswith("/messages") and info.method == "POST" else None


STATUSES: dict[str, tuple[Fault, int, int]] = {
    "500 before": (Fault.error(500), 500, 0),
    "502 after it was stored": (Fault.error(502, after_storing=True), 502, 1),
    "503": (Fault.error(503), 503, 0),
    "504 after it was stored": (Fault.error(504, after_storing=True), 504, 1),
    "429": (Fault.rate_limited(0.5), 429, 0),
    "429 shared": (Fault.rate_limited(0.5, scope="shared"), 429, 0),
    "429 without a number": (Fault.rate_limited(None), 429, 0),
    "429 of the outer proxy": (Fault.rate_limited(html=True), 429, 0),
}


@pytest.mark.parametrize("name", STATUSES)
async def test_a_fault_answers_its_status_and_stores_what_it_says(rest: Rest, name: str) -> None:
    fault, status, stored = STATUSES[name]
    rest.local.faults = on_posts(fault)
    assert (await rest.post("headlines", {"content": "x"}))[0] == status
    assert len(rest.local.stored) == len(rest.local.channel_messages("headlines")) == stored
    assert rest.local.requests[-1].fault == fault
    assert (await rest.post("headlines", {"content": "x"}))[0] == 200


@pytest.mark.parametrize("after", [False, True], ids=["before storing", "after storing"])
async def test_a_cut_connection_stores_what_it_says(rest: Rest, after: bool) -> None:
    rest.local.faults = on_posts(Fault.cut(after_storing=after))
    with pytest.raises(aiohttp.ClientError):
        await rest.post("headlines", {"content": "x"})
    assert len(rest.local.stored) == int(after)
    assert rest.local.requests[-1].status == 0


async def test_a_hang_ends_when_the_client_gives_up(rest: Rest) -> None:
    rest.local.faults = on_posts(Fault.hang(after_storing=True))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await rest.post("headlines", {"content": "x"})
    assert len(rest.local.stored) == 1


async def test_a_fault_may_take_a_permission_away(rest: Rest) -> None:
    local = rest.local
    local.faults = on_posts(
        Fault.then(lambda: local.world.set_overwrite(local.channel("headlines"), local.world.bot, deny=1 << 11))
    )
    assert (await rest.post("headlines", {"content": "x"}))[1]["code"] == 50013


async def test_a_permission_may_come_and_go_by_chance(rest: Rest) -> None:
    local = rest.local
    local.faults = RandomFaults(3, {flip_send(local.world, local.channel("headlines")): 1.0})
    codes = [(await rest.post("headlines", {"content": "x"}))[0] for _ in range(4)]
    assert codes == [403, 200, 403, 200]


async def test_random_faults_repeat_with_their_seed() -> None:
    def dealt(seed: int) -> list[Any]:
        dice = RandomFaults(seed, {"500": 0.2, "cut-after": 0.2, "429": 0.2})
        info = RequestInfo(1, "POST", "/x", "/channels/{channel_id}/messages", 1, {})
        return [dice(info) for _ in range(50)]

    assert dealt(1) == dealt(1) != dealt(2)
    assert {f.kind for f in dealt(1) if f} == {"status", "cut"}
    with pytest.raises(ValueError, match="no faults called"):
        RandomFaults(1, {"sunshine": 0.1})
    with pytest.raises(ValueError, match="add up"):
        RandomFaults(1, {"500": 0.7, "cut": 0.7})


async def test_nonces_make_retries_after_faults_exactly_once(local: LocalDiscord) -> None:
    """The storm discord.py itself does not survive, survived by retrying with the same nonce."""
    local.faults = RandomFaults(7, {"cut-after": 0.25, "503": 0.15, "cut": 0.15})
    async with running(plain_bot(), local) as bot:
        target: Any = bot.get_channel(local.channel("headlines").id)
        for i in range(30):
            for _ in range(40):
                try:
                    await target.send(f"h{i}", nonce=f"n{i}")
                    break
                except (aiohttp.ClientError, discord.DiscordServerError):
                    continue
    assert [x["content"] for x in local.channel_messages("headlines")] == [f"h{i}" for i in range(30)]
    assert len(local.stored) == 30


async def test_down_and_up_again_keeps_everything(rest: Rest) -> None:
    await rest.post("headlines", {"content": "x"})
    port = rest.local.port
    await rest.local.go_down()
    with pytest.raises(aiohttp.ClientError):
        await rest.post("headlines", {"content": "y"})
    await rest.local.come_up()
    assert rest.local.port == port
    assert (await rest.post("headlines", {"content": "z"}))[0] == 200
    assert [x["content"] for x in rest.local.channel_messages("headlines")] == ["x", "z"]


async def test_a_world_may_be_served_again_by_another_server(rest: Rest) -> None:
    await rest.post("headlines", {"content": "kept"})
    await rest.local.stop()
    async with await LocalDiscord.start(world=rest.local.world) as again:
        assert [x["content"] for x in again.channel_messages("headlines")] == ["kept"]
        assert len(again.world.listeners) == 2
        assert again.token != rest.local.token


async def test_a_channel_forgets_its_oldest_messages(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.preview.world.KEEP_MESSAGES", 3)
    for i in range(5):
        await rest.post("headlines", {"content": str(i)})
    assert [x["content"] for x in rest.local.channel_messages("headlines")] == ["2", "3", "4"]
