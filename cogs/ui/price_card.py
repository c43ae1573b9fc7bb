"""How prices look in Discord: a quote, an overview, a chart's words. Pure: from a quote to an embed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery.markdown import clamp_plain, web_link
from bot.i18n import _
from bot.prices.commands import price_in
from bot.prices.instruments import INSTRUMENTS
from bot.prices.market_hours import next_open
from bot.prices.message import basis_name, changes_line, source_line, standing_text
from bot.prices.model import Basis, Reading, Standing, demo_label
from bot.prices.units import EXACT, UNITS, convert_price, format_price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.prices.chart import Chart
    from bot.prices.currency import Rates
    from bot.prices.model import Changes, Consensus
    from bot.prices.units import Unit

_COLOUR: Final = 0xB8860B
_QUIET: Final = 0x8A8F98  # stale, closed or in dispute


def quote_embed(
    found: Consensus, changes: Changes, rates: Rates, currency: str, unit: str, *, demo: bool = False
) -> discord.Embed:
    """One metal: the figure, where it comes from, how old it is and what to know about it. Raises UnknownCurrency."""
    item = INSTRUMENTS[found.metal]
    price = price_in(found, rates, currency, unit)
    lines = []
    title = item.local_name
    if price is not None:
        title += f" · {format_price(price, currency, UNITS[unit])}"
        changed = changes_line(changes)
        lines += [changed] if changed else []
    else:
        lines.append(f"**{_('No figure just now')}**")
    lines.append(source_line(found))
    if found.note:
        lines.append(_("Hint: {note}.").format(note=found.note))
    if not found.market_open:
        opening = int(next_open(found.now).timestamp())
        lines.append(_("The market opens <t:{time}:R>; until then alerts rest.").format(time=opening))
    if item.benchmark:
        lines.append(_("Of: {benchmark}.").format(benchmark=item.benchmark))
    lines += _readings(found, rates, currency, unit)
    if price is None and found.last_good is not None and found.last_good_at is not None:
        last = rates.convert(convert_price(found.last_good, item.unit, UNITS[unit]), "USD", currency)
        lines.append(
            _("Last figure that held: {price}, <t:{time}:R>").format(
                price=format_price(last, currency, UNITS[unit]), time=int(found.last_good_at.timestamp())
            )
        )
    calm = found.good and found.market_open
    embed = discord.Embed(title=title, description="\n".join(lines), colour=_COLOUR if calm else _QUIET)
    footer = _footer(found, rates, currency, demo=demo)
    if footer:
        embed.set_footer(text=footer)
    return embed


def _readings(found: Consensus, rates: Rates, currency: str, unit: str) -> list[str]:
    """Each source's own word, when there are several."""
    shown = [*found.readings, *(reading for reading in found.others if reading.basis is not Basis.MONTHLY)]
    if len(shown) < 2 and found.standing not in (Standing.DISAGREE, Standing.UNCONFIRMED):
        return []
    return ["", *(_reading(reading, rates, currency, unit, used=reading in found.readings) for reading in shown[:6])]


def _reading(reading: Reading, rates: Rates, currency: str, unit: str, *, used: bool) -> str:
    home = INSTRUMENTS[reading.metal].unit
    factor = rates.convert(convert_price(EXACT.create_decimal(1), home, UNITS[unit]), "USD", currency)
    text = format_price(reading.price * factor, currency, UNITS[unit])
    if reading.bid is not None and reading.ask is not None:
        bid, ask = (
            format_price(side * factor, currency).removesuffix(f" {currency}") for side in (reading.bid, reading.ask)
        )
        text += " " + _("(bid {bid}, ask {ask})").format(bid=bid, ask=ask)
    label = "" if reading.basis is Basis.SPOT else f" · {basis_name(reading.basis)}"
    aside = "" if used else f" · {_('not counted')}"
    age = f"<t:{int(reading.as_of.timestamp())}:R>"
    return f"- {clamp_plain(reading.source, 40)}: {text}{label}{aside} · {age}"


def _footer(found: Consensus, rates: Rates, currency: str, *, demo: bool) -> str:
    if demo:
        return demo_label()  # its exchange rates are invented too: nobody is to be credited with them
    parts = []
    if currency != "USD" and rates.day is not None:
        parts.append(_("Exchange rates: ECB, {day}").format(day=rates.day.date().isoformat()))
    if found.basis is Basis.MONTHLY:
        parts.append("World Bank, CC BY 4.0")
    return " · ".join(parts)


def overview_embed(
    rows: Sequence[tuple[Consensus, Changes]],
    rates: Rates,
    currency: str,
    units: Mapping[str, Unit],
    *,
    demo: bool = False,
) -> discord.Embed:
    """Every metal there is a figure for, one line each. units: by the metal's slug. Raises UnknownCurrency."""
    lines = []
    for found, changes in rows:
        item = INSTRUMENTS[found.metal]
        unit = units[found.metal]
        price = price_in(found, rates, currency, unit.code)
        figure = _("no figure") if price is None else format_price(price, currency, unit)
        remarks = [changes_line(changes), standing_text(found)]
        if found.basis is Basis.MONTHLY:
            remarks.append(found.as_of.strftime("%Y-%m"))
        tail = " · ".join(remark for remark in remarks if remark)
        lines.append(f"- **{item.local_name}** {figure}" + (f" · {tail}" if tail else ""))
    embed = discord.Embed(title=_("Prices"), description="\n".join(lines)[:4000], colour=_COLOUR)
    if rows:
        footer = _footer(rows[0][0], rates, currency, demo=demo)
        if footer:
            embed.set_footer(text=footer)
    return embed


def chart_embed(chart: Chart, picture: str, *, table: bool = False) -> discord.Embed:
    """The words beside a chart: its sentence, the numbered headlines, and on request the table of prices."""
    lines = [chart.story]
    if chart.markers:
        lines.append("")
    for number, marker in enumerate(chart.markers, 1):
        title, link = clamp_plain(marker.title, 160), web_link(marker.url, 300)
        shown = f"[{title}](<{link}>)" if link else title
        lines.append(f"{number}\\. {shown} · <t:{int(marker.at.timestamp())}:d>")
    embed = discord.Embed(title=chart.title, description="\n".join(lines)[:3000], colour=_COLOUR)
    embed.set_image(url=f"attachment://{picture}")
    if chart.drawing["demo"]:
        embed.set_footer(text=demo_label())
    if table:
        width = max((len(price) for _when, price in chart.table), default=0)
        rows = "\n".join(f"{when}  {price:>{width}}" for when, price in chart.table)
        embed.add_field(name=_("Table (UTC)"), value=f"```\n{rows}\n```"[:1024], inline=False)
    return embed
