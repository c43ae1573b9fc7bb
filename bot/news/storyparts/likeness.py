"""Weighs what two headlines share, and decides whether it is enough to call them one event. Keeps no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.news.storyparts.conflicts import agreeing, conflict

if TYPE_CHECKING:
    from bot.news.storyparts.facts import Facts

LATE_HOURS: Final = 8.0
"""A retelling comes soon; what comes later is more often a follow-up, and must share more."""
NEXT_DAY_HOURS: Final = 20.0
VERBATIM_SHARE: Final = 0.6
_VERBATIM_WORDS: Final = 3
_MARKET: Final = 0.66
"""The score two reports of a market need; sessions and figures keep them apart besides."""
_AN_ACT_OF_ONE: Final = 0.05
_A_FIGURE_OF_ONE: Final = 0.05
"""What an act, or a figure, that only one headline tells adds to the score needed: it may be news of its own."""
_NAMING: Final = frozenset(("org", "mine", "bank", "unknown", "body", "place", "person", "cbank"))


@dataclass(frozen=True, slots=True)
class Likeness:
    """score: 0–1, the weighted share of common facts; shared: their labels ("org:barrick"), heaviest first."""

    score: float
    shared: tuple[str, ...]

    @property
    def kinds(self) -> list[str]:
        """The kind of each shared fact."""
        return [label.partition(":")[0] for label in self.shared]

    @property
    def named(self) -> int:
        """How many of the shared facts name someone or something in particular."""
        return sum(kind in _NAMING for kind in self.kinds)

    @property
    def anchored(self) -> bool:
        """Whether the shared facts single an event out: a name, or a figure with its country, period or market."""
        kinds = self.kinds
        figures = kinds.count("figure")
        dated = figures > 0 or "period" in kinds
        return (
            self.named > 0
            or figures > 1
            or ("country" in kinds and (figures > 0 or "minerals" in kinds))
            or (figures > 0 and "period" in kinds and ("event" in kinds or "minerals" in kinds))
            or ("minerals" in kinds and "exchange" in kinds and dated)
        )


def likeness(first: Facts, second: Facts) -> Likeness:
    """How much two headlines share. Symmetric; 1.0 for two with the same facts."""
    one, two = first.labels, second.labels
    shared = {label: max(one[label], two[label]) for label in one.keys() & two.keys()}
    common = sum(one[label] + two[label] for label in shared)
    for here, there, implied in ((one, two, second.implied), (two, one, first.implied)):
        if implied:
            for label, weight in here.items():
                if label not in there and label.partition(":")[2] in implied:
                    common += weight
                    shared[label] = weight / 2
    for quantity in agreeing(first, second):
        common += 2 * quantity.weight
        shared[f"figure:{quantity.value:g} {quantity.dimension}"] = quantity.weight
    total = first.weight + second.weight
    labels = sorted(shared, key=lambda label: (-shared[label], label))
    return Likeness(common / total if total else 0.0, tuple(labels))


def same_event(first: Facts, second: Facts, hours: float) -> Likeness | None:
    """The likeness of two headlines, `hours` apart, that tell one event; None when they do not or it cannot be told."""
    if conflict(first, second, hours):
        return None
    found = likeness(first, second)
    kinds = found.kinds
    own_words = first.words - second.words and second.words - first.words
    if first.subject == "price":
        caused = "figure" in kinds or "idea" in kinds or "mark:weekly" in found.shared
        caused = (
            caused
            or ("mark" in kinds and "period" in kinds)
            or ("country" in kinds and found.score >= 0.75 and not own_words)
            or (found.named > 0 and ("event" in kinds or "period" in kinds))  # "lithium surges after CATL halts mine"
        )
        return found if caused and ("way" in kinds or "mark" in kinds) and found.score >= _MARKET else None
    if first.subject == "shares":
        return found if found.anchored and "way" in kinds and found.score >= _MARKET else None
    if "event" not in kinds and not _nearly_verbatim(first, second):
        return None
    needed = _needed(first, second, hours, found) if "event" in kinds else 0.85
    return found if found.anchored and found.score >= needed else None


def _nearly_verbatim(first: Facts, second: Facts) -> bool:
    """Whether two headlines of an event the reader has no word for are all but the same words."""
    common = len(first.stems & second.stems)
    return common >= _VERBATIM_WORDS and common >= VERBATIM_SHARE * len(first.stems | second.stems)


def _needed(first: Facts, second: Facts, hours: float, found: Likeness) -> float:
    """The score two tellings must reach: more without a common figure, after many hours, with many words of their own.

    A follow-up (the second day of a strike) shares names and event with the first news, comes later, and brings words
    of its own.
    """
    if "earnings" in first.main & second.main and any(
        period.startswith("span") for period in first.periods & second.periods
    ):
        return 0.48  # a company's results for a quarter are one event, whatever each headline makes of them
    if "earnings" in first.main & second.main and hours <= LATE_HOURS and "org:" in " ".join(found.shared):
        return 0.55  # a company has one set of results a day
    late, next_day = hours > LATE_HOURS, hours > NEXT_DAY_HOURS
    apart = _AN_ACT_OF_ONE * bool(first.main - second.frames or second.main - first.frames)
    apart += _A_FIGURE_OF_ONE * (bool(first.quantities) != bool(second.quantities))
    digits = max((quantity.digits for quantity in agreeing(first, second)), default=0)
    if digits > 1:
        return apart + (0.93 if next_day else 0.85 if late else 0.6)
    own_words = min(len(first.words - second.words), len(second.words - first.words), 3)
    if digits:
        return apart + 0.65 + 0.03 * own_words + (0.27 if next_day else 0.2 if late else 0.0)
    if first.quantities and second.quantities:
        return 0.85
    if next_day:
        return 0.96
    needed = apart + 0.67 + 0.05 * own_words + (0.22 if late else 0.0)
    # A takeover is told by both its parties; a country by itself has much news on one metal.
    return needed + 0.1 if found.named < (2 if "deal" in first.families else 1) else needed
