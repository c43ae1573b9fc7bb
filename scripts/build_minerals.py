"""Builds bot/minerals/data/*.csv from the published tables; run it again when a new edition is issued.

    python scripts/build_minerals.py --shared ../shared

It reads critical_lists.csv, list_groups.csv, minerals_facts.csv, canada_us_supplier_mcs2026.csv and usgs/,
follows each figure back to its line in the USGS file, and stops with a sentence when the tables disagree.
names.csv (spellings and French and Spanish names) is written by hand and left alone.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

from minerals_names import (
    CANADA_SLUGS,
    EDITIONS,
    FACT_COLUMNS,
    LISTING_ONLY,
    MINERAL_COLUMNS,
    NEON_LINE,
    SHORT_TITLES,
    SHOWN_UNDER,
    SIZES,
    SOURCES,
    STAGES,
)

OUT = Path(__file__).resolve().parent.parent / "bot" / "minerals" / "data"
Row = dict[str, str]


class BuildError(Exception):
    """The tables contradict each other; the message says where."""


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, columns: list[str], rows: list[Row]) -> None:
    with (OUT / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


def number(text: str) -> tuple[str, str]:
    """A published cell as value and code: "1,290" → 1290; ">95" → 95 and ">"; "W" → "" and "W"; "—" → 0."""
    text = text.strip().replace(",", "")
    if text == "—":
        return "0", ""
    if match := re.fullmatch(r"([<>]?)(\d+(?:\.\d+)?)", text):
        return match[2], match[1]
    if match := re.fullmatch(r"(\d+(?:\.\d+)?) ?[-–] ?(\d+(?:\.\d+)?)", text):
        return "", "range " + match[1] + "-" + match[2]
    if text in ("W", "NA", "XX", "E", "s"):
        return "", text
    raise BuildError(f"unknown cell {text!r}: teach number() what it means")


# A few cells were decoded with "?" where the original has a hyphen.
def mend(text: str) -> str:
    return re.sub(r"(?<=\w)\?(?=\w)", "-", text)


def identity(facts: list[Row]) -> list[Row]:
    rows = []
    for fact in facts:
        row = {key: fact[key] for key in MINERAL_COLUMNS if key in fact}
        row["uses"] = fact["uses"].rstrip(".")
        editorial = fact["uses_source"].startswith("editorial")
        row["uses_source"] = "editorial" if editorial else fact["uses_source"]
        lead_only = bool(fact["top1"]) and not fact["top1_value"]
        row["leading_producer"] = fact["top1"] if lead_only else ""
        row["production_note"] = fact["production_note"]
        rows.append(row)
    return rows


def production(facts: list[Row], world: list[Row]) -> list[Row]:
    order = sorted(world, key=lambda row: int(row["line"]))
    block_of: dict[int, list[Row]] = {}
    block: list[Row] = []
    for before, row in zip([None, *order], order, strict=False):
        key = (row["ch"], row["com"], row["sec"], row["year"])
        gap = before and (
            int(row["line"]) != int(before["line"]) + 1
            or key != (before["ch"], before["com"], before["sec"], before["year"])
            or before["cty"] == "World total"
        )
        if gap:
            block = []
        block.append(row)
        block_of[int(row["line"])] = block
    out: list[Row] = []
    for fact in facts:
        slug = fact["slug"]
        if slug == "uranium":
            out += uranium(fact)
            continue
        named = re.search(r"lines (\d+)", fact["production_source"])
        anchor = NEON_LINE if slug == "neon" else int(named[1]) if named else None
        if anchor is None:
            continue
        newest = block_of[anchor]
        total = newest[-1]
        if total["cty"] != "World total" or number(total["val"])[0] != fact["world_total"]:
            raise BuildError(f"{slug}: block at line {anchor} ends in {total['cty']} {total['val']}")
        for place in ("1", "2", "3"):
            leader = (fact[f"top{place}"], fact[f"top{place}_value"])
            if leader[1] and leader not in {(r["cty"], number(r["val"])[0]) for r in newest}:
                raise BuildError(f"{slug}: {leader} is not in the block at line {anchor}")
        kin = [block_of[int(r["line"])] for r in order if is_kin(r, total)]
        for rows in [*kin, newest]:
            out += [producer(slug, STAGES.get(slug, fact["production_stage"]), row) for row in rows]
    return out


def is_kin(row: Row, total: Row) -> bool:
    """The world total of the year before, in the same table."""
    keys = ("ch", "com", "sec", "det", "cty", "unit")
    return all(row[k] == total[k] for k in keys) and int(row["year"]) == int(total["year"]) - 1


def producer(slug: str, stage: str, row: Row) -> Row:
    value, code = number(row["val"])
    # USGS estimates the newest year, except where the note says "Reported.".
    newest = row["year"] == "2025" and "Reported." not in row["notes"]
    estimate = "stimated" in row["notes"] or newest
    remarks = [part.strip() for part in row["notes"].split("--")]
    note = " ".join(remark for remark in remarks if not remark.startswith("Estimated"))
    return {
        "slug": slug, "stage": stage, "country": row["cty"], "year": row["year"], "value": value,
        "code": code, "unit": row["unit"], "estimate": "yes" if estimate else "no",
        "source": "usgs-mcs-2026", "line": row["line"], "note": note,
    }  # fmt: skip


def uranium(fact: Row) -> list[Row]:
    base = {
        "slug": "uranium", "stage": "Mine production", "year": "2024", "code": "", "unit": "tonnes U",
        "estimate": "no", "source": "wna-2024", "line": "", "note": "",
    }  # fmt: skip
    rows = [{**base, "country": fact[f"top{i}"], "value": fact[f"top{i}_value"]} for i in "123"]
    return [*rows, {**base, "country": "World total", "value": fact["world_total"]}]


def figures(facts: list[Row], reliance: list[Row], prices: list[Row]) -> list[Row]:
    out: list[Row] = []
    by_line = {row["line"]: row for row in reliance}
    for fact in facts:
        if match := re.search(r"line (\d+)", fact["us_nir_source"]):
            anchor = by_line[match[1]]
            out += series(fact["slug"], "reliance", anchor, reliance, "percent")
        if fact["us_price_2025"]:
            det = mend(fact["us_price_basis"]).strip(" ,")
            near = [
                row
                for row in prices
                if row["year"] == "2025"
                and row["val"] == fact["us_price_2025"]
                and row["ch"] == fact["mcs_chapter"]
                and mend(row["det"]).strip().startswith(det)
            ]
            if len(near) != 1:
                raise BuildError(f"{fact['slug']}: {len(near)} price rows fit {det!r}")
            unit = fact["us_price_unit"]
            # Manganese is priced per metric ton unit (10 kg of metal); the table's unit column cuts that off.
            unit = "dollars per metric ton unit" if "metric ton unit" in det and "dry" not in unit else unit
            out += series(fact["slug"], "price", near[0], prices, unit)
    return out


def series(slug: str, figure: str, anchor: Row, table: list[Row], unit: str) -> list[Row]:
    """The years of the anchor's series: the same description, the same place among equal descriptions."""
    like = [row for row in table if all(row[key] == anchor[key] for key in ("ch", "com", "det"))]
    place = [row["line"] for row in like if row["year"] == anchor["year"]].index(anchor["line"])
    by_year: dict[str, list[Row]] = defaultdict(list)
    for row in like:
        by_year[row["year"]].append(row)
    out = []
    for year in sorted(by_year):
        if place >= len(by_year[year]):
            continue
        row = by_year[year][place]
        value, code = number(row["val"])
        out.append({
            "slug": slug, "figure": figure, "year": year, "value": value, "code": code, "unit": unit,
            "estimate": "yes" if year == "2025" else "no", "basis": mend(row["det"]).strip(" ,"),
            "source": "usgs-mcs-2026", "line": row["line"],
        })  # fmt: skip
    return out


