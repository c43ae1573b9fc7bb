"""A mineral's card as Discord components: one page at a time, with buttons that still work after a restart.

It lays out what `bot.minerals` says and what other rooms hand in through the protocols below; it looks nothing up.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import discord

from bot.delivery.markdown import clamp, escape
from bot.i18n import _
from bot.minerals import pages, wording
from bot.minerals.content import Page, as_markdown
from bot.minerals.policy_page import policy_page
from cogs.ui.mineral_buttons import MineralButton

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.minerals.model import Catalogue, Mineral

TEXT_LIMIT: Final = 3_900  # Discord allows 4,000 characters in all text of a message with components v2
STORIES: Final = 6
ACCENT: Final = discord.Colour(0xE0A458)
CHART_FILE: Final = "supply.png"


class MarketView(Protocol):
    """What the price room tells a card."""

    def price_line(self, slug: str) -> str | None:
        """One plain line such as "4,112.30 USD/oz t, +0.40 % in 24 h", or None when it has no quote."""


class NewsView(Protocol):
    """What the news room tells a card."""

    async def latest(self, slug: str, guild_id: int) -> Sequence[str]:
        """The newest headlines tagged with the mineral as safe Markdown list lines, newest first."""


class ChartView(Protocol):
    """Draws in a worker process, so that matplotlib never loads in the bot's own (see `ChartWorker.draw`)."""

    async def draw(self, key: str, drawing: Mapping[str, object], draw: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class CardParts:
    """The rooms a card asks; None where one is not open, and the card then does without."""

    market: MarketView | None = None
    news: NewsView | None = None
    charts: ChartView | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart ready to be attached: PNG bytes and its description in words."""

    png: bytes
    alt: str

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.png), filename=CHART_FILE, description=self.alt[:1024])


def page_titles() -> dict[str, str]:
    """Page → label of its button, in order."""
    return {
        "overview": _("Overview"),
        "supply": _("Supply"),
        "policy": _("Policy"),
        "market": _("Market"),
        "news": _("News"),
    }


def news_markdown(mineral: Mineral, stories: Sequence[str]) -> str:
    """The news page from headlines that are safe Markdown already; as many as fit, six at most."""
    title = _("{name}: news").format(name=wording.title(mineral))
    lines = [f"## {escape(title)}"]
    if not stories:
        lines.append(_("No story about {name} yet.").format(name=escape(wording.in_sentence(mineral))))
    for line in stories[:STORIES]:
        if sum(map(len, lines)) + len(line) < TEXT_LIMIT - STORIES - 1:  # a link is never cut in two
            lines.append(line)
    return "\n".join(lines)


def page_markdown(
    catalogue: Catalogue,
    mineral: Mineral,
    page: str,
    *,
    price_line: str | None = None,
    stories: Sequence[str] = (),
) -> str:
    """The text of one page. Raises KeyError for a page that does not exist."""
    if page == "news":
        return news_markdown(mineral, stories)
    build: dict[str, Callable[[], Page]] = {
        "overview": lambda: pages.overview(catalogue, mineral),
        "supply": lambda: pages.supply_page(mineral),
        "policy": lambda: policy_page(catalogue, mineral),
        "market": lambda: pages.market_page(mineral, price_line),
    }
    return as_markdown(build[page]())


def card(
    catalogue: Catalogue,
    mineral: Mineral,
    page: str = "overview",
    *,
    price_line: str | None = None,
    stories: Sequence[str] = (),
    chart: Drawn | None = None,
    shared: bool = False,
) -> discord.ui.LayoutView:
    """The message: the page, its chart, a row of pages and a row of actions. shared: without the Share button."""
    text = page_markdown(catalogue, mineral, page, price_line=price_line, stories=stories)
    box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(accent_colour=ACCENT)
    box.add_item(discord.ui.TextDisplay(clamp(text, TEXT_LIMIT)))
    if chart is not None:
        gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
        gallery.add_item(media=f"attachment://{CHART_FILE}", description=chart.alt[:1024])
        box.add_item(gallery)
    box.add_item(discord.ui.Separator())
    turn: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for name, label in page_titles().items():
        turn.add_item(MineralButton(mineral.slug, name, label=label, chosen=name == page))
    act: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    act.add_item(MineralButton(mineral.slug, "alert", label=_("Alert me")))
    if not shared:
        act.add_item(MineralButton(mineral.slug, f"share-{page}", label=_("Share")))
    box.add_item(turn)
    box.add_item(act)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def text_view(markdown: str) -> discord.ui.LayoutView:
    """A message that is a box of text alone."""
    box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(accent_colour=ACCENT)
    box.add_item(discord.ui.TextDisplay(clamp(markdown, TEXT_LIMIT)))
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return view
