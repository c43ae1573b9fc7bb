"""The nouns and adverbs of a price report, and what turns them round: "pares gains", "off its lows", "rally fades".

The half of moves.py that needs no subject and no verb of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.news.tagging.line import Line
    from bot.news.tagging.phrases import Hit
    from bot.news.tagging.verbs import Sign, Vocabulary

_AHEAD_SIDE: Final = 6
AHEAD: Final = 7  # how far a verb looks for what it reaches: "ends the shortened holiday week with a gain"
STREAKS: Final[Mapping[str, Sign]] = {
    "winning": 1,
    "win": 1,
    "losing": -1,
    "loss": -1,
    "rising": 1,
    "falling": -1,
    "record": 1,
}
STREAK_NOUNS: Final = frozenset({"streak", "run", "skid", "spree"})
_FROM: Final = frozenset({"from", "off", "since", "above"})
_COMES: Final = ("come", "came", "coming", "grind", "ground", "draw", "drew")
PREPOSITIONS: Final = frozenset({"in", "of", "at", "by", "to", "for", "than", "per"})


@dataclass(frozen=True, slots=True)
class Move:
    """A move told by the words start..end (end excluded). weak: only a level is told ("settles below $1,300")."""

    sign: Sign
    start: int
    end: int
    weak: bool = False


def opposite(sign: Sign | None) -> Sign:
    return -1 if sign == 1 else 1


class Turns:
    """Reads turns out of one headline. `end` is always where the clause ends."""

    __slots__ = ("idioms", "line", "vocab", "words")

    def __init__(self, line: Line, vocab: Vocabulary) -> None:
        self.line, self.words, self.vocab = line, line.words, vocab
        self.idioms: dict[int, Hit[Sign]] = {}
        for hit in vocab.idioms.scan(line):  # the longest of those that begin at a word
            if hit.start not in self.idioms or hit.end > self.idioms[hit.start].end:
                self.idioms[hit.start] = hit

    def anothers(self, index: int) -> bool:
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
        if word == "unchanged" and index and self.words[index - 1] in self.vocab.views:
            return None  # "keeps gold forecast unchanged"
        if word in STREAKS and not STREAK_NOUNS.isdisjoint(self.words[index + 1 : index + 2]):
            return STREAKS[word]
        if word in self.vocab.superlatives and not self.vocab.spans.isdisjoint(self.words[index + 1 : index + 3]):
            return self.vocab.superlatives[word]
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
        if (
            index + 1 < len(self.words)
            and self.line.gaps[index + 1] == ""
            and self.words[index + 1] in self.vocab.qualities
        ):
            return None  # "high-grade drill results"
        if sign is None or not _FROM.isdisjoint(self.words[max(0, start, index - 4) : index]):
            return None
        return sign

    def is_number(self, index: int) -> bool:
        """Whether the word is a number or an amount of money."""
        word = self.words[index]
        return word.lstrip("+-")[:1].isdigit() or word == "rs" or any(sign in word for sign in "$£€₹¥")

    def is_level(self, index: int) -> bool:
        """Whether "above" is followed by a level of the price: "$1,200", "key resistance"."""
        return self.is_number(index) or not self.vocab.level_words.isdisjoint(self.words[index : index + 3])

    def noun(self, index: int, end: int) -> Move | None:
        """The move of a noun at `index` ("rally in gold"), turned round when it is over."""
        sign = self.vocab.nouns.get(self.words[index])
        return None if sign is None else self.turned(Move(sign, index, index + 1), end)

    def withdrawn(self, index: int, end: int) -> Move:
        """ "pulls back", "moves away from record": down; "moves away from low" and "edges off lows": up."""
        if self.words[index + 1] == "off" or self.words[index + 2 : index + 3] == ("from",):
            for at in range(index + 2, min(end, index + 7)):
                if self.words[at] in self.vocab.extremes:
                    return Move(opposite(self.vocab.extremes[self.words[at]]), index, at + 1)
        return Move(-1, index, index + 2)

    def denied(self, index: int) -> bool:
        """Whether a "fails to", "not" or "can't" stands before the verb."""
        return not self.vocab.negation.isdisjoint(self.words[max(0, index - 3) : index])

    def noun_ahead(self, index: int, end: int) -> int | None:
        """Where the noun stands that a verb like "pares" acts on."""
        for at in range(index + 1, min(end, index + AHEAD)):
            word = self.words[at]
            if word in self.vocab.nouns or (word in STREAKS and at + 1 < end and self.words[at + 1] in STREAK_NOUNS):
                return at
            if word == "with" or (word in PREPOSITIONS and word != "of" and at > index + 1):
                return None
        return None

    def undone(self, index: int, end: int, following: str) -> Move | None:
        """ "pares gains" is down, "snaps losing streak" up; but "ends with gains" ends nothing."""
        if self.words[index].startswith("end") and following in ("with", "at", "on", "in"):
            return None
        noun = self.noun_ahead(index, end)
        if noun is None:
            return None
        sign = self.sign(noun)
        if self.words[index].startswith("cap") and not self.vocab.spans.isdisjoint(self.words[index + 1 : noun]):
            return Move(sign or 0, index, noun + 1)  # "caps third weekly gain" completes it
        return Move(opposite(sign), index, noun + 1)

    def turned(self, move: Move, end: int) -> Move:
        """A noun's move, turned round when the next verb says that it is over ("rally fades")."""
        if move.sign == 1 and "downside" in self.words[move.end : min(end, move.end + _AHEAD_SIDE)]:
            return Move(-1, move.start, move.end)  # "breaks out of its range to the downside"
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
            if over and (told in self.vocab.nouns or told in STREAK_NOUNS):
                return Move(opposite(move.sign), move.start, move.end + 2)
            if move.sign == 1 and self.vocab.verbs.get(word) == -1 and told in self.vocab.nouns:  # "shine dims"
                return Move(-1, move.start, move.end + 1)
            if word in self.vocab.fade and (told in self.vocab.nouns or told in STREAK_NOUNS):
                return Move(opposite(move.sign), move.start, at + 1)
        return move

    def _links(self, at: int, start: int) -> bool:
        """Whether the word only links a noun to its verb: "looks", "is", "set to"."""
        return self.words[at] in self.vocab.linking or (self.words[at] == "to" and at > start)

    def off(self, at: int, end: int) -> Move | None:
        """ "off" with its object: off lows is up, off highs and off $5 are down; not the "off" of "lay off"."""
        if at and (self.words[at - 1] in self.vocab.owns_off or self.words[at + 1 : at + 2] == ("to",)):
            return None  # "off to its best start"
        for later in range(at + 1, min(end, at + 5)):
            if self.words[later] in self.vocab.extremes:
                return Move(opposite(self.vocab.extremes[self.words[later]]), at, later + 1, weak=True)
        plain = at + 1 >= end or self.is_number(at + 1) or self.words[at + 1] in self.vocab.neutral
        return Move(-1, at, at + 1) if plain else None
