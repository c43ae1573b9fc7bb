"""`/mineral`: cards, lists, comparison and risk from the minerals reference. Translates Discord ↔ bot.minerals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery.markdown import escape
from bot.desk import weekly
from bot.errors import UserError
from bot.i18n import _, language
from bot.minerals import search, supply_chart, tables, wording
from bot.minerals.content import as_markdown
from bot.minerals.model import MineralsError
from bot.news.tagger import tag
from bot.news.text import fold
from bot.prices.model import PriceError
from cogs.ui import mineral_buttons, mineral_card
from cogs.ui.alert_modal import AlertModal
from cogs.ui.answer import answer, hold, open_form, think, update
from cogs.ui.mineral_card import CardParts, Drawn
from cogs.ui.mineral_rooms import open_rooms
from cogs.ui.places import check_channel, present, scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import HeadframeBot
    from bot.minerals.model import Catalogue, Mineral
    from bot.minerals.tables import Table

Press = discord.Interaction[Any]
EXPLAINED: Final = 10
# The charts of these pages are drawn in a worker, which can take longer than Discord waits.
SLOW_PAGES: Final = frozenset({"supply"})


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Minerals(
    commands.GroupCog,
    name=mineral_buttons.COG,
    group_name=locale_str("mineral"),
    group_description=locale_str("What a mineral is, who supplies it, which lists it is on, what it costs"),
):
    """The counter of the minerals reference."""

    def __init__(self, bot: HeadframeBot, parts: CardParts, book: Catalogue) -> None:
        self.bot = bot
        self.parts = parts
        self.book = book
        self.explain = app_commands.ContextMenu(
            name=locale_str("Explain minerals"),
            callback=self.explain_minerals,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        super().__init__()

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(*mineral_buttons.ALL)
        self.bot.tree.add_command(self.explain)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(*mineral_buttons.ALL)
        self.bot.tree.remove_command(self.explain.name, type=self.explain.type)

    # Commands

    @app_commands.command(name=locale_str("info"), description=locale_str("Everything about one mineral on one card"))
    @app_commands.describe(
        name=locale_str("Name, symbol or synonym: lithium, Pt, wolfram"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    async def info(self, interaction: Press, name: str, share: bool = False) -> None:
        await self._show(interaction, _find(name), "overview", share=share)

    @app_commands.command(name=locale_str("list"), description=locale_str("A critical list, a category, or both"))
    @app_commands.describe(
        list=locale_str("A government’s list, or “Canada is a main US source”"),
        category=locale_str("Only this category"),
        versus=locale_str("Another list: show what changed between the two"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    async def list_(
        self,
        interaction: Press,
        list: str | None = None,  # noqa: A002  the option's published name
        category: str | None = None,
        versus: str | None = None,
        share: bool = False,
    ) -> None:
        if list and versus:
            await self._show_table(interaction, ("diff", versus, list), 0, share=share)
        else:
            await self._show_table(interaction, ("list", list or versus or "", category or ""), 0, share=share)

    @app_commands.command(name=locale_str("compare"), description=locale_str("Two minerals compared, fact by fact"))
    @app_commands.describe(
        first=locale_str("Name, symbol or synonym"),
        second=locale_str("Name, symbol or synonym"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    async def compare(self, interaction: Press, first: str, second: str, share: bool = False) -> None:
        view = mineral_card.text_view(as_markdown(tables.compare(self.book, _find(first), _find(second))))
        await answer(interaction, view=view, share=share)

    @app_commands.command(
        name=locale_str("risk"), description=locale_str("Ranking by US import reliance and concentration of supply")
    )
    @app_commands.describe(
        list=locale_str("Only minerals on this list"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    async def risk(
        self,
        interaction: Press,
        list: str | None = None,  # noqa: A002  the option's published name
        share: bool = False,
    ) -> None:
        await self._show_table(interaction, ("risk", list or "", ""), 0, share=share)

    @app_commands.command(
        name=locale_str("weekly"), description=locale_str("Post a mineral of the week in this channel, or stop it")
    )
    @app_commands.describe(on=locale_str("Whether this channel gets it"))
    @app_commands.guild_only()
    @app_commands.checks.has_permissions(manage_channels=True)
    async def weekly_(self, interaction: Press, on: bool = True) -> None:
        if interaction.guild_id is None or interaction.channel_id is None or not present(interaction):
            raise app_commands.NoPrivateMessage
        if on:
            await check_channel(interaction, interaction.channel_id)
        await weekly.follow(self.bot.services, interaction.guild_id, interaction.channel_id, on=on)
        if on:
            text = _("Every Monday <#{channel}> gets a mineral of the week: one fact a section, each with its source.")
        else:
            text = _("<#{channel}> gets no mineral of the week any more.")
        await answer(interaction, text.format(channel=interaction.channel_id))

    @info.autocomplete("name")
    @compare.autocomplete("first")
    @compare.autocomplete("second")
    async def _name_choices(self, _interaction: Press, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=label, value=slug) for label, slug in search.choices(current)]

    @list_.autocomplete("list")
    @list_.autocomplete("versus")
    @risk.autocomplete("list")
    async def _list_choices(self, _interaction: Press, current: str) -> list[app_commands.Choice[str]]:
        return _matching(tables.list_titles(self.book), current)

    @list_.autocomplete("category")
    async def _category_choices(self, _interaction: Press, current: str) -> list[app_commands.Choice[str]]:
        return _matching(tables.group_titles(self.book), current)

    async def explain_minerals(self, interaction: Press, message: discord.Message) -> None:
        """The context menu: the minerals a message mentions, each with a line and a way to its card."""
        slugs = tag(_words_of(message)).mineral_slugs[:EXPLAINED]
        found = [self.book.minerals[slug] for slug in slugs if slug in self.book.minerals]
        if not found:
            await answer(interaction, _("I see no mineral in that message."))
            return
        if len(found) == 1:
            await self._show(interaction, found[0], "overview", share=False)
            return
        lines = [f"**{escape(wording.name(m))}**: {escape(m.uses)}" for m in found]
        title = _("Minerals in this message")
        view, box = _box("\n".join([f"## {title}", *lines]))
        menu: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        menu.add_item(mineral_buttons.OpenSelect(found))
        box.add_item(menu)
        await answer(interaction, view=view)

    # Presses (called by cogs.ui.mineral_buttons)

    async def on_card_button(self, interaction: Press, slug: str, what: str) -> None:
        mineral = self.book.minerals.get(slug)
        if mineral is None:
            raise UserError(_("This card is from an older edition of the reference; use `/mineral info`."))
        if what == "alert":
            await open_form(interaction, AlertModal(self.bot, f"mineral:{mineral.slug}"))
        elif what.startswith("share-"):
            page = what.removeprefix("share-")
            await self._show(
                interaction, mineral, page if page in mineral_card.page_titles() else "overview", share=True
            )
        else:
            await self._show(interaction, mineral, what, share=False)

    async def on_table_button(self, interaction: Press, kind: str, first: str, second: str, screen: int) -> None:
        await self._show_table(interaction, (kind, first, second), screen, share=False)

    async def on_open(self, interaction: Press, slug: str) -> None:
        mineral = self.book.minerals.get(slug)
        if mineral is None:
            raise UserError(_("This card is from an older edition of the reference; use `/mineral info`."))
        await self._show(interaction, mineral, "overview", share=False, fresh=True)

    # Helpers

    async def _show(self, interaction: Press, mineral: Mineral, page: str, *, share: bool, fresh: bool = False) -> None:
        """Answer with a page: in place when the press was on a message of the presser's own, else anew.

        fresh: never in place (a list must not be replaced by the card it opened).
        """
        in_place = not share and not fresh and _own(interaction)
        slow = page in SLOW_PAGES and self.parts.charts is not None
        if slow and in_place:
            await hold(interaction)
        elif slow:
            await think(interaction, share=share)
        price_line = self.parts.market.price_line(mineral.slug) if page == "market" and self.parts.market else None
        stories: Sequence[str] = ()
        if page == "news" and self.parts.news is not None:
            stories = await self.parts.news.latest(mineral.slug, scope(interaction))
        drawn = await self._draw(mineral) if slow else None
        view = mineral_card.card(
            self.book, mineral, page, price_line=price_line, stories=stories, chart=drawn, shared=share
        )
        files = [drawn.file()] if drawn else []
        if in_place:
            await update(interaction, view=view, files=files)
        else:
            await answer(interaction, view=view, files=files, share=share)

    async def _draw(self, mineral: Mineral) -> Drawn | None:
        """The supply chart, or None when there is nothing to draw or the worker cannot: the page's text says it all."""
        plan = supply_chart.plan(mineral)
        if plan is None or self.parts.charts is None:
            return None
        try:
            key = f"supply:{mineral.slug}:{language()}:{plan.theme}"
            return Drawn(await self.parts.charts.draw(key, plan.drawing, supply_chart.DRAW), plan.alt)
        except (OSError, PriceError):
            return None

    async def _show_table(self, interaction: Press, address: tuple[str, str, str], screen: int, *, share: bool) -> None:
        try:
            table = self._table(*address)
        except MineralsError as error:
            raise UserError(escape(str(error))) from error
        screen = min(screen, table.screens - 1)
        view, box = _box(as_markdown(table.screen(screen)))
        minerals = [self.book.minerals[slug] for slug in table.minerals(screen)]
        mineral_buttons.add_table_controls(box, table, minerals, address, screen)
        if not share and _own(interaction):
            await update(interaction, view=view)
        else:
            await answer(interaction, view=view, share=share)

    def _table(self, kind: str, first: str, second: str) -> Table:
        if kind == "diff":
            return tables.editions(self.book, first, second)
        if kind == "risk":
            return tables.risks(self.book, first or None)
        return tables.listing(self.book, first or None, second or None)


