"""What every price source shares: how a request and an answer look, and reading numbers and times out of JSON.

A source is a small module with `requests(spec) -> list[Request]` and `parse(request, body, fetched_at) -> Parsed`.
Parsing is pure; asking, pacing and backing off are in `bot/prices/polling.py`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from bot.prices.model import Basis, PriceError, Reading
from bot.prices.units import EXACT, Unit, convert_price

if TYPE_CHECKING:
    from bot.prices.instruments import Instrument

# url, headers, seconds → status, headers (lower-case names), body. Without an answer: OSError or TimeoutError.
Get = Callable[[str, Mapping[str, str], float], Awaitable[tuple[int, Mapping[str, str], bytes]]]

_LONGEST: Final = 40  # digits of a price; more is an attack or a fault
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


class BadAnswer(PriceError):
    """A source answered with something that is not the price asked for; the message says what it was."""


@dataclass(frozen=True, slots=True)
class Request:
    """One URL to ask. metals: slugs it should bring ("fx" for currencies). headers may hold a key: never logged."""

    url: str
    metals: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parsed:
    """readings: prices in US dollars per home unit. rates: currency → units per euro, of `rates_day`.

    history: older monthly figures (slug, month, price), where a source brings them along.
    """

    readings: tuple[Reading, ...] = ()
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    rates_day: datetime | None = None
    history: tuple[tuple[str, datetime, Decimal], ...] = ()


def load_json(body: bytes) -> object:
    """The JSON of an answer with every number a Decimal. Raises BadAnswer that says what came instead."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        raise BadAnswer("the answer was empty")
    if text[0] == "<":
        what = "a page that asks for JavaScript" if "javascript" in text[:2000].casefold() else "a web page"
        raise BadAnswer(f"the answer was {what}, not JSON")
    try:
        loaded: object = json.loads(text, parse_float=Decimal, parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise BadAnswer(f'the answer was not JSON: "{_short(text)}"') from error
    return loaded


def _integer(text: str) -> Decimal:
    return Decimal(text) if len(text) <= _LONGEST else _no_constant(text)


def _no_constant(text: str) -> Decimal:
    raise ValueError(f"{text[:20]} is no price")


def _short(text: str) -> str:
    return " ".join(text.split())[:80]


def as_object(value: object, what: str = "the answer") -> Mapping[str, object]:
    """Raises BadAnswer unless the value is a JSON object."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} should be a JSON object")
    return value


def complaint(answer: Mapping[str, object]) -> str | None:
    """The error a source reports inside a 200, if it does: the usual shapes of `success`, `status`, `error`."""
    error = answer.get("error") or answer.get("error_message")
    failed = answer.get("success") is False or str(answer.get("status", "")).casefold() in (
        "error",
        "failure",
        "failed",
    )
    if not error and not failed:
        return None
    if isinstance(error, dict):
        error = error.get("info") or error.get("message") or error.get("type") or error.get("code")
    return _short(str(error or answer.get("message") or "it reports a failure"))


def number(value: object, what: str) -> Decimal:
    """A positive price, also when it is quoted as a string. Raises BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, str)):
        raise BadAnswer(f"{what} should be a number")
    try:
        found = Decimal(value.strip().replace(",", "")) if isinstance(value, str) else value
    except InvalidOperation as error:
        raise BadAnswer(f'{what} should be a number, not "{_short(str(value))}"') from error
    if not found.is_finite() or found <= 0:
        raise BadAnswer(f"{what} should be above zero")
    if len(found.as_tuple().digits) > _LONGEST or abs(found.adjusted()) > _LONGEST:
        raise BadAnswer(f"{what} has more digits than a price can have")
    return found


def moment(value: object, fetched_at: datetime) -> datetime:
    """The source's own time: ISO 8601, Unix seconds or milliseconds; the fetch time where none is given or usable."""
    found: datetime | None = None
    if isinstance(value, str):
        text = value.strip()
        if text.isdecimal():
            return moment(Decimal(text[:_LONGEST]), fetched_at)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return fetched_at
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    elif isinstance(value, Decimal) and value.is_finite() and 0 < value < 10**16:
        seconds = float(value) / (1000 if value > 10**11 else 1)
        try:
            found = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return fetched_at
    if found is None or found < _EARLIEST or found > fetched_at + timedelta(days=1):
        return fetched_at
    return found.replace(microsecond=0)


def reading(
    instrument: Instrument,
    price: Decimal,
    per: Unit,
    *,
    source: str,
    as_of: datetime,
    fetched_at: datetime,
    basis: Basis = Basis.SPOT,
    bid: Decimal | None = None,
    ask: Decimal | None = None,
) -> Reading:
    """A reading in the metal's home unit, from a price per any unit."""
    return Reading(
        metal=instrument.slug,
        price=convert_price(price, per, instrument.unit),
        basis=basis,
        source=source,
        as_of=as_of,
        fetched_at=fetched_at,
        bid=None if bid is None else convert_price(bid, per, instrument.unit),
        ask=None if ask is None else convert_price(ask, per, instrument.unit),
    )


def middle(bid: Decimal, ask: Decimal) -> Decimal:
    """Half way between bid and ask. Raises BadAnswer for a crossed or absurdly wide pair."""
    if bid > ask:
        raise BadAnswer("the bid is above the ask")
    if ask > bid * 2:
        raise BadAnswer("bid and ask are too far apart to be a market")
    return EXACT.divide(bid + ask, Decimal(2))
