"""Ring 5: kill -9 at random moments; nothing is lost, nothing comes twice, the order holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.killing import ordeal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_ten_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    outcome = await ordeal(tmp_path, kills=10, seed=7)
    assert outcome.kills == 10
    assert outcome.lost == []
    assert outcome.twice == []
    assert outcome.disorder == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    outcome = await ordeal(tmp_path, kills=200, seed=20)
    assert (outcome.lost, outcome.twice, outcome.disorder) == ([], [], [])
