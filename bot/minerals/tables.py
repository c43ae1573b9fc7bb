"""Answers about several minerals at once: a list or category, two editions compared, two minerals fact by fact, risk.

Pure content; the caller cuts it into screens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.i18n import _, ngettext
from bot.minerals import policy, price_units, risk, supply, wording
from bot.minerals.content import Line, Page
from bot.minerals.model import MineralsError, Source
from bot.minerals.places import country
from bot.minerals.policy_page import edition_name

if TYPE_CHECKING:
    from bot.minerals.model import Catalogue, CriticalList, ListMember, Mineral
    from bot.minerals.supply import Concentration

CANADA_SUPPLIES: Final = "canada-supplies-us"  # the list option's value for "Canada is a main US source"
PER_SCREEN: Final = 15
HALVES: Final = 2


class UnknownGroupError(MineralsError):
    """No category of that name; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled answer of any length: an introduction, items, remarks, and the sources of all of it.

    slugs: beside each item the mineral it speaks of, or None.
    """

    title: str
    intro: tuple[Line, ...]
    items: tuple[Line, ...]
    notes: tuple[Line, ...] = ()
    sources: tuple[Source, ...] = ()
    slugs: tuple[str | None, ...] = ()

    @property
    def screens(self) -> int:
        return max(1, -(-len(self.items) // PER_SCREEN))

    def screen(self, index: int) -> Page:
        """The page of the given number, 0 first; numbers outside are clamped. Notes stand on every page."""
        index = min(max(index, 0), self.screens - 1)
        shown = self.items[index * PER_SCREEN : (index + 1) * PER_SCREEN]
        title = self.title
        if self.screens > 1:
            title = _("{title} ({page} of {pages})").format(title=title, page=index + 1, pages=self.screens)
        return Page(title, (*self.intro, *shown, *self.notes), self.sources)

    def minerals(self, index: int) -> tuple[str, ...]:
        """The minerals named on a screen, in order, each once."""
        index = min(max(index, 0), self.screens - 1)
        shown = self.slugs[index * PER_SCREEN : (index + 1) * PER_SCREEN]
        return tuple(dict.fromkeys(slug for slug in shown if slug))

    def whole(self) -> Page:
        """Everything on one page, for a terminal."""
        return Page(self.title, (*self.intro, *self.items, *self.notes), self.sources)


def list_titles(catalogue: Catalogue) -> dict[str, str]:
    """The choices of `/mineral list list`: value → title, newest first, then Canada as a supplier."""
    ordered = sorted(catalogue.lists.values(), key=lambda item: (-item.year, item.title))
    titles = {item.slug: item.title for item in ordered}
    titles[CANADA_SUPPLIES] = _("Canada is a main US source (USGS)")
    return titles


def group_titles(catalogue: Catalogue) -> dict[str, str]:
    """The choices of `/mineral list category`: value → title."""
    special = {
        "pgm": _("platinum-group metals"),
        "rare_earths": _("rare earths"),
        "rare_earths_light": _("light rare earths"),
        "rare_earths_heavy": _("heavy rare earths"),
        "magnet_rare_earths": _("magnet rare earths (EU)"),
        "base": _("base metals"),
        "battery": _("battery metals"),
        "construction": _("construction materials"),
        "energy": _("energy"),
        "ferro_alloy": _("ferro-alloy metals"),
        "ferrous": _("iron and steel"),
        "fertiliser": _("fertilisers"),
        "gas": _("gases"),
        "gemstone": _("gemstones"),
        "industrial": _("industrial minerals"),
        "light_metal": _("light metals"),
        "minor": _("minor metals"),
        "precious": _("precious metals"),
    }
    return {name: special.get(name, name.replace("_", " ")) for name in sorted(catalogue.groups)}


def listing(catalogue: Catalogue, list_slug: str | None = None, category: str | None = None) -> Table:
    """Members of a list, of a category, or of both. Raises UnknownListError or UnknownGroupError."""
    group = _group(catalogue, category) if category else None
    if list_slug == CANADA_SUPPLIES:
        return _canada(catalogue, group)
    if list_slug:
        return _members(catalogue, policy.edition(catalogue, list_slug), group)
    slugs = group if group is not None else frozenset(catalogue.minerals)
    title = group_titles(catalogue)[category] if category else _("Minerals in the reference")
    minerals = sorted((catalogue.minerals[slug] for slug in slugs), key=wording.name)
    items = tuple(Line("", f"• {wording.name(m)}" + (f" ({m.symbol})" if m.symbol else "")) for m in minerals)
    notes = []
    if category and category in catalogue.editorial_groups:
        notes.append(Line("", _("This grouping is our own."), sub=True))
    count = ngettext("{n} mineral", "{n} minerals", len(items)).format(n=len(items))
    named = tuple(mineral.slug for mineral in minerals)
    return Table(title[:1].upper() + title[1:], (Line("", count),), items, tuple(notes), (), named)


def _group(catalogue: Catalogue, category: str) -> frozenset[str]:
    found = catalogue.groups.get(category.strip().lower().replace("-", "_"))
    if found is None:
        known = ", ".join(sorted(catalogue.groups))
        raise UnknownGroupError(
            _("No category is called “{name}”. Categories: {known}.").format(name=category, known=known)
        )
    return found


def _members(catalogue: Catalogue, item: CriticalList, group: frozenset[str] | None) -> Table:
    rows = [m for m in item.members if group is None or group.intersection(m.covers)]
    rows.sort(key=lambda member: member.name.lower())
    count = ngettext("{n} entry", "{n} entries", len(rows)).format(n=len(rows))
    facts = [
        Line(
            "",
            f"{count} · {item.date}" if group is None else _("{count} of {size}").format(count=count, size=item.size),
        )
    ]
    notes = []
    if not item.complete:
        text = _("Incomplete here: {n} of {size} entries could be confirmed.")
        notes.append(Line("", text.format(n=len(item.members), size=item.size), sub=True))
    items = tuple(_member(catalogue, row) for row in rows)
    named = tuple(row.covers[0] for row in rows)
    return Table(item.title, tuple(facts), items, tuple(notes), (item.source,), named)


def _member(catalogue: Catalogue, row: ListMember) -> Line:
    names = [wording.name(catalogue.minerals[slug]).partition(" (")[0] for slug in row.covers if slug != "rare_earths"]
    covered = ", ".join(names)
    if len(row.covers) == 1 and _same(row.name, wording.name(catalogue.minerals[row.covers[0]])):
        return Line("", f"• {row.name}")
    if len(names) > HALVES:
        covered = ngettext("covers {n} mineral", "covers {n} minerals", len(names)).format(n=len(names))
    return Line("", f"• {row.name} ({covered})" if covered else f"• {row.name}")


def _same(listed: str, name: str) -> bool:
    return name.lower().partition(" (")[0] in listed.lower()


def _canada(catalogue: Catalogue, group: frozenset[str] | None) -> Table:
    rows = [row for row in policy.canada_supplies(catalogue) if group is None or row.slug in group]
    items = tuple(
        Line(
            f"{row.rank}. {_commodity(catalogue, row.slug, row.commodity)}",
            _("US import reliance {reliance}").format(
                reliance=wording.bounded(row.code, wording.with_percent(wording.number(row.reliance)))
            ),
        )
        for row in rows
    )
    intro = Line("", _("Canada’s rank among the main sources of US imports, as USGS names them"))
    sources = (rows[0].source,) if rows else ()
    return Table(_("Canada is a main US source"), (intro,), items, (), sources, tuple(row.slug for row in rows))


def _commodity(catalogue: Catalogue, slug: str | None, published: str) -> str:
    """The book's name and the form USGS counts ("Zinc, refined"); the published name alone when it has no card."""
    form = published.partition(", ")[2]
    name = wording.name(catalogue.minerals[slug]) if slug else published.partition(", ")[0].capitalize()
    return f"{name}, {form}" if form else name


