"""What `/alert test` says of a price alert: how far off it is, and when it would have gone off. Pure.

Stored prices are replayed past the very rules that judge live ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.i18n import _
from bot.prices.alert_rules import View, rearm_level, rest_over, threshold
from bot.prices.alerts import AlertIndex
from bot.prices.commands import price_in, window_text
from bot.prices.instruments import INSTRUMENTS
from bot.prices.message import standing_text
from bot.prices.units import EXACT, UNITS, convert_price, format_percent, format_price
from bot.prices.windows import Moves
from storage.price_alerts import changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from bot.prices.currency import Rates
    from bot.prices.model import Consensus, Point
    from storage.price_alerts import PriceAlert


def firings(alert: PriceAlert, points: Sequence[Point], rates: Mapping[str, Decimal]) -> list[datetime]:
    """The moments it would have gone off if it had been watching, as if it repeated. About 0.1 ms a point.

    points: US dollars per home unit, oldest first. rates: today's, for the whole time.
    """
    if not points:
        return []
    watching = changed(
        alert, state="active", repeat=True, armed=None, firings=0, last_fired_at=None, expires_at=None,
        created_at=points[0].at,
    )  # fmt: skip
    index, moves, moments = AlertIndex([watching]), Moves([alert.window_seconds or 0]), []
    for point in points:
        moves.push(point.at, point.price, point.price)
        moved = moves.moves(point.at, point.price, point.price)
        view = View(alert.instrument, point.price, point.price, point.at, rates, moved)
        moments += [point.at for change in index.evaluate(view) if change.fired]
    return moments


def distance(
    alert: PriceAlert, found: Consensus | None, rates: Rates, move: Decimal | None, now: datetime
) -> list[str]:
    """Lines on where the price stands to the alert. move: the present one within its window. Raises UnknownCurrency."""
    price = None if found is None else price_in(found, rates, alert.currency, alert.unit)
    if found is None or price is None:
        return [_("No figure just now")]
    unit = UNITS[alert.unit]
    here = _("Now {price}").format(price=format_price(price, alert.currency, unit))
    if alert.level is None:
        lines = [f"{here}."]
        if move is not None:
            text = _("It has moved {percent} within {window}; {size} sets the alert off.")
            lines = [f"{here}. " + text.format(
                percent=format_percent(move), window=window_text(alert.window_seconds),
                size=format_percent(threshold(alert), sign=False))]  # fmt: skip
    else:
        away = format_percent(EXACT.divide(alert.level, price) - 1)
        lines = [f"{here}: " + _("{percent} to the level.").format(percent=away)]
        if alert.armed is False:
            back = convert_price(rearm_level(alert), INSTRUMENTS[alert.instrument].unit, unit)
            text = _("The price has been past the level: the alert waits until it is back at {price}.")
            lines.append(text.format(price=format_price(back, alert.currency, unit)))
    if alert.armed is False and rest_over(alert) > now:
        lines.append(_("It rests until {time}.").format(time=f"<t:{int(rest_over(alert).timestamp())}:f>"))
    remark = standing_text(found)
    return [*lines, f"-# {remark}"] if remark else lines
