"""Names of tags for people, in the language in force."""

from __future__ import annotations

from bot.i18n import _
from bot.minerals import catalogue, wording


def mineral_name(slug: str) -> str:
    """A mineral's name; the slug in words where the book has no such mineral."""
    known = catalogue.load().minerals.get(slug)
    return wording.name(known) if known else slug.replace("_", " ").capitalize()


def topic_name(slug: str) -> str:
    """A topic's name."""
    names = {
        "earnings": _("Earnings"),
        "guidance": _("Guidance"),
        "exploration": _("Exploration"),
        "resource-estimate": _("Resource estimate"),
        "production": _("Production"),
        "supply-disruption": _("Supply disruption"),
        "supply-demand": _("Supply and demand"),
        "labour": _("Labour"),
        "accident": _("Accident"),
        "permits-courts": _("Permits and courts"),
        "policy": _("Policy"),
        "tariffs": _("Tariffs"),
        "export-controls": _("Export controls"),
        "deals": _("Deals"),
        "financing": _("Financing"),
        "etf-flows": _("ETF flows"),
        "central-banks": _("Central banks"),
        "price-move": _("Price move"),
        "price-target": _("Price target"),
        "esg": _("ESG"),
    }
    return names.get(slug, slug)
