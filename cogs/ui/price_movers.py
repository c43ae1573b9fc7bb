"""`/news movers`: the largest moves of the last days and the headlines before them; added by the prices cog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.clock import utcnow
from bot.delivery.markdown import clamp_plain, web_link
from bot.i18n import _
from bot.prices.instruments import INSTRUMENTS, instrument
from bot.prices.model import PriceError, demo_label
from bot.prices.movers import Mover, movers
from bot.prices.units import format_percent
from cogs.ui.answer import answer, think
from cogs.ui.places import scope
from cogs.ui.price_options import Press, complete_metal, prices_of, user_error

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOUR = 0xB8860B


def movers_command() -> app_commands.Command[Any, ..., None]:
    """A fresh `movers` subcommand."""

    @app_commands.command(
        name="movers", description=locale_str("The largest price moves, and the headlines before them")
    )
    @app_commands.describe(
        metal=locale_str("Which metal; none for all"),
        days=locale_str("How many days back"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    @app_commands.autocomplete(metal=complete_metal)
    async def command(
        interaction: Press,
        metal: str | None = None,
        days: app_commands.Range[int, 1, 30] = 7,
        share: bool = False,
    ) -> None:
        service = prices_of(interaction)
        await think(interaction, share=share)
        try:
            slug = instrument(metal).slug if metal else None
        except PriceError as error:
            raise user_error(error) from error
        database = interaction.client.services.db
        found = await movers(service, database, scope(interaction), utcnow(), metal=slug, days=days)
        if not found:
            await answer(interaction, _("No moves are stored for that time yet."), share=share)
            return
        embed = movers_embed(found)
        if service.demo:
            embed.set_footer(text=demo_label())
        await answer(interaction, embed=embed, share=share)

    return command


def movers_embed(found: Sequence[Mover]) -> discord.Embed:
    """One paragraph a move. Headlines are named as what came before, not as a cause."""
    blocks = []
    for mover in found:
        start, end = int(mover.start.at.timestamp()), int(mover.end.at.timestamp())
        lines = [
            f"**{INSTRUMENTS[mover.metal].local_name} {format_percent(mover.change)}** · <t:{start}:f> – <t:{end}:t>"
        ]
        for headline in mover.headlines:
            title, link = clamp_plain(headline.title, 160), web_link(headline.url, 300)
            shown = f"[{title}](<{link}>)" if link else title
            lines.append(f"- {shown} · <t:{int(headline.at.timestamp())}:t>")
        if not mover.headlines:
            lines.append(_("No headline about it in the three hours before."))
        blocks.append("\n".join(lines))
    text = "\n\n".join(blocks)
    embed = discord.Embed(title=_("Largest moves within an hour"), description=text[:4000], colour=_COLOUR)
    return embed.add_field(name="\u200b", value=_("Headlines stand here because they came before, not as a cause."))
