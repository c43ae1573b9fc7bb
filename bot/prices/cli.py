"""`headframe price [METAL …]`: the consensus quote now, with its sources, as text or JSON. Stores nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.prices.currency import Rates
    from bot.prices.model import Consensus
    from bot.prices.polling import Health


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command; `handler` goes from the parsed arguments to the exit status."""
    summary = "the price now, agreed between sources, with where it comes from"
    price = subparsers.add_parser("price", help=summary, description=summary)
    price.add_argument("metals", nargs="*", metavar="METAL", help="gold, XAU, copper …; none for all that are quoted")
    price.add_argument("--currency", default="USD", help="three letters, such as EUR (default USD)")
    price.add_argument("--unit", help="oz, g, kg, lb, t … (default: as each metal is quoted)")
    price.add_argument("--json", action="store_true", help="one JSON object a line")
    price.set_defaults(handler=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when every metal asked for has a figure, 1 when one has none, 2 for a word we do not know."""
    from bot.prices.model import PriceError

    try:
        return asyncio.run(_run(arguments))
    except PriceError as error:
        sys.stderr.write(f"headframe: {error}\n")
        return 2


async def _run(arguments: argparse.Namespace) -> int:
    from bot import settings as settings_module
    from bot.clock import utcnow
    from bot.feeds.fetch import user_agent
    from bot.feeds.guard import Guard
    from bot.prices.build import keys_of
    from bot.prices.consensus import agree
    from bot.prices.currency import Rates, parse_currency
    from bot.prices.http import PriceHttp
    from bot.prices.instruments import INSTRUMENTS, instrument
    from bot.prices.polling import Poller
    from bot.prices.source_list import load
    from bot.prices.units import parse_unit

    wanted = [instrument(text).slug for text in arguments.metals]
    currency = parse_currency(arguments.currency)
    unit = parse_unit(arguments.unit).code if arguments.unit else None
    settings = settings_module.load()
    sources = load(settings.headframe_price_sources, keys_of(settings))
    now = utcnow()
    needed = [
        source
        for source in sources
        if not wanted or set(source.metals) & set(wanted) or (source.metals == ("fx",) and currency != "USD")
    ]
    # A command asks once: the poller's "asked again in …" is for a process that stays.
    logging.getLogger("bot.prices.polling").setLevel(logging.ERROR)
    guard = Guard(settings.headframe_allow_private)
    from importlib.metadata import version

    async with PriceHttp(guard, user_agent(version("headframe"), settings.headframe_contact)) as http:
        poller = Poller(needed, http.get, now)
        polled = await poller.poll(now)
    rates = polled.rates or Rates()
    found = {slug: agree(INSTRUMENTS[slug], poller.readings(slug), now) for slug in wanted or poller.metals}
    status = 0
    for slug, quote in found.items():
        if quote is None or quote.price is None:
            status = 1
        if quote is None:
            sys.stderr.write(f"headframe: no source answered for {slug}\n")
            continue
        sys.stdout.write(
            _json(quote, rates, currency, unit) if arguments.json else _text(quote, rates, currency, unit, now)
        )
    sys.stderr.write("".join(f"headframe: {text}\n" for text in _complaints(poller.health())))
    if status:
        sys.stderr.write(f"headframe: {_advice(found.values())}\n")
    return status


def _complaints(health: Sequence[Health]) -> list[str]:
    """A line for each source that failed, whatever it was asked for: "gold-api (gold, silver): it refuses (403)"."""
    failed: dict[str, dict[str, list[str]]] = {}
    for line in health:
        if line.error:
            failed.setdefault(line.source, {}).setdefault(line.error, []).extend(line.metals)
    return [
        f"{source} " + "; ".join(f"({_named(metals)}): {error}" for error, metals in errors.items())
        for source, errors in failed.items()
    ]


def _named(metals: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(metals[:3])) + (" …" if len(metals) > 3 else "")


def _advice(found: Iterable[Consensus | None]) -> str:
    """What to do when a metal has no figure."""
    if any(quote is not None for quote in found):
        return "not every metal has a figure; try again in a minute, or see `headframe doctor` for each source"
    return "no price could be had; check this machine's internet connection, then ask again"


def _text(found: Consensus, rates: Rates, currency: str, unit: str | None, now: datetime) -> str:
    from bot.prices.commands import price_in
    from bot.prices.instruments import INSTRUMENTS
    from bot.prices.message import standing_text
    from bot.prices.units import UNITS, format_price

    item = INSTRUMENTS[found.metal]
    per = unit or item.unit.code
    price = price_in(found, rates, currency, per)
    figure = "no figure" if price is None else format_price(price, currency, UNITS[per])
    seconds = max(0, int((now - found.as_of).total_seconds()))
    age = f"{seconds} s" if seconds < 600 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 86400} days"
    parts = [f"{item.slug}\t{figure}\t{found.basis}: {', '.join(found.sources) or '-'}, {age} old"]
    remark = standing_text(found)
    if remark:
        parts.append(remark)
    return "\t".join(parts) + "\n"


def _json(found: Consensus, rates: Rates, currency: str, unit: str | None) -> str:
    from bot.prices.commands import price_in
    from bot.prices.instruments import INSTRUMENTS

    per = unit or INSTRUMENTS[found.metal].unit.code
    price = price_in(found, rates, currency, per)
    row = {
        "metal": found.metal,
        "price": None if price is None else str(price),
        "currency": currency,
        "unit": per,
        "basis": str(found.basis),
        "standing": str(found.standing),
        "market_open": found.market_open,
        "as_of": found.as_of.isoformat(),
        "sources": [
            {"source": reading.source, "price_usd": str(reading.price), "as_of": reading.as_of.isoformat()}
            for reading in found.readings
        ],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
