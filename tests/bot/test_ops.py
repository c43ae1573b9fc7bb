"""The files an operator copies name figures, settings and commands that exist."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.cli import parser
from bot.metrics import _STORED, Metrics
from bot.roles import ROLES
from bot.settings import Settings

TOP = Path(__file__).parents[2]
DOCS = ("operators.md", "scaling.md", "security.md", "benchmarks.md")


def served(*, roles: tuple[str, ...] = ROLES) -> dict[str, set[str]]:
    """Every figure that a process of these roles serves, as Prometheus names it, with its labels."""
    health = SimpleNamespace(source="x", metals=("gold",), error=None)
    services: Any = SimpleNamespace(
        prices=SimpleNamespace(health=lambda: [health]),
        pipeline=SimpleNamespace(counts={"polls": 1, "unchanged": 0, "faults": 0, "new": 0}, lags=[]),
        outbox=SimpleNamespace(counts={"sent": 0}),
        book=None,
        routes=SimpleNamespace(lost={}),
        db=SimpleNamespace(trouble=None),
        settings=SimpleNamespace(has=lambda role: role in roles),
    )
    services.book = type("Book", (), {"matched": 0, "match_seconds": 0.0, "__len__": lambda _self: 0})()
    keeper: Any = SimpleNamespace(free_space=lambda: 1)
    lag: Any = SimpleNamespace(percentile=lambda _share: 0.0)
    gate: Any = SimpleNamespace(invalid_requests=0, limited={"user": 0})
    metrics = Metrics(services, lag, keeper, gate, latency=lambda: 0.1)
    families = [*metrics.collect(), *metrics._registry.collect()]
    found = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    return {name: set[str]() for name in _STORED} | found


@pytest.mark.parametrize("name", ["ops/alerts.yml", "ops/grafana-dashboard.json"])
def test_each_figure_that_is_named_is_served(name: str) -> None:
    used = set(re.findall(r"\b(?:headframe|process)_[a-z_]+", (TOP / name).read_text()))
    assert used
    assert used <= served().keys()


def test_a_process_that_stands_in_no_gateway_is_not_called_unconnected() -> None:
    assert "headframe_gateway_connected" in served()
    assert "headframe_gateway_connected" not in served(roles=("poll", "deliver"))


def test_both_sides_of_a_comparison_between_figures_have_the_same_labels() -> None:
    """Else Prometheus finds no pair on the two sides, and the alert never fires."""
    labels = served()
    expressions = re.findall(r"expr: (.+)", (TOP / "ops/alerts.yml").read_text())
    assert len(expressions) >= 10
    compared = 0
    for expression in expressions:
        sides = [
            set() if re.search(r"\b(?:sum|max)\(", side) else labels[name[0]]
            for side in re.split(r" and | / ", expression)
            if (name := re.findall(r"\bheadframe_[a-z_]+", side))
        ]
        compared += len(sides) - 1 if sides else 0
        assert all(side == sides[0] for side in sides), expression
    assert compared >= 2


def test_each_alert_says_what_to_do() -> None:
    text = (TOP / "ops/alerts.yml").read_text()
    alerts = text.split("- alert:")[1:]
    assert len(alerts) >= 10
    assert [one.split()[0] for one in alerts if "action:" not in one or "summary:" not in one] == []


def test_the_dashboard_is_json_with_panels_that_do_not_overlap() -> None:
    panels = json.loads((TOP / "ops/grafana-dashboard.json").read_text())["panels"]
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels]
    assert len(places) == len(set(places)) > 10


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "ops/headframe.service", *[f"docs/{n}" for n in DOCS]])
def test_each_setting_that_is_named_exists(name: str) -> None:
    used = set(re.findall(r"\b(?:HEADFRAME|DISCORD)_[A-Z_]+\b", (TOP / name).read_text()))
    assert {one.lower() for one in used} <= set(Settings.model_fields)


@pytest.mark.parametrize("name", DOCS)
def test_each_command_that_is_named_exists(name: str) -> None:
    commands = next(one for one in parser()._actions if one.dest == "command").choices or {}
    used = set(re.findall(r"`headframe ([a-z-]+)", (TOP / "docs" / name).read_text()))
    assert used <= set(commands)


def test_the_bill_of_materials_lists_every_locked_package_with_its_hashes() -> None:
    done = subprocess.run([sys.executable, TOP / "scripts/sbom.py"], check=True, capture_output=True, text=True)
    listed = {(one["name"], one["version"]): one["externalReferences"] for one in json.loads(done.stdout)["components"]}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (TOP / "requirements.lock").read_text(), re.MULTILINE)
    assert set(listed) == set(pins)
    assert all(listed.values())


@pytest.mark.parametrize(
    ("asked", "strict", "status"),
    [
        ({"a 1": {"vulns": []}}, True, 0),
        ({"a 1": {"vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}}, False, 1),
        ({"a 1": {"skip_reason": "no network"}}, False, 0),
        ({"a 1": {"skip_reason": "no network"}}, True, 1),
        ({}, False, 0),
        ({}, True, 1),
    ],
)
def test_the_audit_fails_for_a_weakness_and_not_for_a_missing_network(
    asked: dict[str, Any], strict: bool, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = runpy.run_path(str(TOP / "scripts/audit.py"))
    assert audit["verdict"](asked, strict=strict) == status
    said = capsys.readouterr().out
    assert ("mended in 2" in said) == any(one.get("vulns") for one in asked.values())
    assert ("could not be asked" in said) == (not asked or any("skip_reason" in one for one in asked.values()))


def test_each_answer_of_the_threat_model_names_tests_that_are_there() -> None:
    rows = [line for line in (TOP / "docs/security.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 15
    for row in rows:
        shown = re.findall(r"`(tests/[a-z_/.]+)` ([a-z0-9_, ]+)", row.rpartition(" | ")[2])
        assert shown, f"names no test: {row}"
        for file, names in shown:
            source = (TOP / file).read_text()
            assert [one for one in names.split(",") if f"def test_{one.strip()}(" not in source] == []


def test_every_locked_package_is_held_to_its_hashes_wherever_it_is_installed() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=\S)", (TOP / lock).read_text().strip())
        assert len(entries) > 20
        assert [
            one.splitlines()[0] for one in entries if not re.search(r"==[^\n]*(?:\n\s+--hash=sha256:\w{64})", one)
        ] == []
    for name in ("Makefile", "Dockerfile"):
        installs = [line for line in (TOP / name).read_text().splitlines() if " install " in line and "pip" in line]
        loose = [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line]
        assert [line for line in loose if not re.search(r"\w==\d", line)] == [], "held by hash, by version, or ours"
    ci = (TOP / ".ci/run").read_text()
    assert "make audit" in ci
    assert re.search(r"npm install .*@\d+\.\d+\.\d+$", ci, re.MULTILINE)


def test_what_runs_elsewhere_is_named_by_its_version() -> None:
    """Images of compose by version; actions of a hosted CI, should there be any, by commit."""
    images = re.findall(r"image: (\S+)", (TOP / "compose.yaml").read_text())
    assert images
    assert [one for one in images if not re.search(r":v?\d", one)] == []
    flows = [file.read_text() for file in (TOP / ".github").glob("workflows/*.y*ml")]
    used = [one for text in flows for one in re.findall(r"uses: (\S+)", text)]
    assert [one for one in used if not re.search(r"@[0-9a-f]{40}$", one)] == []
