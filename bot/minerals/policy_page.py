"""The policy page of a card and the sentences about critical lists that other pages use. Pure content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.minerals import policy, wording
from bot.minerals.content import Line, Page
from bot.minerals.places import jurisdiction
from bot.minerals.policy import Standing

if TYPE_CHECKING:
    from bot.minerals.model import Catalogue, CriticalList, Mineral, Source
    from bot.minerals.policy import Entry

LISTED_AS: Final = 3


def listing_lines(catalogue: Catalogue, mineral: Mineral) -> list[Line]:
    """One line of yes and one of no: "is graphite on Canada's list?" is answered on the first page."""
    entries = policy.current(catalogue, mineral.slug)
    on = [_since(catalogue, mineral, entry) for entry in entries if entry.standing is Standing.LISTED]
    off = [
        edition_name(entry.edition)
        for entry in entries
        if entry.standing is Standing.NOT_LISTED and entry.edition.status == "critical"
    ]
    lines = [Line(_("On critical lists"), " · ".join(on) if on else _("none of those carried here"))]
    if off:
        lines.append(Line(_("Not on"), " · ".join(off)))
    return lines


def _since(catalogue: Catalogue, mineral: Mineral, entry: Entry) -> str:
    year = policy.listed_since(catalogue, mineral.slug, entry.edition)
    label = edition_name(entry.edition)
    if year == entry.edition.year:
        return label
    return _("{list} (since {year})").format(list=label, year=year)


def edition_name(item: CriticalList) -> str:
    kind = _kind(item)
    label = f"{jurisdiction(item.jurisdiction)} {item.year}"
    return f"{label} ({kind})" if kind else label


def _kind(item: CriticalList) -> str:
    """Which kind of list, when it is not the plain critical one."""
    kinds = {"strategic": _("strategic"), "watchlist": _("watchlist"), "rare metal": _("rare metals")}
    return kinds.get(item.status, "")


def policy_page(catalogue: Catalogue, mineral: Mineral) -> Page:
    """Every edition with its date, and what changed from one to the next."""
    lines: list[Line] = []
    sources: list[Source] = []
    for code, entries in policy.standings(catalogue, mineral.slug).items():
        lines.append(Line(jurisdiction(code), " · ".join(_standing(entry) for entry in entries)))
        named = _listed_as(mineral, entries)
        if named:
            lines.append(Line("", _("listed as: {names}").format(names="; ".join(named)), sub=True))
        sources += [entry.edition.source for entry in entries[:1]]
    lines += _change_lines(catalogue, mineral)
    return Page(_("{name}: policy").format(name=wording.title(mineral)), tuple(lines), tuple(sources))


def _standing(entry: Entry) -> str:
    mark = {Standing.LISTED: _("yes"), Standing.NOT_LISTED: _("no"), Standing.UNCONFIRMED: _("not confirmed")}
    item = entry.edition
    kind = _kind(item)
    label = f"{item.year} {kind}" if kind else str(item.year)
    if item.date != str(item.year):
        label += f" ({item.date})"
    return f"{label} {mark[entry.standing]}"


def _listed_as(mineral: Mineral, entries: list[Entry]) -> list[str]:
    """Names under which lists carry the mineral when they differ from its own, each once, at most three."""
    own = {mineral.name, mineral.name.partition(" (")[0], *mineral.spellings, *mineral.synonyms}
    known = {name.casefold() for name in own}
    names = [
        member.name
        for entry in entries
        for member in entry.members
        if member.name.casefold() not in known and mineral.slug in member.covers
    ]
    return list(dict.fromkeys(names))[:LISTED_AS]


def _change_lines(catalogue: Catalogue, mineral: Mineral) -> list[Line]:
    lines = []
    for item in sorted(catalogue.lists.values(), key=lambda item: item.date):
        older = policy.predecessor(catalogue, item)
        if older is None:
            continue
        found = policy.changes(older, item)
        if mineral.slug in found.added:
            text = _("added in {list}").format(list=edition_name(item))
        elif mineral.slug in found.removed and found.certain:
            text = _("removed in {list}").format(list=edition_name(item))
        else:
            continue
        lines.append(Line(_("What changed"), text))
    return lines
