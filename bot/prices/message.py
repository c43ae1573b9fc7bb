"""What a fired price alert says, as the payload of its outbox row, in the language in force. Pure; sends nothing.

The text is fixed when the alert fires: it says what was true then, however late it goes out. Times are Discord's own
(<t:…>), so each reader sees their zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.delivery.markdown import clamp_plain, web_link
from bot.i18n import _
from bot.prices.commands import describe_alert, window_text
from bot.prices.model import Basis, FiredAlert, Standing, demo_label
from bot.prices.units import EXACT, UNITS, format_percent, format_price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.prices.model import Changes, Consensus
    from storage.records import JsonObject

_COLOUR: Final = 0xB8860B
_HOUR: Final = 3600
SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Headline:
    """A story around the move. Everything but `at` is a publisher's text."""

    title: str
    url: str | None
    at: datetime


def alert_payload(fired: FiredAlert, headlines: Sequence[Headline] = ()) -> JsonObject:
    """content, name, embed and chart, as the delivery layer posts them; alert_id and firing for whoever asks why.

    headlines: oldest first; the chart calls them by the numbers they have here.
    """
    alert, found = fired.alert, fired.consensus
    title = describe_alert(alert)
    price = format_price(fired.price, fired.currency, UNITS[alert.unit])
    now = _("Now {price}").format(price=price)
    lines, since = [], fired.changes
    if fired.move is not None:
        lines.append(_("Moved {percent} within {window}.").format(
            percent=format_percent(fired.move), window=window_text(alert.window_seconds)))  # fmt: skip
        # The move counts from the window's extreme, the changes from its beginning: two figures of one hour would
        # only puzzle.
        since = replace(
            since,
            hour=None if alert.window_seconds == _HOUR else since.hour,
            day=None if alert.window_seconds == _HOUR * 24 else since.day,
        )
    changes = changes_line(since)
    if changes:
        lines.append(changes)
    if fired.late:
        lines.append("⚠️ " + _("Crossed while I was away: the price was past the level when I came back."))
    lines.append(source_line(found))
    if fired.rates_day is not None:
        lines.append(_("Exchange rates: ECB, {day}").format(day=fired.rates_day.date().isoformat()))
    shown = headlines[-SHOWN:]
    if shown:
        lines += ["", f"**{_('Headlines around the move')}**"]
        lines += [f"{number}\\. {_headline(one)}" for number, one in enumerate(shown, 1)]
    if not alert.repeat:
        lines += ["", _("This alert has done its work and will not fire again, unless you set it again.")]
    return {
        "content": f"🔔 {title} · {now}",  # all that a telephone shows; the embed goes on from there
        "name": title,
        "embed": {
            "description": "\n".join(lines)[:4000],
            "color": _COLOUR,
            **({"footer": {"text": demo_label()}} if fired.demo else {}),
        },
        "chart": {
            "metal": alert.instrument,
            "range": "1d",
            "currency": fired.currency,
            "unit": alert.unit,
            "level": None if alert.level is None else str(alert.level),
            "price": str(fired.price),
            "at": int(found.now.timestamp()),
            "since": _start(fired),
            "headlines": [int(one.at.timestamp()) for one in shown],
            "language": alert.language,
        },
        # The button under it, for its owner alone: in a channel it would be everybody's.
        "again": _("Set again") if not alert.repeat and alert.target_kind == "user" else None,
        "alert_id": alert.id,
        "firing": alert.firings,
        "price": str(fired.price),
        "late": fired.late,
    }


def _start(fired: FiredAlert) -> list[int | str] | None:
    """Where the line begins, in the alert's currency and unit: where the text's 24 hours begin, so that both agree."""
    start, now = fired.changes.start, fired.consensus.price
    if start is None or not now:
        return None
    return [int(start.at.timestamp()), str(EXACT.divide(EXACT.multiply(start.price, fired.price), now))]


def _headline(one: Headline) -> str:
    title, link = clamp_plain(one.title, 200), web_link(one.url, 400)
    shown = f"[{title}](<{link}>)" if link else title
    return f"{shown} · <t:{int(one.at.timestamp())}:R>"


def changes_line(changes: Changes) -> str:
    """ "+0.82 % in 1 h · −0.10 % in 24 h"; empty where nothing is known."""
    parts = []
    if changes.hour is not None:
        parts.append(_("{percent} in 1 h").format(percent=format_percent(changes.hour)))
    if changes.day is not None:
        parts.append(_("{percent} in 24 h").format(percent=format_percent(changes.day)))
    return " · ".join(parts)


def source_line(found: Consensus) -> str:
    """Where a figure comes from, what it is and how old: "Spot: gold-api, swissquote, 20 seconds ago"."""
    sources = ", ".join(found.sources) or _("stored earlier")
    line = f"{basis_name(found.basis)}: {clamp_plain(sources, 200)}"
    if found.basis is Basis.MONTHLY:
        line += f", {found.as_of.strftime('%Y-%m')}"
    else:
        line += f", <t:{int(found.as_of.timestamp())}:R>"
    remark = standing_text(found)
    return f"{line} · {remark}" if remark else line


def standing_text(found: Consensus) -> str:
    """What a reader should know about how far to trust the figure; empty when all is well."""
    texts = {
        Standing.WIDE: _("the sources differ more than usual"),
        Standing.SINGLE: "" if found.basis is Basis.MONTHLY else _("one source"),
        Standing.DISAGREE: _("the sources disagree, so there is no figure and no alert fires"),
        Standing.UNCONFIRMED: _("a jump that a second source has not confirmed yet"),
        Standing.STALE: _("stale: no source answers at present"),
    }
    parts = [texts.get(found.standing, "")]
    if not found.market_open:
        parts.append(_("market closed"))
    return " · ".join(part for part in parts if part)


def basis_name(basis: Basis) -> str:
    """ "Spot", "Futures", "Monthly average", in the language in force."""
    names = {
        Basis.SPOT: _("Spot"), Basis.FUTURES: _("Futures"), Basis.MONTHLY: _("Monthly average"),
        Basis.REFERENCE: _("Reference rate"),
    }  # fmt: skip
    return names[basis]
