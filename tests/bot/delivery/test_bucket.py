"""The token bucket and the gate on a clock of their own: never more than allowed, the urgent first, nothing lost."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from discord.http import Ratelimit
from multidict import CIMultiDict
from yarl import URL

from bot.delivery import gate as gates
from bot.delivery.bucket import Bucket
from bot.delivery.gate import Gate, OnlyOnce, reopen, trip


class Time:
    """A clock and timers that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def simulate(bucket: Bucket, time: Time, requests: int, *, step: float = 0.001) -> list[float]:
    """The moments at which so many requests were let through, on the fake clock."""
    passed: list[float] = []

    async def one() -> None:
        (await bucket.acquire()).answered()
        passed.append(time.now)

    tasks = [asyncio.create_task(one()) for _ in range(requests)]
    await asyncio.sleep(0)
    while not all(task.done() for task in tasks):
        time.now += step
        bucket._serve()
        await asyncio.sleep(0)
    return passed


async def test_no_second_ever_holds_more_than_rate_and_burst() -> None:
    time = Time()
    passed = await simulate(Bucket(45, 5, clock=time), time, 300)
    for start in passed:
        assert sum(start <= at < start + 1 for at in passed) <= 50
    assert passed[-1] == pytest.approx((300 - 5) / 45, rel=0.02)


async def test_a_hundred_thousand_messages_take_the_time_the_rate_says() -> None:
    time = Time()
    bucket = Bucket(45, 5, clock=time)
    count = 0
    while count < 100_000:
        while bucket._take():
            bucket.window.leave().answered()
            count += 1
        time.now += 1 / 45
    assert 100_000 / time.now / 50 >= 0.88


async def test_the_most_urgent_waiter_goes_first_and_equals_in_order() -> None:
    time = Time()
    bucket = Bucket(10, 1, clock=time)
    await bucket.acquire()
    order: list[str] = []

    async def one(name: str, priority: int) -> None:
        await bucket.acquire(priority)
        order.append(name)

    tasks = [asyncio.create_task(one(*pair)) for pair in (("edit", 3), ("news", 1), ("more news", 1), ("price", 0))]
    await asyncio.sleep(0)
    for _ in range(5):
        time.now += 0.1
        bucket._serve()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["price", "news", "more news", "edit"]


async def test_a_pause_stops_everything_and_then_starts_from_nothing() -> None:
    time = Time()
    bucket = Bucket(45, 5, clock=time)
    bucket.pause(2.0)
    passed = await simulate(bucket, time, 10, step=0.01)
    assert passed[0] >= 2.0
    assert passed[4] > 2.0 + 3 / 45  # no burst right after the pause


async def test_a_cancelled_waiter_gives_its_token_back() -> None:
    time = Time()
    bucket = Bucket(10, 1, clock=time)
    await bucket.acquire()
    first = asyncio.create_task(bucket.acquire())
    second = asyncio.create_task(bucket.acquire())
    await asyncio.sleep(0)
    time.now = 0.1
    bucket._serve()
    first.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert second.done()


def start(gate: Gate, method: str, path: str) -> Any:
    params: Any = SimpleNamespace(method=method, url=URL(f"https://discord.com{path}"))
    return gate._before(None, SimpleNamespace(), params)


@pytest.mark.parametrize(
    ("path", "waits"),
    [
        ("/api/v10/channels/1/messages", True),
        ("/api/v10/users/@me/channels", True),
        ("/api/v10/interactions/1/token/callback", False),
        ("/api/v10/webhooks/9/token/messages/@original", False),
        ("/gateway/", False),
        ("/attachments/picture.png", False),
    ],
)
async def test_every_request_but_answers_passes_the_bucket(path: str, waits: bool) -> None:
    time = Time()
    bucket = Bucket(1, 1, clock=time)
    await start(Gate(bucket), "POST", path)
    assert (bucket._tokens < 1) is waits


async def test_a_webhook_of_the_outbox_does_wait_and_is_posted_once_only() -> None:
    gate = Gate(Bucket(45, 5, clock=Time()))
    with trip(1, posts=1):
        await start(gate, "GET", "/api/v10/channels/1/messages")
        await start(gate, "POST", "/api/v10/webhooks/9/token")
        with pytest.raises(OnlyOnce):
            await start(gate, "POST", "/api/v10/webhooks/9/token")


@pytest.mark.parametrize(
    ("status", "headers", "paused", "invalid"),
    [
        (200, {}, 0, 0),
        (403, {}, 0, 1),
        (404, {}, 0, 0),
        (429, {"Retry-After": "3"}, 0, 1),
        (429, {"X-RateLimit-Scope": "shared", "Retry-After": "3"}, 0, 0),
        (429, {"X-RateLimit-Global": "true", "Retry-After": "3"}, 3, 1),
        (429, {"X-RateLimit-Scope": "global"}, 5, 1),
        (500, {}, 0, 0),
    ],
)
async def test_answers_are_counted_as_discord_counts_them(
    status: int, headers: dict[str, str], paused: float, invalid: int
) -> None:
    bucket = Bucket(45, 5, clock=Time())
    gate = Gate(bucket)
    gate.note(status, CIMultiDict(headers))
    assert (bucket._paused_until, gate.invalid_requests) == (paused, invalid)


async def test_refusals_without_end_stay_far_from_the_ban() -> None:
    """Every answer a refusal, for an hour: never more than a third of what Discord bans for, in any ten minutes."""
    time = Time()
    bucket = Bucket(45, 5, clock=time)
    gate = Gate(bucket, clock=time)
    worst = 0
    while time.now < 3600:
        while bucket._take():
            gate.note(403, CIMultiDict())
        worst = max(worst, gate.invalid_requests)
        time.now += 1 / 45
    assert gates.BRAKE_AT <= worst < 3_000


@pytest.mark.parametrize(
    ("outgoing", "expires", "opens"), [(0, None, True), (1, None, False), (0, 1e12, False), (1, 1e12, False)]
)
async def test_a_limiter_of_the_library_that_was_left_shut_is_opened_and_no_other(
    outgoing: int, expires: float | None, opens: bool
) -> None:
    limiter = Ratelimit(None)
    limiter.remaining, limiter.outgoing, limiter.expires = 0, outgoing, expires
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    client: Any = SimpleNamespace(http=SimpleNamespace(_buckets={"POST /channels/1/messages": limiter}))
    reopen(client)
    for _ in range(5):
        await asyncio.sleep(0)
    assert waiting.done() is opens
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
