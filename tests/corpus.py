"""Finds the recorded feeds and data that tests read but the project does not ship.

`shared("feeds")` is a path below HEADFRAME_SHARED (default: the folder `shared` beside the checkout). Where it does
not exist the calling test is skipped with the reason; with the environment variable CI set it fails instead, so that
a build never passes by having read nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

_CHECKOUT: Final = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """The folder of shared material, whether or not it exists."""
    return Path(os.environ.get("HEADFRAME_SHARED") or _CHECKOUT.parent / "shared")


def shared(*parts: str) -> Path:
    """The existing path `parts` below the shared folder; skips the test (fails it in CI) when it is absent."""
    path = shared_root().joinpath(*parts)
    if path.exists():
        return path
    reason = f"{path} does not exist; point HEADFRAME_SHARED at the shared folder to run this test"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def recorded_feeds() -> list[Path]:
    """Every recorded feed file in name order; empty when absent (for parametrising at collection, where skips err)."""
    folder = shared_root() / "feeds"
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix in {".xml", ".rss", ".atom", ".rdf"})
