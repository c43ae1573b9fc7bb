"""What is remembered of each metal between ticks: the last consensus, the last day, the windows of "moves" alerts.

Pure but for its own memory. The service fills it from the database at start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.prices import consensus, market_hours
from bot.prices.alert_rules import View
from bot.prices.history import Recent
from bot.prices.model import Basis, Changes, Consensus, Reading, Standing
from bot.prices.windows import Moves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from bot.prices.instruments import Instrument

AWAY: Final = timedelta(minutes=5)  # a longer time of open market without looking counts as being away
_STORE_EVERY: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Watch:
    """One metal. evaluated_at: when its alerts were last judged; None: never."""

    instrument: Instrument
    consensus: Consensus | None = None
    evaluated_at: datetime | None = None
    stored_at: datetime | None = None
    recent: Recent = field(default_factory=Recent)
    moves: Moves = field(default_factory=Moves)

    def recall(self, at: datetime, price: Decimal) -> None:
        """A stored point of the past, oldest first."""
        self.moves.push(at, price, price)
        self.recent.push(at, price)
        self.stored_at = at

    def peek(self, readings: Sequence[Reading], now: datetime) -> Consensus | None:
        """What the readings come to, without remembering it."""
        return consensus.agree(self.instrument, readings, now, self.consensus)

    def look(self, readings: Sequence[Reading], now: datetime) -> Consensus | None:
        """Take in the newest readings and return what they come to."""
        self.consensus = found = self.peek(readings, now)
        if found is None or found.price is None or not self._moving(found):
            return found
        if found.low is not None and found.high is not None:
            self.moves.push(now, found.low, found.high)
        if self.remembers(found):
            self.recent.push(now, found.price)
        return found

    def _moving(self, found: Consensus) -> bool:
        """Whether the figure says something new: not while the market is closed, nor all month of a month's average."""
        return found.good and found.market_open and found.basis is not Basis.MONTHLY and self.comparable(found)

    def remembers(self, found: Consensus) -> bool:
        """Whether the figure becomes a point of the history: a lone source's step waits until it is said twice.

        So one bad tick leaves no trace in charts, in changes, and in moves measured after a restart.
        """
        if not self._moving(found):
            return False
        if found.standing is not Standing.SINGLE:
            return True
        if found.low is None or found.high is None:
            return False
        return consensus.apart(found.low, found.high) <= self.instrument.normal

    def comparable(self, found: Consensus) -> bool:
        """Whether the figure is of the kind this metal's history and alerts are kept in (spot is no future)."""
        return found.basis is self.instrument.basis

    def due_to_store(self, now: datetime) -> bool:
        """At most one a minute, by whole minutes so that two ticks of a minute meet in one row."""
        return self.stored_at is None or now - self.stored_at >= _STORE_EVERY or now.minute != self.stored_at.minute

    def view(self, now: datetime, rates: Mapping[str, Decimal]) -> View | None:
        """What alerts may be judged on now; None when nothing may fire."""
        found = self.consensus
        if found is None or not found.alertable or not self.comparable(found):
            return None
        if found.low is None or found.high is None:
            return None
        moves = {} if found.basis is Basis.MONTHLY else self.moves.moves(now, found.low, found.high)
        return View(self.instrument.slug, found.low, found.high, now, rates, moves)

    def last_view(self, rates: Mapping[str, Decimal]) -> View | None:
        """Where the price stood when last heard of, also of a closed market: which side of a level that is."""
        found = self.consensus
        if found is None or not self.comparable(found):
            return None
        low, high = found.low or found.last_good, found.high or found.last_good
        if low is None or high is None:
            return None
        moves = self.moves.moves(found.now, low, high) if found.alertable else {}
        return View(self.instrument.slug, low, high, found.now, rates, moves)

    def was_away(self, now: datetime) -> bool:
        """Whether the market was open for a while without our looking. A weekend is no absence."""
        if self.evaluated_at is None or now - self.evaluated_at <= AWAY:
            return False
        if self.instrument.basis is Basis.MONTHLY:
            return False
        return market_hours.open_longer_than(AWAY, self.evaluated_at, now)

    def changes(self, now: datetime) -> Changes:
        found = self.consensus
        return Changes() if found is None or found.price is None else self.recent.changes(now, found.price)
