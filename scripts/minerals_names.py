"""What build_minerals.py must be told by hand: slugs and titles of the editions, and names that differ."""

from __future__ import annotations

EDITIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("US 2018", "critical"): ("us-2018", "United States critical minerals 2018"),
    ("US 2022", "critical"): ("us-2022", "United States critical minerals 2022"),
    ("US 2025", "critical"): ("us-2025", "United States critical minerals 2025"),
    ("Canada 2021", "critical"): ("canada-2021", "Canada critical minerals 2021"),
    ("Canada 2024", "critical"): ("canada-2024", "Canada critical minerals 2024"),
    ("EU CRMA 2024 critical (Annex II)", "critical"): (
        "eu-critical-2024",
        "European Union critical raw materials 2024",
    ),
    ("EU CRMA 2024 strategic (Annex I)", "strategic"): (
        "eu-strategic-2024",
        "European Union strategic raw materials 2024",
    ),
    ("UK 2021 (strategy July 2022)", "critical"): ("uk-2021", "United Kingdom critical minerals 2021"),
    ("UK 2021 (strategy July 2022)", "watchlist"): ("uk-2021-watch", "United Kingdom watchlist 2021"),
    ("UK 2024", "critical"): ("uk-2024", "United Kingdom criticality assessment 2024"),
    ("Australia 2024 critical", "critical"): ("australia-critical-2024", "Australia critical minerals 2024"),
    ("Australia 2024 strategic", "strategic"): (
        "australia-strategic-2024",
        "Australia strategic materials 2024",
    ),
    ("India 2023", "critical"): ("india-2023", "India critical minerals 2023"),
    ("Japan rare metals (2009 definition)", "rare metal"): ("japan-2009", "Japan rare metals 2009"),
}
# Members by official count; a complete list must have exactly this many rows.
SIZES = {
    "us-2018": 35, "us-2022": 50, "us-2025": 60, "canada-2021": 31, "canada-2024": 34, "eu-critical-2024": 34,
    "eu-strategic-2024": 17, "uk-2021": 18, "uk-2021-watch": 5, "uk-2024": 34, "australia-critical-2024": 31,
    "australia-strategic-2024": 5, "india-2023": 30, "japan-2009": 34,
}  # fmt: skip
FACT_COLUMNS = {
    "us_2018": "us-2018", "us_2022": "us-2022", "us_2025": "us-2025", "canada_2021": "canada-2021",
    "canada_2024": "canada-2024", "eu_critical_2024": "eu-critical-2024",
    "eu_strategic_2024": "eu-strategic-2024",
    "uk_2021": "uk-2021", "australia_critical_2024": "australia-critical-2024",
    "australia_strategic_2024": "australia-strategic-2024", "india_2023": "india-2023",
    "japan_rare_metals_2009": "japan-2009",
}  # fmt: skip
# Names on lists that are no commodity of the book, and the one they are shown under.
SHOWN_UNDER = {"high_purity_alumina": "alumina", "iron": "iron_ore"}
LISTING_ONLY = {"aluminium", "phosphorus", "metallurgical_coal"}  # groups for reading lists, not for alerts
CANADA_SLUGS = {
    "GRAPHITE (NATURAL)": "graphite", "NIOBIUM (COLUMBIUM)": "niobium",
    "TITANIUM MINERAL CONCENTRATES": "titanium",
    "CHROMIUM, all forms": "chromium", "MAGNESIUM METAL": "magnesium", "ZINC, refined": "zinc",
    "ALUMINUM": "aluminium", "MAGNESIUM COMPOUNDS": "magnesite", "COPPER, refined": "copper",
    "SILICON, metal and ferrosilicon": "silicon", "LEAD, refined": "lead",
}  # fmt: skip
WNA_URL = (
    "https://world-nuclear.org/information-library/nuclear-fuel-cycle/mining-of-uranium/world-uranium-mining-production"
)
NEON_LINE = 3306  # the facts table names no line for neon's production


SOURCES: list[dict[str, str]] = [
    {
        "source": "usgs-mcs-2026",
        "title": "USGS Mineral Commodity Summaries 2026, data release (CC0)",
        "url": "https://doi.org/10.5066/P1WKQ63T",
    },
    {
        "source": "wna-2024",
        "title": "World Nuclear Association, World Uranium Mining Production",
        "url": WNA_URL,
    },
]
MINERAL_COLUMNS = [
    "slug", "name", "symbol", "atomic_number", "formula", "category", "uses", "uses_source",
    "leading_producer", "production_note", "price_convention", "exchange", "gold_api_symbol", "synonyms",
    "false_friends", "mcs_chapter",
]  # fmt: skip
# Stages that read badly where the facts table cuts them.
STAGES = {
    "arsenic": "Production (arsenic trioxide)",
    "neon": "Rare-gas production: neon",
    "zirconium": "Mine production: zirconium mineral concentrates",
    "helium": "Helium production",
    "silicon": "Production: silicon metal",
    "steel": "Production: raw steel",
    "uranium": "Mine production",
    "bauxite": "Mine production",
    "alumina": "Refinery production",
    "cement": "Production",
}

# How a card names the source of a list; the full title, with the copy that was read, stays beside it in the table.
SHORT_TITLES = {
    "us-2018": "Final List of Critical Minerals 2018, 83 FR 23295",
    "us-2022": "2022 Final List of Critical Minerals, 87 FR 10381",
    "us-2025": "Final 2025 List of Critical Minerals, read in USGS Mineral Commodity Summaries 2026, table T6",
    "canada-2021": "Canada's Critical Minerals List 2021 (IEA policy page)",
    "canada-2024": "Canada's critical minerals (34)",
    "eu-critical-2024": "Regulation (EU) 2024/1252, Annex II",
    "eu-strategic-2024": "Regulation (EU) 2024/1252, Annex I",
    "uk-2021": "UK Critical Minerals List (IEA policy page)",
    "uk-2021-watch": "UK watchlist (IEA policy page)",
    "uk-2024": "UK 2024 Criticality Assessment, as reported; 13 of 34 confirmed",
    "australia-critical-2024": "Australia's Critical Minerals List",
    "australia-strategic-2024": "Australia's Strategic Materials List",
    "india-2023": "Critical Minerals for India, Ministry of Mines, June 2023",
    "japan-2009": "Japan's rare metals, as reported; 31 of 34 confirmed",
}
