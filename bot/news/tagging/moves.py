"""What a word of a price report says of the price, once it is known that the price is meant.

The grammar of "ends the week with a gain", "pares losses", "snaps a losing streak", "off its lows", "rally fades".
Whose price it is, is decided in direction.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.news.tagging.line import Line
    from bot.news.tagging.phrases import Hit
    from bot.news.tagging.verbs import Sign, Vocabulary

_AHEAD: Final = 7  # how far a verb looks for what it reaches: "ends the shortened holiday week with a gain"
_STREAKS: Final[Mapping[str, Sign]] = {
    "winning": 1,
    "win": 1,
    "losing": -1,
    "loss": -1,
    "rising": 1,
    "falling": -1,
    "record": 1,
}
_STREAK_NOUNS: Final = frozenset({"streak", "run", "skid", "spree"})
_SUPERLATIVES: Final[Mapping[str, Sign]] = {
    **dict.fromkeys("best stellar great good solid banner bumper brilliant strong superb golden".split(), 1),
    **dict.fromkeys("worst dismal dreadful terrible rough tough bad miserable brutal grim horrible poor".split(), -1),
}
_LEVELS: Final[Mapping[str, Sign]] = {"above": 1, "past": 1, "over": 1, "through": 1, "below": -1, "under": -1}
_FROM: Final = frozenset({"from", "off", "since", "above"})
_HARDLY: Final = frozenset({"little", "barely", "narrowly"})
_CHANGED: Final = frozenset({"changed", "moved", "change", "movement", "mixed"})
_BEATEN_TO: Final = frozenset({"below", "under", "to", "back", "lower", "again"})  # "smashed below $1,130"
_COMES: Final = ("come", "came", "coming", "grind", "ground", "draw", "drew")
_HOLD: Final = ("hold", "held")
_WITH_UP: Final = ("wrap", "gear", "sum", "weigh", "line", "step", "round", "shape")  # "wraps up", "weighs up"
# Verbs that make "off" their own.
_PHRASAL: Final = frozenset(
    "lay lays laid kick kicks call calls called ward wards fend fends spin spins spun write writes wrote sign signs set"
    " sets square squares pay pays paid trade show shows cut see sell brush brushes shrug shrugs".split()
)
PREPOSITIONS: Final = frozenset({"in", "of", "at", "by", "to", "for", "than", "per"})


@dataclass(frozen=True, slots=True)
class Move:
    """A move told by the words start..end (end excluded). weak: only a level is told ("settles below $1,300")."""

    sign: Sign
    start: int
    end: int
    weak: bool = False


def _opposite(sign: Sign | None) -> Sign:
    return -1 if sign == 1 else 1


class Moves:
    """Reads moves out of one headline. `end` is always where the clause ends."""

    __slots__ = ("idioms", "line", "vocab", "words")

    def __init__(self, line: Line, vocab: Vocabulary) -> None:
        self.line, self.words, self.vocab = line, line.words, vocab
        self.idioms: dict[int, Hit[Sign]] = {}
        for hit in vocab.idioms.scan(line):  # the longest of those that begin at a word
            if hit.start not in self.idioms or hit.end > self.idioms[hit.start].end:
                self.idioms[hit.start] = hit

    def at(self, index: int, end: int) -> Move | None:
        """The move that the word at `index` begins when the price is its subject."""
        word, vocab = self.words[index], self.vocab
        following = self.words[index + 1] if index + 1 < end else ""
        if (idiom := self.idioms.get(index)) and idiom.end <= end:
            if not self.denied(index):
                return self.turned(Move(idiom.value, index, idiom.end), end)
            if idiom.value:  # "fails to cling to gains"
                return Move(_opposite(idiom.value), index, idiom.end)
        if word in _HARDLY and following in _CHANGED:
            return Move(0, index, index + 2)
        if word == "off":
            return self.off(index, end)
        if word in _STREAKS and following in _STREAK_NOUNS:
            return self.turned(Move(_STREAKS[word], index, index + 2), end)
        if word in vocab.withdraw and following in ("back", "away", "off"):
            return self._withdrawn(index, end)
        beaten = vocab.causes.get(word) == -1 and word.endswith("ed") and following in _BEATEN_TO
        if beaten or (word in vocab.causes and self._is_passive(word, following)):  # "gold hurt by", "buoyed as"
            return Move(vocab.causes[word], index, index + 1)
        if word in vocab.undo and (undone := self._undone(index, end, following)):
            return undone
        if word in vocab.verbs and not self.line.owned[index]:
            return self._verb(index, end, vocab.verbs[word])
        if word in vocab.reach and following in ("toward", "towards") and self._is_level(index + 2):
            return Move(1, index, index + 3, weak=True)
        if word in vocab.reach and (found := self._reached(index, end)):
            return found
        if word in ("on", "in", "en", "its") and following in ("track", "course", "pace", "way", "route"):
            return self._reached(index, end)
        if word in _LEVELS and following and self._is_level(index + 1):
            return Move(_LEVELS[word], index, index + 2, weak=True)
        if word[0] in "+-" and word[-1] == "%":  # "Gold +1.2% to $1,284.70"
            return Move(1 if word[0] == "+" else -1, index, index + 1)
        if self._anothers(index) or (word in ("up", "down") and self.words[index - 1].startswith(_WITH_UP)):
            return None
        sign = self.sign(index)
        if sign is None:
            sign = self.extreme(index, index - 5)
        return None if sign is None else self.turned(Move(sign, index, index + 1), end)

    def _anothers(self, index: int) -> bool:
        """Whether a noun tells the move of another asset: "bows to dollar strength", "hit by stock rally"."""
        if index < 2 or self.words[index] not in self.vocab.nouns or self.words[index - 1] not in self.vocab.other:
            return False
        before = self.words[index - 2]
        return self.words[index - 1] not in self.vocab.price and (
            before in PREPOSITIONS or before in self.vocab.background
        )

    def sign(self, index: int) -> Sign | None:
        """The sign of a word as noun or adverb: gain, rally, higher, lower, flat, best (month)."""
        word = self.words[index]
        if word in _STREAKS and not _STREAK_NOUNS.isdisjoint(self.words[index + 1 : index + 2]):
            return _STREAKS[word]
        if word in _SUPERLATIVES and not self.vocab.spans.isdisjoint(self.words[index + 1 : index + 3]):
            return _SUPERLATIVES[word]
        if word in self.vocab.adjectives and self.describes_other(index + 1):
            return None
        sign = self.vocab.nouns.get(word)
        if sign is not None and self.line.owned[index]:
            return None  # "the gold boom's last frontier" is about the frontier
        return self.vocab.words.get(word) if sign is None else sign

    def describes_other(self, index: int) -> bool:
        """Whether an adjective's noun is another asset: "heat from strong dollar"."""
        if index >= len(self.words) or self.line.gaps[index] in (",", ";"):
            return False
        word, vocab = self.words[index], self.vocab
        if word in vocab.price or self.is_number(index):
            return False
        if word in vocab.other:
            return True
        if self.words[index - 1] not in vocab.describes:
            return False
        goes_on = word in vocab.neutral or word in vocab.contrast or word in vocab.background or word in vocab.verbs
        return not (goes_on or word in PREPOSITIONS or word in vocab.after_price or word in vocab.manner)

    def extreme(self, index: int, start: int) -> Sign | None:
        """The sign of "three-week low"; None when it is where the price comes from."""
        sign = self.vocab.extremes.get(self.words[index])
        if sign is None or not _FROM.isdisjoint(self.words[max(0, start, index - 4) : index]):
            return None
        return sign

    def is_number(self, index: int) -> bool:
        """Whether the word is a number or an amount of money."""
        word = self.words[index]
        return word.lstrip("+-")[:1].isdigit() or word == "rs" or any(sign in word for sign in "$£€₹¥")

    def _is_level(self, index: int) -> bool:
        """Whether "above" is followed by a level of the price: "$1,200", "key resistance"."""
        return self.is_number(index) or not self.vocab.level_words.isdisjoint(self.words[index : index + 3])

    def noun(self, index: int, end: int) -> Move | None:
        """The move of a noun at `index` ("rally in gold"), turned round when it is over."""
        sign = self.vocab.nouns.get(self.words[index])
        return None if sign is None else self.turned(Move(sign, index, index + 1), end)

    def _withdrawn(self, index: int, end: int) -> Move:
        """ "pulls back", "moves away from record": down; "moves away from low" and "edges off lows": up."""
        if self.words[index + 1] == "off" or self.words[index + 2 : index + 3] == ("from",):
            for at in range(index + 2, min(end, index + 7)):
                if self.words[at] in self.vocab.extremes:
                    return Move(_opposite(self.vocab.extremes[self.words[at]]), index, at + 1)
        return Move(-1, index, index + 2)

    @staticmethod
    def _is_passive(word: str, following: str) -> bool:
        return following == "by" or (
            word.endswith("ed") and following in ("", "as", "down", "up", "on", "amid", "after")
        )

    def denied(self, index: int) -> bool:
        """Whether a "fails to", "not" or "can't" stands before the verb."""
        return not self.vocab.negation.isdisjoint(self.words[max(0, index - 3) : index])

    def _noun_ahead(self, index: int, end: int) -> int | None:
        """Where the noun stands that a verb like "pares" acts on."""
        for at in range(index + 1, min(end, index + _AHEAD)):
            word = self.words[at]
            if word in self.vocab.nouns or (word in _STREAKS and at + 1 < end and self.words[at + 1] in _STREAK_NOUNS):
                return at
            if word == "with" or (word in PREPOSITIONS and word != "of" and at > index + 1):
                return None
        return None

    def _undone(self, index: int, end: int, following: str) -> Move | None:
        """ "pares gains" is down, "snaps losing streak" up; but "ends with gains" ends nothing."""
        if self.words[index].startswith("end") and following in ("with", "at", "on", "in"):
            return None
        noun = self._noun_ahead(index, end)
        if noun is None:
            return None
        sign = self.sign(noun)
        if self.words[index].startswith("cap") and not self.vocab.spans.isdisjoint(self.words[index + 1 : noun]):
            return Move(sign or 0, index, noun + 1)  # "caps third weekly gain" completes it
        return Move(_opposite(sign), index, noun + 1)

    def _reached(self, index: int, end: int) -> Move | None:
        """What "hits", "ends", "turns" … arrive at."""
        words, vocab = self.words, self.vocab
        for at in range(index + 1, min(end, index + _AHEAD + 1)):
            word = words[at]
            following = words[at + 1] if at + 1 < end else ""
            if (idiom := self.idioms.get(at)) and idiom.end <= end and not self.denied(index + 1):
                return Move(idiom.value, index, idiom.end)  # "remains on the back foot"
            if word in vocab.undo and (undone := self._undone(at, end, following)):
                return undone  # "set to snap a losing streak"
            if word == "from" or (word in vocab.other and word not in vocab.price):
                return None
            if word == "off":
                return self.off(at, end)
            if word == "up" and words[at - 1].startswith(_WITH_UP):
                continue
            if word == "hit" and words[at - 1] == "a":
                return Move(-1, index, at + 1)
            if vocab.verbs.get(word) == 0:
                return Move(0, index, at + 1)
            if word in _HARDLY and following in _CHANGED:
                return Move(0, index, at + 2)
            if word in _LEVELS and following and self._is_level(at + 1):
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

    def turned(self, move: Move, end: int) -> Move:
        """A noun's move, turned round when the next verb says that it is over ("rally fades")."""
        if move.end < end:
            told, word = self.words[move.end - 1], self.words[move.end]
            at = move.end
            while at + 1 < end and at < move.end + 2 and self._links(at, move.end):  # "rally looks tired"
                at += 1
            word = self.words[at]
            if word in self.vocab.pause:
                return Move(0, move.start, move.end + 1, weak=True)
            after = self.idioms.get(move.end)
            if after and after.value != move.sign and told in self.vocab.nouns:  # "rally takes a breather"
                return Move(after.value, move.start, after.end)
            over = word.startswith(_COMES) and self.words[move.end + 1 : move.end + 2] == ("to",)  # "comes to a halt"
            if over and (told in self.vocab.nouns or told in _STREAK_NOUNS):
                return Move(_opposite(move.sign), move.start, move.end + 2)
            if move.sign == 1 and self.vocab.verbs.get(word) == -1 and told in self.vocab.nouns:  # "shine dims"
                return Move(-1, move.start, move.end + 1)
            if word in self.vocab.fade and (told in self.vocab.nouns or told in _STREAK_NOUNS):
                return Move(_opposite(move.sign), move.start, at + 1)
        return move

    def _links(self, at: int, start: int) -> bool:
        """Whether the word only links a noun to its verb: "looks", "is", "set to"."""
        return self.words[at] in self.vocab.linking or (self.words[at] == "to" and at > start)

    def off(self, at: int, end: int) -> Move | None:
        """ "off" with its object: off lows is up, off highs and off $5 are down; in "lay off" it belongs to the verb."""
        if at and self.words[at - 1] in _PHRASAL:
            return None
        for later in range(at + 1, min(end, at + 5)):
            if self.words[later] in self.vocab.extremes:
                return Move(_opposite(self.vocab.extremes[self.words[later]]), at, later + 1, weak=True)
        plain = at + 1 >= end or self.is_number(at + 1) or self.words[at + 1] in self.vocab.neutral
        return Move(-1, at, at + 1) if plain else None

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
            noun = self._noun_ahead(index, min(end, index + 5))  # "holds gains", "adds to losses"
            told = None if noun is None else self.sign(noun)
            if noun is not None and told is not None:
                return Move(told, index, noun + 1)
        return self.turned(Move(sign, index, index + 1), end)
