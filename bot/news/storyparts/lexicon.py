"""The vocabulary of the story reader: phrases of events, stages, directions, minerals and names, found in a headline.

Reads the data files once. Knows nothing of stories: it only says which concepts stand where.
"""

from __future__ import annotations

import csv
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from bot.news.text import singular

_DATA: Final = files("bot.news") / "data"
_DOUBLED: Final = re.compile(r"([bdgmnprt])\1$")
_KEPT: Final = frozenset(
    ["during", "king", "string", "nothing", "morning", "evening", "rating", "spring", "holding", "freed"]
)
Concept = tuple[str, str]
"""(section, id), e.g. ("frames", "strike") or ("org", "barrick")."""
NAME_KINDS: Final = frozenset(
    ("org", "mine", "place", "country", "body", "bank", "person", "exchange", "event", "cbank")
)


@lru_cache(maxsize=32768)
def stem(word: str) -> str:
    """One form for a folded word's inflections: plural, -ed, -ing and a last e fall away ("rising", "rises" → "ris").

    Crude on purpose: it is applied to both sides of every comparison, so it need only be consistent.
    """
    word = singular(word)
    if len(word) > 5 and word.endswith("ing") and word not in _KEPT:
        word = word[:-3]
    elif len(word) > 4 and word.endswith("ed") and word not in _KEPT:
        word = word[:-2]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return _DOUBLED.sub(r"\1", word) if len(word) > 2 else word


_SPLIT: Final = re.compile(r"#[^\s]+|[^\W_]+(?:[.'&+/][^\W_]+)*")


def stems(phrase: str) -> tuple[str, ...]:
    """The stems of a phrase of the data files; "#%" and its like stand for a quantity of that dimension."""
    return tuple(
        part if part.startswith("#") else stem(part) for part in _SPLIT.findall(phrase.lower().replace("u.s.", "us"))
    )


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of the lexicon: its stems, what it means outright, and what it means only when capitalised."""

    stems: tuple[str, ...]
    concepts: tuple[Concept, ...]
    names: tuple[Concept, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """phrases: by first stem, longest first, those of one length by their stems. small: stems of single words that say
    nothing. implied: what a name says besides itself (a mine its owner and country).

    known: stems of everyday words, so that in Headlines Written Like This an unknown word can be taken for a name.
    """

    phrases: dict[str, tuple[tuple[int, dict[tuple[str, ...], Phrase]], ...]]
    implied: dict[str, frozenset[str]]
    known: frozenset[str]
    small: frozenset[str]

    def longest_at(
        self, tokens: tuple[str, ...], start: int, capitals: tuple[bool, ...], end: int | None = None
    ) -> tuple[int, tuple[Concept, ...]]:
        """The concepts of the longest phrase from a token on, not past `end`, and its length; (0, ()) when none."""
        limit = len(tokens) if end is None else end
        for length, phrases in self.phrases.get(tokens[start], ()):
            if start + length > limit:
                continue
            phrase = phrases.get(tokens[start : start + length])
            if phrase is None:
                continue
            concepts = phrase.concepts
            if phrase.names and (capitals[start] or self._distinctive(phrase)):
                concepts = phrase.names
            if concepts:
                return length, concepts
        return 0, ()

    def _distinctive(self, phrase: Phrase) -> bool:
        """Whether a name is one without its capital too ("ioneer", "escondida"; not "vale", "us")."""
        return len(phrase.stems[0]) > 4 and phrase.stems[0] not in self.known and not phrase.concepts


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon of the bundled data files."""
    concepts: dict[tuple[str, ...], list[Concept]] = {}
    names: dict[tuple[str, ...], list[Concept]] = {}
    sections: dict[str, dict[str, list[str]]] = {}
    for name in ("stories_words", "stories_ways"):
        with (_DATA / f"{name}.toml").open("rb") as source:
            sections |= tomllib.load(source)
    for section, entries in sections.items():
        for identity, phrases in entries.items():
            for phrase in phrases:
                found = concepts.setdefault(stems(phrase), [])
                if (section, identity) not in found:
                    found.append((section, identity))
    implied: dict[str, frozenset[str]] = {}
    table = (_DATA / "stories_names.csv").read_text("utf-8")
    for row in csv.DictReader(table.splitlines()):
        implied[row["id"]] = frozenset(filter(None, row["implies"].split(";")))
        for alias in row["aliases"].split(";"):
            names.setdefault(stems(alias), []).append((row["kind"], row["id"]))
    everyday = (_DATA / "stories_common.txt").read_text("utf-8").splitlines()
    known = {stem(word) for line in everyday if not line.startswith("#") for word in line.split()}
    known.update(part for phrase in concepts for part in phrase)
    by_first: dict[str, dict[int, dict[tuple[str, ...], Phrase]]] = {}
    for parts in concepts.keys() | names.keys():
        meant = Phrase(parts, tuple(concepts.get(parts, ())), tuple(names.get(parts, ())))
        by_first.setdefault(parts[0], {}).setdefault(len(parts), {})[parts] = meant
    return Lexicon(
        {first: tuple(sorted(lengths.items(), reverse=True)) for first, lengths in by_first.items()},
        {name: _closure(name, implied) for name in implied},
        frozenset(known),
        frozenset(parts[0] for parts, found in concepts.items() if len(parts) == 1 and ("ignored", "small") in found),
    )


def _closure(name: str, implied: dict[str, frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in implied.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)
