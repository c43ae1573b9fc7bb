"""Are weaknesses known of the locked packages? Asks pip-audit about both lock files.

Ends with 1 when one is known. Where PyPI's advisories cannot be reached nothing is known: that is said, and is no
failure, unless --strict asks for certainty.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--strict", action="store_true", help="fail when a package could not be asked about")
    options.add_argument("locks", nargs="*", default=[str(TOP / name) for name in LOCKS])
    chosen = options.parse_args()
    asked: dict[str, dict[str, Any]] = {}
    for lock in chosen.locks:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", lock, "-f", "json",
             "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        for one in answers(done.stdout):
            asked[f"{one['name']} {one.get('version', '')}".strip()] = one
        if not done.stdout.strip():
            said = done.stderr.strip().splitlines()
            print(f"audit: {Path(lock).name} could not be asked about: {said[-1] if said else 'no reason given'}")
    return verdict(asked, strict=chosen.strict)


def answers(printed: str) -> list[dict[str, Any]]:
    """What pip-audit found of each package; nothing when it ended before it could say."""
    try:
        found = json.loads(printed)
    except ValueError:
        return []
    return list(found["dependencies"])


def verdict(asked: dict[str, dict[str, Any]], *, strict: bool) -> int:
    weak = {name: one["vulns"] for name, one in asked.items() if one.get("vulns")}
    for name, known in sorted(weak.items()):
        for one in known:
            mend = ", ".join(one.get("fix_versions") or ()) or "no version yet"
            print(f"audit: {name}: {one['id']}; mended in {mend}. Raise it in pyproject.toml and run `make lock`.")
    silent = [name for name, one in asked.items() if "vulns" not in one]
    known = len(asked) - len(silent)
    if known == 0 or silent:
        print(f"audit: {len(silent)} packages could not be asked about; run it again where PyPI can be reached.")
    print(f"audit: {known} packages looked up, {len(weak)} with known weaknesses.")
    return 1 if weak or (strict and (silent or not known)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
