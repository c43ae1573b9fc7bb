"""What counts as a latency, and what the figures say when there is none."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from bot.gateway import Connection, credible


class Client:
    """As much of a client as is asked here."""

    def __init__(self, latency: float, *, ready: bool = True) -> None:
        self.latency = latency
        self._ready = ready

    def is_ready(self) -> bool:
        return self._ready


def connection(client: Any) -> Connection:
    parts: Any = SimpleNamespace(make=None, attach=None, detach=None)
    made = Connection(parts.make, "token", attach=parts.attach, detach=parts.detach)
    made.client = client
    return made


@pytest.mark.parametrize("seconds", [0.0, 0.04, 12.0, 30.0])
def test_a_latency_is_told_as_it_is(seconds: float) -> None:
    assert credible(seconds) == seconds
    assert connection(Client(seconds)).latency == seconds


@pytest.mark.parametrize("seconds", [41.251, -0.001])
def test_what_cannot_be_is_not_told_but_the_bot_is_connected(seconds: float) -> None:
    made = connection(Client(seconds))
    assert made.latency is not None
    assert math.isnan(made.latency)
    assert made.ready


@pytest.mark.parametrize("client", [None, Client(math.inf), Client(math.nan), Client(0.1, ready=False)])
def test_without_a_connection_there_is_none(client: Client | None) -> None:
    assert connection(client).latency is None
    assert not connection(client).ready


def test_what_was_not_measured_is_no_number() -> None:
    assert math.isnan(credible(math.inf))
    assert math.isnan(credible(math.nan))
