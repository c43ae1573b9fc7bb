"""The tree of a parsed alert: its nodes, their text, and the test a headline has to pass.

Trees are kept in negation normal form: `Not` stands only on leaves, `And` and `Or` are flat, sorted and free of
repetition, so equal meanings mostly have equal trees. Parsing is grammar.py; choosing what to index is matcher.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.news.model import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bot.news.document import Reading


OPERATORS: Final = ("and", "or", "not")  # words only inside quotes


@dataclass(frozen=True, slots=True)
class Word:
    """One folded, singular word."""

    word: str

    def __str__(self) -> str:
        return f'"{self.word}"' if self.word in OPERATORS else self.word


@dataclass(frozen=True, slots=True)
class Prefix:
    """A word that begins like this (folded, ending kept)."""

    start: str

    def __str__(self) -> str:
        return f"{self.start}*"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two or more words in a row, or one and more before a word that begins with `start`, if not empty."""

    words: tuple[str, ...]
    start: str = ""

    def __str__(self) -> str:
        return f'"{" ".join(self.words)}{" " + self.start + "*" if self.start else ""}"'


@dataclass(frozen=True, slots=True)
class Facet:
    """A tag, list, direction, source or ticker, such as "mineral:gold"."""

    facet: str

    def __str__(self) -> str:
        if self.facet == EVERYTHING:
            return "*"
        field, _, value = self.facet.partition(":")
        return f'{field}:"{value}"' if " " in value else self.facet


Leaf: TypeAlias = Word | Prefix | Phrase | Facet


@dataclass(frozen=True, slots=True)
class Not:
    """What the headline must not hold."""

    leaf: Leaf

    def __str__(self) -> str:
        return f"-{self.leaf}"


@dataclass(frozen=True, slots=True)
class And:
    """All of these."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of these."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Node: TypeAlias = Leaf | Not | And | Or
Test: TypeAlias = "Callable[[Reading], bool]"


def all_of(parts: Iterable[Node]) -> Node:
    """The parts joined by AND: flattened, in a stable order, each once."""
    flat = _flat(parts, And)
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(parts: Iterable[Node]) -> Node:
    """The parts joined by OR: flattened, in a stable order, each once."""
    flat = _flat(parts, Or)
    return flat[0] if len(flat) == 1 else Or(flat)


def negated(node: Node) -> Node:
    """The opposite, with every `Not` pushed down to the leaves (De Morgan)."""
    match node:
        case Not(leaf):
            return leaf
        case And(parts):
            return any_of(map(negated, parts))
        case Or(parts):
            return all_of(map(negated, parts))
        case _:
            return Not(node)


def is_anchored(node: Node) -> bool:
    """Whether a headline must hold something for this to match; what fails this would match nearly everything."""
    match node:
        case Not():
            return False
        case And(parts):
            return any(map(is_anchored, parts))
        case Or(parts):
            return all(map(is_anchored, parts))
        case _:
            return True


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf, negated ones included, in order."""
    match node:
        case Not(leaf):
            yield leaf
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield node


def compiled(node: Node) -> Test:
    """The node as one function of a reading: what runs for every candidate."""
    match node:
        case Word(word):
            return lambda reading: word in reading.words
        case Facet(facet):
            return lambda reading: facet in reading.facets
        case Prefix(start):
            needle = f" {start}"
            return lambda reading: needle in reading.raw_line or needle in reading.line
        case Phrase(words, ""):
            needle = f" {' '.join(words)} "
            return lambda reading: needle in reading.line
        case Phrase(words, start):
            return lambda reading: reading.has_phrase(words, start)
        case Not(leaf):
            test = compiled(leaf)
            return lambda reading: not test(reading)
        case And(parts):
            return _every(tuple(map(compiled, parts)))
        case Or(parts):
            return _some(tuple(map(compiled, parts)))


def causes(node: Node, reading: Reading) -> tuple[Leaf, ...]:
    """The leaves that make the node match this reading, in order; none when it does not match."""
    if not compiled(node)(reading):
        return ()
    match node:
        case Not():
            return ()
        case And(parts) | Or(parts):
            return tuple(dict.fromkeys(leaf for part in parts for leaf in causes(part, reading)))
        case _:
            return (node,)


def _flat(parts: Iterable[Node], kind: type[And | Or]) -> tuple[Node, ...]:
    flat: dict[Node, None] = {}
    for part in parts:
        if isinstance(part, kind):
            flat.update(dict.fromkeys(part.parts))
        else:
            flat[part] = None
    return tuple(sorted(flat, key=_order))


def _order(node: Node) -> tuple[bool, str]:
    return isinstance(node, Not), str(node)


def _every(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda reading: first(reading) and second(reading)

    def test(reading: Reading) -> bool:
        for part in tests:  # noqa: SIM110 - twice as fast as all() with a generator, and this is the inner loop
            if not part(reading):
                return False
        return True

    return test


def _some(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda reading: first(reading) or second(reading)

    def test(reading: Reading) -> bool:
        for part in tests:  # noqa: SIM110 - see _every
            if part(reading):
                return True
        return False

    return test
