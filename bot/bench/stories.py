"""Stories: the index of news/stories.py against exact titles and plain word overlap, for truth and for time.

Truth is measured on the labelled streams beside the tests (left out where they are not installed), in pairs (of two
headlines put together, how many belong together?) and B-cubed (Bagga and Baldwin 1998: for each headline, how much of
its true story is in its group). Time is CPU per headline with 10,000 headlines in the window.
"""

from __future__ import annotations

import csv
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from time import thread_time
from typing import TYPE_CHECKING, Final

from bot.bench.model import Row
from bot.news.stories import StoryIndex
from bot.news.storyparts.facts import read
from bot.news.storyparts.likeness import same_event
from bot.news.text import words

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

CASES: Final = Path(__file__).parents[2] / "tests" / "bot" / "news" / "cases"
_WINDOW: Final = timedelta(hours=48)
_JACCARD: Final = 0.55
_COMPANIES: Final = [
    "Barrick",
    "Newmont",
    "BHP",
    "Glencore",
    "Vale",
    "Codelco",
    "Freeport",
    "Teck",
    "Kinross",
    "Antofagasta",
]
_PLACES: Final = ["Chile", "Peru", "Mali", "Nevada", "Quebec", "Zambia", "Indonesia", "Ghana"]
_FORMS: Final = [
    "{c} cuts {n}% of jobs at {x} mine in {p}",
    "{c} reports {m} drill results of {n}.{k} g/t gold over {n}{k} m at {x}",
    "{c} to buy {x} Resources for ${n}.{k} billion",
    "{m} prices rise {k}.{n}% as dollar weakens",
    "{c} lowers 2026 {m} output forecast to {n}{k}0,000 tonnes",
    "Workers at {c}'s {x} mine in {p} begin strike over pay",
    "{p} raises royalties on {m} miners by {k}%",
    "{c} second-quarter profit falls {n}% on weaker {m} sales",
    "{x} Metals closes C${n}{k} million financing for {m} project in {p}",
    "{n}{k} dead in collapse at {x} {m} mine in {p}",
]
_MINERALS: Final = ["gold", "copper", "silver", "nickel", "zinc", "lithium", "uranium", "iron ore"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A headline of a labelled stream: the event it tells (any two with the same id belong together) and its time."""

    event: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Truth:
    """pairs: how many were put together; precision, recall: of those pairs; b_cubed_recall: mean over headlines."""

    pairs: int
    precision: float
    recall: float
    b_cubed_recall: float


def stream(path: Path) -> list[Labelled]:
    """A labelled stream: tab-separated event, ISO 8601 time, headline, under one line of column names."""
    with path.open(encoding="utf-8", newline="") as source:
        rows = csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return [Labelled(event, datetime.fromisoformat(at), title) for event, at, title in rows]


def score(events: Sequence[Hashable], groups: Sequence[Hashable]) -> Truth:
    """How well groups (one per headline) agree with the true events (one per headline)."""
    true_sets: dict[Hashable, set[int]] = defaultdict(set)
    made_sets: dict[Hashable, set[int]] = defaultdict(set)
    for index, (event, group) in enumerate(zip(events, groups, strict=True)):
        true_sets[event].add(index)
        made_sets[group].add(index)
    made = [pair for members in made_sets.values() for pair in combinations(sorted(members), 2)]
    right = sum(events[one] == events[two] for one, two in made)
    wanted = sum(len(members) * (len(members) - 1) // 2 for members in true_sets.values())
    kept = (
        len(true_sets[event] & made_sets[group]) / len(true_sets[event])
        for event, group in zip(events, groups, strict=True)
    )
    return Truth(
        len(made), right / len(made) if made else 1.0, right / wanted if wanted else 1.0, sum(kept) / len(events)
    )


def grouped(rows: Sequence[Labelled]) -> list[int]:
    """The story of each headline, as the index assigns them in order."""
    index = StoryIndex(_WINDOW)
    return [index.assign(row.title, row.at) for row in rows]


def grouped_by_overlap(rows: Sequence[Labelled], least: float) -> list[int]:
    """The naive way: join the nearest headline of the window with a Jaccard of `least` or more (1.0: same words).

    The rows come in the order of their times.
    """
    seen: deque[tuple[frozenset[str], datetime, int]] = deque()
    groups: list[int] = []
    for number, row in enumerate(rows):
        group, best = number, 0.0
        told = frozenset(words(row.title))
        while seen and row.at - seen[0][1] > _WINDOW:
            seen.popleft()
        for theirs, _at, other in seen:
            overlap = len(told & theirs) / len(told | theirs)
            if overlap >= least and overlap > best:
                group, best = other, overlap
        seen.append((told, row.at, group))
        groups.append(group)
    return groups


def _headlines(count: int) -> list[str]:
    """Made-up headlines over a few companies, places and minerals and many invented mines: crowded keys, as in life."""
    random = Random(1)
    mines = ["".join(random.choices("bdfgklmnprstv", k=1) + random.choices("aeiou", k=1)).title() for _ in range(9)]
    names = [f"{a}{b.lower()}{c.lower()}" for a in mines for b in mines for c in mines]
    return [
        random.choice(_FORMS).format(
            c=random.choice(_COMPANIES),
            p=random.choice(_PLACES),
            m=random.choice(_MINERALS),
            x=random.choice(names),
            n=random.randint(1, 9),
            k=random.randint(1, 9),
        )
        for _ in range(count)
    ]


def _timing(quick: bool) -> Row:
    window, measured = (2_000, 200) if quick else (10_000, 1_000)
    titles = _headlines(window + measured)
    step = _WINDOW / (window + measured)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [Labelled("", start + number * step, title) for number, title in enumerate(titles)]
    index = StoryIndex(_WINDOW)
    for row in rows[:window]:
        index.assign(row.title, row.at)
    began = thread_time()
    for row in rows[window:]:
        index.assign(row.title, row.at)
    ours = (thread_time() - began) * 1000 / measured
    seen = [frozenset(words(row.title)) for row in rows[:window]]
    sample = rows[window : window + 20]
    began = thread_time()
    for row in sample:
        told = frozenset(words(row.title))
        max(len(told & theirs) / len(told | theirs) for theirs in seen)
    naive = (thread_time() - began) * 1000 / len(sample)
    note = f"CPU to place and add one headline, {window:,} in the window"
    return Row("stories: time", ours, "ms", "word overlap with every headline", naive, naive / ours, note)


def _pairs(path: Path) -> list[Row]:
    """Precision and recall on the labelled pairs, each judged by itself, against the overlap of their words."""
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    same = [row["verdict"] == "same" for row in rows]
    ours = [same_event(read(row["first"]), read(row["second"]), float(row["hours"])) is not None for row in rows]
    naive = [_overlap(row["first"], row["second"]) >= _JACCARD for row in rows]
    note = f"{len(rows)} pairs, {len({row['trap'] for row in rows})} kinds of trap"
    found = []
    for name, total in (("precision", None), ("recall", sum(same))):
        value, base = (
            sum(a and b for a, b in zip(same, told, strict=True)) / max(total or sum(told), 1) for told in (ours, naive)
        )
        ratio = value / base if base else float("inf")
        found.append(
            Row(
                f"stories: {name}, labelled pairs", value, "", f"word Jaccard of at least {_JACCARD}", base, ratio, note
            )
        )
    return found


def _overlap(first: str, second: str) -> float:
    one, two = frozenset(words(first)), frozenset(words(second))
    return len(one & two) / max(len(one | two), 1)


def run(quick: bool = False) -> list[Row]:
    """The rows of the stories bench; `quick` uses a fifth of the window and the smallest stream."""
    result = [_timing(quick)]
    if (path := CASES / "story_pairs.csv").exists():
        result += _pairs(path)
    for part in ("test",) if quick else ("dev", "test", "traps", "rounds"):
        path = CASES / f"story_stream_{part}.tsv"
        if not path.exists():
            continue
        rows = stream(path)
        events = [row.event for row in rows]
        ours, exact = score(events, grouped(rows)), score(events, grouped_by_overlap(rows, 1.0))
        loose = score(events, grouped_by_overlap(rows, _JACCARD))
        size = f"{part} stream: {len(rows)} headlines, {len(set(events))} events"
        naive = f"word Jaccard of at least {_JACCARD}"
        for name, value, base, note in (
            ("pair precision", ours.precision, loose.precision, f"exact titles {exact.precision:.2f}"),
            ("pair recall", ours.recall, loose.recall, f"exact titles {exact.recall:.2f}"),
            ("B-cubed recall", ours.b_cubed_recall, loose.b_cubed_recall, f"exact titles {exact.b_cubed_recall:.2f}"),
        ):
            ratio = value / base if base else float("inf")
            result.append(Row(f"stories: {name}, {part}", value, "", naive, base, ratio, f"{size}; {note}"))
    return result
