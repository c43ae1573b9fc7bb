"""Critical lists: whether a mineral stands on one, and what changed between two editions. Formats nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from bot.minerals.model import MineralsError

if TYPE_CHECKING:
    from bot.minerals.model import Catalogue, CriticalList, ListMember, SupplierRank

JURISDICTIONS: Final = ("US", "CA", "EU", "UK", "AU", "IN", "JP")


class UnknownListError(MineralsError):
    """No list of that slug; the message names those there are."""


class Standing(Enum):
    """UNCONFIRMED: not among the members confirmed here of a list known only in part."""

    LISTED = "listed"
    NOT_LISTED = "not listed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A mineral's standing on one edition. members: the rows that speak for it, with the names as listed."""

    edition: CriticalList
    standing: Standing
    members: tuple[ListMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What the newer edition added to and removed from the older one, as slugs of the book, sorted by slug.

    Compared by minerals covered, so a group that became its members ("rare earth elements") is no change.
    certain: False when either edition is known only in part.
    """

    older: CriticalList
    newer: CriticalList
    added: tuple[str, ...]
    removed: tuple[str, ...]
    certain: bool


def standing(catalogue: Catalogue, slug: str, edition: CriticalList) -> Entry:
    """Where the mineral stands on this edition, through groups too ("platinum group metals" covers rhodium)."""
    members = tuple(member for member in edition.members if slug in member.covers)
    if not members and slug in edition.minerals:  # the umbrella "rare earths", through its elements
        group = catalogue.groups.get(slug, frozenset())
        members = tuple(member for member in edition.members if group.intersection(member.covers))
    if members:
        return Entry(edition, Standing.LISTED, members)
    return Entry(edition, Standing.NOT_LISTED if edition.complete else Standing.UNCONFIRMED)


def standings(catalogue: Catalogue, slug: str) -> dict[str, list[Entry]]:
    """Jurisdiction → the mineral's standing on each edition, newest first."""
    out: dict[str, list[Entry]] = {}
    for code in JURISDICTIONS:
        editions = [item for item in catalogue.lists.values() if item.jurisdiction == code]
        editions.sort(key=lambda item: (-item.year, item.status))
        out[code] = [standing(catalogue, slug, edition) for edition in editions]
    return out


def current(catalogue: Catalogue, slug: str) -> tuple[Entry, ...]:
    """For each kind of list the newest edition that says clearly whether the mineral is on it."""
    best: dict[tuple[str, str], Entry] = {}
    for entries in standings(catalogue, slug).values():
        for entry in reversed(entries):  # oldest first, so that the newest clear answer stays
            if entry.standing is not Standing.UNCONFIRMED:
                best[entry.edition.jurisdiction, entry.edition.status] = entry
    return tuple(sorted(best.values(), key=lambda entry: _order(entry.edition)))


def listed_on(catalogue: Catalogue, slug: str) -> tuple[CriticalList, ...]:
    """The current editions that list the mineral."""
    return tuple(entry.edition for entry in current(catalogue, slug) if entry.standing is Standing.LISTED)


def _order(edition: CriticalList) -> tuple[int, str]:
    return JURISDICTIONS.index(edition.jurisdiction), edition.status


def listed_since(catalogue: Catalogue, slug: str, edition: CriticalList) -> int:
    """The year from which the mineral stands on this kind of list without a break, as far back as the book goes."""
    year = edition.year
    older = predecessor(catalogue, edition)
    while older is not None and slug in older.minerals:
        year = older.year
        older = predecessor(catalogue, older)
    return year


def predecessor(catalogue: Catalogue, edition: CriticalList) -> CriticalList | None:
    """The edition before this one of the same kind, when the book has it."""
    kin = [
        item
        for item in catalogue.lists.values()
        if (item.jurisdiction, item.status) == (edition.jurisdiction, edition.status) and item.year < edition.year
    ]
    return max(kin, key=lambda item: item.year, default=None)


def changes(older: CriticalList, newer: CriticalList) -> Changes:
    """What the newer list has that the older had not, and the reverse. The two may be of different countries."""
    return Changes(
        older,
        newer,
        added=tuple(sorted(newer.minerals - older.minerals)),
        removed=tuple(sorted(older.minerals - newer.minerals)),
        certain=older.complete and newer.complete,
    )


def edition(catalogue: Catalogue, slug: str) -> CriticalList:
    """The list of that slug, or UnknownListError."""
    found = catalogue.lists.get(slug.strip().lower())
    if found is None:
        known = ", ".join(catalogue.lists)
        raise UnknownListError(f"No list is called “{slug}”. Lists: {known}.")
    return found


def canada_supplies(catalogue: Catalogue) -> tuple[SupplierRank, ...]:
    """The commodities for which USGS names Canada among the main US import sources, best rank first."""
    return tuple(sorted(catalogue.canada_supplies, key=lambda item: (item.rank, -item.reliance, item.commodity)))
