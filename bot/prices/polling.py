"""Asking the price sources: each at its own pace, with its own time limit and backoff. Decides nothing about prices."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from bot.prices.currency import Rates
from bot.prices.model import PriceError, Reading
from bot.prices.sources import template
from bot.prices.sources.base import BadAnswer, Parsed
from bot.prices.sources.readers import READERS
from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from bot.prices.source_list import Source
    from bot.prices.sources.base import Get, Request

log = logging.getLogger(__name__)
_AT_ONCE: Final = 6
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(hours=1)
_FORGET_AFTER: Final = 2  # failures in a row after which a source's last word no longer counts


@dataclass(slots=True)
class _Line:
    """One request and how it fares."""

    source: Source
    request: Request
    next_at: datetime
    failures: int = 0
    error: str | None = None
    last_ok: datetime | None = None
    readings: dict[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """How one request of a source fares, for status pages. error: None when its last answer was good."""

    source: str
    metals: tuple[str, ...]
    last_ok: datetime | None
    failures: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Polled:
    """What one round brought. history: (metal, month, price, source)."""

    asked: int = 0
    rates: Rates | None = None
    history: tuple[tuple[str, datetime, Decimal, str], ...] = ()


class Poller:
    """`poll(now)` asks what is due; `readings(metal)` are the newest words of the sources that are well."""

    def __init__(self, sources: Sequence[Source], get: Get, now: datetime) -> None:
        self._get = get
        self._lines = [_Line(source, request, now) for source in sources for request in _requests(source)]
        self._rates = Rates()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._flying: dict[int, tuple[_Line, asyncio.Task[Parsed | None]]] = {}

    @property
    def metals(self) -> tuple[str, ...]:
        """Every metal that some source brings."""
        return tuple(dict.fromkeys(metal for line in self._lines for metal in line.request.metals if metal != "fx"))

    @property
    def shortest(self) -> float:
        """Seconds between ticks that serve the fastest source."""
        return min((line.source.every for line in self._lines), default=60.0)

    def use_rates(self, rates: Rates) -> None:
        """For sources that quote in another currency than the dollar."""
        self._rates = rates

    def readings(self, metal: str) -> list[Reading]:
        return [line.readings[metal] for line in self._lines if metal in line.readings]

    def health(self) -> list[Health]:
        return [
            Health(line.source.name, line.request.metals, line.last_ok, line.failures, line.error)
            for line in self._lines
        ]

    async def poll(self, now: datetime, patience: float | None = None) -> Polled:
        """Ask every source that is due. One that fails never stops the others.

        patience: seconds to wait at most; what is still under way then is brought in by a later call, so that one slow
        source never holds up the alerts of another. None: wait for all.
        """
        due = [line for line in self._lines if line.next_at <= now and id(line) not in self._flying]
        for line in due:
            task = asyncio.create_task(self._in_turn(line, now), name=f"price source {line.source.name}")
            self._flying[id(line)] = (line, task)
        if self._flying:
            await asyncio.wait([task for _line, task in self._flying.values()], timeout=patience)
        rates, history = None, []
        for key, (line, task) in list(self._flying.items()):
            if not task.done():
                continue
            del self._flying[key]
            parsed = task.result()
            if parsed is None:
                continue
            if parsed.rates:
                rates = Rates(parsed.rates, parsed.rates_day)
                self._rates = rates
            history += [(*row, line.source.name) for row in parsed.history]
        return Polled(len(due), rates, tuple(history))

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [task for _line, task in self._flying.values()]
        self._flying.clear()
        await end(*tasks)

    async def _in_turn(self, line: _Line, now: datetime) -> Parsed | None:
        async with self._gate:
            return await self._ask(line, now)

    async def _ask(self, line: _Line, now: datetime) -> Parsed | None:
        retry_after: datetime | None = None
        try:
            async with asyncio.timeout(line.source.timeout):
                status, headers, body = await self._get(line.request.url, line.request.headers, line.source.timeout)
            if status != 200:
                retry_after = _retry_after(headers, now)
                raise BadAnswer(_refusal(status))
            parsed = await self._parse(line, body, now)
        except TimeoutError:
            self._failed(line, now, f"no answer within {line.source.timeout:g} s", retry_after)
        except (PriceError, OSError) as error:
            self._failed(line, now, str(error) or type(error).__name__, retry_after)
        except Exception:
            # A reader's own mistake must not take the other sources down; the trace goes to the operator's log.
            log.exception("price source %s: its answer could not be read; please report this", line.source.name)
            self._failed(line, now, "its answer could not be read", retry_after)
        else:
            if line.failures:
                log.info("price source %s answers again", line.source.name)
            line.failures, line.error, line.last_ok = 0, None, now
            line.next_at = now + timedelta(seconds=line.source.every)
            line.readings = {reading.metal: reading for reading in parsed.readings}
            return parsed
        return None

    async def _parse(self, line: _Line, body: bytes, now: datetime) -> Parsed:
        source = line.source
        if source.template is not None:
            return template.parse(source.template, line.request, body, now, source.name, self._rates.per_dollar())
        reader = READERS[source.reader or ""]
        if reader.slow:
            return await asyncio.to_thread(reader.parse, line.request, body, now, source.name)
        return reader.parse(line.request, body, now, source.name)

    def _failed(self, line: _Line, now: datetime, reason: str, retry_after: datetime | None) -> None:
        line.failures += 1
        line.error = reason
        wait = min(_FIRST_RETRY * 2 ** min(line.failures - 1, 10), _LAST_RETRY)
        pace = timedelta(seconds=line.source.every)
        # A fast source of the operator's own is asked again at its own pace at first.
        wait = min(wait, pace * 2 ** min(line.failures - 1, 10)) if pace < _FIRST_RETRY else wait
        line.next_at = max(now + wait, min(retry_after or now, now + timedelta(days=1)))
        if line.failures >= _FORGET_AFTER:
            line.readings = {}
        level = logging.WARNING if line.failures == 1 else logging.DEBUG
        metals = ",".join(line.request.metals[:3])
        log.log(level, "price source %s (%s): %s; asked again in %s", line.source.name, metals, reason, wait)


def _requests(source: Source) -> list[Request]:
    if source.template is not None:
        return template.requests(source.template)
    reader = READERS[source.reader or ""]
    return reader.requests(source.metals, source.url, source.key)


def _refusal(status: int) -> str:
    known = {
        401: "it wants a key (401)",
        403: "it refuses (403)",
        404: "there is nothing at its address (404); it may have moved",
        429: "it asks for fewer questions (429)",
        451: "it may not answer where this machine is (451)",
    }
    return known.get(status, f"it answered with status {status}")


def _retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """RFC 9110 §10.2.3: seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return now + timedelta(seconds=min(int(value[:9]), 86_400))
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
