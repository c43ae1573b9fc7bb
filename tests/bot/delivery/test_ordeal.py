"""Ring 5: thousands of deliveries through faults of every kind; none lost, none twice, order kept."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING

import pytest

from bot.preview import Fault
from storage import deliveries
from tests.bot.delivery.ordeal import hurry, ordeal
from tests.bot.delivery.seed import seed
from tests.bot.delivery.test_places import all_sent, look
from tests.house import eventually, house

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_two_thousand_deliveries_through_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    outcome = await ordeal(tmp_path, number=11, channels=40, stories=51, deaths=4)
    assert outcome.expected >= 1980
    assert outcome.faults > 50
    assert (outcome.lost, outcome.twice, outcome.disorder) == ([], [], [])


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(10))
async def test_ten_seeds_of_six_thousand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    hurry(monkeypatch)
    outcome = await ordeal(tmp_path, number=number, channels=60, stories=100, deaths=15)
    assert (outcome.lost, outcome.twice, outcome.disorder) == ([], [], [])


async def test_a_disk_that_is_full_during_the_mark_costs_no_second_request(tmp_path: Path) -> None:
    """The row is `sending`, the message is posted, and the database cannot grow by a byte."""
    async with house(tmp_path) as h:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        target = await look(h, "headlines")
        full: list[bool] = []

        def fill() -> None:
            full.append(True)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))

        route = "/channels/{channel_id}/messages"
        h.local.faults = lambda info: (
            Fault.then(fill) if info.method == "POST" and info.route == route and not full else None
        )
        try:
            await seed(h.app.services.db, ["Gold one"], [target])
            h.app.services.outbox.wake()
            await eventually(lambda: h.posts("headlines"))
            await asyncio.sleep(2.5)  # several marks fail meanwhile
            async with h.app.services.db.read() as connection:
                row = await deliveries.get(connection, 1)
            assert row is not None
            assert row.state == "sending"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await eventually(lambda: all_sent(h))
        assert len(h.posts("headlines")) == 1
        assert len(h.local.requests_to("POST", route)) == 1
