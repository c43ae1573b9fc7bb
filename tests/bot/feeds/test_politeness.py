"""The gate in front of each host: two connections, one request a second, and nobody waits for somebody else's host."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from bot.feeds import politeness
from bot.feeds.politeness import HostGate


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def gate(clock: Clock, **options: object) -> HostGate:
    return HostGate(clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]


async def test_requests_to_one_host_are_a_second_apart() -> None:
    clock = Clock()
    lanes = gate(clock)
    starts = []
    for _ in range(5):
        async with lanes.enter("a.com"):
            starts.append(clock.now)
    assert [later - sooner for sooner, later in pairwise(starts)] == [1.0] * 4


async def test_no_wait_after_an_idle_second() -> None:
    clock = Clock()
    lanes = gate(clock)
    async with lanes.enter("a.com"):
        clock.now += 7
    before = clock.now
    async with lanes.enter("a.com"):
        assert clock.now == before


async def test_at_most_two_at_once() -> None:
    clock = Clock()
    lanes = gate(clock)
    async with AsyncExitStack() as held:
        await held.enter_async_context(lanes.enter("a.com"))
        await held.enter_async_context(lanes.enter("a.com"))
        third = asyncio.create_task(held.enter_async_context(lanes.enter("a.com")))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not third.done()
        assert lanes.delay("a.com") >= 1
        third.cancel()
    async with asyncio.timeout(5), lanes.enter("a.com"):
        pass


async def test_a_hung_host_delays_nobody_else() -> None:
    clock = Clock()
    lanes = gate(clock)
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(lanes.enter("hung.com"))
        queue = [asyncio.create_task(held.enter_async_context(lanes.enter("hung.com"))) for _ in range(50)]
        await asyncio.sleep(0)
        before = clock.now
        async with lanes.enter("b.com"):
            assert clock.now == before
            assert lanes.delay("c.com") == 0
        for task in queue:
            task.cancel()


async def test_the_operators_hosts_are_exempt() -> None:
    clock = Clock()
    lanes = gate(clock, exempt=lambda host: host == "127.0.0.1")
    async with AsyncExitStack() as held:
        for _ in range(100):
            await held.enter_async_context(lanes.enter("127.0.0.1"))
        assert clock.now == 1000
        assert lanes.delay("127.0.0.1") == 0


@pytest.mark.parametrize("cancel_at", [0, 1, 2, 3])
async def test_a_cancelled_wait_gives_its_place_back(cancel_at: int) -> None:
    clock = Clock()
    forever = asyncio.Event()

    async def stuck(_: float) -> None:
        await forever.wait()

    lanes = HostGate(clock=clock, sleep=stuck)

    async def use() -> None:
        async with lanes.enter("a.com"):
            pass

    await use()
    tasks = [asyncio.create_task(use()) for _ in range(4)]
    for _ in range(cancel_at):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    clock.now += 100
    async with asyncio.timeout(5):
        await use()


async def test_delay_counts_those_ahead() -> None:
    clock = Clock()
    lanes = gate(clock)
    assert lanes.delay("a.com") == 0
    async with lanes.enter("a.com"):
        assert lanes.delay("a.com") == 1
        clock.now += 0.25
        assert lanes.delay("a.com") == 0.75


async def test_idle_lanes_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "_SWEEP_AT", 10)
    clock = Clock()
    lanes = gate(clock)
    for number in range(10):
        async with lanes.enter(f"{number}.com"):
            pass
    clock.now += 1000
    async with lanes.enter("new.com"):
        pass
    assert list(lanes._lanes) == ["new.com"]
