"""`headframe bench`: every row against its naive baseline in the same run, as a ratio."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from bot.bench.model import Row

NAMES: Final = ("poll", "match", "stories", "tag", "prices", "deliver", "storage", "startup")


def bench(arguments: argparse.Namespace) -> int:
    """Run all benchmarks, or one; a table on stdout, or JSON."""
    if arguments.name is not None and arguments.name not in NAMES:
        raise UserError(f"there is no benchmark called {arguments.name}; choose from {', '.join(NAMES)}.")
    found: dict[str, list[Row]] = {}
    for name in (arguments.name,) if arguments.name else NAMES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        more = {"channels": arguments.channels} if name == "deliver" and arguments.channels else {}
        found[name] = import_module(f"bot.bench.{name}").run(quick=arguments.quick, **more)
    if arguments.json:
        listed = {name: [asdict(row) for row in rows] for name, rows in found.items()}
        print(json.dumps({"machine": _machine(), "rows": listed}, ensure_ascii=False, indent=2))
        return 0
    if arguments.markdown:
        print("\n".join(markdown(found, _machine())))
        return 0
    for name, rows in found.items():
        print(f"\n{name}")
        for line in table(rows):
            print(f"  {line}")
    return 0


def _machine() -> dict[str, object]:
    processors = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (processors.read_text().splitlines() if processors.exists() else ())
        if line.startswith("model name")
    ]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": models[0] if models else platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def markdown(found: Mapping[str, Sequence[Row]], machine: Mapping[str, object]) -> list[str]:
    """The rows as a page's tables, with the machine and the date: what docs/benchmarks.md holds."""
    lines = [
        (
            f"Measured {str(machine['at'])[:10]} on {machine['cores']} cores ({machine['processor']}, "
            f"{machine['machine']}), Python {machine['python']}."
        )
    ]
    for name, rows in found.items():
        lines += ["", f"### {name}", "| what | figure | the naive way | ratio | |", "|---|---|---|---|---|"]
        for row in rows:
            cells = (
                row.name, f"{_number(row.value)} {row.unit}",
                f"{row.baseline}: {_number(row.baseline_value)} {row.unit}", f"×{_number(row.ratio)}", row.note,
            )  # fmt: skip
            lines.append(f"| {' | '.join(cell.replace('|', '/').strip() for cell in cells)} |")
    return lines


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as aligned text."""
    cells = [
        (row.name, f"{_number(row.value)} {row.unit}", f"{row.baseline}: {_number(row.baseline_value)} {row.unit}",
         f"×{_number(row.ratio)}", row.note)
        for row in rows
    ]  # fmt: skip
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(4)]
    return [
        "  ".join((*(c.ljust(w) for c, w in zip(cell[:4], widths, strict=True)), cell[4])).rstrip() for cell in cells
    ]


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
