"""What the benchmarks print, and that a start leaves heavy libraries alone. Figures: `headframe bench`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bot.bench.model import Row
from bot.commands.bench import markdown

HEAVY = ("matplotlib", "numpy", "PIL", "feedparser", "lxml", "selectolax", "alembic", "asyncpg", "bot.preview")


def test_a_start_imports_nothing_heavy() -> None:
    program = (
        "import importlib, sys\n"
        "import bot.app, bot.client, bot.commands.serve\n"
        "for name in bot.client.COGS: importlib.import_module(name)\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_judging_a_headline_at_the_command_line_imports_no_database_and_no_discord() -> None:
    program = (
        "import sys, bot.cli, bot.settings, bot.commands.text\n"
        "print(*(name for name in ('sqlalchemy', 'discord', 'aiohttp', 'lxml') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_the_tables_for_the_page_name_machine_and_date_and_escape_what_would_break_them() -> None:
    machine = {"at": "2026-11-27T10:00:00+00:00", "cores": 2, "processor": "X", "machine": "x86_64", "python": "3.11"}
    lines = markdown({"match": [Row("a | b", 0.00123, "ms", "loop", 12.0, 9756.1, "note")]}, machine)
    assert lines[0] == "Measured 2026-11-27 on 2 cores (X, x86_64), Python 3.11."
    assert lines[-1] == "| a / b | 0.00123 ms | loop: 12 ms | ×9,756 | note |"


@pytest.mark.soak  # five processes that each start all of it
@pytest.mark.timeout(300)
def test_the_start_up_bench_runs_and_prints_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "bench", "startup", "--quick", "--json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    rows = {row["name"]: row for row in told["rows"]["startup"]}
    assert told["machine"]["cores"] >= 1
    assert len([name for name in rows if name.startswith("memory")]) == 2
    assert all(row["value"] > 0 and row["baseline_value"] > 0 for row in rows.values())