def imports(facts: list[Row], sources: list[Row]) -> list[Row]:
    out = []
    for fact in facts:
        for row in sources if fact["import_basis"] else ():
            if (row["ch"], row["det"]) == (fact["mcs_chapter"], fact["import_basis"]):
                value, code = number(row["val"])
                out.append({
                    "slug": fact["slug"], "basis": row["det"], "country": row["cty"], "period": row["year"],
                    "percent": value, "code": code, "source": "usgs-mcs-2026", "line": row["line"],
                })  # fmt: skip
    return out


def lists(rows: list[Row], members: dict[str, list[str]], slugs: set[str], symbols: dict[str, str]) -> list[Row]:
    out = []
    for row in rows:
        key = (row["list"], row["status"])
        named = re.search(r"\(([A-Z][a-z]?(?:, [A-Z][a-z]?)+)\)", row["name_as_listed"])
        if row["mineral"] == "rare_earths" and named:
            covers = [symbols[symbol] for symbol in named[1].split(", ")]  # the EU names the seven it means
        else:
            shown = SHOWN_UNDER.get(row["mineral"], row["mineral"])
            covers = [slug for slug in [shown, *members.get(row["mineral"], [])] if slug in slugs]
        if not covers:
            raise BuildError(f"{row['list']}: {row['mineral']} is no commodity of the book")
        out.append({
            "list": EDITIONS[key][0], "mineral": row["mineral"], "name_as_listed": row["name_as_listed"],
            "covers": ";".join(covers), "note": row["note"],
        })  # fmt: skip
    return out


