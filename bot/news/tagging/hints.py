"""What a headline tells of a price outside the grammar of subject and verb: opinions, bulls and bears, changed
forecasts, and the mood of a clause that direction.py does not understand. It is asked last, opinions excepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.news.tagging.turns import Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.tagging.moves import Moves
    from bot.news.tagging.subjects import Subjects
    from bot.news.tagging.verbs import Sign

_LABEL: Final = 3  # words at most of a heading: "Gold technical analysis: …"
_ADVICE: Final = frozenset({"reason", "reasons", "why", "be"})  # "five reasons to be bullish on gold"


class Hints:
    """What one headline says of the price beside its clauses; `subjects` knows its metals."""

    __slots__ = ("line", "metals", "moves", "names", "subjects", "vocab", "words")

    def __init__(self, moves: Moves, subjects: Subjects) -> None:
        self.moves, self.subjects = moves, subjects
        self.metals, self.names = subjects.metals, subjects.names
        self.line, self.words, self.vocab = moves.line, moves.words, moves.vocab

    def opinion(self, index: int, between: Sequence[str]) -> Sign | None:
        """ "bullish on gold", "a boon for gold"."""
        word, vocab = self.words[index], self.vocab
        reasons = not _ADVICE.isdisjoint(self.words[:index])
        if (
            not reasons
            and between[:1]
            and between[0] in ("on", "about")
            and (word in vocab.opinion_up or word in vocab.opinion_down)
        ):
            return 1 if word in vocab.opinion_up else -1
        if not between:
            return None
        if word in vocab.glosses and between[0] in ("on", "to", "off", "from"):  # "puts shine on", "takes shine off"
            return 1 if between[0] in ("on", "to") else -1
        if between[0] in ("for", "to", "under") and word in vocab.boons:
            return 1
        if between[0] in ("on", "for", "to", "off") and word in vocab.blows:
            return -1
        return None

    def crowd(self) -> Move | None:
        """The move that the crowd has its way with: "gold bulls take control", "gold bears retreat"."""
        for index, word in enumerate(self.words[:-1]):
            if word not in ("bulls", "bears") or (index - 1 not in self.metals and self.line.gaps[index] != ";"):
                continue
            sign: Sign = 1 if word == "bulls" else -1
            said = self.words[index + 1 : index + 4]
            if not self.vocab.yield_ground.isdisjoint(said[:2]):
                return Move(-1 if sign == 1 else 1, index, index + 2)
            if not self.vocab.prevail.isdisjoint(said):
                return Move(sign, index, index + 2)
        return None

    def flight(self) -> Move | None:
        """Where investors go, the price is told to go: "investors flock to gold", "investors dump gold"."""
        words, vocab = self.words, self.vocab
        for index in range(1, len(words) - 1):
            if words[index - 1] not in vocab.crowds:
                continue
            sign: Sign | None = 1 if words[index] in vocab.seek else -1 if words[index] in vocab.leave else None
            at = index + 1
            while at < len(words) and words[at] in ("back", "to", "into", "for", "away", "from", "out", "of", "their"):
                sign = -1 if words[at] in ("away", "out") else sign
                at += 1
            if sign and at in self.metals and self.subjects.heads(at, len(words)):
                return Move(sign, index, at + 1)
        return None

    def view(self) -> Move | None:
        """A forecast that is changed: "UBS raises gold forecast" (a forecast counts as the direction it names)."""
        words, vocab = self.words, self.vocab
        for index, word in enumerate(words):
            if word not in vocab.raise_view and word not in vocab.lower_view:
                continue
            seen = range(index + 1, min(len(words), index + 7))
            metal = next((at for at in seen if at in self.metals), None)
            view = next((at for at in seen if words[at] in vocab.views), None)
            if metal is None or view is None:
                continue
            between = words[index + 1 : view] if metal < view else words[index + 1 : metal]
            if vocab.things.isdisjoint(between):
                return Move(1 if word in vocab.raise_view else -1, index, view + 1)
        return None

    def heading(self, end: int) -> bool:
        """Whether the first clause, which ends at `end`, is a heading such as "Gold technical analysis:"."""
        if end > _LABEL or 0 not in self.metals:
            return False
        return self.vocab.things.isdisjoint(self.words[:end])

    def _apart(self, at: int) -> bool:
        """Whether the word belongs to another noun: "help from weak data", "a rate hike"."""
        return self.moves.describes_other(at + 1) or (at > 0 and self.words[at - 1] in ("rate", "fed", "interest"))

    def mood(self, start: int, end: int, label: bool) -> Move | None:
        """What the words of a clause about a metal agree on, when its grammar is not understood: "losses mount for
        gold". Nothing when another asset is named, or when they disagree. label: a metal stood
        before ("Gold technical: …").
        """
        words, vocab = self.words, self.vocab
        span = range(start, end)
        metal = next((at for at in span if at in self.metals), start - 1 if label else None)
        if metal is None or any(at in self.names or words[at] in vocab.things for at in span):
            return None
        if any(self.subjects.is_compound(at, end) for at in span):
            return None
        begins = label or self.subjects.bare(start)
        found: list[Move] = []
        for at in span:
            if at in self.metals or words[at] in vocab.questions or self.line.owned[at] or self._apart(at):
                continue
            if at and words[at - 1] in vocab.views:  # "copper forecast unchanged"
                continue
            sign = vocab.nouns.get(words[at])
            if sign is None and begins:
                sign = vocab.mood.get(words[at])
            if sign is None and at > metal:
                sign = vocab.verbs.get(words[at], vocab.words.get(words[at]))
            if sign is None and at > metal and (idiom := self.moves.idioms.get(at)):
                sign = idiom.value
            if sign and words[at - 1] == "no":
                sign = -1 if sign == 1 else 1
            if sign:
                found.append(Move(sign, at, at + 1, weak=True))
        return found[0] if found and len({move.sign for move in found}) == 1 else None
