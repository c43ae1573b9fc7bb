"""What a word of a price report says of the price, once it is known that the price is meant.

The verbs' half of the grammar ("ends the week with a gain", "swings to a loss"); nouns and what turns them round are in
turns.py, whose price it is in subjects.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.news.tagging.turns import AHEAD, STREAK_NOUNS, STREAKS, Move, Turns, opposite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.news.tagging.verbs import Sign

_LEVELS: Final[Mapping[str, Sign]] = {"above": 1, "past": 1, "over": 1, "through": 1, "below": -1, "under": -1}
_HARDLY: Final = frozenset({"little", "barely", "narrowly"})
_CHANGED: Final = frozenset({"changed", "moved", "change", "movement", "mixed"})
_BEATEN_TO: Final = frozenset({"below", "under", "to", "back", "lower", "again"})  # "smashed below $1,130"
_HOLD: Final = ("hold", "held")
_WITH_UP: Final = ("wrap", "gear", "sum", "weigh", "line", "step", "round", "shape")  # "wraps up", "weighs up"


class Moves(Turns):
    """Reads moves out of one headline. `end` is always where the clause ends."""

    __slots__ = ()

    def at(self, index: int, end: int) -> Move | None:
        """The move that the word at `index` begins when the price is its subject."""
        following = self.words[index + 1] if index + 1 < end else ""
        return (
            self._phrase(index, end, following)
            or self._of_verb(index, end, following)
            or self._level(index, following)
            or self._word(index, end)
        )

    def _phrase(self, index: int, end: int, following: str) -> Move | None:
        """An idiom, "barely changed", "off its lows", "losing streak", "pulls back"."""
        word = self.words[index]
        if (idiom := self.idioms.get(index)) and idiom.end <= end:
            if not self.denied(index):
                return self.turned(Move(idiom.value, index, idiom.end), end)
            if idiom.value:  # "fails to cling to gains"
                return Move(opposite(idiom.value), index, idiom.end)
        if word in _HARDLY and following in _CHANGED:
            return Move(0, index, index + 2)
        if word == "off":
            return self.off(index, end)
        if word in STREAKS and following in STREAK_NOUNS:
            return self.turned(Move(STREAKS[word], index, index + 2), end)
        if word in self.vocab.withdraw and following in ("back", "away", "off"):
            return self.withdrawn(index, end)
        return None

    def _of_verb(self, index: int, end: int, following: str) -> Move | None:
        """What is done to the price, what it undoes, does itself or reaches."""
        word, vocab = self.words[index], self.vocab
        beaten = vocab.causes.get(word) == -1 and word.endswith("ed") and following in _BEATEN_TO
        if beaten or (word in vocab.causes and self._is_passive(word, following)):  # "gold hurt by", "buoyed as"
            return Move(vocab.causes[word], index, index + 1)
        if word in vocab.undo and (undone := self.undone(index, end, following)):
            return undone
        if word in vocab.verbs and not self.line.owned[index]:
            return self._verb(index, end, vocab.verbs[word])
        if word in vocab.reach and following in ("toward", "towards") and self.is_level(index + 2):
            return Move(1, index, index + 3, weak=True)
        if word in vocab.reach and (found := self._reached(index, end)):
            return found
        if word in ("on", "in", "en", "its") and following in ("track", "course", "pace", "way", "route"):
            return self._reached(index, end)
        return None

    def _level(self, index: int, following: str) -> Move | None:
        word = self.words[index]
        if word in _LEVELS and following and self.is_level(index + 1):
            return Move(_LEVELS[word], index, index + 2, weak=True)
        if word[0] in "+-" and word[-1] == "%":  # "Gold +1.2% to $1,284.70"
            return Move(1 if word[0] == "+" else -1, index, index + 1)
        return None

    def _word(self, index: int, end: int) -> Move | None:
        if (
            self.words[index] == "off"
            or self.anothers(index)
            or (self.words[index] in ("up", "down") and self.words[index - 1].startswith(_WITH_UP))
        ):
            return None
        sign = self.sign(index)
        if sign is None:
            sign = self.extreme(index, index - 5)
        return None if sign is None else self.turned(Move(sign, index, index + 1), end)

    @staticmethod
    def _is_passive(word: str, following: str) -> bool:
        return following == "by" or (
            word.endswith("ed") and following in ("", "as", "down", "up", "on", "amid", "after")
        )

    def _passes(self, at: int) -> bool:
        """Words that end no search: the "up" of "wraps up", the "pound" of "$40 a pound"."""
        word, before = self.words[at], self.words[at - 1]
        return (word == "up" and before.startswith(_WITH_UP)) or (
            word in self.vocab.other and before in ("a", "an", "per")
        )

    def _reached(self, index: int, end: int) -> Move | None:
        """What "hits", "ends", "turns" … arrive at."""
        words, vocab = self.words, self.vocab
        for at in range(index + 1, min(end, index + AHEAD + 1)):
            word = words[at]
            following = words[at + 1] if at + 1 < end else ""
            if (idiom := self.idioms.get(at)) and idiom.end <= end and not self.denied(index + 1):
                return Move(idiom.value, index, idiom.end)  # "remains on the back foot"
            if word in vocab.undo and (undone := self.undone(at, end, following)):
                return undone  # "set to snap a losing streak"
            if self._passes(at):
                continue
            if word == "from" or word in vocab.things:
                return None
            if word == "off":
                return self.off(at, end)
            if word == "hit" and words[at - 1] == "a":
                return Move(-1, index, at + 1)
            if vocab.verbs.get(word) == 0:
                return Move(0, index, at + 1)
            if word in _HARDLY and following in _CHANGED:
                return Move(0, index, at + 2)
            if word in _LEVELS and following and self.is_level(at + 1):
                return Move(_LEVELS[word], index, at + 2, weak=True)
            sign = self.sign(at)
            if sign is None:
                sign = self.extreme(at, index)
            if sign is None and word.endswith(("ing", "ed")):
                sign = vocab.verbs.get(word)
            if sign is not None:
                return self.turned(Move(sign, index, at + 1), end)
        if words[index] in vocab.arrive and index + 1 < end and self.is_number(index + 1):
            return Move(1, index, index + 2, weak=True)
        return None

    def _verb(self, index: int, end: int, sign: Sign) -> Move:
        """A verb of the price itself, with the few objects and denials that change its meaning."""
        word = self.words[index]
        particle = self.vocab.words.get(self.words[index + 1], 0) if index + 1 < end else 0
        if sign and particle and particle != sign and self.words[index + 1] not in ("off", "bid"):  # "drifts up"
            return Move(particle, index, index + 2)
        if word.startswith("breach") and "downside" in self.words[index + 1 : index + 7]:
            return Move(-1, index, index + 1)
        if word.startswith("sw") and self.words[index + 1 : index + 2] in (("to",), ("into",), ("from",)):
            told = None  # "swings to a loss"
            for at in range(index + 2, min(end, index + 5)):
                told = self.sign(at) if told is None else told
            return Move(told or 0, index, index + 2, weak=told is None)
        holds = sign == 0 and word.startswith(_HOLD)
        if self.denied(index):
            return Move(-1 if holds else 0, index, index + 1)  # who fails to hold, falls; who fails to rise, stands
        if holds or (word.startswith("add") and self.words[index + 1 : index + 2] == ("to",)):
            noun = self.noun_ahead(index, min(end, index + 5))  # "holds gains", "adds to losses"
            told = None if noun is None else self.sign(noun)
            if noun is not None and told is not None:
                return Move(told, index, noun + 1)
        return self.turned(Move(sign, index, index + 1), end)
