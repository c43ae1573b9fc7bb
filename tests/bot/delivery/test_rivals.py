"""Where others lose or repeat: sends that fail, a neighbour that fails, a day without success, what matters most."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.delivery import pace
from bot.preview import Fault
from storage import deliveries, posted
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.bot.delivery.test_places import all_sent, deliver, look
from tests.bot.delivery.test_routes import POST, states
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = pace.backoff
    monkeypatch.setattr(pace, "backoff", lambda attempts, asked=None: usual(attempts, asked) / 10)


@pytest.mark.usefixtures("hurried")
async def test_one_500_in_five_sends_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """Of five headlines the rivals deliver four, or two (peers, section 3)."""
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        sends: list[str] = []

        def every_fifth(info: object) -> Fault | None:
            if getattr(info, "route", "") != POST or getattr(info, "method", "") != "POST":
                return None
            sends.append("send")
            return Fault.error(500) if len(sends) % 5 == 3 else None

        h.local.faults = every_fifth
        for number in range(5):
            await seed(h.app.services.db, [f"Gold story {number}"], [target])
            h.app.services.outbox.wake()
            await eventually(lambda n=number: len(sends) > n)
        await eventually(lambda: all_sent(h))
        text = "\n".join(h.posts("headlines"))
        places = [text.index(f"Gold story {number}") for number in range(5)]
        assert places == sorted(places)
        assert [text.count(f"Gold story {number}") for number in range(5)] == [1] * 5


async def test_a_target_that_fails_delays_no_other(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        bad, good = await look(h, "policy"), await look(h, "headlines")
        h.local.faults = lambda info: Fault.error(503) if info.channel_id == bad[0].id else None
        for number in range(3):
            await seed(h.app.services.db, [f"Gold story {number}"], [bad, good])
            h.app.services.outbox.wake()
            await eventually(lambda n=number: len("".join(h.posts("headlines")).split("Gold story")) == n + 2)
        assert h.posts("policy") == []

        async def three() -> bool:
            return (await states(h)).get("sent") == 3

        await eventually(three)


@pytest.mark.usefixtures("hurried")
async def test_what_fails_for_a_day_is_dropped_with_its_reason(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        h.local.faults = lambda info: Fault.error(503) if info.channel_id == target[0].id else None
        await deliver(h, ["Gold one"], target, age=timedelta(hours=24) - timedelta(seconds=3))
        await eventually(lambda: h.app.services.outbox.counts["dropped"])
        async with h.app.services.db.read() as connection:
            row = await deliveries.get(connection, 1)
        assert row is not None
        assert row.state == "dropped"
        assert row.attempts > 1
        assert row.reason == "not delivered within 24 h: Discord answered 503"


async def test_headlines_go_before_digests_and_price_alerts_before_both(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        bucket = h.app.gate.bucket
        bucket.allow(10.0, 12)
        bucket.burst = 1
        bucket.pause(60.0)  # until all of them wait: a round of the outbox may come between any two
        names = ["policy", "alerts", "lounge", "mods", "battery-metals"]
        places = [(Target("channel", h.local.channel(name).id), h.guild.id) for name in names]
        await seed(h.app.services.db, ["A digest line"], places, mode="daily", priority=2)
        await seed(h.app.services.db, ["Gold now"], [await look(h, "headlines")])
        await seed(h.app.services.db, ["Copper falls"], [await look(h, "gold-silver")], priority=0)
        h.app.services.outbox.wake()
        await eventually(lambda: bucket.waiting == len(names) + 2)
        bucket._paused_until = 0.0
        bucket._serve()
        await eventually(lambda: all_sent(h))
        order = [said(stored.data) for stored in h.local.stored]
        assert "Copper falls" in order[0]
        assert "Gold now" in order[1]


async def test_a_post_of_two_days_ago_is_edited_no_more(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        target = await look(h, "headlines")
        stories = await deliver(h, ["Gold one", "Gold two"], target)
        await eventually(lambda: all_sent(h))
        async with h.app.services.db.write() as connection:
            late, soon = now() + timedelta(hours=49), now() + timedelta(hours=47)
            assert await posted.enqueue_edits(connection, stories, now=late, within=timedelta(hours=48), tag="x") == 0
            assert await posted.enqueue_edits(connection, stories, now=soon, within=timedelta(hours=48), tag="x") == 1
