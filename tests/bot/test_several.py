"""Ring 5: pollers, deliverers and gateways as processes of their own, killed at random; nothing lost, nothing twice."""

from __future__ import annotations

import os
import uuid

import pytest

from tests import postgres
from tests.fleet import Size
from tests.several import ordeal

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]


@pytest.mark.timeout(180)
async def test_five_processes_and_a_few_deaths(postgres_server: str) -> None:
    size = Size(
        feeds=20, servers=4, follows=200, interval=2, pollers=2, deliverers=2, gateways=1,
        seconds=4.5, kill_every=(1.0, 1.3), headlines_every=0.3,
    )  # fmt: skip
    outcome = await ordeal(size, postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    print(outcome)
    assert sum(outcome.kills.values()) >= 3
    assert outcome.expected > 20
    assert (outcome.lost, outcome.twice, outcome.early) == ([], [], [])


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
    print(outcome)
    assert (outcome.lost, outcome.twice, outcome.early) == ([], [], [])
    assert outcome.worst_poll_lag < 30
    assert outcome.worst_post_lag < 30
