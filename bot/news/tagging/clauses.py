"""A headline cut into main clauses and background ("after a two-day rally", "as the dollar falls")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.news.tagging.moves import Moves

_ON_PRICE: Final = frozenset({"track", "course", "pace", "a", "hold", "the"})  # "on track for", "on a tear"
_TAKES_ON: Final = ("build", "built")  # "builds on gains"
_TAKES_WITH: Final = ("flirt",)
_ARTICLES: Final = frozenset({"the", "a", "an"})  # "Copper, a bellwether of the economy, extends losses"
_NAMED: Final = 3  # words at most before what they are is said


@dataclass(frozen=True, slots=True)
class Clause:
    """The words start..end (end excluded); background tells why, when or against what the main clause happens."""

    start: int
    end: int
    background: bool


def clauses(moves: Moves, bare: Callable[[int], bool]) -> list[Clause]:
    """The clauses of the headline. A list of words that are all `bare` ("Gold, oil drop") is not cut at its commas."""
    words, gaps, vocab = moves.words, moves.line.gaps, moves.vocab
    found: list[Clause] = []
    start, background = 0, False
    for index, word in enumerate(words):
        stop = index > 0 and gaps[index] in (";", ",")
        aside = stop and gaps[index] == "," and word in _ARTICLES and "," in gaps[index + 1 :]
        if stop and gaps[index] == "," and all(bare(at) for at in range(start, index)) and not aside:
            stop = False
        opens = word in vocab.background and gaps[index] != "" and _opens(moves, index, start)
        if stop or opens or (word in vocab.contrast and index > 0):
            if index > start:
                found.append(Clause(start, index, background))
            start, background = index, opens or (aside and index <= _NAMED)
    found.append(Clause(start, len(words), background))
    return found


def _opens(moves: Moves, index: int, start: int) -> bool:
    """Whether "on" or "with" opens background rather than belong to the verb: "weighs on", "ends with a gain"."""
    words, vocab = moves.words, moves.vocab
    before = words[index - 1] if index else ""
    if index in moves.idioms:  # "on the back foot"
        return False
    if words[index] == "over" and (before in vocab.reach or before in ("at", "to", "by")):  # "hits over 5-month high"
        return False
    if words[index] == "on":
        if before in vocab.judged:
            return False
        if before in vocab.causes or before.startswith(_TAKES_ON):
            return False
        if not vocab.manner.isdisjoint(words[index + 2 : index + 3]):  # "starts the week on firm footing"
            return False
        return _ON_PRICE.isdisjoint(words[index + 1 : index + 2])
    if words[index] == "with":
        if before.startswith(_TAKES_WITH) or not vocab.manner.isdisjoint(words[index + 1 : index + 4]):
            return False  # "trades with a positive bias"
        carried = not vocab.reach.isdisjoint(words[start:index])
        return not (carried and any(later in vocab.nouns for later in words[index + 1 : index + 6]))
    return True
