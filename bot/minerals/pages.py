"""The pages of a mineral's card as plain content: overview, supply, policy, market. Every figure brings its source.

Pure: live prices and stories are handed in by the caller; nothing here knows Discord.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.i18n import _, language
from bot.minerals import supply, wording
from bot.minerals.catalogue import OTHERS
from bot.minerals.content import Line, Page
from bot.minerals.model import Source
from bot.minerals.places import country
from bot.minerals.policy_page import listing_lines
from bot.minerals.supply import Band

if TYPE_CHECKING:
    from bot.minerals.model import Catalogue, Mineral, Production
    from bot.minerals.supply import Concentration

PAGES: Final = ("overview", "supply", "policy", "market", "news")
TOP: Final = 6
# Where a leading producer is named without a figure.
LEADING: Final = Source("USGS Mineral Commodity Summaries 2026, table T7", "https://doi.org/10.5066/P1WKQ63T")


def overview(catalogue: Catalogue, mineral: Mineral) -> Page:
    """What it is, what it is for, who leads, which lists it is on, how much the United States imports."""
    lines = [Line("", identity(mineral))]
    sources: list[Source] = []
    uses = Line(wording.in_english(_("Uses")), mineral.uses)
    lines.append(uses)
    if mineral.uses_source:
        sources.append(mineral.uses_source)
    else:
        lines.append(Line("", _("Uses: our own summary."), sub=True))
    made, made_sources = world_lines(mineral, top=3)
    imported, import_sources = reliance_lines(mineral)
    lines += [*made, *listing_lines(catalogue, mineral), *imported]
    return Page(wording.title(mineral), tuple(lines), tuple(sources + made_sources + import_sources))


def identity(mineral: Mineral) -> str:
    """Category, atomic number and formula in one line."""
    parts = [wording.category(mineral.category)]
    if mineral.atomic_number is not None:
        parts.append(_("atomic number {number}").format(number=mineral.atomic_number))
    if mineral.formula:
        parts.append(mineral.formula)
    return " · ".join(parts)


def supply_page(mineral: Mineral) -> Page:
    """Top producers with shares, concentration, China's share; says so where nothing is published."""
    lines, sources = world_lines(mineral, top=0)
    production = mineral.newest_production
    if production is not None:
        lines += _producer_lines(production)
        found = supply.concentration(production)
        if found is not None:
            lines.append(Line(_("Concentration (HHI)"), _concentration(found)))
            meaning = _("HHI: the squared percentage shares added up; 10,000 is a single producer.")
            lines.append(Line("", meaning, sub=True))
            sources.append(supply.HHI_SOURCE)
        lines.append(Line(_("China’s share"), _china(production)))
        sources += [
            Source(production.world.source.title, production.world.source.url, producer.line)
            for producer in production.producers[:TOP]
        ]
    return Page(_("{name}: supply").format(name=wording.title(mineral)), tuple(lines), tuple(sources))


def _china(production: Production) -> str:
    share = supply.share_of(production, "China")
    if share is not None:
        return wording.percent(share)
    if "China" in supply.withheld(production):
        return _("not available")
    return _("not among the countries named")


def _concentration(found: Concentration) -> str:
    value = wording.number(found.hhi)
    shown = {
        "": value,
        ">": _("at least {hhi}").format(hhi=value),
        "≈": _("about {hhi}, of published output only").format(hhi=value),
    }[found.bound]
    word = {
        Band.HIGH: _("highly concentrated"),
        Band.MODERATE: _("moderately concentrated"),
        Band.LOW: _("not concentrated"),
        None: _("too much output is unnamed to say how concentrated"),
    }[found.band]
    return f"{shown}; {word}"


def world_lines(mineral: Mineral, top: int) -> tuple[list[Line], list[Source]]:
    """World output and, when top > 0, its leaders; or a sentence that there is no figure."""
    production = mineral.newest_production
    if production is None:
        return [Line(_("World output"), _no_production(mineral))], [LEADING] if mineral.leading_producer else []
    world = production.world
    text = wording.quantity(world.value, world.unit) if world.value is not None else wording.coded(world.code)
    label = _("World output {year}").format(year=production.year)
    shown = wording.estimated(text, estimate=world.estimate)
    lines = [Line(label, f"{shown}, {wording.stage(production.stage)}")]
    if mineral.production_note:
        lines.append(Line("", _note(mineral.production_note), sub=True))
    leaders = [share for share in supply.shares(production) if share.producer.country != OTHERS][:top]
    if leaders:
        named = [f"{country(s.producer.country)} {wording.percent(s.percent)}" for s in leaders]
        lines.append(Line(_("Top producers"), ", ".join(named)))
    return lines, [world.source]


def _note(text: str) -> str:
    """The table's remark with the countries named as the reader knows them."""
    kind, _colon, rest = text.partition(": ")
    known = {"withheld": _("withheld"), "not available": _("not available")}
    if kind not in known or ";" in rest:
        return text
    return wording.labelled(known[kind], ", ".join(country(part.strip()) for part in rest.split(",")))


