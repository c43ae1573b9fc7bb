"""Which way the headline says the price goes: whose move it is, in which clause.

A headline is cut into clauses. In each, the last noun before a verb is its subject: a metal or its price counts, while
shares, demand, output or another asset do not ("gold stocks surge" says nothing of gold's price). What stands after
*after, as, on, despite, amid …* is background and is asked only when the main clause is silent. The first metal with a
direction decides for the headline. Forecasts ("seen rising", "may fall") count as the direction they name, and the
topic price-target tells them from reports; yes-or-no questions ("Will gold rise?") count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.news.tagging.hints import Hints
from bot.news.tagging.moves import PREPOSITIONS, Move, Moves
from bot.news.tagging.verbs import Sign, Vocabulary, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.model import Direction
    from bot.news.tagging.lexicon import Mention
    from bot.news.tagging.line import Line

_NAMES: Final[dict[Sign, Direction]] = {1: "up", 0: "flat", -1: "down"}
_ON_PRICE: Final = frozenset({"track", "course", "pace", "a", "hold", "the"})  # "on track for", "on a tear"
_EXTREME_ADJECTIVES: Final = frozenset({"record", "high", "low"})
_INSIDE: Final = frozenset({"for", "of", "in", "from", "to", "by", "with", "on", "than", "without"})
_CLASSES: Final = frozenset({"base", "precious", "industrial", "lme"})
_UNREAL: Final = frozenset({"if", "unless", "whether", "until"})


@dataclass(frozen=True, slots=True)
class _Clause:
    start: int
    end: int
    background: bool


class _Reader:
    """One headline, its metals and what is said of them."""

    __slots__ = ("hints", "line", "metals", "moves", "names", "vocab", "words")

    def __init__(self, line: Line, mentions: Sequence[Mention], vocab: Vocabulary) -> None:
        self.line, self.words, self.vocab = line, line.words, vocab
        self.moves = Moves(line, vocab)
        self.metals: set[int] = set()  # where a metal stands for itself
        self.names: set[int] = set()  # where it is part of a company's name
        for mention in mentions:
            if vocab.unpriced.isdisjoint(mention.slugs):
                kept = self.names if self._is_company(mention) else self.metals
                kept.update(range(mention.start, mention.end))
        for index, word in enumerate(self.words[1:], 1):
            if word == "metals" and self.words[index - 1] in _CLASSES:
                self.metals.update((index - 1, index))
        self.hints = Hints(self.moves, self.metals, self.names)

    def _is_company(self, mention: Mention) -> bool:
        words, vocab = self.words, self.vocab
        if mention.start and words[mention.start - 1] in vocab.companies and self.line.gaps[mention.start] != ",":
            return True
        if mention.end - mention.start > 1 and words[mention.end - 1] in vocab.other - vocab.price:  # "gold ETFs"
            return True
        if mention.end < len(words) and words[mention.end] in vocab.company_tails:
            return True
        return not vocab.company_names.isdisjoint(words[mention.start : mention.end])

    def clauses(self) -> list[_Clause]:
        """The clauses of the headline. A bare list of metals and assets ("Gold, oil drop") is not cut."""
        found: list[_Clause] = []
        start, background = 0, False
        gaps = self.line.gaps
        for index, word in enumerate(self.words):
            stop = index > 0 and gaps[index] in (";", ",")
            if stop and gaps[index] == "," and self._bare(start, index):
                stop = False
            opens = word in self.vocab.background and gaps[index] != "" and self._opens(index, start)
            if stop or opens or (word in self.vocab.contrast and index > 0):
                if index > start:
                    found.append(_Clause(start, index, background))
                start, background = index, opens
        found.append(_Clause(start, len(self.words), background))
        return found

    def _bare(self, start: int, end: int) -> bool:
        return all(at in self.metals or self.words[at] in self.vocab.price for at in range(start, end))

    def _opens(self, index: int, start: int) -> bool:
        """Whether "on" or "with" opens background rather than belong to the verb: "weighs on", "ends with a gain"."""
        words, vocab = self.words, self.vocab
        if index in self.moves.idioms:  # "on the back foot"
            return False
        if words[index] == "over" and index and words[index - 1] in vocab.reach:  # "hits over five-month high"
            return False
        if words[index] == "on":
            before = words[index - 1] if index else ""
            if before in vocab.opinion_up | vocab.opinion_down | vocab.boons | vocab.blows:
                return False
            if index and (words[index - 1] in vocab.causes or words[index - 1].startswith(("build", "built"))):
                return False
            return _ON_PRICE.isdisjoint(words[index + 1 : index + 2])
        if words[index] == "with":
            if index and words[index - 1].startswith("flirt"):
                return False
            carried = not vocab.reach.isdisjoint(words[start:index])
            return not (carried and any(later in vocab.nouns for later in words[index + 1 : index + 6]))
        return True

    def walk(self, clause: _Clause, inherited: bool) -> tuple[list[Move], bool]:
        """The moves of a clause whose subject is the price, and whether it is still the subject at its end."""
        subject: bool | None = inherited or None  # True: a price; False: something else; None: not named yet
        found: list[Move] = []
        index = clause.start
        while index < clause.end:
            subject = self._subject(index, clause, subject)
            move = None
            if index not in self.metals:
                move = self.moves.at(index, clause.end) if subject else self._told_before(index, clause.end)
            if move:
                found.append(move)
            index = max(move.end, index + 1) if move else index + 1
        return found, subject is True

    def goes_on(self, clause: _Clause, first: _Clause) -> bool:
        """Whether the clause is a second verb of the metal that begins the headline, whatever the first verb's object:
        "Gold defies strong dollar, ends up".
        """
        if clause.start == 0 or self.line.gaps[clause.start] != "," or 0 not in self.metals:
            return False
        head = next(
            (at for at in range(first.end) if at not in self.metals and self.words[at] not in self.vocab.price), 0
        )
        verb = self.words[clause.start]
        if head and (self.words[head] in self.vocab.other or not self.words[head].endswith(("s", "ed"))):
            return False
        return bool(head) and verb in self.vocab.price_verbs and verb not in self.vocab.nouns

    def _subject(self, index: int, clause: _Clause, subject: bool | None) -> bool | None:
        """The subject after the word at `index`."""
        words, vocab = self.words, self.vocab
        word = words[index]
        if (
            word == "firms"
            and subject
            and index - 1 in self.metals
            and not self._firms_are_companies(index, clause.end)
        ):
            return True
        if index in self.metals:
            inside = index > 1 and words[index - 1] in _INSIDE and words[index - 2] not in vocab.price
            return subject if inside else True  # "demand for gold" is about demand
        if index in self.names:
            return False
        if word in vocab.price_alone and subject is None:
            return True
        after_metal = index > 0 and index - 1 in self.metals
        if word == "to" and subject and after_metal and not self._price_can(index + 1, clause.end):
            return False  # a company named for its metal: "CleanTech Lithium to kick off …"
        if word in vocab.other and word not in vocab.price:
            before = words[index - 1] if index > clause.start else ""
            joined = subject and (before == "and" or self.line.gaps[index] == ",")
            return subject if joined or before in PREPOSITIONS else False
        if subject and after_metal and self._is_noun(index, clause.end):
            return False
        return subject

    def _firms_are_companies(self, index: int, end: int) -> bool:
        """Whether "gold firms" are companies: they are when the clause has a verb for them to its right."""
        if index + 1 >= end:
            return False
        following = self.words[index + 1]
        ends = following in self.vocab.neutral or following in self.vocab.words or self.moves.is_number(index + 1)
        return not (ends or following in PREPOSITIONS)

    def _price_can(self, index: int, end: int) -> bool:
        """Whether the word is a verb that a price can have."""
        if index >= end:
            return False
        return self.words[index] in self.vocab.price_verbs or index in self.moves.idioms or self.moves.is_number(index)

    def _is_noun(self, index: int, end: int) -> bool:
        """Whether an unknown word right after the metal is the noun the clause is about: "copper thefts rise"."""
        word, vocab, gaps = self.words[index], self.vocab, self.line.gaps
        if index + 1 < end and gaps[index + 1] == "":  # "gold's two-day rise"
            return False
        if (
            gaps[index] in (",", ";")
            or word.endswith("ly")
            or index in self.moves.idioms
            or self.moves.is_number(index)
        ):
            return False
        if word in vocab.after_price or word in ("best", "worst"):
            return False
        if word.endswith("s") and index + 1 < end:  # a verb we do not know: "gold powers to", "gold marches higher"
            following = self.words[index + 1]
            return following not in vocab.words and following not in vocab.verb_tails
        return True

    def _heads(self, index: int, end: int) -> bool:
        """Whether the metal at `index` is the head of its phrase, not "gold miners" or "coal-free"."""
        at = index
        while at < end and (at in self.metals or self.words[at] in self.vocab.price):
            at += 1
        if at >= end or self.line.gaps[at] == ",":
            return True
        return self.line.gaps[at] != "" and self.words[at] not in self.vocab.other

    def _told_before(self, index: int, end: int) -> Move | None:
        """A move told before the metal is named: "falling gold prices", "rally in gold", "dollar lifts gold"."""
        word, vocab, words = self.words[index], self.vocab, self.words
        ahead = next((at for at in range(index + 1, min(end, index + 5)) if at in self.metals), None)
        if ahead is None or not self._heads(ahead, end):
            return None
        between = words[index + 1 : ahead]
        if (idiom := self.moves.idioms.get(index)) and idiom.value and words[idiom.end] in ("in", "for", "of"):
            return Move(idiom.value, index, idiom.end)  # "bear market in gold"
        if told := self.hints.opinion(index, between):
            return Move(told, index, ahead + 1)
        if vocab.price_adjectives.issuperset(between) and (move := self._adjective(index, ahead, end)):
            return move
        own = vocab.other.isdisjoint(set(between) - vocab.price)  # not "rally in stocks saps gold"
        if own and between[:1] and between[0] in ("in", "of", "for") and (move := self.moves.noun(index, end)):
            return move
        if word in vocab.sends and (move := self._sent(index, ahead, end)):
            return move
        driven = not vocab.drivers.isdisjoint(words[max(0, index - 6) : index])
        if word in vocab.causes and driven and vocab.object_words.issuperset(between):
            return Move(vocab.causes[word], index, ahead + 1)
        return None

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
            sign = self.vocab.words.get(self.words[at])
            if at == ahead + 1 and (told := self.moves.at(at, end)):  # "helps gold recoup losses"
                return told
            if sign is None:
                sign = self.moves.extreme(at, ahead)
            if sign is None and self.words[at].endswith("ing"):
                sign = self.vocab.verbs.get(self.words[at])
            if sign is not None:
                return Move(sign, index, at + 1)
        return None


def direction(line: Line, mentions: Sequence[Mention]) -> tuple[Direction | None, tuple[str, ...]]:
    """The direction of the price and the words that say it; (None, ()) when the headline tells none."""
    vocab = vocabulary()
    if not line.words or (line.text.rstrip().endswith("?") and line.words[0] in vocab.questions):
        return None, ()
    reader = _Reader(line, mentions, vocab)
    if not reader.metals:
        return None, ()
    weak: Move | None = None
    behind: Move | None = None
    inherited = False
    clauses = reader.clauses()
    for clause in clauses:
        goes_on = inherited or reader.goes_on(clause, clauses[0])
        moves, stays = reader.walk(clause, goes_on and not clause.background)
        if clause.background:
            if moves and behind is None and line.words[clause.start] not in _UNREAL:
                behind = moves[0]
            continue
        inherited = stays
        for move in moves:
            if not move.weak:
                return _NAMES[move.sign], (line.written(move.start, move.end),)
            weak = weak or move
    told = weak or reader.hints.crowd() or reader.hints.view()
    if not told:
        heading = reader.hints.heading(clauses[0].end)
        asked = [clause for clause in clauses if not clause.background]
        moods = [mood for clause in asked if (mood := reader.hints.mood(clause.start, clause.end, heading))]
        told = moods[0] if len({mood.sign for mood in moods}) == 1 else behind
    return (_NAMES[told.sign], (line.written(told.start, told.end),)) if told else (None, ())
