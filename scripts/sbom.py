"""The bill of materials: requirements.lock as CycloneDX 1.5 JSON on stdout. Reads that one file, asks nobody."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, object]]:
    """One component a pinned package, with the hashes of all its files."""
    found: list[dict[str, object]] = []
    for block in re.split(r"\n(?=\S)", lock):
        pin = _PIN.match(block)
        if pin is None:
            continue
        name, version = pin.groups()
        purl = f"pkg:pypi/{name.lower()}@{version}"
        files = [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": one}]}
            for one in _HASH.findall(block)
        ]
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "externalReferences": files,
            }
        )
    return found


def document() -> dict[str, object]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": project["name"], "version": project["version"]},
        },
        "components": components((TOP / "requirements.lock").read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    print()