def _own(interaction: Press) -> bool:
    """Whether the press came from an ephemeral message, which only the presser sees."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def _box(markdown: str) -> tuple[discord.ui.LayoutView, discord.ui.Container[Any]]:
    view = mineral_card.text_view(markdown)
    box = view.children[0]
    assert isinstance(box, discord.ui.Container)
    return view, box


def _find(name: str) -> Mineral:
    try:
        return search.find(name)
    except MineralsError as error:
        raise UserError(escape(str(error))) from error


def _matching(titles: dict[str, str], current: str) -> list[app_commands.Choice[str]]:
    wanted = fold(current).split()
    found = [
        app_commands.Choice(name=title[:100], value=value)
        for value, title in titles.items()
        if all(word in fold(f"{title} {value}") for word in wanted)
    ]
    return found[: search.MAX_CHOICES]


def _words_of(message: discord.Message) -> str:
    """All text of a message: content, embeds and text components."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.title or "", embed.description or ""]
    parts += [item.content for item in _walk(message.components) if isinstance(item, discord.TextDisplay)]
    return "\n".join(part for part in parts if part)[:4000]


def _walk(components: Any) -> list[discord.Component]:
    out: list[discord.Component] = []
    for item in components:
        out += [item, *_walk(getattr(item, "children", ()))]
    return out


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Minerals(bot, open_rooms(bot.services), bot.services.catalogue))
