"""Tests that find no shared material skip, and fail where CI is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import corpus

if TYPE_CHECKING:
    from pathlib import Path


def test_an_existing_path_is_returned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADFRAME_SHARED", str(tmp_path))
    (tmp_path / "feeds").mkdir()
    assert corpus.shared("feeds") == tmp_path / "feeds"
    assert corpus.recorded_feeds() == []


def test_an_absent_path_skips_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADFRAME_SHARED", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="HEADFRAME_SHARED"):
        corpus.shared("feeds")


def test_in_ci_an_absent_path_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADFRAME_SHARED", str(tmp_path))
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception):
        corpus.shared("feeds")
