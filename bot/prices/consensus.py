"""From several sources' readings to one honest quote. Pure: no clock, network or database.

The rules (issue "Prices"): spot is compared with spot only; a futures price may support or contradict a spot figure
within an allowance but is never mixed into it; a jump needs a second source; nothing fresh means the last good figure,
called stale. What alerts may rely on is narrower still: `low` and `high` are bounds that every source agrees on, and a
lone source has to say a thing twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.prices import market_hours
from bot.prices.instruments import FUTURES_ALLOWANCE, JUMP, Instrument
from bot.prices.model import Basis, Consensus, Reading, Standing
from bot.prices.units import EXACT, UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE: Final = timedelta(minutes=15)
MONTHLY_PATIENCE: Final = timedelta(days=100)  # a month's average appears in the month after; one may come late
AHEAD: Final = timedelta(minutes=5)  # a source's clock may be this fast
JUMP_MEMORY: Final = timedelta(hours=72)  # after so long (a weekend and a holiday) a step is no longer a spike


def apart(one: Decimal, other: Decimal) -> Decimal:
    """How far two prices differ, as a fraction of the smaller."""
    return EXACT.divide(abs(one - other), min(one, other))


def agree(
    instrument: Instrument, readings: Sequence[Reading], now: datetime, previous: Consensus | None = None
) -> Consensus | None:
    """The quote at `now` from each source's newest reading; None when there is nothing to say at all.

    previous: the last answer for this metal, for the jump gate, for "said twice" and for the stale figure. Readings
    that are not positive and finite, or come from the future, are left out.
    """
    usable = [reading for reading in readings if _plausible(reading, now)]
    fresh = [reading for reading in usable if _is_fresh(reading, now)]
    stale = tuple(reading for reading in usable if reading not in fresh)
    futures = [reading for reading in fresh if reading.basis is Basis.FUTURES]
    for basis in (Basis.SPOT, Basis.FUTURES, Basis.MONTHLY):
        chosen = [reading for reading in fresh if reading.basis is basis]
        if not chosen:
            continue
        if basis is Basis.MONTHLY and not instrument.monthly and previous and previous.last_good is not None:
            break  # the last good figure says more about gold than last month's average does
        others = (*(reading for reading in fresh if reading not in chosen), *stale)
        witnesses = futures if basis is Basis.SPOT else []
        return _settle(instrument, chosen, others, witnesses, now, previous)
    return _stale(instrument, usable, now, previous)


def _plausible(reading: Reading, now: datetime) -> bool:
    return reading.price.is_finite() and reading.price > 0 and reading.as_of <= now + AHEAD


def _is_fresh(reading: Reading, now: datetime) -> bool:
    if reading.basis is Basis.MONTHLY:
        return reading.as_of >= now - MONTHLY_PATIENCE
    return reading.as_of >= market_hours.fresh_since(now, PATIENCE)


def _settle(
    instrument: Instrument,
    chosen: list[Reading],
    others: tuple[Reading, ...],
    futures: list[Reading],
    now: datetime,
    previous: Consensus | None,
) -> Consensus:
    """The figure of one basis, from at least one fresh reading of it."""
    kept, outliers = _majority(instrument, chosen)
    prices = sorted(reading.price for reading in kept)
    price, spread = _middle(prices), apart(prices[0], prices[-1])
    basis = kept[0].basis
    answer = Consensus(
        metal=instrument.slug,
        price=price,
        basis=basis,
        standing=Standing.AGREED if spread <= instrument.normal else Standing.WIDE,
        as_of=min(now, *(reading.as_of for reading in kept)),
        now=now,
        market_open=basis is Basis.MONTHLY or market_hours.is_open(now),
        low=prices[0],
        high=prices[-1],
        readings=tuple(kept),
        others=(*outliers, *others),
        last_good=previous.last_good if previous else None,
        last_good_at=previous.last_good_at if previous else None,
    )
    if spread > instrument.limit:
        return replace(answer, price=None, low=None, high=None, standing=Standing.DISAGREE, note=_suspect(prices))
    if len(kept) == 1:
        answer = _alone(instrument, answer, kept[0], futures, previous)
        if answer.price is None:
            return answer
    if basis is not instrument.basis:
        return answer  # a stand-in (a future, a month's average) is nothing to measure the next spot price against
    return replace(answer, last_good=price, last_good_at=answer.as_of)


def _majority(instrument: Instrument, chosen: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    """With three sources or more, those near the median when they are most of them; else all."""
    if len(chosen) < 3:
        return chosen, []
    median = _middle(sorted(reading.price for reading in chosen))
    near = [reading for reading in chosen if apart(reading.price, median) <= instrument.normal]
    if len(near) * 2 <= len(chosen):
        return chosen, []
    return near, [reading for reading in chosen if reading not in near]


def _middle(prices: list[Decimal]) -> Decimal:
    half, odd = divmod(len(prices), 2)
    return prices[half] if odd else EXACT.divide(prices[half - 1] + prices[half], Decimal(2))


def _alone(
    instrument: Instrument,
    answer: Consensus,
    reading: Reading,
    futures: list[Reading],
    previous: Consensus | None,
) -> Consensus:
    """A lone source: futures may vouch for it or speak against it, a jump is not believed, and alerts wait for it to
    say the same twice."""
    vouched = bool(futures) and all(apart(reading.price, item.price) <= FUTURES_ALLOWANCE for item in futures)
    if futures and not vouched:
        return replace(
            answer, price=None, low=None, high=None, standing=Standing.DISAGREE, readings=(reading, *futures),
            others=tuple(item for item in answer.others if item not in futures),
        )  # fmt: skip
    earlier = _said_before(reading, previous)
    answer = replace(answer, standing=Standing.SINGLE, earlier=earlier)
    if reading.basis is Basis.MONTHLY:
        return answer  # a month's average moves by more than a spike and is published once, with care
    known = previous.last_good if previous else None
    known_at = previous.last_good_at if previous else None
    recent = known_at is not None and known_at >= answer.now - JUMP_MEMORY and reading.basis is instrument.basis
    if recent and known is not None and not vouched and apart(reading.price, known) > JUMP:
        return replace(
            answer, price=None, low=None, high=None, standing=Standing.UNCONFIRMED,
            note=_suspect(sorted((known, reading.price))),
        )  # fmt: skip
    if vouched:
        return answer
    if earlier is None:
        return replace(answer, low=None, high=None)
    return replace(answer, low=min(reading.price, earlier), high=max(reading.price, earlier))


def _said_before(reading: Reading, previous: Consensus | None) -> Decimal | None:
    """What this source said the time before. The same reading looked at again is not a second word."""
    if previous is None:
        return None
    for earlier in (*previous.readings, *previous.others):
        if earlier.source == reading.source and earlier.basis is reading.basis:
            return previous.earlier if earlier.as_of == reading.as_of else earlier.price
    return None


def _stale(
    instrument: Instrument, usable: list[Reading], now: datetime, previous: Consensus | None
) -> Consensus | None:
    """The last figure that held, else the newest old reading, called stale."""
    newest = max(usable, key=lambda reading: (reading.basis is Basis.SPOT, reading.as_of), default=None)
    if previous and previous.last_good is not None and previous.last_good_at is not None:
        price, as_of, basis = previous.last_good, previous.last_good_at, instrument.basis
    elif newest:
        price, as_of, basis = newest.price, newest.as_of, newest.basis
    else:
        return None
    return Consensus(
        metal=instrument.slug,
        price=price,
        basis=basis,
        standing=Standing.STALE,
        as_of=as_of,
        now=now,
        market_open=basis is Basis.MONTHLY or market_hours.is_open(now),
        readings=(newest,) if newest and newest.basis is basis else (),
        others=tuple(reading for reading in usable if reading is not newest or reading.basis is not basis),
        last_good=previous.last_good if previous else None,
        last_good_at=previous.last_good_at if previous else None,
    )


def remembered(instrument: Instrument, price: Decimal, at: datetime, now: datetime, basis: Basis) -> Consensus:
    """What is known after a restart: the last stored figure, stale until a source speaks."""
    return Consensus(
        metal=instrument.slug,
        price=price,
        basis=basis,
        standing=Standing.STALE,
        as_of=at,
        now=now.astimezone(UTC),
        market_open=basis is Basis.MONTHLY or market_hours.is_open(now),
        last_good=price,
        last_good_at=at,
    )


def _suspect(prices: list[Decimal]) -> str | None:
    """A guess at why two prices differ, when their ratio is that of two units or of a turned-over pair."""
    ratio = EXACT.divide(prices[-1], prices[0])
    ounce, pound = UNITS["oz t"].grams, UNITS["lb"].grams
    guesses = {
        "one of them looks like a price per gram": ounce,
        "one of them looks like a price per kilogram": Decimal(1000) / ounce,
        "one of them looks like a price per pound": pound / ounce,
        "one of them looks like a price per tonne": Decimal(1_000_000) / pound,
        "one of them looks like cents": Decimal(100),
    }
    for text, factor in guesses.items():
        if abs(ratio / factor - 1) < Decimal("0.03"):
            return text
    if ratio > 10_000 and prices[0] < Decimal("0.1"):
        return "one of them looks turned over (metal per dollar)"
    return None
