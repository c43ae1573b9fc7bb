"""Decides which entries of a read feed are new, which are known, and which are known with a corrected title.

Pure: what is stored is given in, what to store is handed out. The kind of identity is decided once per feed
(`choose_kind`) and stored, because a kind that changes from poll to poll makes old items look new.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Generic, Literal, Protocol, TypeVar

from rapidfuzz import fuzz

from bot.feeds import dates
from bot.feeds.links import canonical
from bot.news import text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bot.feeds.model import ParsedEntry

Kind = Literal["guid", "link", "title"]
_Told = tuple[str, str]  # a link's key and a title's folded words
_SIMILAR: Final = 70.0  # rapidfuzz ratio over folded words; a rewritten headline seldom scores less
_DISTINCT: Final = 0.8  # share of entries that must have an id of their own for it to serve as identity
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d+")


class Known(Protocol):
    """What is needed of a stored entry (storage.records.KnownEntry has it)."""

    @property
    def identity(self) -> str: ...
    @property
    def link_key(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def piece(self) -> str | None: ...


K = TypeVar("K", bound=Known)


@dataclass(frozen=True, slots=True)
class New:
    """An entry never seen: store it under this identity and link key."""

    entry: ParsedEntry
    identity: str
    link_key: str | None


@dataclass(frozen=True, slots=True)
class Same(Generic[K]):
    """Nothing to do. known is None when the entry repeats a New one of the same body."""

    entry: ParsedEntry
    known: K | None


@dataclass(frozen=True, slots=True)
class Edited(Generic[K]):
    """A known entry whose title the publisher changed: correct what was posted, post nothing."""

    known: K
    entry: ParsedEntry
    link_key: str | None


@dataclass(frozen=True, slots=True)
class _Pending:
    """An entry already met in this body, in the shape of a known one."""

    identity: str
    link_key: str | None
    title: str
    piece: str | None


def choose_kind(entries: Sequence[ParsedEntry]) -> Kind | None:
    """What tells this feed's entries apart; None while there are none to judge by (decide again at the next read).

    guid when four in five entries have one of their own; else the link by the same rule (a fixed link for all items
    fails it); else title and day.
    """
    if not entries:
        return None
    need = len(entries) * _DISTINCT
    if len({e.guid for e in entries if e.guid}) >= need:
        return "guid"
    if len({link_key(e) for e in entries if e.url}) >= need:
        return "link"
    return "title"


def identity(kind: Kind, entry: ParsedEntry) -> str:
    """The stored identity: a letter for what it was made from, and 32 hex digits of it.

    An entry without what its feed's kind asks for falls back: guid → link → title and day.
    """
    if kind == "guid" and entry.guid:
        return "g:" + _guid_hash(entry.guid)
    if kind != "title" and entry.url:
        return "l:" + _link_hash(entry.url)
    return "t:" + _hash(_folded(entry.title), _day(entry))


def link_key(entry: ParsedEntry) -> str | None:
    """Hash of the canonical link, or None."""
    return _link_hash(entry.url) if entry.url else None


def lookup_keys(kind: Kind, entries: Iterable[ParsedEntry]) -> tuple[set[str], set[str]]:
    """(identities, link keys) that storage must select before `decide`; those it finds may call for `further_keys`."""
    identities: set[str] = set()
    links: set[str] = set()
    for entry in entries:
        identities.add(identity(kind, entry))
        key = link_key(entry)
        if key:
            links.add(key)
    return identities, links


def further_keys(kind: Kind, known: Iterable[Known], entries: Sequence[ParsedEntry]) -> set[str]:
    """The identities that entries have where theirs belongs to another item, for storage to select as well.

    known: what `lookup_keys` found. Most new entries have an identity that nothing has, and need no more.
    """
    stored = {one.identity for one in known}
    plain = [identity(kind, entry) for entry in entries]
    met = Counter(plain)
    found: set[str] = set()
    for own, entry in zip(plain, entries, strict=True):
        if own in stored or met[own] > 1:
            found.update(_other_identities(own, entry))
    return found


def decide(
    kind: Kind, known: Iterable[K], entries: Sequence[ParsedEntry], *, present: Collection[str] = frozenset()
) -> list[New | Same[K] | Edited[K]]:
    """One decision per entry, in order.

    known: the stored entries that `lookup_keys` and `further_keys` name. present: hashes of all pieces in the body
    (ParsedFeed.pieces): a stored entry whose own piece is still there was not edited, so another entry with its id is
    another item or a repetition. Order in the body, dates, and the absence of entries decide nothing.
    """
    known = list(known)
    by_identity: dict[str, K | _Pending] = {k.identity: k for k in known}
    by_link: defaultdict[_Told, list[K | _Pending]] = defaultdict(list)
    for k in known:
        if k.link_key:
            by_link[k.link_key, _folded(k.title)].append(k)
    claimed: dict[str, _Pending] = {}  # identities met in this body, as they look now
    decisions: dict[int, New | Same[K] | Edited[K]] = {}
    # Entries that stand as stored claim their identity first; only then can another one with the same id be judged.
    for index in sorted(range(len(entries)), key=lambda i: not _stands(kind, entries[i], by_identity, by_link)):
        entry = entries[index]
        key = link_key(entry)
        own, found = _find(kind, entry, by_identity, by_link, claimed, present)
        if found is None:
            pending = _Pending(own, key, entry.title, entry.piece)
            by_identity[own] = claimed[own] = pending
            if key:
                by_link[key, _folded(entry.title)].append(pending)
            decisions[index] = New(entry, own, key)
        elif isinstance(found, _Pending):
            decisions[index] = Same(entry, None)
        elif found.identity in claimed or found.title == entry.title or _unedited(found, entry, present):
            claimed.setdefault(found.identity, _Pending(found.identity, key, entry.title, entry.piece))
            decisions[index] = Same(entry, found)
        else:
            claimed[found.identity] = _Pending(found.identity, key, entry.title, entry.piece)
            decisions[index] = Edited(found, entry, key)
    return [decisions[index] for index in range(len(entries))]


def _stands(
    kind: Kind,
    entry: ParsedEntry,
    by_identity: Mapping[str, K | _Pending],
    by_link: Mapping[_Told, Sequence[K | _Pending]],
) -> bool:
    """Whether something stored has this entry's identity, or its link, and its very title."""
    found = by_identity.get(identity(kind, entry))
    if found is not None and found.title == entry.title:
        return True
    return _repeated(entry, link_key(entry), by_link, {}) is not None


