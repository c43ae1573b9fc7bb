"""Ring 5: pollers, deliverers and gateways as processes of their own, killed at random; nothing lost, nothing twice."""

from __future__ import annotations

import os
import uuid

import pytest

from tests import postgres
from tests.fleet import Size
from tests.several import Outcome, ordeal

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]


def judge(outcome: Outcome, *, within: float) -> None:
    """Nothing lost, twice or early; and what a dead process had, a living one has so many seconds later."""
    print(outcome)
    assert (outcome.lost, outcome.twice, outcome.early) == ([], [], [])
    found = outcome.reckoning
    assert found is not None
    assert found.never == ()

    assert found.feeds_taken.longest < within
    assert found.deliveries_taken.longest < within
    assert outcome.shards_taken.longest < within


@pytest.mark.timeout(180)
async def test_five_processes_and_a_few_deaths(postgres_server: str) -> None:
    size = Size(
        feeds=20, servers=4, follows=200, interval=2, pollers=2, deliverers=2, gateways=1,
        seconds=3.5, deaths=3, kill_every=(0.8, 1.1), dead_for=(60.0, 60.0), headlines_every=0.3,
    )  # fmt: skip
    outcome = await ordeal(size, postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    assert sum(outcome.kills.values()) >= 3
    assert outcome.expected > 20
    judge(outcome, within=60)


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
    outcome = await ordeal(size, postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    judge(outcome, within=30)
