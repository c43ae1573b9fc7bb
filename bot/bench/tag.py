"""Tagging: minerals, topics, direction and tickers of a headline, against one regular expression per name."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from bot.bench.model import Row
from bot.minerals import catalogue
from bot.news import tagger
from bot.preview.newswire import written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run(*, quick: bool = False) -> list[Row]:
    """Microseconds of processor time a headline; the baseline finds names of minerals only, wherever they stand."""
    headlines = [title for title, _summary in written()] * (4 if quick else 40)
    names = {
        name.casefold()
        for mineral in catalogue.load().minerals.values()
        for name in (mineral.name, *mineral.synonyms)
        if len(name) > 2
    }
    patterns = [re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE) for name in sorted(names)]

    def naive(title: str) -> object:
        return [pattern.pattern for pattern in patterns if pattern.search(title)]

    ours, theirs = _microseconds(tagger.tag, headlines), _microseconds(naive, headlines)
    return [
        Row(
            "tag a headline", ours, "µs", f"{len(patterns)} regular expressions, names of minerals only", theirs,
            theirs / ours, "ours also finds topics, direction and tickers, and knows gold medals from gold",
        )
    ]  # fmt: skip


def _microseconds(work: Callable[[str], object], headlines: Sequence[str]) -> float:
    work(headlines[0])  # tables are read at first use
    started = time.process_time()
    for title in headlines:
        work(title)
    return (time.process_time() - started) / len(headlines) * 1e6
