"""docs/log.md and the code name the same log lines: none is undescribed, none is described that cannot come."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.docs.reading import ROOT, page

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = {"info", "warning", "error", "exception", "critical", "log"}


def logged() -> Iterator[tuple[str, str]]:
    """(line, level) of every call of a logger in the three folders; levels under info left out."""
    for folder in ("bot", "cogs", "storage"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if {"preview", "bench"} & set(path.parts):  # neither runs at an operator's
                continue
            text = path.read_text(encoding="utf-8")
            if not re.search(r"get_?logger\(", text, re.IGNORECASE):
                continue
            for node in ast.walk(ast.parse(text)):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                whose, level = node.func.value, node.func.attr
                if not (isinstance(whose, ast.Name) and whose.id in {"log", "_log", "logger"} and level in _LEVELS):
                    continue
                said = node.args[1 if level == "log" else 0]
                assert isinstance(said, ast.Constant), f"{path}:{node.lineno}: a log line should be a plain text"
                yield re.sub(r"%[sd]", "…", str(said.value)), "error" if level == "exception" else level


def test_every_log_line_is_described() -> None:
    described = dict(re.findall(r"^\| `(.+?)` \| (\w+) \|", page("docs/log.md").text, re.MULTILINE))
    found = dict(logged())
    assert len(found) > 50
    assert set(found) - set(described) == set(), "add these to docs/log.md"
    assert set(described) - set(found) == set(), "docs/log.md describes what no code says"
    wrong = {line for line, level in found.items() if level not in {described[line], "log"}}
    assert wrong == set(), "docs/log.md gives another level"
