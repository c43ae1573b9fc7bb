"""Exchange rates from the ECB's daily euro reference rates, and exact conversion. Pure.

The ECB publishes them around 16:00 CET on working days, "for information purposes only": good for showing a price in
another currency, not for trading. Source: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.prices.model import PriceError
from bot.prices.units import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAMES: Final[dict[str, str]] = {
    "USD": "US dollar", "EUR": "euro", "GBP": "pound sterling", "CAD": "Canadian dollar", "AUD": "Australian dollar",
    "JPY": "Japanese yen", "CHF": "Swiss franc", "CNY": "Chinese yuan", "INR": "Indian rupee",
    "ZAR": "South African rand",
    "BRL": "Brazilian real", "MXN": "Mexican peso", "SEK": "Swedish krona", "NOK": "Norwegian krone",
    "DKK": "Danish krone", "PLN": "Polish zloty", "CZK": "Czech koruna", "HUF": "Hungarian forint",
    "RON": "Romanian leu", "ISK": "Icelandic króna", "TRY": "Turkish lira", "HKD": "Hong Kong dollar",
    "SGD": "Singapore dollar", "KRW": "South Korean won", "IDR": "Indonesian rupiah", "MYR": "Malaysian ringgit",
    "PHP": "Philippine peso", "THB": "Thai baht", "ILS": "Israeli shekel", "NZD": "New Zealand dollar",
}  # fmt: skip


class UnknownCurrency(PriceError):
    """No rate is known for the currency."""


@dataclass(frozen=True, slots=True)
class Rates:
    """per_euro: ISO 4217 code → its units per euro (EUR itself is implied). day: whose rates; None before the first."""

    per_euro: Mapping[str, Decimal] = field(default_factory=dict)
    day: datetime | None = None

    def per_dollar(self) -> dict[str, Decimal]:
        """Currency → its units per US dollar; only USD when no rates are known."""
        dollar = self.per_euro.get("USD")
        if dollar is None:
            return {"USD": Decimal(1)}
        table = {code: EXACT.divide(rate, dollar) for code, rate in self.per_euro.items()}
        return table | {"EUR": EXACT.divide(Decimal(1), dollar), "USD": Decimal(1)}

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        """The amount in another currency. Raises UnknownCurrency."""
        if source == target:
            return amount
        table = self.per_dollar()
        for code in (source, target):
            if code not in table:
                raise UnknownCurrency(self._explain(code))
        return EXACT.divide(EXACT.multiply(amount, table[target]), table[source])

    def _explain(self, code: str) -> str:
        if not self.per_euro:
            text = _("No exchange rates have been read yet, so {code} cannot be shown; use USD or try again shortly.")
            return text.format(code=code)
        text = _("{code} is not among the ECB's reference rates; use one of {codes}.")
        return text.format(code=code, codes=", ".join(sorted(self.per_dollar())))


def parse_currency(text: str) -> str:
    """The ISO code a person means: "eur", "€", "Canadian dollar". Raises UnknownCurrency."""
    key = " ".join(text.strip().casefold().split())
    signs = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "c$": "CAD", "a$": "AUD", "₹": "INR"}
    if key in signs:
        return signs[key]
    if len(key) == 3 and key.isascii() and key.isalpha():
        return key.upper()
    for code, name in NAMES.items():
        if key and key == name.casefold():
            return code
    raise UnknownCurrency(
        _("“{text}” is not a currency; use its three-letter code, such as USD, EUR or CAD.").format(text=text[:30])
    )
