"""Which way the headline says the price goes: whose move it is, in which clause.

A headline is cut into clauses. In each, the last noun before a verb is its subject: a metal or its price counts, while
shares, demand, output or another asset do not ("gold stocks surge" says nothing of gold's price). What stands after
*after, as, on, despite, amid …* is background and is asked only when the main clause is silent. The first metal with a
direction decides for the headline. Forecasts ("seen rising", "may fall") count as the direction they name, and the
topic price-target tells them from reports; yes-or-no questions ("Will gold rise?") count for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.news.tagging.clauses import Clause, clauses
from bot.news.tagging.hints import Hints
from bot.news.tagging.moves import Moves
from bot.news.tagging.subjects import Subjects
from bot.news.tagging.turns import Move
from bot.news.tagging.verbs import Sign, Vocabulary, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.model import Direction
    from bot.news.tagging.lexicon import Mention
    from bot.news.tagging.line import Line

_NAMES: Final[dict[Sign, Direction]] = {1: "up", 0: "flat", -1: "down"}
_EXTREME_ADJECTIVES: Final = frozenset({"record", "high", "low"})
# Metals of which "X lifts Y" tells a price even when X is nobody known to move prices.
_TRADED: Final = frozenset({"gold", "bullion", "silver", "platinum", "palladium", "copper", "zinc", "nickel", "metals"})
_UNREAL: Final = frozenset({"if", "unless", "whether", "until"})


class _Reader:
    """One headline, its metals and what is said of them."""

    __slots__ = ("hints", "last_metal", "line", "metals", "moves", "subjects", "vocab", "words")

    def __init__(self, line: Line, mentions: Sequence[Mention], vocab: Vocabulary) -> None:
        self.line, self.words, self.vocab = line, line.words, vocab
        self.moves = Moves(line, vocab)
        self.subjects = Subjects(self.moves, mentions)
        self.metals = self.subjects.metals
        self.last_metal = max(self.metals, default=-1)
        self.hints = Hints(self.moves, self.subjects)

    def walk(self, clause: Clause, inherited: bool) -> tuple[list[Move], bool]:
        """The moves of a clause whose subject is the price, and whether it is still the subject at its end."""
        subject: bool | None = inherited or None  # True: a price; False: something else; None: not named yet
        found: list[Move] = []
        index = clause.start
        while index < clause.end:
            subject = self.subjects.after(index, clause, subject)
            move = None
            if index not in self.metals:
                move = self._in_passing(index, clause.end, subject)
                if move is None:
                    move = self.moves.at(index, clause.end) if subject else self._told_before(index, clause.end)
            if move:
                found.append(move)
            index = max(move.end, index + 1) if move else index + 1
        return found, subject is True

    def _told_before(self, index: int, end: int) -> Move | None:
        """A move told before the metal is named: "falling gold prices", "rally in gold", "dollar lifts gold"."""
        if index >= self.last_metal:
            return None
        word, vocab, words = self.words[index], self.vocab, self.words
        ahead = next((at for at in range(index + 1, min(end, index + 5)) if at in self.metals), None)
        if ahead is None or not self.subjects.heads(ahead, end):
            return None
        between = words[index + 1 : ahead]
        idiom = self.moves.idioms.get(index)
        if idiom and idiom.value and (idiom.end == ahead or words[idiom.end] in ("in", "for", "of")):
            return Move(idiom.value, index, idiom.end)  # "bear market in gold", "breathes life into gold"
        if told := self.hints.opinion(index, between):
            return Move(told, index, ahead + 1)
        if vocab.price_adjectives.issuperset(between) and (move := self._adjective(index, ahead, end)):
            return move
        if word in vocab.trades and between in (("in",), ("of",)):  # "selling in gold accelerates"
            return self.moves.turned(Move(vocab.trades[word], index, ahead + 1), end)
        own = vocab.things.isdisjoint(between)  # not "rally in stocks saps gold"
        if own and between[:1] and between[0] in ("in", "of", "for") and (move := self.moves.noun(index, end)):
            return move
        if (
            word in vocab.sends
            and between[:1] in (("up",), ("down",))
            and vocab.price_adjectives.issuperset(between[1:])
        ):
            return Move(1 if between[0] == "up" else -1, index, ahead + 1)  # "weak rupee pushes up gold price"
        if word in vocab.sends and (move := self._sent(index, ahead, end)):
            return move
        driven = not vocab.drivers.isdisjoint(words[max(0, index - 8) : index])
        if not driven and words[ahead] in _TRADED and index and word not in vocab.choices:
            driven = word.endswith(("s", "ed", "hit", "hurt"))  # "missile test burnishes gold"
        if word in vocab.causes and driven and self._objects(between):
            sign = vocab.causes[word]
            away = ahead + 1 < end and words[ahead + 1] == "from"
            if away and (move := self.moves.off(ahead + 1, end)):  # "pushes gold from near record high"
                return move
            if self.moves.denied(index):  # "stimulus fails to lift gold"
                sign = -1 if sign == 1 else 1
            return Move(sign, index, ahead + 1)
        return None

    def _objects(self, between: Sequence[str]) -> bool:
        """Whether what stands between a cause and the metal is acted on too: "boosts stocks, gold"."""
        if self.vocab.object_words.issuperset(between):
            return True
        return all(word in self.vocab.object_words or word in self.vocab.assets for word in between)

    def _in_passing(self, index: int, end: int, subject: bool | None) -> Move | None:
        """ "investors pile into gold, lifting prices", "gold demand lifts price": what others do to the price of a
        metal named before.
        """
        following = self.words[index + 1] if index + 1 < end else ""
        if following not in self.vocab.price_alone or (subject and not self.words[index].endswith("ing")):
            return None
        if not any(at < index for at in self.metals):
            return None
        sign = self.vocab.causes.get(self.words[index])
        if sign is not None:
            return Move(sign, index, index + 2)
        return self._sent(index, index + 1, end) if self.words[index] in self.vocab.sends else None

    def _adjective(self, index: int, ahead: int, end: int) -> Move | None:
        """ "falling gold", "weaker copper"; of "record", "high" and "low" only with a price: "record gold prices"."""
        word, vocab = self.words[index], self.vocab
        if word.endswith("ing") and vocab.verbs.get(word):
            return Move(vocab.verbs[word], index, index + 1)
        priced = ahead + 1 < end and self.words[ahead + 1] in vocab.price
        if word not in vocab.adjectives or (word in _EXTREME_ADJECTIVES and not priced):
            return None
        sign = vocab.words.get(word, vocab.extremes.get(word))
        return None if sign is None else Move(sign, index, index + 1)

    def _sent(self, index: int, ahead: int, end: int) -> Move | None:
        """ "sends gold lower", "drives gold to a record", "sends gold tumbling"."""
        for at in range(ahead + 1, min(end, ahead + 6)):
            if self.words[at] == "off":  # "lifts gold off two-month low"
                return self.moves.off(at, end)
            if self.words[at] == "from" and (move := self.moves.off(at, end)):  # "pushes gold from record high"
                return move
            sign = None if self.words[at - 1] in self.vocab.views else self.vocab.words.get(self.words[at])
            if at == ahead + 1 and (told := self.moves.at(at, end)):  # "helps gold recoup losses"
                return told
            if sign is None:
                sign = self.moves.extreme(at, ahead)
            if sign is None and self.words[at].endswith("ing"):
                sign = self.vocab.verbs.get(self.words[at])
            if sign is not None:
                return Move(sign, index, at + 1)
        return None

    def told(self) -> Move | None:
        """The move the headline tells: the first of its main clauses that is more than a level, unless "then" turns it;
        else a level, an opinion, what its words agree on, or the background.
        """
        parts = clauses(self.moves, self.subjects.bare)
        strong: Move | None = None
        weak: Move | None = None
        behind: Move | None = None
        inherited = False
        for clause in parts:
            if self._is_question(clause):
                continue
            goes_on = inherited or self.subjects.goes_on(clause, parts[0])
            moves, stays = self.walk(clause, goes_on and not clause.background)
            opening = self.words[clause.start]
            if clause.background:
                if moves and behind is None and opening not in _UNREAL:
                    behind = moves[0]
                continue
            inherited = stays
            plain = next((move for move in moves if not move.weak), None)
            if strong is None or (opening == "then" and plain and plain.sign):  # "touches record, then slides"
                strong = plain or strong
            weak = weak or next(iter(moves), None)
        return (
            strong
            or weak
            or self.hints.crowd()
            or self.hints.flight()
            or self.hints.view()
            or self._mood(parts)
            or behind
        )

    def _is_question(self, clause: Clause) -> bool:
        """Whether the clause asks yes or no: "As smelters restart, is time up for the zinc rally?"."""
        if self.words[clause.start] not in self.vocab.questions:
            return False
        text, spans = self.line.text, self.line.spans
        stop = spans[clause.end][0] if clause.end < len(spans) else len(text)
        return "?" in text[spans[clause.end - 1][1] : stop]

    def _mood(self, parts: Sequence[Clause]) -> Move | None:
        heading = self.hints.heading(parts[0].end)
        asked = [clause for clause in parts if not clause.background and not self._is_question(clause)]
        moods = [mood for clause in asked if (mood := self.hints.mood(clause.start, clause.end, heading))]
        return moods[0] if len({mood.sign for mood in moods}) == 1 else None


def direction(line: Line, mentions: Sequence[Mention]) -> tuple[Direction | None, tuple[str, ...]]:
    """The direction of the price and the words that say it; (None, ()) when the headline tells none."""
    vocab = vocabulary()
    if not mentions and "metals" not in line.words:
        return None, ()
    if not line.words or (line.text.rstrip().endswith("?") and line.words[0] in vocab.questions):
        return None, ()
    reader = _Reader(line, mentions, vocab)
    told = reader.told() if reader.metals else None
    return (_NAMES[told.sign], (line.written(told.start, told.end),)) if told else (None, ())
