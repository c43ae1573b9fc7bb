"""Loads the minerals reference from its tables, once. Reads only its own data files; decides nothing."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.minerals.model import (
    Catalogue,
    Code,
    CriticalList,
    DataError,
    Figure,
    Imports,
    ImportSource,
    ListMember,
    Mineral,
    Producer,
    Production,
    Source,
    SupplierRank,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA: Final = Path(__file__).parent / "data"
OTHERS: Final = "Other countries"
WORLD: Final = "World total"
Row = dict[str, str]
Sources = dict[str, Source]


@lru_cache(maxsize=1)
def load() -> Catalogue:
    """The catalogue; the first call reads the tables (about 30 ms), later calls return the same object.

    Raises DataError when a table is missing or does not fit.
    """
    try:
        return _read()
    except (OSError, KeyError, ValueError, ArithmeticError) as error:
        raise DataError(
            f"The minerals tables cannot be read ({error!r}); reinstall Headframe, "
            "or build them again with scripts/build_minerals.py."
        ) from error


def _rows(name: str) -> list[Row]:
    # A reader with zip is twice as fast as DictReader, which matters for a table of 1,500 rows at start.
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        return [dict(zip(header, row, strict=True)) for row in reader]


def _read() -> Catalogue:
    sources = {row["source"]: Source(row["title"], row["url"]) for row in _rows("sources.csv")}
    production = _production(_rows("production.csv"), sources)
    figures = _figures(_rows("figures.csv"), sources)
    imports = _imports(_rows("imports.csv"), sources)
    canada = tuple(_supplier(row) for row in _rows("canada.csv"))
    ranks = {rank.slug: rank for rank in reversed(canada) if rank.slug}
    names: dict[str, dict[str, str]] = defaultdict(dict)
    spellings: dict[str, list[str]] = defaultdict(list)
    for row in _rows("names.csv"):
        if row["kind"] == "name":
            names[row["slug"]][row["language"]] = row["name"]
        else:
            spellings[row["slug"]].append(row["name"])
    minerals = {}
    for row in _rows("minerals.csv"):
        slug = row["slug"]
        minerals[slug] = Mineral(
            slug=slug,
            name=row["name"],
            symbol=row["symbol"] or None,
            atomic_number=int(row["atomic_number"]) if row["atomic_number"] else None,
            formula=row["formula"] or None,
            category=row["category"],
            uses=row["uses"],
            uses_source=_uses_source(row["uses_source"], sources),
            synonyms=_split(row["synonyms"]),
            false_friends=_split(row["false_friends"]),
            names=MappingProxyType(names[slug]),
            spellings=tuple(spellings[slug]),
            price_convention=row["price_convention"] or None,
            exchange=row["exchange"] or None,
            quote_symbol=row["gold_api_symbol"] or None,
            leading_producer=row["leading_producer"] or None,
            production_note=row["production_note"],
            production=production.get(slug, ()),
            reliance=figures.get((slug, "reliance"), ()),
            prices=figures.get((slug, "price"), ()),
            imports=imports.get(slug),
            canada_rank=ranks.get(slug),
        )
    groups, editorial = _groups(_rows("groups.csv"))
    return Catalogue(
        minerals=MappingProxyType(minerals),
        groups=MappingProxyType(groups),
        lists=MappingProxyType(_lists(_rows("editions.csv"), _rows("lists.csv"), groups["rare_earths"])),
        canada_supplies=canada,
        editorial_groups=editorial,
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _uses_source(text: str, sources: Sources) -> Source | None:
    if text == "editorial":
        return None
    usgs = sources["usgs-mcs-2026"]
    return replace(usgs, title=text.replace("USGS MCS2026", "USGS Mineral Commodity Summaries 2026,"))


def _line(sources: Sources, row: Row) -> Source:
    known = sources[row["source"]]
    return Source(known.title, known.url, int(row["line"])) if row["line"] else known


def _code(text: str) -> tuple[Code, str]:
    if text.startswith("range "):
        return Code.RANGE, text.removeprefix("range ")
    return Code(text), ""


def _value(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _figure(row: Row, basis: str, sources: Sources) -> Figure:
    code, span = _code(row["code"])
    return Figure(
        value=_value(row["value"]),
        code=code,
        unit=row["unit"],
        year=int(row["year"]),
        estimate=row["estimate"] == "yes",
        basis=basis,
        source=_line(sources, row),
        span=span,
    )


def _production(rows: Iterable[Row], sources: Sources) -> dict[str, tuple[Production, ...]]:
    tables: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        tables[row["slug"], row["year"]].append(row)
    out: dict[str, list[Production]] = defaultdict(list)
    for (slug, _year), table in sorted(tables.items()):
        total = next(row for row in table if row["country"] == WORLD)
        producers = [_producer(row) for row in table if row["country"] != WORLD]
        producers.sort(key=lambda p: (p.country == OTHERS, p.value is None, -(p.value or 0)))
        world = _figure(total, total["stage"], sources)
        out[slug].append(
            Production(
                stage=total["stage"],
                unit=world.unit,
                year=world.year,
                world=world,
                producers=tuple(producers),
                complete=total["source"] != "wna-2024",
            )
        )
    return {slug: tuple(years) for slug, years in out.items()}


def _producer(row: Row) -> Producer:
    code, span = _code(row["code"])
    return Producer(
        country=row["country"],
        value=_value(row["value"]),
        code=code,
        estimate=row["estimate"] == "yes",
        line=int(row["line"]) if row["line"] else None,
        note=row["note"],
        span=span,
    )


def _figures(rows: Iterable[Row], sources: Sources) -> dict[tuple[str, str], tuple[Figure, ...]]:
    out: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for row in rows:
        out[row["slug"], row["figure"]].append(_figure(row, row["basis"], sources))
    return {key: tuple(sorted(figures, key=lambda figure: figure.year)) for key, figures in out.items()}


def _imports(rows: Iterable[Row], sources: Sources) -> dict[str, Imports]:
    tables: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        tables[row["slug"]].append(row)
    return {
        slug: Imports(
            basis=table[0]["basis"],
            period=table[0]["period"],
            sources=tuple(
                ImportSource(row["country"], Decimal(row["percent"]), Code(row["code"]), _line(sources, row))
                for row in table
            ),
        )
        for slug, table in tables.items()
    }


def _supplier(row: Row) -> SupplierRank:
    return SupplierRank(
        commodity=row["commodity"],
        slug=row["slug"] or None,
        rank=int(row["rank"]),
        reliance=Decimal(row["reliance"]),
        code=Code(row["code"]),
        countries=row["sources"],
        source=Source(_figure_2(row["source_title"]), row["source_url"]),
    )


def _figure_2(title: str) -> str:
    return title.replace("USGS MCS2026 Fig. 2", "USGS Mineral Commodity Summaries 2026, figure 2")


def _groups(rows: Iterable[Row]) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Groups for alerts and browsing; rows of use "listing" only explain how lists name things."""
    members: dict[str, set[str]] = defaultdict(set)
    editorial = set()
    for row in rows:
        if row["use"] == "group" and row["in_book"] == "yes":
            members[row["group"]].add(row["member"])
            if row["editorial"] == "yes":
                editorial.add(row["group"])
    return {name: frozenset(slugs) for name, slugs in members.items()}, frozenset(editorial)


def _lists(editions: Iterable[Row], rows: Iterable[Row], rare_earths: frozenset[str]) -> dict[str, CriticalList]:
    members: dict[str, list[ListMember]] = defaultdict(list)
    for row in rows:
        member = ListMember(row["mineral"], row["name_as_listed"], _split(row["covers"]), row["note"])
        members[row["list"]].append(member)
    return {
        row["list"]: CriticalList(
            slug=row["list"],
            title=row["title"],
            jurisdiction=row["jurisdiction"],
            year=int(row["year"]),
            date=row["date"],
            status=row["status"],
            complete=row["complete"] == "yes",
            size=int(row["size"]),
            members=tuple(members[row["list"]]),
            minerals=_covered(members[row["list"]], rare_earths),
            source=Source(row["source_short"], row["source_url"]),
        )
        for row in editions
    }


def _covered(members: Iterable[ListMember], rare_earths: frozenset[str]) -> frozenset[str]:
    """The slugs a list speaks for; "rare earths" once any element is listed, for news says the group name."""
    slugs = {slug for member in members for slug in member.covers}
    return frozenset(slugs | {"rare_earths"} if slugs & rare_earths else slugs)
