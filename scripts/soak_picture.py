"""Draws what `make soak` measured: `python scripts/soak_picture.py [soak.csv [picture.png]]`.

By default artefacts/soak.csv becomes docs/pictures/soak.png, the picture of docs/benchmarks.md.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from matplotlib.figure import Figure

TOP = Path(__file__).resolve().parents[1]


def main() -> None:
    given = [Path(name) for name in sys.argv[1:3]]
    source, target = [*given, *(TOP / "artefacts" / "soak.csv", TOP / "docs" / "pictures" / "soak.png")[len(given) :]]
    with source.open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    minutes = [row["at"] / 60 for row in rows]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    memory, waiting = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    memory.plot(minutes, [row["process"] for row in rows], label="the bot's process")
    memory.plot(minutes, [row["parser"] for row in rows], label="its parser")
    memory.set(ylabel="resident memory, MiB", ylim=(0, None))
    memory.legend(loc="center right", frameon=False)
    waiting.fill_between(minutes, [max(row["waiting"], 0.0) for row in rows], step="mid")
    waiting.set(xlabel="minutes under fire", ylabel="messages waiting", xlim=(0, None), ylim=(0, None))
    for axes in (memory, waiting):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=110)
    print(target)


if __name__ == "__main__":
    main()
