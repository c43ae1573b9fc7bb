"""Prices as the rest of Headframe sees them: `tick` asks the sources and judges alerts, `quote` answers from memory.

A tick is: ask what is due → agree → one database transaction with the new quotes, where each changed alert stands, and
the outbox rows of those that fired (the `Sink`). When the transaction fails the alerts are put back as they were, so
the next tick fires them; when the process dies after it, the outbox has them. This module keeps no times of its own:
who calls `tick` decides how often (see `pace`).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from bot.prices.alert_book import AlertBook
from bot.prices.chart_worker import ChartWorker
from bot.prices.charts import Charts
from bot.prices.consensus import remembered
from bot.prices.currency import Rates
from bot.prices.instruments import INSTRUMENTS, instrument
from bot.prices.model import Basis, Changes, Consensus, FiredAlert, Point
from bot.prices.recording import FX, new_quotes, slow_quotes, told
from bot.prices.units import EXACT, UNITS, convert_price
from bot.prices.watch import Watch
from bot.prices.windows import WINDOWS
from storage import meta, price_alerts, quotes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.prices.alert_rules import View
    from bot.prices.alerts import Transition
    from bot.prices.model import Reading
    from bot.prices.polling import Health, Polled, Poller
    from storage.database import Database
    from storage.quotes import Quote

log = logging.getLogger(__name__)
_EVALUATED: Final = "price_evaluated:"  # meta key per metal: when its alerts were last judged, Unix seconds
_FOLLOW_EVERY: Final = timedelta(seconds=15)  # a quote is stored once a minute
_SAVE_EVERY: Final = timedelta(minutes=1)
_PATIENCE: Final = 3.0  # seconds a tick waits for slow sources; what comes later counts in the next tick
_FUTURE: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Sink(Protocol):
    """Puts fired alerts into the outbox, in the caller's transaction."""

    async def __call__(self, connection: AsyncConnection, fired: Sequence[FiredAlert], now: datetime) -> None: ...


