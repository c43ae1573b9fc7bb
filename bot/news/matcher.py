"""Which alerts does this headline concern? An index over many queries, kept in place as alerts come and go.

An *atom* is a fact about a headline that can be looked up: a word ("gold"), two or three words in a row ("central
bank"), the first letters of a word ("tarif*"), a facet ("mineral:gold"). Every query is filed under atoms that a
headline must hold for it to match, rarest first, in a tree of dictionaries: a branch that has grown full sends later
queries one level down, by their next atom, so even ten thousand alerts on common words stay apart. A headline visits
the branches that its own atoms lead to and tests what it finds there: the work grows with what it nearly matches, not
with the number of alerts.

One thread, no locks; nothing is stored. Who owns a key and how a match is sent is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from sys import intern
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.news import tree
from bot.news.document import Reading
from bot.news.model import EVERYTHING
from bot.news.rarity import rate

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, KeysView

    from bot.news.model import Document
    from bot.news.query import Query

_FULL: Final = 2  # queries a branch holds before it splits: testing a few costs about one visit of a branch
_PHRASE: Final = 3  # words of a phrase that are looked up as one atom
_STARTS: Final = (2, 3, 5)  # letters of a prefix that are looked up; a longer one is filed under its first five
_COMBINATIONS: Final = 8  # at most so many places for a query because of ORs inside an AND


class Hit(NamedTuple):
    """A query that matched, and a live view of everybody who asked it (in the order they did)."""

    query: Query
    keys: KeysView[Hashable]

    def chunks(self, size: int) -> Iterator[list[Hashable]]:
        """The keys as they are at the first step, `size` at a time: safe to pause between while alerts change."""
        keys = list(self.keys)
        for start in range(0, len(keys), size):
            yield keys[start : start + size]


@dataclass(slots=True, eq=False)
class _Entry:
    """A distinct query, its askers, and where it is filed.

    never: atoms that a match may not hold; exact: with those and the filed atoms checked, the whole query is.
    """

    query: Query
    keys: dict[Hashable, None]
    hit: Hit  # made once: its view of the keys is live
    branches: list[_Branch]
    never: frozenset[str]
    exact: bool


class _Branch:
    """Queries filed here (each with the atoms still to be checked), and where to go on with one atom more."""

    __slots__ = ("atom", "deeper", "here", "parent")

    def __init__(self, parent: _Branch | None, atom: str) -> None:
        self.parent = parent
        self.atom = atom
        self.here: dict[_Entry, tuple[str, ...]] = {}
        self.deeper: dict[str, _Branch] = {}


class Matcher:
    """Queries by key. A key has one query; equal queries are tested once, however many keys ask them."""

    def __init__(self) -> None:
        self._root = _Branch(None, "")
        self._entries: dict[Query, _Entry] = {}
        self._by_key: dict[Hashable, _Entry] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._by_key

    @property
    def distinct(self) -> int:
        """The number of different queries."""
        return len(self._entries)

    def query(self, key: Hashable) -> Query | None:
        """What a key asks (an equal query, perhaps as another person spelt it), or None."""
        entry = self._by_key.get(key)
        return entry.query if entry else None

    def add(self, key: Hashable, query: Query) -> None:
        """Raises ValueError when the key is there already (`replace` moves it)."""
        if key in self._by_key:
            raise ValueError(f"key {key!r} is already in the matcher; use replace() to change its query")
        entry = self._entries.get(query)
        if entry is None:
            entry = self._entries[query] = self._file(query)
        entry.keys[key] = None
        self._by_key[key] = entry

    def remove(self, key: Hashable) -> bool:
        """Forget a key; False when it was not there."""
        entry = self._by_key.pop(key, None)
        if entry is None:
            return False
        del entry.keys[key]
        if not entry.keys:
            del self._entries[entry.query]
            for branch in entry.branches:
                del branch.here[entry]
                _prune(branch)
        return True

    def replace(self, key: Hashable, query: Query) -> None:
        """Give a key this query, whether it had one or not."""
        entry = self._by_key.get(key)
        if entry is None or entry.query != query:
            self.remove(key)
            self.add(key, query)

    def match(self, document: Document) -> list[Hit]:
        """The queries that match, each once, in no particular order."""
        atoms = atoms_of(document)
        reading: Reading | None = None
        found: dict[_Entry, Hit] = {}
        branches = [self._root]
        holds = atoms.issuperset
        while branches:
            branch = branches.pop()
            for entry, rest in branch.here.items():
                if holds(rest) and entry.never.isdisjoint(atoms) and entry not in found:
                    if not entry.exact:
                        reading = reading or Reading(document)
                        if not entry.query.test(reading):
                            continue
                    found[entry] = entry.hit
            deeper = branch.deeper
            if deeper:
                branches += [deeper[atom] for atom in deeper.keys() & atoms]
        return list(found.values())

    def _file(self, query: Query) -> _Entry:
        wanted, never = _without_exclusions(query.root)
        places, exact = _needs(wanted)
        keys: dict[Hashable, None] = {}
        entry = _Entry(query, keys, Hit(query, keys.keys()), [], never, exact)
        for atoms in places:
            # One object per atom: at this size, reading another copy of "gold" from memory costs more than the test.
            path = sorted(map(intern, atoms), key=_order)
            branch = self._root
            for depth, atom in enumerate(path, 1):
                below = branch.deeper.get(atom)
                if below is None:
                    below = branch.deeper[atom] = _Branch(branch, atom)
                branch = below
                if depth == len(path) or (len(branch.here) < _FULL and entry not in branch.here):
                    # Two places of one query may end at one branch; the one that asks for less covers both.
                    if entry not in branch.here:
                        entry.branches.append(branch)
                    branch.here[entry] = tuple(path[depth:])
                    break
        return entry


def _prune(branch: _Branch) -> None:
    while not branch.here and not branch.deeper and branch.parent is not None:
        del branch.parent.deeper[branch.atom]
        branch = branch.parent


def places(query: Query) -> list[str]:
    """The first atom of each place the query is filed under: a headline that it matches holds one of them at least."""
    wanted, _never = _without_exclusions(query.root)
    first = [min(place, key=_order, default=EVERYTHING) for place in _needs(wanted)[0]]
    return list(dict.fromkeys(first)) or [EVERYTHING]


def _order(atom: str) -> tuple[float, str]:
    return rate(atom), atom


def atoms_of(document: Document) -> set[str]:
    """Every atom that a headline holds."""
    words = document.words
    atoms = {*words, *document.facets}
    atoms.update(map(" ".join, pairwise(words)))
    atoms.update(map(" ".join, zip(words, words[1:], words[2:], strict=False)))
    for word in {*words, *document.raw}:
        atoms.update(_beginnings(word))
    return atoms


@lru_cache(maxsize=16_384)
def _beginnings(word: str) -> tuple[str, ...]:
    """The prefix atoms of a word. Kept, because headlines are made of the same words over and over."""
    return tuple(f"{word[:size]}*" for size in _STARTS if len(word) >= size)


def _without_exclusions(node: tree.Node) -> tuple[tree.Node, frozenset[str]]:
    """The query less those of its outermost exclusions that one atom decides, and these atoms."""
    never: set[str] = set()
    if not isinstance(node, tree.And):
        return node, frozenset()
    wanted: list[tree.Node] = []
    for part in node.parts:
        places, exact = _needs(part.leaf) if isinstance(part, tree.Not) else ([], False)
        if exact:
            never |= places[0]
        else:
            wanted.append(part)
    return tree.all_of(wanted), frozenset(never)


def _needs(node: tree.Node) -> tuple[list[frozenset[str]], bool]:
    """Sets of atoms such that a headline that matches holds at least one set whole; and whether holding one is enough.

    An empty list stands for a node that requires nothing (a negation).
    """
    match node:
        case tree.Not():
            return [], False
        case tree.And(parts):
            return _needs_of_all(parts)
        case tree.Or(parts):
            needs = [_needs(part) for part in parts]
            if not all(places for places, _ in needs):
                return [], False
            distinct = dict.fromkeys(place for places, _ in needs for place in places)
            return list(distinct), all(exact for _, exact in needs)
        case tree.Word(word):
            return [frozenset((word,))], True
        case tree.Facet(facet):
            return [frozenset((facet,))], True
        case tree.Prefix(start):
            size = max(size for size in _STARTS if size <= len(start))
            return [frozenset((f"{start[:size]}*",))], size == len(start)
        case tree.Phrase(words, start):
            if len(words) <= _PHRASE:
                return [frozenset((" ".join(words),))], not start
            windows = [" ".join(words[at : at + _PHRASE]) for at in range(len(words) - _PHRASE + 1)]
            return [frozenset((min(windows, key=rate),))], False


def _needs_of_all(parts: tuple[tree.Node, ...]) -> tuple[list[frozenset[str]], bool]:
    """Everything single is needed together; ORs among the parts multiply the places as far as that stays small."""
    needs = [_needs(part) for part in parts]
    exact = all(exact for _, exact in needs)
    choices = sorted((places for places, _ in needs if places), key=len)
    chosen: list[list[frozenset[str]]] = []
    total = 1
    for places in choices:
        if chosen and total * len(places) > _COMBINATIONS:
            return [frozenset().union(*place) for place in product(*chosen)], False
        chosen.append(places)
        total *= len(places)
    return list(dict.fromkeys(frozenset().union(*place) for place in product(*chosen))) if chosen else [], exact
