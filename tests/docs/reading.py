"""What a reader would copy from the documentation: blocks of shell lines or slash commands, code in running text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """name: the path from the top of the repository."""

    name: str
    text: str

    def blocks(self, language: str) -> list[str]:
        """The lines of all blocks in a language, comments and empty lines left out."""
        inside = [body for kind, body in _FENCE.findall(self.text) if kind == language]
        return [line for body in inside for line in body.splitlines() if line.strip() and not line.startswith("#")]

    def spans(self) -> list[str]:
        """Code in running text."""
        return [" ".join(found[1].split()) for found in _SPAN.findall(_FENCE.sub("", self.text))]


def pages() -> list[Page]:
    return [Page(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in PAGES]


def page(name: str) -> Page:
    return next(one for one in pages() if one.name == name)