def editions(rows: list[Row]) -> list[Row]:
    out: dict[str, Row] = {}
    for row in rows:
        slug, title = EDITIONS[(row["list"], row["status"])]
        out.setdefault(slug, {
            "list": slug, "title": title, "jurisdiction": row["jurisdiction"], "year": row["year"],
            "date": row["date"], "status": row["status"], "complete": row["list_complete"],
            "size": str(SIZES[slug]),
            "source_url": row["source_url"], "source_title": row["source_title"],
            "source_short": SHORT_TITLES[slug],
        })  # fmt: skip
    return list(out.values())


def check_lists(facts: list[Row], listed: list[Row], rare_earths: set[str]) -> None:
    """The members as read here and the yes/no columns of the facts table must say the same."""
    covered: dict[str, set[str]] = defaultdict(set)
    for row in listed:
        covered[row["list"]].update(row["covers"].split(";"))
    for column, slug in FACT_COLUMNS.items():
        ours = covered[slug] | ({"rare_earths"} if covered[slug] & rare_earths else set())
        theirs = {fact["slug"] for fact in facts if fact[column].startswith("yes")}
        if ours != theirs:
            raise BuildError(f"{slug}: the tables differ on {sorted(ours ^ theirs)}")


def groups(rows: list[Row], facts: list[Row], listed: list[Row]) -> list[Row]:
    slugs = {fact["slug"] for fact in facts}
    out = [
        {"group": row["group"], "member": row["member"], "in_book": "yes" if row["member"] in slugs else "no",
         "editorial": "no", "use": "listing" if row["group"] in LISTING_ONLY else "group"}
        for row in rows
    ]  # fmt: skip
    eu = next(row for row in listed if row["list"] == "eu-strategic-2024" and row["mineral"] == "rare_earths")
    own = [("magnet_rare_earths", slug, "no") for slug in eu["covers"].split(";")]
    for fact in facts:
        for part in re.sub(r"\(.*?\)", "", fact["category"]).split(" / "):
            name = part.strip().replace(" ", "_").replace("-", "_")
            if name != "rare_earth":
                own.append((name, fact["slug"], "yes"))
    return out + [
        {"group": group, "member": slug, "in_book": "yes", "editorial": editorial, "use": "group"}
        for group, slug, editorial in sorted(own)
    ]


def canada(rows: list[Row], slugs: set[str]) -> list[Row]:
    out = []
    for row in rows:
        slug = CANADA_SLUGS.get(row["commodity"], row["commodity"].lower())
        value, code = number(row["us_nir_pct_2025"])
        out.append({
            "commodity": row["commodity"], "slug": slug if slug in slugs else "", "reliance": value,
            "code": code, "rank": row["canada_rank"], "sources": row["sources"].strip(),
            "source_url": row["source_url"],
            "source_title": row["source_title"],
        })  # fmt: skip
    return out


def build(shared: Path) -> None:
    """Write every table, or raise BuildError before the first is written."""
    data = shared / "data"
    facts = read(data / "minerals_facts.csv")
    slugs = {fact["slug"] for fact in facts}
    critical = read(data / "critical_lists.csv")
    members: dict[str, list[str]] = defaultdict(list)
    group_rows = read(data / "list_groups.csv")
    for row in group_rows:
        members[row["group"]].append(row["member"])
    symbols = {fact["symbol"]: fact["slug"] for fact in facts if "diamond" not in fact["slug"]}
    listed = lists(critical, members, slugs, symbols)
    check_lists(facts, listed, set(members["rare_earths"]))
    made = production(facts, read(data / "usgs" / "usgs_world_production.csv"))
    reliance = read(data / "usgs" / "usgs_us_net_import_reliance.csv")
    numbers = figures(facts, reliance, read(data / "usgs" / "usgs_us_prices.csv"))
    bought = imports(facts, read(data / "usgs" / "usgs_us_import_sources_2021_24.csv"))
    supplier = canada(read(data / "canada_us_supplier_mcs2026.csv"), slugs)
    OUT.mkdir(parents=True, exist_ok=True)
    for name, rows in {
        "minerals.csv": identity(facts), "production.csv": made, "figures.csv": numbers,
        "imports.csv": bought, "lists.csv": listed, "editions.csv": editions(critical),
        "groups.csv": groups(group_rows, facts, listed), "canada.csv": supplier, "sources.csv": SOURCES,
    }.items():  # fmt: skip
        write(name, MINERAL_COLUMNS if name == "minerals.csv" else list(rows[0]), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the minerals tables from the published data.")
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds data/")
    try:
        build(parser.parse_args().shared)
    except (BuildError, OSError) as error:
        print(f"build_minerals: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