def editions(catalogue: Catalogue, older_slug: str, newer_slug: str) -> Table:
    """What the newer list has that the older had not, and what it left out. The order of dates is put right."""
    pair = [policy.edition(catalogue, older_slug), policy.edition(catalogue, newer_slug)]
    older, newer = sorted(pair, key=lambda item: item.date)
    found = policy.changes(older, newer)
    added = [Line("", f"+ {wording.name(catalogue.minerals[slug])}") for slug in found.added]
    removed = [Line("", f"− {wording.name(catalogue.minerals[slug])}") for slug in found.removed]
    title = _("{newer} compared with {older}").format(newer=edition_name(newer), older=edition_name(older))
    intro = _("{added} added, {removed} removed").format(added=len(added), removed=len(removed))
    sources = (newer.source, older.source)
    notes = [Line("", _("Compared by the minerals covered, groups taken apart."), sub=True)]
    if not found.certain:
        notes.append(Line("", _("One of the two is known only in part: differences may be gaps."), sub=True))
    return Table(title, (Line("", intro),), (*added, *removed), tuple(notes), sources, (*found.added, *found.removed))


def compare(catalogue: Catalogue, first: Mineral, second: Mineral) -> Page:
    """Two minerals, fact by fact: its name, then a line for each mineral. A telephone is too narrow for columns."""
    prices = (first.newest_price, second.newest_price)
    unit = price_units.common(prices[0].unit, prices[1].unit) if prices[0] and prices[1] else None
    one, two = _facts(catalogue, first, unit), _facts(catalogue, second, unit)
    named = ((wording.name(first), one), (wording.name(second), two))
    title = _("{first} and {second}").format(first=wording.name(first), second=wording.name(second))
    lines = [
        Line(label, "".join(f"\n{wording.labelled(name, facts[label][0])}" for name, facts in named)) for label in one
    ]
    sources = [source for facts in (one, two) for _text, found in facts.values() for source in found]
    return Page(title, tuple(lines), tuple(sources))


