"""Splits a headline into words and finds in them the concepts of the lexicon; tells its main clause from the rest.

Judges nothing: what the concepts amount to is `facts`' work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.news.storyparts.lexicon import NAME_KINDS, Concept, Lexicon, lexicon, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.storyparts.numbers import Quantity

BLANK: Final = "\x00"
"""Stands in a text for what has been read already (a period, a figure), so that positions stay true."""
WORD: Final = re.compile(r"[^\W_]+(?:[.'&+/-][^\W_]+)*")
_STOPPING: Final = frozenset(",:()|")
_MOVING: Final = frozenset(("minerals", "directions", "marks"))
_TELLING: Final = frozenset(("frames", "directions", "stages", "marks"))
_METAL_SUFFIXES: Final = frozenset(["Gold", "Silver", "Copper", "Lithium", "Uranium", "Nickel", "Zinc", "Platinum"])
_SUFFIXES: Final = _METAL_SUFFIXES | frozenset([
    "Resources", "Mining", "Mines", "Minerals", "Metals", "Exploration", "Explorations", "Corporation",
    "Ventures", "Holdings", "Energy", "Materials", "International", "Corp", "Inc", "Ltd", "Limited",
    "Plc", "PLC", "Group", "Royalties", "Company", "Co", "Partners",
])  # fmt: skip
# A headline's first word is capitalised anyway; with these endings it is people ("Conservationists"), not a name.
_PEOPLE: Final = ("ers", "ists", "ors", "ants")
_SUBORDINATING: Final = frozenset(("after", "following", "amid", "despite", "because"))
# Words that Headlines Written Like This leave small.
_UNCAPITALISED: Final = frozenset([
    "with", "from", "over", "after", "amid", "into", "than", "that", "near", "upon", "before", "despite", "through",
    "under", "between", "across", "against", "following", "until", "while", "when", "says", "metres", "meters",
    "tonnes", "grams", "ounces", "grading", "million", "billion",
])  # fmt: skip


class Token(NamedTuple):
    """A word as written and its stem, or a quantity (no surface, stem "#" and its dimension).

    breaks: a clause break (";", " - ") stands before it; stops: any mark does that no phrase may reach across.
    """

    stem: str
    surface: str
    breaks: bool
    stops: bool


@dataclass(slots=True)
class Clauses:
    """What the lexicon found: ids by section, in the whole headline and in its main clause; names by kind, and those
    of the main clause; words it does not know.

    main_stems: the stems of the main clause, which ends at the first "as", "after", "on" … once something was told.
    cut: whether anything follows it. way: its first direction. leads: which of _MOVING its first such concept is.
    """

    whole: dict[str, set[str]] = field(default_factory=dict)
    main: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    main_names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    main_stems: tuple[str, ...] = ()
    cut: bool = False
    way: str | None = None
    leads: str | None = None

    def pick(self, section: str, *, main: bool = False) -> frozenset[str]:
        """The ids found of a section, in the whole headline or in its main clause."""
        return frozenset((self.main if main else self.whole).get(section, ()))


def tokens(masked: str, original: str, quantities: Sequence[tuple[int, int, Quantity]]) -> list[Token]:
    """The words and quantities of a folded text, in order; `original` is the same text with its capitals."""
    spans = [(start, end, f"#{quantity.dimension}") for start, end, quantity in quantities]
    text = masked
    for start, end, _ in spans:
        text = text[:start] + BLANK * (end - start) + text[end:]
    spans.extend((match.start(), match.end(), "") for match in WORD.finditer(text))
    spans.sort()
    result: list[Token] = []
    previous = 0
    for start, end, quantity in spans:
        between = text[previous:start]
        previous = end
        breaks = stops = False
        if between != " ":
            breaks = ";" in between or " - " in between or " – " in between or " — " in between
            stops = breaks or not _STOPPING.isdisjoint(between)
        if quantity:
            result.append(Token(quantity, "", breaks, stops))
            continue
        for part, surface in _parts(text[start:end], original[start:end]):
            result.append(Token(stem(part), surface, breaks, stops))
            breaks = stops = False
    return result


def _parts(word: str, surface: str) -> list[tuple[str, str]]:
    """Splits a hyphenated word unless the lexicon knows it whole ("rate-cut", "freeport-mcmoran")."""
    if "-" not in word or stem(word) in lexicon().phrases:
        return [(word, surface)]
    return [pair for pair in zip(word.split("-"), surface.split("-"), strict=True) if pair[0]]


def read_clauses(parts: Sequence[Token]) -> Clauses:
    """The concepts, names and unknown words of a headline."""
    return _Reader(parts).read()


class _Reader:
    """One pass over a headline's tokens."""

    def __init__(self, parts: Sequence[Token]) -> None:
        self.book: Lexicon = lexicon()
        self.parts = parts
        self.stems = tuple(token.stem for token in parts)
        surfaces = [token.surface for token in parts]
        # In Headlines Written Like This, or like this, or LIKE THIS, a capital says nothing.
        long = [surface for surface in surfaces if len(surface) > 3 and surface.isalpha()]
        capital = [surface[0].isupper() for surface in long if surface not in _UNCAPITALISED]
        self.titled = len(long) > 2 and sum(capital) >= 0.9 * len(capital)
        together = "".join(surfaces)
        self.one_case = together.islower() or together.isupper()
        self.capitals = tuple([self.one_case or surface[:1].isupper() or surface[:1].isdigit() for surface in surfaces])
        self.result = Clauses()
        self.in_main = True
        self.after_name = False
        self.told = False

    def read(self) -> Clauses:
        parts, count = self.parts, len(self.parts)
        stops = [index for index in range(1, count) if parts[index].stops]
        stops.append(count)
        stops.reverse()
        index = 0
        while index < count:
            if parts[index].breaks and index > 1:
                self._end_main(index)
            surface = parts[index].surface
            if self.after_name and surface in _SUFFIXES and not (self.titled and surface in _METAL_SUFFIXES):
                index += 1
                continue
            while stops[-1] <= index:
                stops.pop()
            length, concepts = self.book.longest_at(self.stems, index, self.capitals, stops[-1])
            if concepts:
                self._take(index, length, concepts)
            else:
                self._take_unknown(index)
            index += length or 1
        self._end_main(count)
        return self.result

    def _end_main(self, index: int) -> None:
        if self.in_main:
            self.in_main = index == len(self.parts)
            self.result.cut = not self.in_main
            self.result.main_stems = self.stems[:index]

    def _take(self, index: int, length: int, concepts: tuple[Concept, ...]) -> None:
        self.after_name = False
        for section, identity in (
            concepts if length == 1 else concepts + _inner(self.stems[index : index + length], concepts)
        ):
            if section == "ignored":
                continue
            if section in NAME_KINDS:
                self._take_name(identity, section)
                self.after_name |= section in ("org", "bank")
            elif section == "cuts":
                if index > 0 and self._told_before(self.parts[index].surface):
                    self._end_main(index)
            else:
                self._take_concept(section, identity)

    def _take_concept(self, section: str, identity: str) -> None:
        result = self.result
        result.whole.setdefault(section, set()).add(identity)
        self.told |= section in _TELLING
        if not self.in_main:
            return
        result.main.setdefault(section, set()).add(identity)
        if section in _MOVING:
            result.leads = result.leads or section
            if section == "directions":
                result.way = result.way or identity

    def _told_before(self, word: str) -> bool:
        """Whether a clause stands before a "cut", be it with a verb no rule knows ("orders checks after blast")."""
        return self.told or (bool(self.result.words) and word.lower() in _SUBORDINATING)

    def _take_name(self, name: str, kind: str) -> None:
        self.result.names[name] = kind
        if self.in_main:
            self.result.main_names.add(name)

    def _take_unknown(self, index: int) -> None:
        token = self.parts[index]
        if len(token.stem) < 2 or not token.surface:
            return
        self.after_name = (
            token.surface[:1].isupper()
            and not self.one_case
            and (token.stem not in self.book.known or (not self.titled and index > 0))
            and not (index == 0 and token.surface.endswith(_PEOPLE))
        )
        if self.after_name:
            self._take_name(token.stem, "unknown")
        else:
            self.result.words.add(token.stem)


@lru_cache(maxsize=8192)
def _inner(stems: tuple[str, ...], concepts: tuple[Concept, ...]) -> tuple[Concept, ...]:
    """What the words inside a phrase say besides: "copper stocks" names copper, "strike averted" a strike."""
    sections = {section for section, _ in concepts}
    if sections & NAME_KINDS or ("stages", "fresh") in concepts:
        return ()
    wanted = {"minerals", "exchange"}
    if "stages" in sections and "frames" not in sections:
        wanted.add("frames")
    inner: list[Concept] = []
    index = 0
    while index < len(stems):
        end = len(stems) if index else len(stems) - 1
        length, single = lexicon().longest_at(stems, index, (True,) * len(stems), end)
        fitting = [concept for concept in single if concept[0] in wanted and concept not in concepts]
        inner.extend(fitting)
        index += length if fitting else 1
    return tuple(inner)
