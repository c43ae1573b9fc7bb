"""No second of Discord's clock ever holds more than it allows, however requests are held up on their way."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bot.delivery.bucket import Bucket
from bot.delivery.window import DISCORD_PER_SECOND, Window
from bot.preview import Fault
from tests.house import eventually, house

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.delivery.window import Departure


@dataclass
class Journey:
    """A bucket, a wire and a server on one made-up clock. The dice say how long each part takes."""

    dice: random.Random
    connect: Callable[[random.Random], float]  # seconds from being let through to being on the wire
    travel: Callable[[random.Random], float]  # to the server
    work: Callable[[random.Random], float]  # there, and back
    stall: Callable[[random.Random], float]  # for how long the process stands still, asked ten times a second
    closed: Callable[[random.Random], float] = lambda _: 0.0  # and the server, likewise
    now: float = 0.0
    arrivals: list[float] = field(default_factory=list)

    def run(self, requests: int) -> None:
        bucket = Bucket(clock=lambda: self.now)
        events: list[tuple[float, int, str, Departure]] = []
        serial = itertools.count()
        awake, next_stall, opens = 0.0, 0.1, 0.0
        left = requests
        while left or events:
            while events and events[0][0] <= self.now:
                _at, _n, what, departure = heapq.heappop(events)
                if what == "sent":
                    departure.sent()
                    arrives = max(self.now + self.travel(self.dice), opens)
                    self.arrivals.append(arrives)
                    heapq.heappush(events, (arrives + self.work(self.dice), next(serial), "answered", departure))
                else:
                    departure.answered()
            while left and bucket._take():
                left -= 1
                at = self.now + self.connect(self.dice)
                heapq.heappush(events, (at, next(serial), "sent", bucket.window.leave()))
            self.now += 0.001
            if self.now >= next_stall:
                next_stall += 0.1
                awake = self.now + self.stall(self.dice)
                opens = max(opens, self.now + self.closed(self.dice))
            self.now = max(self.now, awake)

    def most(self) -> int:
        """The most that arrived within any one second."""
        times = sorted(self.arrivals)
        most, start = 0, 0
        for end, at in enumerate(times):
            while times[start] <= at - 1.0:
                start += 1
            most = max(most, end - start + 1)
        return most

    @property
    def share(self) -> float:
        return len(self.arrivals) / max(self.arrivals) / DISCORD_PER_SECOND


WEATHERS: dict[str, Any] = {
    "calm": (lambda _: 0.0, lambda _: 0.002, lambda _: 0.003, lambda _: 0.0),
    "far away": (lambda _: 0.0, lambda d: d.uniform(0.03, 0.07), lambda d: d.uniform(0.1, 0.4), lambda _: 0.0),
    "busy loop": (
        lambda _: 0.0, lambda d: d.uniform(0.001, 0.02), lambda d: d.uniform(0.01, 0.1),
        lambda d: d.choice([0, 0, 0, 0.05, 0.1]),
    ),
    "standstills": (
        lambda _: 0.001, lambda d: d.uniform(0, 0.07), lambda d: d.uniform(0, 0.4),
        lambda d: d.choice([0] * 9 + [0.9]),
    ),
    "new connections": (
        lambda d: d.choice([0, 0, 0.3]), lambda d: d.uniform(0.01, 0.08), lambda d: d.uniform(0.05, 0.3), lambda _: 0.0,
    ),
    "a server that stops": (
        lambda _: 0.0, lambda d: d.uniform(0.001, 0.02), lambda d: d.uniform(0.002, 0.05), lambda _: 0.0,
        lambda d: d.choice([0.01] * 19 + [0.4]),
    ),
    "slow answers": (lambda _: 0.0, lambda _: 0.01, lambda d: d.choice([0.05, 3.0]), lambda _: 0.0),
}  # fmt: skip


@pytest.mark.parametrize("weather", WEATHERS)
def test_no_second_at_discord_holds_more_than_it_allows(weather: str) -> None:
    journey = Journey(random.Random(5), *WEATHERS[weather])
    journey.run(1500)
    assert len(journey.arrivals) == 1500
    assert journey.most() <= DISCORD_PER_SECOND


@pytest.mark.parametrize("weather", ["calm", "far away", "busy loop", "a server that stops"])
def test_what_is_followed_still_comes_to_nine_tenths_of_the_ceiling(weather: str) -> None:
    journey = Journey(random.Random(6), *WEATHERS[weather])
    journey.run(2000)
    assert journey.share >= 0.88


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def flown(window: Window, time: Time, answers: float) -> None:
    """So that answers usually take so long: as many as are looked back at."""
    for _ in range(64):
        departure = window.leave()
        departure.sent()
        time.now += answers
        departure.answered()
    time.now += 2.0
    assert window.room() == 0


def test_a_request_takes_up_room_until_a_second_after_it_can_have_arrived() -> None:
    time = Time()
    window = Window(1, clock=time)
    departure = window.leave()
    departure.sent()
    time.now = 0.03
    departure.answered()
    assert window.room() == pytest.approx(1.0)  # it had arrived when its answer came


def test_where_answers_take_long_most_of_it_is_work_unless_they_take_longer_than_ever() -> None:
    time = Time()
    window = Window(1, clock=time)
    flown(window, time, 0.2)
    departure = window.leave()
    departure.sent()
    time.now += 0.3
    departure.answered()
    assert window.room() == pytest.approx(0.78)  # 0.08 s on the wire, then a second
    time.now += 1.0
    flown(window, time, 0.12)
    departure = window.leave()
    departure.sent()
    time.now += 0.55
    departure.answered()
    assert window.room() == pytest.approx(1.0)


def test_what_is_never_answered_takes_up_room_no_longer_than_it_can_be_held_up() -> None:
    time = Time()
    window = Window(1, clock=time)
    window.leave().sent()
    time.now = 1.5
    assert window.room() > 0
    time.now = 1.61
    assert window.room() == 0


def test_what_is_not_on_the_wire_yet_keeps_its_room_and_what_never_will_be_loses_it() -> None:
    time = Time()
    window = Window(1, clock=time)
    departure = window.leave()
    time.now = 5.0
    assert window.room() > 0
    departure.given_up()
    assert window.room() == 0
    window.leave()  # and is never heard of again
    time.now = 15.1
    assert window.room() == 0


def test_what_is_given_up_on_the_wire_still_arrives() -> None:
    window = Window(1, clock=Time())
    departure = window.leave()
    departure.sent()
    departure.given_up()
    assert window.room() > 0


def test_a_body_that_follows_later_counts_from_then() -> None:
    time = Time()
    window = Window(1, clock=time)
    departure = window.leave()
    departure.sent()
    time.now = 0.06
    departure.sent()
    assert window.room() == pytest.approx(1.08)


@pytest.mark.parametrize("fault", [None, Fault.error(500), Fault.cut(), Fault.hang()])
async def test_each_request_of_the_client_is_followed_to_its_end(tmp_path: Path, fault: Fault | None) -> None:
    """Through the real HTTP library: answered, refused, cut off or hanging; each is counted, none for good."""
    async with house(tmp_path) as h:
        bucket = h.app.gate.bucket
        bucket.window.limit = 1_000
        await eventually(lambda: not bucket.window._leaving)
        bucket.window._arrived.clear()
        h.local.faults = lambda info: fault if info.method == "POST" else None
        channel = h.app.connection.client.get_partial_messageable(h.local.channel("headlines").id)  # type: ignore[union-attr]
        sending = asyncio.create_task(channel.send("Gold one"))
        await eventually(lambda: bucket.window.room() == 0 and bucket.window._arrived)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert not bucket.window._leaving
        await eventually(lambda: bucket.window.room() == 0 and not bucket.window._flying)