def _no_production(mineral: Mineral) -> str:
    name = wording.in_sentence(mineral)
    if mineral.leading_producer:
        text = _("USGS publishes no usable world figure; it names {country} as the leading producer.")
        return text.format(country=country(mineral.leading_producer))
    if mineral.category.startswith("rare earth"):
        return _("USGS publishes no figure for {name} alone; see rare earths, which it counts together.").format(
            name=name
        )
    return _("USGS publishes no figure for {name}.").format(name=name)


def _producer_lines(production: Production) -> list[Line]:
    parts = supply.shares(production)
    named = [share for share in parts if share.producer.country != OTHERS]
    lines = []
    for place, share in enumerate(named[:TOP], start=1):
        amount = wording.output(share.producer, production.unit)
        shown = wording.estimated(amount, estimate=share.producer.estimate and not production.world.estimate)
        label = f"{place}. {country(share.producer.country)}"
        lines.append(Line(label, f"{wording.percent(share.percent)} · {shown}"))
    rest = sum((share.percent for share in parts), start=parts[0].percent * 0) if parts else None
    top = sum((share.percent for share in named[:TOP]), start=rest * 0) if rest is not None else None
    if rest is not None and top is not None and production.complete and rest - top >= 1:
        lines.append(Line(_("All others"), wording.percent(rest - top)))
    if not production.complete:
        lines.append(Line("", _("Only the three leading countries are carried here."), sub=True))
    hidden = supply.withheld(production)
    if hidden:
        names = ", ".join(country(name) for name in hidden)
        lines.append(Line("", _("No figure published for: {names}.").format(names=names), sub=True))
    return lines


def market_page(mineral: Mineral, price_line: str | None = None) -> Page:
    """The live price when the caller has one, USGS annual averages, US import reliance and where it buys."""
    lines = []
    if price_line:
        lines.append(Line(_("Price now"), price_line))
    elif mineral.price_convention:
        lines.append(Line(_("Quoted in"), mineral.price_convention))
    if mineral.exchange and not mineral.exchange.startswith("none"):
        lines.append(Line(_("Traded at"), mineral.exchange))
    averages, price_sources = average_lines(mineral)
    imported, import_sources = reliance_lines(mineral)
    lines += [*averages, *imported]
    sources = [*price_sources, *import_sources]
    if mineral.imports is not None:
        text = wording.labelled(wording.in_english(_("Import sources count")), mineral.imports.basis)
        lines.append(Line("", text, sub=True))
    return Page(_("{name}: market").format(name=wording.title(mineral)), tuple(lines), tuple(sources))


def average_lines(mineral: Mineral) -> tuple[list[Line], list[Source]]:
    """USGS annual averages of the last years with their unit and basis, or that there are none."""
    if not mineral.prices:
        text = _("USGS publishes no annual price for {name}.").format(name=wording.in_sentence(mineral))
        return [Line(_("Annual average"), text)], []
    newest = mineral.prices[-1]
    series = [wording.labelled(str(figure.year), wording.price(figure)) for figure in mineral.prices]
    text = wording.estimated(" · ".join(series), estimate=newest.estimate)
    lines = [
        Line(_("Annual average"), f"{text}, {wording.price_unit(newest.unit)}"),
        Line(wording.in_english(_("Basis")) if language() != "en" else "", newest.basis, sub=True),
    ]
    return lines, [figure.source for figure in mineral.prices]


def reliance_lines(mineral: Mineral) -> tuple[list[Line], list[Source]]:
    """US net import reliance, the countries it buys from with Canada marked, and Canada's rank."""
    lines: list[Line] = []
    sources: list[Source] = []
    newest = mineral.newest_reliance
    if newest is None:
        text = _("USGS publishes no figure for {name}.").format(name=wording.in_sentence(mineral))
        lines.append(Line(_("US import reliance"), text))
    else:
        shown = wording.estimated(wording.reliance(newest), estimate=newest.estimate and newest.value is not None)
        lines.append(Line(_("US import reliance {year}").format(year=newest.year), shown))
        sources.append(newest.source)
    if mineral.imports is not None:
        named = [
            ("🍁 " if item.country == "Canada" else "")
            + f"{country(item.country)} {wording.bounded(item.code, wording.percent(item.percent))}"
            for item in mineral.imports.sources
        ]
        label = _("US imports from ({period})").format(period=mineral.imports.period)
        lines.append(Line(label, ", ".join(named)))
        sources += [item.source for item in mineral.imports.sources]
    rank = mineral.canada_rank
    if rank is not None:
        text = _("number {rank} among the main US import sources").format(rank=rank.rank)
        lines.append(Line(_("Canada"), text))
        sources.append(rank.source)
    return lines, sources
