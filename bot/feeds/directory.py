"""The curated directory of mining, metals and commodity feeds, and the search that autocompletes it.

The data is directory.csv beside this file; its columns:
url      the feed's address
title    the publisher's name as shown
topic    what it writes about, a few words
status   works (seen answering or in production use by `seen`), unproven (only listed by others), dead (blocked or gone)
seen     the day, month or year of the newest evidence for the status
default  "yes" for the feeds a new installation starts with: working ones that are not known to refuse bots
zone     IANA name of the zone its dates are in when they name none; empty: UTC
note     what a moderator should know before adding it
Nothing here is fetched; whether a feed answers today is for the poller to find out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from rapidfuzz import fuzz

from bot.feeds.links import canonical
from bot.news import text

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["works", "unproven", "dead"]
_FILE: Final = Path(__file__).with_name("directory.csv")
_ORDER: Final = {"works": 0, "unproven": 1, "dead": 2}
_LEAST: Final = 78.0  # rapidfuzz score below which a name is not what was typed


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of directory.csv; zone is None where the column is empty."""

    url: str
    title: str
    topic: str
    status: Status
    seen: str
    default: bool
    zone: str | None
    note: str


@lru_cache(maxsize=1)
def entries() -> tuple[Listed, ...]:
    """The whole directory in file order."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Listed(
                url=row["url"],
                title=row["title"],
                topic=row["topic"],
                status=cast("Status", row["status"]),
                seen=row["seen"],
                default=row["default"] == "yes",
                zone=row["zone"] or None,
                note=row["note"],
            )
            for row in csv.DictReader(file)
        )


def defaults() -> tuple[Listed, ...]:
    """The feeds a new installation starts with (HEADFRAME_DEFAULT_FEEDS)."""
    return tuple(listed for listed in entries() if listed.default)


def lookup(url: str) -> Listed | None:
    """The directory's row for an address, however it is spelled (see `links.canonical`)."""
    return _by_address().get(canonical(url))


@lru_cache(maxsize=1)
def _by_address() -> dict[str, Listed]:
    return {canonical(listed.url): listed for listed in entries()}


def search(typed: str, *, limit: int = 25) -> Sequence[Listed]:
    """What autocompletion offers: the best matches of title, topic or address; defaults first for nothing typed.

    Dead feeds are offered last, so that who looks for Kitco learns from the note that it has none.
    """
    folded = text.fold(typed).strip()
    if not folded:
        ranked = sorted(entries(), key=lambda listed: (not listed.default, _ORDER[listed.status]))
        return [listed for listed in ranked if listed.status != "dead"][:limit]
    scored = [(_score(folded, listed), listed) for listed in entries()]
    found = [pair for pair in scored if pair[0] >= _LEAST]
    found.sort(key=lambda pair: (_ORDER[pair[1].status] // 2, -pair[0], not pair[1].default, pair[1].title))
    return [listed for _, listed in found[:limit]]


def _score(folded: str, listed: Listed) -> float:
    title, topic, address = text.fold(listed.title), text.fold(listed.topic), canonical(listed.url)
    if title.startswith(folded):
        return 120.0
    if folded in title:
        return 110.0
    if folded in topic or folded in address:
        return 105.0
    if len(folded) < 4:
        return 0.0
    return max(fuzz.WRatio(folded, title), fuzz.partial_ratio(folded, topic) if len(topic) >= len(folded) else 0.0)