def _facts(catalogue: Catalogue, mineral: Mineral, unit: str | None) -> dict[str, tuple[str, list[Source]]]:
    none = _("not published")
    production, reliance, price = mineral.newest_production, mineral.newest_reliance, mineral.newest_price
    facts: dict[str, tuple[str, list[Source]]] = {
        _("Symbol"): (mineral.symbol or mineral.formula or "–", []),
        _("Category"): (wording.category(mineral.category), []),
    }
    output, leader, index, made = none, none, none, []
    if production is not None and production.world.value is not None:
        amount = wording.quantity(production.world.value, production.unit)
        output = f"{wording.estimated(amount, estimate=production.world.estimate)}, {production.year}"
        made = [production.world.source]
        found, shares = supply.concentration(production), supply.shares(production)
        if shares and found is not None:
            leader = f"{country(shares[0].producer.country)} {wording.percent(shares[0].percent)}"
            index = _index(found)
    elif mineral.leading_producer:
        leader = country(mineral.leading_producer)
    facts[_("World output")] = (output, made)
    facts[_("Leading producer")] = (leader, [])
    facts[_("Concentration (HHI)")] = (index, [])
    facts[_("US import reliance")] = (wording.reliance(reliance), [reliance.source]) if reliance else (none, [])
    rank = mineral.canada_rank
    facts[_("Canada’s rank as a US source")] = (str(rank.rank), [rank.source]) if rank else ("–", [])
    if price is not None:
        facts[_("Annual average price")] = (price_units.compared(price, unit), [price.source])
    else:
        facts[_("Annual average price")] = (none, [])
    on = [
        edition_name(entry.edition)
        for entry in policy.current(catalogue, mineral.slug)
        if entry.standing is policy.Standing.LISTED
    ]
    facts[_("Critical lists")] = (", ".join(on) or "–", [])
    return facts


def _index(found: Concentration) -> str:
    return {"": "", ">": "≥", "≈": "≈"}[found.bound] + wording.number(found.hhi)


def risks(catalogue: Catalogue, list_slug: str | None = None) -> Table:
    """The ranking, over the whole book or over one list, with its formula and what could not be ranked."""
    among = policy.edition(catalogue, list_slug).minerals if list_slug else None
    ranked, unranked = risk.ranking(catalogue, among)
    items = tuple(
        Line(
            f"{place}. {wording.name(found.mineral)}",
            _("{score} (reliance {reliance}, HHI {hhi})").format(
                score=f"{found.bound}{wording.one_decimal(found.score)}",
                reliance=wording.reliance(found.reliance),
                hhi=_index(found.concentration),
            ),
        )
        for place, found in enumerate(ranked, start=1)
    )
    formula = _("risk = US net import reliance (%) × HHI of world output ÷ 10,000, from 0 to 100")
    intro = [Line(_("Formula"), formula)]
    if list_slug:
        intro.insert(0, Line("", policy.edition(catalogue, list_slug).title))
    names = ", ".join(wording.name(mineral) for mineral in unranked)
    notes = []
    if names:
        notes.append(Line(_("Not ranked, no figures"), names, sub=True))
    sources = [Source(found.reliance.source.title, found.reliance.source.url) for found in ranked[:1]]
    title = _("US supply risk")
    named = tuple(found.mineral.slug for found in ranked)
    return Table(title, tuple(intro), items, tuple(notes), (*sources, supply.HHI_SOURCE), named)
