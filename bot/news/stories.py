"""Which headlines tell the same event: an index of the recent past that a new headline is placed into.

Looks up and remembers; the reading of headlines and the judging of pairs are in `storyparts`. A headline joins a story
when it equals one of its headlines, or tells the same event as the nearest of them and contradicts none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from bot.i18n import _
from bot.news.storyparts.conflicts import SAME_DAY_HOURS, conflict
from bot.news.storyparts.facts import Facts, read
from bot.news.storyparts.likeness import Likeness, likeness, same_event

if TYPE_CHECKING:
    from bot.news.model import Tags

_Name = TypeVar("_Name", str, int)
_CANDIDATES: Final = 16
"""Headlines compared in full for each new one: those that share the most, and the rarest, keys."""
_CROWDED: Final = 300
"""A key on more headlines than this tells nothing; it is left out of the search unless all are so."""
_MEMBERS: Final = 24
_NEAR_FIRST: Final = 0.4
"""Likeness a headline must have to the first of its story, so that a story does not drift from telling to telling."""


@dataclass(frozen=True, slots=True)
class Placement:
    """story: the one to join, None for a new one; why: in words; nearest: the nearest headline's key; score 0–1."""

    story: int | None
    why: str
    nearest: int | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class _Entry:
    key: int
    story: int
    at: datetime
    facts: Facts


class StoryIndex:
    """The headlines of the last `window`, and the story of each. Not thread-safe; no clock: times are passed in."""

    def __init__(self, window: timedelta = timedelta(hours=48)) -> None:
        self._window = window
        self._entries: dict[int, _Entry] = {}
        self._by_title: dict[str, dict[int, None]] = {}
        self._by_handle: dict[str, dict[int, None]] = {}
        self._by_story: dict[int, dict[int, None]] = {}
        self._count = 0
        self._latest: datetime | None = None
        self._swept: datetime | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def place(self, title: str, at: datetime, tags: Tags | None = None) -> Placement:  # noqa: ARG002
        """Where a headline belongs, without changing the index. `at` is aware; headlines need not come in order.

        `tags` is accepted for callers that have them; the reading of the title alone decides.
        """
        facts = read(title)
        equal = self._equal(facts, at)
        if equal is not None:
            return Placement(equal.story, _("the same headline"), equal.key, 1.0)
        best: tuple[Likeness, _Entry] | None = None
        refused: set[int] = set()
        for entry in self._candidates(facts, at):
            if entry.story in refused:
                continue
            found = same_event(entry.facts, facts, self._hours(entry, at))
            if found is None or (best is not None and found.score <= best[0].score):
                continue
            if self._contradicts(entry.story, facts, at):
                refused.add(entry.story)
                continue
            best = (found, entry)
        if best is None:
            return Placement(None, _("no earlier headline tells this event"))
        found, entry = best
        told = ", ".join(label.partition(":")[2].replace("_", " ") for label in found.shared[:4])
        why = _("same event: {facts}; overlap {score}").format(facts=told, score=f"{found.score:.2f}")
        return Placement(entry.story, why, entry.key, found.score)

    def add(self, key: int, story: int, title: str, at: datetime, tags: Tags | None = None) -> None:  # noqa: ARG002
        """Remembers a headline under its story. A known key is replaced."""
        if key in self._entries:
            self._remove(key)
        facts = read(title)
        entry = _Entry(key, story, at, facts)
        self._entries[key] = entry
        self._by_title.setdefault(facts.key, {})[key] = None
        self._by_story.setdefault(story, {})[key] = None
        for handle in facts.handles:
            self._by_handle.setdefault(handle, {})[key] = None

    def forget_before(self, at: datetime) -> None:
        """Drops the headlines older than `at`."""
        for key in [key for key, entry in self._entries.items() if entry.at < at]:
            self._remove(key)

    def assign(self, title: str, at: datetime) -> int:
        """Places and adds a headline; returns its story's number (from 1). For streams without keys of their own."""
        placement = self.place(title, at)
        self._count += 1
        story = self._count if placement.story is None else placement.story
        self.add(self._count, story, title, at)
        self._latest = at if self._latest is None else max(at, self._latest)
        if self._swept is None or self._latest - self._swept > self._window / 8:
            self._swept = self._latest
            self.forget_before(self._latest - 2 * self._window)
        return story

    def _hours(self, entry: _Entry, at: datetime) -> float:
        return abs((at - entry.at).total_seconds()) / 3600

    def _equal(self, facts: Facts, at: datetime) -> _Entry | None:
        """The latest headline with the same words; a market's report counts within its session only."""
        for key in reversed(self._by_title.get(facts.key, {})):
            entry = self._entries[key]
            hours = self._hours(entry, at)
            if abs(at - entry.at) <= self._window and (facts.subject == "other" or hours <= SAME_DAY_HOURS):
                return entry
        return None

    def _candidates(self, facts: Facts, at: datetime) -> list[_Entry]:
        """The headlines within the window that share most with this one, by keys weighted with their rarity."""
        crowds = [crowd for handle in facts.handles if (crowd := self._by_handle.get(handle))]
        crowds.sort(key=len)
        votes: dict[int, int] = {}
        seen = 0
        for crowd in crowds:
            if seen and seen + len(crowd) > _CROWDED:
                break
            seen += len(crowd)
            weight = 1000 // (8 + len(crowd))
            for key in crowd if len(crowd) <= _CROWDED else list(crowd)[-_CROWDED:]:
                votes[key] = votes.get(key, 0) + weight
        found: list[_Entry] = []
        earliest, latest = at - self._window, at + self._window
        for key in sorted(votes, key=votes.__getitem__, reverse=True)[: 3 * _CANDIDATES]:
            entry = self._entries[key]
            if earliest <= entry.at <= latest:
                found.append(entry)
                if len(found) == _CANDIDATES:
                    break
        return found

    def _contradicts(self, story: int, facts: Facts, at: datetime) -> bool:
        members = list(self._by_story.get(story, ()))
        checked = members[:2] + members[2:][-_MEMBERS:]
        entries = [self._entries[key] for key in checked]
        if entries and likeness(entries[0].facts, facts).score < _NEAR_FIRST:
            return True
        return any(conflict(entry.facts, facts, self._hours(entry, at)) is not None for entry in entries)

    def _remove(self, key: int) -> None:
        entry = self._entries.pop(key)
        for table, name in (
            (self._by_title, entry.facts.key),
            *((self._by_handle, handle) for handle in entry.facts.handles),
        ):
            _discard(table, name, key)
        _discard(self._by_story, entry.story, key)


def _discard(table: dict[_Name, dict[int, None]], name: _Name, key: int) -> None:
    crowd = table.get(name)
    if crowd is not None:
        crowd.pop(key, None)
        if not crowd:
            del table[name]
