"""Which feeds of the directory the guided start offers, the most useful for the chosen topics first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.feeds import directory
from bot.news.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ON_A_SHELF: Final = 25  # options in one of Discord's menus
SHELVES: Final = 3
# Words of a feed's title or of the directory's "topic" by which it serves a preset.
_SERVES: Final[Mapping[str, tuple[str, ...]]] = {
    "gold": ("gold", "silver", "precious"),
    "battery": ("lithium", "nickel", "cobalt", "graphite", "energy metals"),
    "policy": ("rare-earth", "ngo"),
    "juniors": ("juniors", "newsfile", "globenewswire"),
}
_OF_ALL: Final = (
    "all mining", "projects", "technology", "technical", "canada", "australia", "global", "base metals", "juniors",
    "general mining", "mining and metals",
)  # fmt: skip


def offered(presets: Collection[str]) -> list[directory.Listed]:
    """All feeds that may answer: by their use for these topics, recommended ones first, then by name.

    Those that were never seen to answer stand behind all others.
    """
    listed = [one for one in directory.entries() if one.status != "dead"]
    listed.sort(key=lambda one: (one.status == "unproven", _use(one, presets), not one.default, fold(one.title)))
    return listed[: ON_A_SHELF * SHELVES]


def shelves(presets: Collection[str]) -> list[list[directory.Listed]]:
    """The same, as many as one menu holds at a time."""
    found = offered(presets)
    return [found[start : start + ON_A_SHELF] for start in range(0, len(found), ON_A_SHELF)]


def recommended(presets: Collection[str]) -> list[str]:
    """Addresses of dependable feeds for these topics: those that the menus call recommended."""
    return [one.url for one in offered(presets) if one.default and _use(one, presets) < 2]


def chosen(before: Sequence[str], shelf: Sequence[directory.Listed], places: Collection[int]) -> list[str]:
    """The addresses chosen after one menu was: `places` (see `place`) of its shelf, and what other shelves had."""
    here = {one.url for one in shelf}
    return [*(url for url in before if url not in here), *(one.url for one in shelf if place(one) in places)]


def place(one: directory.Listed) -> int:
    """What names a feed in a menu: its row in the directory, whatever order it is shown in."""
    return directory.entries().index(one)


def _use(one: directory.Listed, presets: Collection[str]) -> int:
    """0: about these topics; 1: about mining at large; 2: about something else."""
    about = fold(f"{one.title}, {one.topic}")
    if any(word in about for preset in presets for word in _SERVES.get(preset, ())):
        return 0
    if any(word in about for word in _OF_ALL):
        return 1
    return 1 if "everything" in presets else 2
