"""A small phrase language and its index: many phrases looked for in one walk over a headline.

    gold medal|medals      words; "|" parts alternatives
    {miner} strike+        a named set; "+" adds the plural
    rise~ to record        "~" adds every form of a verb
    < iron man >           "<" the headline begins here, ">" it ends here
    gold * medal           any one word
    central bank ... gold  up to four words
    # $ %                  a number, an amount of money, a percentage

Punctuation other than hyphens, slashes and quotation marks ends a phrase.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.news.tagging.line import Line

T = TypeVar("T")
_REACH: Final = 4
_BREAK: Final = re.compile(r"\|\s+")
# One short vowel before one last consonant: slam, slammed. Longer verbs that double are in the data ("permit").
_SIGNS: Final = ("#", "$", "%")
_STOPS: Final = (",", ";")  # what may not stand between two words of a phrase
_SHORT_VOWEL: Final = re.compile(r"(?:[^aeiou]*|[^aeiou]*qu)[aeiou][^aeiouwxy]")


@cache
def _verb_data() -> tuple[Mapping[str, str], frozenset[str]]:
    """Irregular verbs with their forms, and verbs that double their last letter (data/lexicon_verbs.toml)."""
    with (files("bot.news") / "data" / "lexicon_verbs.toml").open("rb") as file:
        data = tomllib.load(file)
    return data["irregular"], frozenset(data["doubled"].split())


def forms(verb: str) -> frozenset[str]:
    """The forms of an English verb: rise → rise rises rising rose risen."""
    irregular, doubled = _verb_data()
    found = {verb}
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        found.add(verb + "es")
    elif verb.endswith("y") and verb[-2] not in "aeiou":
        found.add(verb[:-1] + "ies")
    else:
        found.add(verb + "s")
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb
    if verb in doubled or _SHORT_VOWEL.fullmatch(verb):
        stem += verb[-1]
    if verb in irregular:
        found.update(irregular[verb].split())
        if not any(form.endswith("ing") for form in found):
            found.add(stem + "ing")
        return frozenset(found)
    found.add(stem + "ing")
    past = stem[:-1] + "ied" if stem.endswith("y") and stem[-2] not in "aeiou" else stem + "ed"
    return frozenset(found | {past})


def plural(noun: str) -> str:
    """The regular English plural of a folded noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "sh", "ch", "x", "z")) else "s")


@dataclass(frozen=True, slots=True)
class Hit(Generic[T]):
    """A phrase found: what it stands for, and the words start..end (end excluded) that it covers."""

    value: T
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Words:
    """One word of these, or one that looks like one of the signs # $ %."""

    words: frozenset[str]
    signs: tuple[str, ...]


_Element: TypeAlias = _Words | str  # a str is one of * ... >


@dataclass(frozen=True, slots=True)
class _Rest(Generic[T]):
    """What is left of a phrase once its first `taken` words have been found."""

    value: T
    at_start: bool
    taken: int
    elements: tuple[_Element, ...]


@dataclass(slots=True)
class _Branch(Generic[T]):
    """The phrases that begin with one word, by the word that follows: a word such as "gold" begins hundreds.

    otherwise: those that go on whatever word follows, or end here. All lists keep the order of the phrases.
    """

    by_next: dict[str, list[_Rest[T]]]
    otherwise: list[_Rest[T]]

    def add(self, rest: _Rest[T]) -> None:
        first = rest.elements[0] if rest.elements else ">"
        named = first.words if isinstance(first, _Words) else frozenset()
        for word in named:
            known = self.by_next.setdefault(word, self.otherwise[:])
            known.append(_Rest(rest.value, rest.at_start, 2, rest.elements[1:]))
        if not isinstance(first, _Words) or first.signs:
            self.otherwise.append(rest)
            for word, known in self.by_next.items():
                if word not in named:
                    known.append(rest)


def split(text: str) -> list[str]:
    """The phrases of a data file's text: they end at ";", and a line may be broken at a space or after "|"."""
    return [" ".join(phrase.split()) for phrase in _BREAK.sub("|", text).split(";") if phrase.strip()]


class PhraseError(ValueError):
    """A phrase that cannot be compiled; the message names it."""


def _element(text: str, sets: Mapping[str, frozenset[str]]) -> _Element:
    if text in ("*", "...", ">"):
        return text
    found: set[str] = set()
    for part in text.split("|"):
        if part.startswith("{") and part.endswith("}"):
            found |= sets[part[1:-1]]
        elif part.endswith("~"):
            found |= forms(part[:-1])
        elif part.endswith("+"):
            found |= {part[:-1], plural(part[:-1])}
        else:
            found.add(part)
    signs = tuple(sign for sign in _SIGNS if sign in found)
    return _Words(frozenset(found.difference(signs)), signs)


class Phrases(Generic[T]):
    """An index of phrases; `scan` finds them all, overlapping ones included."""

    __slots__ = ("_index",)

    def __init__(self, phrases: Iterable[tuple[str, T]], sets: Mapping[str, frozenset[str]]) -> None:
        self._index: dict[str, _Branch[T]] = {}
        for text, value in phrases:
            parts = text.split()
            at_start = parts[:1] == ["<"]
            try:
                elements = [_element(part, sets) for part in parts[at_start:]]
            except KeyError as error:
                raise PhraseError(f"phrase {text!r}: no word set called {error}; define it under [sets]") from error
            if not elements or isinstance(elements[0], str) or elements[0].signs:
                raise PhraseError(f"phrase {text!r} must begin with a word")
            rest = _Rest(value, at_start, 1, tuple(elements[1:]))
            for word in elements[0].words:
                self._index.setdefault(word, _Branch({}, [])).add(rest)

    def scan(self, line: Line) -> list[Hit[T]]:
        """Every phrase of the index in the line, by its first word."""
        hits: list[Hit[T]] = []
        words, gaps, index = line.words, line.gaps, self._index
        last = len(words) - 1
        for start, word in enumerate(words):
            branch = index.get(word)
            if branch is None:
                continue
            goes_on = start < last and gaps[start + 1] not in _STOPS
            rests = branch.by_next.get(words[start + 1], branch.otherwise) if goes_on else branch.otherwise
            for rest in rests:
                if rest.at_start and start:
                    continue
                end = start + rest.taken
                if rest.elements:
                    end = _follow(line, end, rest.elements)
                if end:
                    hits.append(Hit(rest.value, start, end))
        return hits


def _looks_like(signs: tuple[str, ...], word: str) -> bool:
    if not signs:
        return False
    if "%" in signs and (word[-1] == "%" or (word[0].isdigit() and word.endswith(("pc", "pct")))):
        return True
    if "#" in signs and word[0].isdigit():
        return True
    return signs != ("%",) and (any(mark in word for mark in "$£€₹¥") or (word == "rs" and "$" in signs))


def _follow(line: Line, at: int, elements: tuple[_Element, ...]) -> int:
    """Where the phrase ends when the elements fit from `at` on; else 0."""
    words, gaps = line.words, line.gaps
    for number, element in enumerate(elements):
        if element == ">":
            return at if at == len(words) or gaps[at] == ";" else 0
        if element == "...":
            rest = elements[number + 1 :]
            for skip in range(_REACH + 1):
                if at + skip >= len(words) or gaps[at + skip] == ";":
                    return 0
                if end := _follow(line, at + skip, rest):
                    return end
            return 0
        if at >= len(words) or gaps[at] in _STOPS:
            return 0
        if isinstance(element, _Words) and words[at] not in element.words and not _looks_like(element.signs, words[at]):
            return 0
        at += 1
    return at
