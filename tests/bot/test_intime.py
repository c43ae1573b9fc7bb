"""The clock of an answer: an answer that comes while the deferral is under way waits for it, and never crosses it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord

from bot import intime

if TYPE_CHECKING:
    import pytest


class Response:
    """Discord's side: it takes one first answer, and knows of it only once the request is through."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.through = asyncio.Event()
        self.done = False

    def is_done(self) -> bool:
        return self.done

    async def defer(self, **_options: Any) -> None:
        self.begun.set()
        await self.through.wait()
        self.done = True


def asked(response: Response, **data: Any) -> Any:
    kind = discord.InteractionType.application_command
    return SimpleNamespace(extras={}, response=response, type=kind, message=None, data=data)


async def test_an_answer_waits_for_the_deferral_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intime, "DEFER_AFTER", 0)
    response = Response()
    interaction = asked(response)
    intime.start(interaction)
    await response.begun.wait()
    settled = asyncio.create_task(intime.settle(interaction))
    await asyncio.sleep(0)
    assert not settled.done(), "what is on its way to Discord is not taken back"
    response.through.set()
    await settled
    assert response.is_done(), "so the answer goes where the deferral left room for it"


async def test_a_quick_answer_ends_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    response = Response()
    interaction = asked(response)
    intime.start(interaction)
    await intime.settle(interaction)
    monkeypatch.setattr(intime, "DEFER_AFTER", 0)
    for _turn in range(3):
        await asyncio.sleep(0)
    assert not response.begun.is_set()


def test_share_is_found_below_groups() -> None:
    inner = {"name": "info", "options": [{"name": "name", "value": "gold"}, {"name": "share", "value": True}]}
    assert intime.shared(asked(SimpleNamespace(), options=[inner]))  # type: ignore[arg-type]
    assert not intime.shared(asked(SimpleNamespace(), options=[{"name": "name", "value": "share"}]))  # type: ignore[arg-type]
