"""A source described by the operator instead of by code: a URL, where the price stands in its JSON, unit, currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from bot.prices.sources.base import (
    BadAnswer,
    Parsed,
    Request,
    complaint,
    load_json,
    middle,
    moment,
    number,
    reading,
)
from bot.prices.sources.path import follow, parse_path
from bot.prices.units import EXACT, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Template:
    """url: may hold {symbol}, {metal}, {currency} and {key}. symbols: metal → what {symbol} becomes.

    path: where the price stands; or bid_path and ask_path, whose middle it is; all may hold the same placeholders.
    unit: None for each metal's home unit. inverse: the value is metal per money. currency: other than USD is converted
    with the ECB's rates.
    """

    url: str
    symbols: Mapping[str, str]
    path: str | None = "price"
    bid_path: str | None = None
    ask_path: str | None = None
    time_path: str | None = None
    unit: Unit | None = None
    currency: str = "USD"
    basis: Basis = Basis.SPOT
    inverse: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


def requests(template: Template) -> list[Request]:
    """One request per metal, or one for all when the URL does not name the metal."""
    grouped: dict[str, list[str]] = {}
    for metal in template.symbols:
        grouped.setdefault(_fill(template.url, template, metal), []).append(metal)
    headers = {name: value.replace("{key}", template.key) for name, value in template.headers.items()}
    return [Request(url, tuple(metals), headers) for url, metals in grouped.items()]


def parse(
    template: Template,
    request: Request,
    body: bytes,
    fetched_at: datetime,
    source: str,
    per_dollar: Mapping[str, Decimal],
) -> Parsed:
    """per_dollar: currency → its units per US dollar. Raises BadAnswer."""
    answer = load_json(body)
    if isinstance(answer, dict):
        error = complaint(answer)
        if error:
            raise BadAnswer(f"it says: {error}")
    rate = per_dollar.get(template.currency)
    if rate is None:
        raise BadAnswer(f"its prices are in {template.currency}, and no exchange rate is known yet")
    found = []
    for metal in request.metals:
        instrument = INSTRUMENTS[metal]
        bid = ask = None
        if template.bid_path and template.ask_path:
            bid = _price(answer, template, metal, template.bid_path, rate)
            ask = _price(answer, template, metal, template.ask_path, rate)
            if template.inverse:
                bid, ask = ask, bid
            price = middle(bid, ask)
        else:
            price = _price(answer, template, metal, template.path or "price", rate)
        as_of = fetched_at
        if template.time_path:
            as_of = moment(_follow(answer, template, metal, template.time_path), fetched_at)
        found.append(
            reading(
                instrument, price, template.unit or instrument.unit, source=source, as_of=as_of,
                fetched_at=fetched_at, basis=template.basis, bid=bid, ask=ask,
            )
        )  # fmt: skip
    return Parsed(tuple(found))


def _price(answer: object, template: Template, metal: str, path: str, rate: Decimal) -> Decimal:
    value = number(_follow(answer, template, metal, path), path)
    if template.inverse:
        value = EXACT.divide(Decimal(1), value)
    return EXACT.divide(value, rate)


def _follow(answer: object, template: Template, metal: str, path: str) -> object:
    filled = _fill(path, template, metal)
    return follow(answer, parse_path(filled), filled)


def _fill(text: str, template: Template, metal: str) -> str:
    for name, value in (
        ("{symbol}", template.symbols[metal]),
        ("{metal}", metal),
        ("{currency}", template.currency),
        ("{key}", template.key),
    ):
        text = text.replace(name, value)
    return text