class PriceService:
    """Call `start` once, then `tick` regularly. Everything else may be called at any time after `start`."""

    def __init__(
        self, database: Database, poller: Poller, sink: Sink, *, worker: ChartWorker | None = None, demo: bool = False
    ) -> None:
        self.charts = Charts(self, database, worker or ChartWorker(), demo=demo)
        self.demo = demo
        self._database = database
        self._poller = poller
        self._sink = sink
        self._watches = {slug: Watch(item) for slug, item in INSTRUMENTS.items()}
        self.alerts = AlertBook(database, self._last_view)
        self._rates = Rates()
        self._per_dollar = self._rates.per_dollar()
        self._saved_at: datetime | None = None
        self._told: dict[str, tuple[Reading, ...]] = {}  # the newest stored quotes, while our own sources are silent
        self._followed_at: datetime | None = None
        self._months: dict[str, datetime] = {}  # the newest month stored per metal

    async def start(self, now: datetime) -> None:
        """Load alerts, recent quotes and exchange rates, so that nothing waits for the first answer of a source.

        Also when this process begins to ask the sources where another one did so far.
        """
        await self.alerts.load()
        async with self._database.read() as connection:
            for slug, watch in self._watches.items():
                stamp = await meta.get(connection, f"{_EVALUATED}{slug}")
                if stamp is not None:
                    watch.evaluated_at = datetime.fromtimestamp(int(stamp), UTC)
        await self._take_in(now)

    async def follow(self, now: datetime) -> None:
        """Where another process asks the sources: take in what it stored. Raises StorageError."""
        if self._followed_at is None or now - self._followed_at >= _FOLLOW_EVERY:
            self._followed_at = now
            latest = await self._take_in(now)
            self._told = {
                slug: tuple(reading for quote in latest if quote.instrument == slug for reading in told(quote))
                for slug in self._watches
            }

    async def _take_in(self, now: datetime) -> list[Quote]:
        """What was stored since we last knew; the newest of each kind."""
        span = max(WINDOWS.values())
        async with self._database.read() as connection:
            latest = await quotes.latest(connection)
            newest = {(quote.instrument, quote.basis): quote.at for quote in latest}
            for slug, watch in self._watches.items():
                basis, stored = watch.instrument.basis, watch.stored_at
                at = newest.get((slug, basis))
                if at is None or (stored is not None and at <= stored):
                    continue
                start = max(now - span, stored + timedelta(seconds=1)) if stored is not None else now - span
                for quote in await quotes.since(connection, slug, start, [basis]):
                    watch.recall(quote.at, quote.price)
        self._recall_rates(latest)
        for quote in latest:
            known = self._watches.get(quote.instrument)
            if known is None:
                continue
            if quote.basis == Basis.MONTHLY:
                self._months[quote.instrument] = quote.at
            if quote.basis == known.instrument.basis:
                basis = Basis(quote.basis)
                known.consensus = remembered(known.instrument, quote.price, quote.at, now, basis)
        return latest

    def _recall_rates(self, latest: Sequence[Quote]) -> None:
        currencies = [quote for quote in latest if quote.instrument.startswith(FX)]
        if currencies:
            table = {quote.instrument.removeprefix(FX): quote.price for quote in currencies}
            self._use_rates(Rates(table, max(quote.at for quote in currencies)))

    def _use_rates(self, rates: Rates) -> None:
        self._rates = rates
        self._per_dollar = rates.per_dollar()
        self._poller.use_rates(rates)

    async def close(self) -> None:
        """Stop what asking and drawing have started."""
        await self._poller.close()
        await self.charts.close()

    # --- the tick -----------------------------------------------------------------------------------------------

    @property
    def pace(self) -> float:
        """Seconds between ticks: a few to each turn of the fastest source, so that none waits long past its time."""
        return max(1.0, min(self._poller.shortest / 4, 10.0))

    async def tick(self, now: datetime) -> list[FiredAlert]:
        """One round; returns the alerts that fired (they are in the outbox already). Raises StorageError."""
        polled = await self._poller.poll(now, _PATIENCE)
        if polled.rates is not None:
            self._use_rates(polled.rates)
        for slug, watch in self._watches.items():
            watch.look(self._poller.readings(slug), now)
        async with self.alerts.lock:
            return await self._settle(polled, now)

    async def _settle(self, polled: Polled, now: datetime) -> list[FiredAlert]:
        """The second half of a tick: store, judge, hand over."""
        fresh = [*new_quotes(self._watches, now), *slow_quotes(polled, self._months, now)]
        transitions, fired, judged = self._judge(now)
        save = self._saved_at is None or now - self._saved_at >= _SAVE_EVERY or bool(transitions)
        if not (fresh or transitions or (save and judged)):
            return []
        try:
            async with self._database.write() as connection:
                await quotes.add(connection, fresh)
                fired = await self._still_wanted(connection, fired)
                # The last state of each alert: one may be armed and fire in the same tick.
                await price_alerts.save_standing(
                    connection, list({change.after.id: change.after for change in transitions}.values())
                )
                if fired:
                    await self._sink(connection, fired, now)
                if save:
                    for slug in judged:
                        await meta.put(connection, f"{_EVALUATED}{slug}", str(int(now.timestamp())))
        except BaseException:
            for change in reversed(transitions):
                self.alerts.index.put(change.before)
            raise
        if save:
            self._saved_at = now
        for quote in fresh:
            if quote.instrument in self._watches and quote.basis == self._watches[quote.instrument].instrument.basis:
                self._watches[quote.instrument].stored_at = now
            if quote.basis == Basis.MONTHLY:
                self._months[quote.instrument] = max(quote.at, self._months.get(quote.instrument, quote.at))
        for slug in judged:
            self._watches[slug].evaluated_at = now
        return fired

    async def _still_wanted(self, connection: AsyncConnection, fired: list[FiredAlert]) -> list[FiredAlert]:
        """Without those whose row was deleted or paused behind our back (a person asked to be forgotten)."""
        if not fired:
            return fired
        wanted = await price_alerts.still_active(connection, [item.alert.id for item in fired])
        for item in fired:
            if item.alert.id not in wanted:
                self.alerts.index.remove(item.alert.id)
        return [item for item in fired if item.alert.id in wanted]

    def _judge(self, now: datetime) -> tuple[list[Transition], list[FiredAlert], list[str]]:
        """Every change of an alert, the fired ones ready for the outbox, and the metals that were judged."""
        transitions, fired, judged = [], [], []
        for slug, watch in self._watches.items():
            view = watch.view(now, self._per_dollar)
            if view is None or watch.consensus is None:
                continue
            judged.append(slug)
            changes = self.alerts.index.evaluate(view)
            transitions += changes
            late, moved = watch.was_away(now), watch.changes(now)
            fired += [self._fired(change, watch.consensus, moved, late=late) for change in changes if change.fired]
        return transitions, fired, judged

    def _fired(self, change: Transition, found: Consensus, moved: Changes, *, late: bool) -> FiredAlert:
        """With the price in the alert's currency and unit."""
        if found.price is None:
            raise ValueError("no alert fires without a price")
        alert = change.after
        currency = alert.currency if alert.currency in self._per_dollar else "USD"
        price = EXACT.multiply(found.price, self._per_dollar[currency])
        return FiredAlert(
            alert=alert,
            price=convert_price(price, INSTRUMENTS[alert.instrument].unit, UNITS[alert.unit]),
            consensus=found,
            changes=moved,
            currency=currency,
            rates_day=None if currency == "USD" else self._rates.day,
            late=late,
            move=change.move,
            demo=self.demo,
        )

    def _last_view(self, metal: str) -> View | None:
        watch = self._watches.get(metal)
        return watch.last_view(self._per_dollar) if watch is not None else None

    # --- answers ------------------------------------------------------------------------------------------------

    @property
    def rates(self) -> Rates:
        """The exchange rates in use."""
        return self._rates

    @property
    def metals(self) -> tuple[str, ...]:
        """Metals with a figure, or a source that will bring one."""
        brought = self._poller.metals
        return tuple(slug for slug, watch in self._watches.items() if watch.consensus is not None or slug in brought)

    def quote(self, metal: str, now: datetime) -> Consensus | None:
        """The present quote, from memory; None when nothing was ever heard. Raises UnknownMetal."""
        slug = instrument(metal).slug
        return self._watches[slug].peek(self._poller.readings(slug) or self._told.get(slug, ()), now)

    def changes(self, metal: str, now: datetime) -> Changes:
        return self._watches[instrument(metal).slug].changes(now)

    def move(self, metal: str, seconds: int | None, now: datetime) -> Decimal | None:
        """The signed fraction moved within a window of `windows.WINDOWS`, as far as all sources agree."""
        watch = self._watches[instrument(metal).slug]
        found = watch.consensus
        if found is None or found.low is None or found.high is None or seconds is None:
            return None
        return watch.moves.moves(now, found.low, found.high).get(seconds)

    def health(self) -> list[Health]:
        """How each source fares, for `/status` and `headframe doctor`."""
        return self._poller.health()

    async def history(
        self, metal: str, since: datetime | None, until: datetime | None = None, most: int | None = None
    ) -> list[Point]:
        """Stored prices (US dollars per home unit), oldest first; months where nothing finer is stored yet.

        most: about so many points, evenly in time, with the lowest and highest among them; None: every one.
        """
        item = instrument(metal)
        start, end = since or datetime(1960, 1, 1, tzinfo=UTC), until or _FUTURE
        async with self._database.read() as connection:
            if most is None:
                fine = await quotes.since(connection, item.slug, start, [item.basis], end)
            else:
                fine = await quotes.outline(connection, item.slug, start, [item.basis], end, most)
            border = fine[0].at if fine else end
            months = []
            if item.basis is not Basis.MONTHLY:
                months = await quotes.since(connection, item.slug, start, [Basis.MONTHLY], border)
        return [Point(quote.at, quote.price) for quote in (*months, *fine)]

    async def housekeep(self, now: datetime) -> None:
        """Now and then: thin old quotes, forget alerts long done, and resume the alerts whose pause is over."""
        async with self._database.write() as connection:
            removed = await quotes.thin(connection, now)
            await price_alerts.forget_done(connection, now)
        await self.alerts.resume_due(now)
        if removed:
            log.info("thinned %d old quotes", removed)
