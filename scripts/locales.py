"""Collects the texts for people, updates the catalogues and compiles them: `make locales`.

New texts come in untranslated; tests/bot/test_translations.py says which. Texts in code are English.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "bot" / "locale"
KEYWORDS = {"_": None, "ngettext": (1, 2), "locale_str": None}


def template() -> Catalog:
    """Every text of bot/ and cogs/ that is marked for translation."""
    found = Catalog(project="Headframe", charset="utf-8", fuzzy=False)
    for folder in ("bot", "cogs"):
        for name, line, message, comments, context in extract_from_dir(
            ROOT / folder, method_map=[("**.py", "python")], keywords=KEYWORDS
        ):
            found.add(message, None, [(f"{folder}/{name}", line)], auto_comments=comments, context=context)
        for path in (ROOT / folder).rglob("*.py"):
            for text in inside_f_strings(path.read_text(encoding="utf-8")):
                found.add(text, None, [(f"{folder}/{path.name}", 0)])
    return found


def inside_f_strings(source: str) -> Iterator[str]:
    """Texts of `_("…")` within f-strings, which Babel does not look into."""
    for outer in ast.walk(ast.parse(source)):
        if not isinstance(outer, ast.JoinedStr):
            continue
        for node in ast.walk(outer):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                yield str(ast.literal_eval(node.args[0]))


def main() -> int:
    texts = template()
    missing = 0
    for language in ("fr", "es"):
        path = LOCALE / language / "LC_MESSAGES" / "headframe.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        else:
            catalogue = Catalog(locale=language, project="Headframe", charset="utf-8", fuzzy=False)
        made = catalogue.creation_date
        catalogue.update(texts, no_fuzzy_matching=True)
        catalogue.creation_date = made  # a date of today would make every run a change, and every merge a conflict
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            # No line numbers: they would change with every edit of the code.
            write_po(file, catalogue, width=110, no_location=True, sort_output=True, omit_header=False)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        lacking = [message.id for message in catalogue if message.id and not _whole(message.string)]
        missing += len(lacking)
        print(f"{language}: {len(catalogue)} texts, {len(lacking)} without a translation")
        for text in lacking[:20]:
            print(f"  {text!r}")
    return 1 if missing else 0


def _whole(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
