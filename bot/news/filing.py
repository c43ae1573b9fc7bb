"""Where the matcher files a query, as one line of text that is kept beside the query: a start need not read them all.

A line begins with a mark of the very rules that made it (grammar, words, names, rarity, filing). A release that
changes one of these has another mark, and reads the queries anew: no line outlives its rules.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from bot import minerals
from bot.news import matcher

if TYPE_CHECKING:
    from bot.news.query import Query

_SEPARATOR = "\n"  # stands in no word and in no name


@lru_cache(maxsize=1)
def mark() -> str:
    """Eight letters that change with anything a query's meaning depends on."""
    rules = sorted(Path(__file__).parent.glob("*.py"))
    names = sorted(Path(minerals.__file__).parent.glob("data/*.csv"))
    digest = blake2b(f"{sys.version_info[:2]} {unicodedata.unidata_version}".encode(), digest_size=4)
    for path in (*rules, *names):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def line(query: Query) -> str:
    """The mark, then one atom (see `matcher`) for each place: a headline that matches holds one of them at least."""
    return _SEPARATOR.join((mark(), *matcher.places(query)))


def atoms(kept: str | None) -> list[str]:
    """The atoms of a line; none when there is no line, or one by other rules."""
    if kept is None or not kept.startswith(mark()):
        return []
    return kept.split(_SEPARATOR)[1:]
