"""What a person types about a price alert, and how it is told back. Pure. What to suggest is in `suggest`.

`parse_condition` understands "4500", "4,500.50", "4 500,50", "$4500", "140 eur/g", "4.5k" for levels, and "2%" or
"2% in 1h" for moves. See docs/price-alerts.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, get_args

from bot.i18n import _, duration
from bot.prices.currency import parse_currency
from bot.prices.instruments import INSTRUMENTS, Instrument, instrument
from bot.prices.model import Basis, PriceError
from bot.prices.units import EXACT, UNITS, convert_price, format_percent, format_price, parse_unit
from bot.prices.windows import WINDOWS
from storage.price_alerts import Condition, PriceAlert

if TYPE_CHECKING:
    from bot.prices.currency import Rates
    from bot.prices.model import Consensus

DEFAULT_WINDOW: Final = "1h"
_MIN_MOVE, _MAX_MOVE = Decimal("0.1"), Decimal(50)
_LONGEST: Final = 80
_LEVEL: Final = re.compile(
    r"(?P<sign>[^\d\s.,/+−-]{1,3})?\s*(?P<number>\d[\d\s.,'’]*)(?P<k>k)?\s*(?P<currency>[^\W\d_]{3}|[^\w\s/.,]{1,3})?"
    r"\s*(?:(?:/|per)\s*(?P<unit>[^\d/]+))?"
)
_MOVE: Final = re.compile(
    r"[±+-]?\s*(?P<number>\d[\d.,]*)\s*(?:%|percent)?\s*(?:(?:in|within|/|per)\s*(?P<count>\d*)\s*(?P<word>[^\W\d_]+))?"
)
_WORDS: Final = {
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "h": "h", "hr": "h", "hrs": "h", "hour": "h",
    "hours": "h", "d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w", "heure": "h", "heures": "h",
    "jour": "d", "jours": "d", "hora": "h", "horas": "h", "día": "d", "días": "d", "semaine": "w", "semana": "w",
}  # fmt: skip
_SAME: Final = {
    "60m": "1h",
    "120m": "2h",
    "240m": "4h",
    "480m": "8h",
    "24h": "1d",
    "72h": "3d",
    "1w": "7d",
    "168h": "7d",
}


class BadCondition(PriceError):
    """The alert cannot be understood, or could never go off; the message shows how to write it."""


@dataclass(frozen=True, slots=True)
class ParsedCondition:
    """What an alert watches for. level: per `unit` in `currency` (above, below); percent, window: moves."""

    instrument: Instrument
    condition: Condition
    level: Decimal | None
    percent: Decimal | None
    window_seconds: int | None
    currency: str
    unit: str
    explicit: bool = False  # its currency and unit were both written, not taken from the person's settings

    def describe(self) -> str:
        """ "Gold above 4,500.00 USD/oz t", in the language in force."""
        return describe(self.instrument.slug, self.condition, self.level, self.percent, self.window_seconds,
                        self.currency, self.unit)  # fmt: skip


def parse_condition(
    metal: str, condition: str, value: str, *, currency: str = "USD", unit: str | None = None
) -> ParsedCondition:
    """Raises BadCondition, UnknownMetal, UnknownCurrency or UnknownUnit, each fit to be shown.

    currency, unit: the person's own, where the value names none; unit None is the metal's home unit.
    """
    item = instrument(metal)
    word = condition.strip().casefold()
    if word not in get_args(Condition):
        raise BadCondition(_("The condition is above, below or moves."))
    text = value.strip()
    if len(text) > _LONGEST:
        raise BadCondition(_("That is too long for a price; write it like 4500 or 2% in 1h."))
    if word == "moves":
        return _parse_move(item, text, currency, unit)
    return _parse_level(item, "above" if word == "above" else "below", text, currency, unit)


def _parse_level(item: Instrument, condition: Condition, text: str, currency: str, unit: str | None) -> ParsedCondition:
    found = _LEVEL.fullmatch(text)
    if found is None:
        raise BadCondition(
            _("“{text}” is not a price; write it like 4500, 4,500.50 or 140 EUR/g.").format(text=text[:40])
        )
    level = parse_number(found["number"])
    if found["k"]:
        level *= 1000
    if level <= 0:
        raise BadCondition(_("A level is above zero; write it like 4500."))
    named = [part for part in (found["sign"], found["currency"]) if part]
    if len(named) == 2 and parse_currency(named[0]) != parse_currency(named[1]):
        raise BadCondition(_("“{text}” names two currencies; keep one of them.").format(text=text[:40]))
    chosen_unit = parse_unit(found["unit"] or unit or item.unit.code)
    chosen = parse_currency(named[0]) if named else parse_currency(currency)
    explicit = bool(named and found["unit"])
    return ParsedCondition(item, condition, level, None, None, chosen, chosen_unit.code, explicit)


def _parse_move(item: Instrument, text: str, currency: str, unit: str | None) -> ParsedCondition:
    if item.basis is Basis.MONTHLY:
        raise BadCondition(
            _("{metal} is quoted once a month, so it has no moves to watch; set a level with above or below.").format(
                metal=item.name
            )
        )
    found = _MOVE.fullmatch(text.casefold())
    if found is None:
        raise BadCondition(_("“{text}” is not a move; write it like 2% or 2% in 1h.").format(text=text[:40]))
    percent = parse_number(found["number"])
    if not _MIN_MOVE <= percent <= _MAX_MOVE:
        raise BadCondition(_("A move lies between 0.1 % and 50 %."))
    window = _window(found["count"], found["word"])
    seconds = int(WINDOWS[window].total_seconds())
    return ParsedCondition(item, "moves", None, percent, seconds, parse_currency(currency), unit or item.unit.code)


def _window(count: str | None, word: str | None) -> str:
    if word is None:
        return DEFAULT_WINDOW
    window = f"{count or 1}{_WORDS.get(word, '?')}"
    window = _SAME.get(window, window)
    if window not in WINDOWS:
        raise BadCondition(_("A move is watched over {windows}.").format(windows=", ".join(WINDOWS)))
    return window


def window_name(seconds: int | None) -> str:
    """ "1h": as it is typed."""
    return next((key for key, span in WINDOWS.items() if span.total_seconds() == seconds), "?")


def window_text(seconds: int | None) -> str:
    """ "1 hour", "3 days", in the language in force."""
    return duration(seconds or 0)


def parse_number(text: str) -> Decimal:
    """A number as people write it: 4500 · 4,500.50 · 4.500,50 · 4 500,5 · 4'500. Raises BadCondition.

    With one kind of separator: a comma before groups of exactly three digits parts thousands, else decimals.
    """
    bare = re.sub(r"[\s'’]", "", text)
    if "," in bare and "." in bare:
        thousands, decimals = (",", ".") if bare.rindex(".") > bare.rindex(",") else (".", ",")
        bare = bare.replace(thousands, "").replace(decimals, ".")
    elif re.fullmatch(r"\d{1,3}(,\d{3})+", bare):
        bare = bare.replace(",", "")
    elif bare.count(".") > 1:
        bare = bare.replace(".", "")
    else:
        bare = bare.replace(",", ".")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise BadCondition(
            _("“{text}” is not a number; write it like 4500 or 4,500.50.").format(text=text[:40])
        ) from None
    if not number.is_finite() or len(number.as_tuple().digits) > 20 or (number and abs(number.adjusted()) > 20):
        raise BadCondition(
            _("“{text}” has too many digits for a price; write it like 4500 or 4,500.50.").format(text=text[:40])
        )
    return number


def describe(
    metal: str,
    condition: Condition,
    level: Decimal | None,
    percent: Decimal | None,
    window_seconds: int | None,
    currency: str,
    unit: str,
) -> str:
    """One line for lists and messages, in the language in force."""
    name = INSTRUMENTS[metal].local_name
    if condition == "moves":
        window = window_text(window_seconds)
        size = format_percent(EXACT.divide(percent or Decimal(0), Decimal(100)), sign=False)
        return _("{metal} moves {percent} in {window}").format(metal=name, percent=size, window=window)
    price = format_price(level or Decimal(0), currency, UNITS[unit])
    if condition == "above":
        return _("{metal} above {price}").format(metal=name, price=price)
    return _("{metal} below {price}").format(metal=name, price=price)


def describe_alert(alert: PriceAlert) -> str:
    """As `describe`, of a stored alert."""
    return describe(alert.instrument, alert.condition, alert.level, alert.percent, alert.window_seconds, alert.currency,
                    alert.unit)  # fmt: skip


def build_alert(
    parsed: ParsedCondition,
    *,
    owner_id: int,
    scope_guild_id: int,
    target_kind: str,
    target_id: int,
    now: datetime,
    repeat: bool = False,
    cooldown_seconds: int = 3600,
    expires_at: datetime | None = None,
    language: str | None = None,
) -> PriceAlert:
    """A new alert, ready for `AlertBook.add` (id 0: not stored yet)."""
    return PriceAlert(
        id=0,
        owner_id=owner_id,
        scope_guild_id=scope_guild_id,
        target_kind=target_kind,
        target_id=target_id,
        instrument=parsed.instrument.slug,
        condition=parsed.condition,
        level=parsed.level,
        percent=parsed.percent,
        window_seconds=parsed.window_seconds,
        currency=parsed.currency,
        unit=parsed.unit,
        created_at=now.astimezone(UTC),
        repeat=repeat,
        cooldown_seconds=cooldown_seconds,
        expires_at=expires_at,
        language=language,
    )


def price_in(found: Consensus, rates: Rates, currency: str, unit: str) -> Decimal | None:
    """The quote in a currency and unit; None without a figure. Raises UnknownCurrency."""
    if found.price is None:
        return None
    per_home = rates.convert(found.price, "USD", currency)
    return convert_price(per_home, INSTRUMENTS[found.metal].unit, UNITS[unit])


def already_passed(parsed: ParsedCondition, found: Consensus | None, rates: Rates) -> bool:
    """Whether the level is passed already, so that the alert waits for the price to come back first."""
    if found is None or parsed.level is None:
        return False
    price = price_in(found, rates, parsed.currency, parsed.unit)
    if price is None:
        return False
    return price >= parsed.level if parsed.condition == "above" else price <= parsed.level


def value_text(alert: PriceAlert) -> str:
    """An alert's value as a person would type it: "4500 USD/oz t", "2% in 1h"."""
    if alert.condition == "moves":
        return f"{alert.percent or 0:f}% in {window_name(alert.window_seconds)}"
    return f"{alert.level or 0:f} {alert.currency}/{alert.unit}"
