"""Measure everything and put the tables into docs/benchmarks.md, between its two marks. Run it on a quiet machine.

`python scripts/benchmarks.py` measures (some minutes); `python scripts/benchmarks.py FILE.json` takes what
`headframe bench --json` printed before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from bot.bench.model import Row  # noqa: E402
from bot.commands.bench import markdown  # noqa: E402

PAGE = TOP / "docs" / "benchmarks.md"
BEGIN, END = "<!-- tables: scripts/benchmarks.py writes from here -->", "<!-- to here -->"


def main() -> None:
    if len(sys.argv) > 1:
        printed = Path(sys.argv[1]).read_text()
    else:
        command = [sys.executable, "-m", "bot", "bench", "--json"]
        printed = subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    told = json.loads(printed)
    rows = {name: [Row(**row) for row in some] for name, some in told["rows"].items()}
    before, _begin, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, *markdown(rows, told["machine"]), END + after]))


if __name__ == "__main__":
    main()
