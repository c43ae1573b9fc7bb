"""Whose move it is: the price of a metal, or a company, a trade, another asset that is named with it.

"Gold futures rise" tells of a price; "gold imports rise", "gold miners rise", "Gold Fields rises" and "copper projects
gain steam" do not. Which move it is, is read in moves.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.news.tagging.turns import PREPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.tagging.clauses import Clause
    from bot.news.tagging.lexicon import Mention
    from bot.news.tagging.moves import Moves

_INSIDE: Final = frozenset({"for", "of", "in", "from", "to", "by", "with", "on", "than", "without"})
_CLASSES: Final = frozenset({"base", "precious", "industrial", "lme"})
# One word that names people or a company by the metal: "steelmakers", "goldminers".
_PEOPLE: Final = (
    "maker", "makers", "miner", "miners", "smith", "smiths", "worker", "workers", "works", "corp",
    "fields", "field",
)  # fmt: skip


class Subjects:
    """metals: where a metal stands for itself; names: where it is part of a company's name."""

    __slots__ = ("line", "metals", "moves", "names", "vocab", "words")

    def __init__(self, moves: Moves, mentions: Sequence[Mention]) -> None:
        self.moves, self.line, self.words, self.vocab = moves, moves.line, moves.words, moves.vocab
        self.metals: set[int] = set()
        self.names: set[int] = set()
        for mention in mentions:
            if self.vocab.unpriced.isdisjoint(mention.slugs):
                kept = self.names if self._is_company(mention) else self.metals
                kept.update(range(mention.start, mention.end))
        for index, word in enumerate(self.words):
            if word != "metals":
                continue
            if index and self.words[index - 1] in _CLASSES:
                self.metals.update((index - 1, index))
            elif self.line.gaps[index] in (",", ";"):  # "Metals slump on trade-war fears"
                self.metals.add(index)

    def _is_company(self, mention: Mention) -> bool:
        words, vocab = self.words, self.vocab
        before = words[mention.start - 1] if mention.start else ""
        if before in vocab.companies and self.line.gaps[mention.start] != ",":
            return True
        if before in vocab.steel_names and words[mention.start] == "steel":
            return True
        if mention.end - mention.start > 1 and words[mention.end - 1] in vocab.things:  # "gold ETFs"
            return True
        if mention.end - mention.start == 1 and words[mention.start].endswith(_PEOPLE):
            return True
        if mention.end < len(words) and words[mention.end] in vocab.company_tails:
            return True
        if not vocab.company_names.isdisjoint(words[mention.start : mention.end]):
            return True
        return self.line.sentence_case and self._in_a_name(mention)

    def _in_a_name(self, mention: Mention) -> bool:
        """Whether capitals make the metal part of a name: "Fortuna Silver slumps", "Copper Mountain jumps"."""
        line = self.line
        if not line.capital(mention.start):
            return False
        before, after = mention.start - 1, mention.end
        if before >= 0 and line.gaps[mention.start] == " " and self._is_strange(before):
            return True
        return after < len(line.words) and line.gaps[after] == " " and self._is_strange(after)

    def _is_strange(self, index: int) -> bool:
        """Whether the word has a capital and nothing to do with prices."""
        word, vocab = self.words[index], self.vocab
        known = word in vocab.neutral or word in vocab.after_price or word in vocab.price_adjectives
        return self.line.capital(index) and word.isalpha() and not known and index not in self.metals

    def bare(self, index: int) -> bool:
        """Whether the word is a metal or a word for its price."""
        return index in self.metals or self.words[index] in self.vocab.price

    def after(self, index: int, clause: Clause, subject: bool | None) -> bool | None:
        """The subject after the word at `index`. True: a price; False: something else; None: not named yet."""
        words, vocab = self.words, self.vocab
        word = words[index]
        before = words[index - 1] if index else ""
        after_metal = index > 0 and index - 1 in self.metals
        if (
            word in ("firm", "firms")
            and subject
            and after_metal
            and not self._firm_is_company(index, clause.end, clause.start)
        ):
            return True
        if index in self.metals:
            inside = index > 1 and before in _INSIDE and words[index - 2] not in vocab.price
            return subject if inside else True  # "demand for gold" is about demand
        if index in self.names:
            return False
        if word in vocab.price_alone and subject is None:
            return True
        if word == "to" and subject and after_metal and not self._price_can(index + 1, clause.end):
            return False  # a company named for its metal: "CleanTech Lithium to kick off …"
        if word in vocab.things:
            joined = subject and index > clause.start and (self.line.gaps[index] == "," or before == "and")
            return subject if joined or (before in PREPOSITIONS and index > clause.start) else False
        if subject and after_metal and self._is_noun(index, clause.end):
            return False
        return subject

    def heads(self, index: int, end: int) -> bool:
        """Whether the metal at `index` is the head of its phrase, not "gold miners", "coal-free"."""
        at = index
        while at < end and (self.bare(at) or (self.words[at] == "and" and at + 1 < end and at + 1 in self.metals)):
            at += 1
        if at >= end or self.line.gaps[at] in (",", ";"):
            return True
        if self.line.gaps[at] == "" or self.words[at] in self.vocab.other:
            return False
        return not (at - 1 in self.metals and self._describes(at, end))

    def is_compound(self, index: int, end: int) -> bool:
        """Whether the metal at `index` only describes a noun after it: "aluminum cans", "copper projects"."""
        if index not in self.metals or index + 1 >= end or index + 1 in self.metals:
            return False
        word, vocab = self.words[index + 1], self.vocab
        return (word in vocab.things and word not in vocab.views) or self._describes(index + 1, end)

    def _describes(self, index: int, end: int) -> bool:
        """Whether the word at `index` is a noun that the metal before it only describes; a word that may as well be an
        unknown verb ("puzzles", "risks") is none.
        """
        word = self.words[index]
        following = self.words[index + 1] if index + 1 < end else ""
        plural = following in self.vocab.price_verbs and not following.endswith(("s", "ed"))  # "deposits surge"
        doubtful = word.endswith(("s", "ed")) and word not in self.vocab.compound_heads and not plural
        return not doubtful and self._is_noun(index, end)

    def goes_on(self, clause: Clause, first: Clause) -> bool:
        """Whether the clause is a second verb of the metal that begins the headline, whatever the first verb's object:
        "Gold defies strong dollar, ends up".
        """
        if clause.start == 0 or self.line.gaps[clause.start] != "," or 0 not in self.metals:
            return False
        head = next((at for at in range(first.end) if not self.bare(at)), 0)
        verb = self.words[clause.start]
        if head and (self.words[head] in self.vocab.other or not self.words[head].endswith(("s", "ed"))):
            return False
        if not head or verb not in self.vocab.price_verbs:
            return False
        after = clause.start + 1
        return verb not in self.vocab.nouns or (verb.endswith("s") and after == clause.end)

    def _firm_is_company(self, index: int, end: int, start: int = 0) -> bool:
        """Whether "gold firms" are companies: they are when a word that does not go on about the price follows, or
        when others come before them in the clause ("investors caution steel firms").
        """
        words = self.words
        others = any(
            not self.bare(at) and words[at] not in self.vocab.neutral and words[at] not in self.vocab.other
            for at in range(start, index)
        )
        if others and words[index] == "firms":
            return True
        if index + 1 >= end:
            return False
        following = words[index + 1]
        vocab = self.vocab
        goes_on = following in vocab.neutral or following in vocab.words or self.moves.is_number(index + 1)
        return not (goes_on or following in PREPOSITIONS or following in vocab.background)

    def _price_can(self, index: int, end: int) -> bool:
        """Whether the word is a verb that a price can have."""
        if index >= end:
            return False
        return self.words[index] in self.vocab.price_verbs or index in self.moves.idioms or self.moves.is_number(index)

    def _is_noun(self, index: int, end: int) -> bool:
        """Whether a word right after the metal is the noun the clause is about: "copper thefts rise"."""
        word, vocab, gaps = self.words[index], self.vocab, self.line.gaps
        following = self.words[index + 1] if index + 1 < end else ""
        if word == "firm":
            return self._firm_is_company(index, end)
        if following and gaps[index + 1] == "":  # "gold's two-day rise"
            return False
        if following in vocab.price and following not in ("of", "trading"):  # "diamond wholesale prices"
            return False
        if gaps[index] in (",", ";") or index in self.moves.idioms or self.moves.is_number(index):
            return False
        if word.endswith("ly") or word in ("best", "worst"):
            return False
        if following in vocab.words:
            return False  # a verb we do not know: "gold marches higher"
        if self.line.owned[index - 1] and not vocab.nouns.keys().isdisjoint(self.words[index : min(end, index + 3)]):
            return False  # "lithium's long slide"
        if word in vocab.compound_heads and following:
            return not (word.endswith("s") and self.moves.is_number(index + 1))  # but "gold tests $1,300"
        if word.endswith(("s", "ed")) and following in vocab.verb_tails:
            return False  # "gold powers to"
        return word not in vocab.after_price and word != "from"
