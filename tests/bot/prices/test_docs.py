"""The pages about prices are true: every example on them is read as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.prices.commands import parse_condition
from bot.prices.source_list import load
from bot.prices.sources.readers import READERS
from bot.prices.windows import WINDOWS

DOCS = Path(__file__).resolve().parents[3] / "docs"
SOURCES, ALERTS = ((DOCS / name).read_text("utf-8") for name in ("price-sources.md", "price-alerts.md"))


@pytest.mark.parametrize("number", [0, 1])
def test_the_example_lists_can_be_used(tmp_path, number):
    example = re.findall(r"```toml\n(.*?)```", SOURCES, re.DOTALL)[number]
    path = tmp_path / "sources.toml"
    path.write_text(example, "utf-8")
    names = [source.name for source in load(path)]
    assert names[0] == ("swissquote", "local")[number]
    assert ("desk" in names, "world-bank" in names) == ((True, False), (False, False))[number]


def test_every_reader_and_built_in_source_is_named():
    for name in READERS:
        assert f"`{name}`" in SOURCES


ROWS = re.findall(r"^\| (above|below|moves) \| `([^`]+)` \|", ALERTS, re.MULTILINE)


@pytest.mark.parametrize(("condition", "value"), ROWS)
def test_every_example_alert_is_understood(condition, value):
    metal = "copper" if "/t" in value else "gold"
    assert parse_condition(metal, condition, value)


def test_there_are_examples_and_every_window_is_named():
    assert len(ROWS) >= 8
    assert ", ".join(list(WINDOWS)[:-1]) in ALERTS
