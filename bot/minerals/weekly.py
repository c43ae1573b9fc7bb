"""The mineral of the week: which one it is, and its post: one fact a section, each with its source. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.minerals import pages, policy, wording
from bot.minerals.catalogue import load
from bot.minerals.content import Line, Page
from bot.minerals.policy_page import listing_lines

if TYPE_CHECKING:
    from bot.minerals.model import Catalogue, Mineral

# Coprime with any number of minerals that has no factor 31: neighbours in the table (all rare earths) are spread out.
_STRIDE: Final = 31
_MONDAY: Final = date(2024, 1, 1)  # week 0 began here


@dataclass(frozen=True, slots=True)
class WeeklyPost:
    """slug and title of the mineral; sections: one Page a section, each with its own sources."""

    slug: str
    title: str
    sections: tuple[Page, ...]


def week_of(day: date) -> int:
    """The running number of the day's week; weeks begin on Monday and the number never starts anew."""
    return (day - _MONDAY).days // 7


def pick(week: int, catalogue: Catalogue | None = None) -> Mineral:
    """Every mineral that has at least a world figure comes once before any comes again."""
    minerals = (catalogue or load()).minerals
    told = [minerals[slug] for slug in sorted(minerals) if minerals[slug].production]
    stride = _STRIDE if len(told) % _STRIDE else 1
    return told[week * stride % len(told)]


def mineral_of_the_week(week: int, catalogue: Catalogue | None = None) -> WeeklyPost:
    """The post for a week number (see `week_of`), in the language in force."""
    book = catalogue or load()
    mineral = pick(week, book)
    uses = Line(_("Uses"), mineral.uses)
    made, made_sources = pages.world_lines(mineral, top=3)
    listed = policy.listed_on(book, mineral.slug)
    bought, bought_sources = pages.reliance_lines(mineral)
    cost, cost_sources = pages.average_lines(mineral)
    sections = (
        Page(
            _("What it is"),
            (Line("", pages.identity(mineral)), uses),
            (mineral.uses_source,) if mineral.uses_source else (),
        ),
        Page(_("Who makes it"), tuple(made), tuple(made_sources)),
        Page(
            _("How governments see it"),
            tuple(listing_lines(book, mineral)),
            tuple(item.source for item in listed),
        ),
        Page(_("How the United States gets it"), tuple(bought), tuple(bought_sources)),
        Page(_("What it costs"), tuple(cost), tuple(cost_sources)),
    )
    title = _("Mineral of the week: {name}").format(name=wording.name(mineral))
    return WeeklyPost(mineral.slug, title, sections)
