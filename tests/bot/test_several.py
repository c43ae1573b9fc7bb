"""Ring 5: pollers, deliverers and gateways as processes of their own, killed at random; nothing lost, nothing twice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.databases import fresh_postgres
from tests.fleet import Size
from tests.several import Outcome, ordeal

if TYPE_CHECKING:
    from tests.deaths import Reckoning

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]


def judge(outcome: Outcome) -> Reckoning:
    """Nothing lost, twice or early; and whatever a dead process had, a living one has taken over."""
    print(outcome)
    assert (outcome.lost, outcome.twice, outcome.early) == ([], [], [])
    found = outcome.reckoning
    assert found is not None
    assert found.never == ()
    return found


@pytest.mark.timeout(400)
async def test_five_processes_and_a_few_deaths(postgres_server: str) -> None:
    size = Size(
        feeds=20, servers=4, follows=200, interval=2, pollers=2, deliverers=2, gateways=1,
        seconds=3.5, deaths=3, kill_every=(0.8, 1.1), dead_for=(60.0, 60.0), headlines_every=0.3,
    )  # fmt: skip
    outcome = await ordeal(size, await fresh_postgres(postgres_server))
    assert sum(outcome.kills.values()) >= 3
    assert outcome.expected > 20
    judge(outcome)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_ten_minutes_of_deaths_at_size(postgres_server: str) -> None:
    size = Size(
        feeds=int(os.environ.get("FLEET_FEEDS", "5000")),
        servers=int(os.environ.get("FLEET_SERVERS", "200")),
        follows=int(os.environ.get("FLEET_FOLLOWS", "20000")),
        interval=int(os.environ.get("FLEET_INTERVAL", "300")),
        seconds=float(os.environ.get("FLEET_SECONDS", "600")),
    )
    outcome = await ordeal(size, await fresh_postgres(postgres_server))
    found = judge(outcome)
    assert found.feeds_taken.count + found.deliveries_taken.count > 0, "some died with work in hand"
    assert found.feeds_taken.longest < 30
    assert found.deliveries_taken.longest < 30
    assert outcome.shards_taken.longest < 30