def _find(
    kind: Kind,
    entry: ParsedEntry,
    by_identity: Mapping[str, K | _Pending],
    by_link: Mapping[_Told, Sequence[K | _Pending]],
    claimed: Mapping[str, _Pending],
    present: Collection[str],
) -> tuple[str, K | _Pending | None]:
    """(identity to use, the entry that already has it).

    A guid may be reused for another item: then the link, or failing that the title, is made part of the identity.
    What says the same is looked for first, in each place it may have; only then what this may be a correction of.
    """
    key = link_key(entry)
    plain = identity(kind, entry)
    found = by_identity.get(plain)
    if found is None:
        return plain, _repeated(entry, key, by_link, claimed)
    # Where an entry of this body already has the identity, that one is what to compare with.
    holder = claimed.get(plain, found)
    if holder.title == entry.title and not _elsewhere(holder, key):
        return plain, found
    with_link, with_title = _other_identities(plain, entry)
    places = [name for name in (with_title, with_link, plain) if name in by_identity]  # the most particular first
    holders = {name: claimed.get(name, by_identity[name]) for name in places}
    for name in places:
        if _folded(holders[name].title) == _folded(entry.title) and not _elsewhere(holders[name], key):
            return name, by_identity[name]
    repeated = _repeated(entry, key, by_link, claimed)
    if repeated is not None:
        return repeated.identity, repeated
    for name in places:
        if _same_item(holders[name], entry, key, present):
            return name, by_identity[name]
    if with_link not in by_identity and _elsewhere(holder, key):
        return with_link, None
    return with_title, by_identity.get(with_title)


def _elsewhere(held: Known, key: str | None) -> bool:
    """Whether both have a link, and not the same one."""
    return held.link_key is not None and key is not None and held.link_key != key


def _same_item(held: Known, entry: ParsedEntry, key: str | None, present: Collection[str]) -> bool:
    if similar(held.title, entry.title):
        return True
    if _elsewhere(held, key) and not _UUID.search(entry.guid or ""):
        return False
    # Same guid and no other link, or an id that no publisher gives out twice: a rewritten headline, unless the
    # headline it would replace still stands in the body.
    return not isinstance(held, _Pending) and not _unedited(held, entry, present)


def _unedited(known: Known, entry: ParsedEntry, present: Collection[str]) -> bool:
    return known.piece is not None and known.piece != entry.piece and known.piece in present


def _repeated(
    entry: ParsedEntry,
    key: str | None,
    by_link: Mapping[_Told, Sequence[K | _Pending]],
    claimed: Mapping[str, _Pending],
) -> K | _Pending | None:
    """The known entry that this one repeats under another id: same link and same words, also as this body has it."""
    if key is None:
        return None
    title = _folded(entry.title)
    for found in by_link.get((key, title), ()):
        if title == _folded(claimed.get(found.identity, found).title):
            return found
    return None


def similar(first: str, second: str) -> bool:
    """Whether two titles are wordings of one headline. Different figures (Q2, Q3) make different headlines."""
    one, two = _folded(first), _folded(second)
    if one == two:
        return True
    if Counter(_DIGITS.findall(one)) != Counter(_DIGITS.findall(two)):
        return False
    return fuzz.ratio(one, two) >= _SIMILAR


def _other_identities(plain: str, entry: ParsedEntry) -> tuple[str, str]:
    """The identities an entry gets when its own belongs to another item: by its link, and by its title."""
    linked = f"{plain[0]}l:" + _hash(plain, canonical(entry.url) if entry.url else "")
    titled = f"{plain[0]}t:" + _hash(plain, _folded(entry.title))
    return linked, titled


def _guid(guid: str) -> str:
    """A guid as compared: an address without what changes from read to read, other ids to the letter."""
    if guid.startswith(("http://", "https://")):
        fragment = guid.partition("#")[2]
        return canonical(guid) + (f"#{fragment}" if fragment else "")
    return guid


# Each is asked for several times while one body is judged.
@lru_cache(maxsize=1024)
def _guid_hash(guid: str) -> str:
    return _hash(_guid(guid))


@lru_cache(maxsize=1024)
def _link_hash(url: str) -> str:
    return _hash(canonical(url))


@lru_cache(maxsize=1024)
def _folded(title: str) -> str:
    return " ".join(text.raw_words(title)) or title


def _day(entry: ParsedEntry) -> str:
    """The day as the publisher wrote it. Without the feed's zone, so that setting a zone renews no identity."""
    published = dates.parse(entry.published_raw) if entry.published_raw else None
    return published.date().isoformat() if published else ""


def _hash(*parts: str) -> str:
    joined = "".join([part + "\0" for part in parts]).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()
