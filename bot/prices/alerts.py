"""Which alerts go off: an ordered index per metal, so that a tick costs what the crossed alerts cost. Pure but for its
own memory: no clock, network or database.

An alert is *armed* until it fires. It is armed again once its cooldown is over and the price has come back behind the
level by the metal's re-arm band, so a price that dances on the level fires once. A new alert whose level is already
passed starts unarmed. A "moves" alert measures from the lowest and highest price within its window and rests for at
least that window after firing, so that the next firing is about new movement.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from bot.prices.alert_rules import BookKey, View, bounds_of, decided, fired, rest_over, sort_key
from bot.prices.instruments import INSTRUMENTS
from storage.price_alerts import changed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from storage.price_alerts import PriceAlert

_Key = tuple[Decimal, int]  # sort key, alert id: unique and ordered
_Shelf = list[_Key]


@dataclass(frozen=True, slots=True)
class Transition:
    """An alert before and after; fired: it goes off now. move: signed fraction (moves only)."""

    before: PriceAlert
    after: PriceAlert
    fired: bool = False
    move: Decimal | None = None


class _Book:
    """Alerts of one metal, condition and currency (or window).

    Every shelf is sorted so that what goes next is at its end: taking from a list's end costs nothing.
    """

    __slots__ = ("armed", "unarmed")

    def __init__(self) -> None:
        self.armed: _Shelf = []
        self.unarmed: _Shelf = []


class AlertIndex:
    """All watched alerts. `evaluate` changes the index; `put(transition.before)` takes a change back."""

    def __init__(self, alerts: Iterable[PriceAlert] = ()) -> None:
        self._alerts: dict[int, PriceAlert] = {}
        self._books: dict[BookKey, _Book] = {}
        self._of_metal: dict[str, dict[BookKey, _Book]] = {}
        self._place: dict[int, tuple[_Shelf, _Key]] = {}
        # Heaps and sets may hold alerts that changed meanwhile; each entry is checked when its turn comes.
        self._resting: dict[str, list[tuple[datetime, int, PriceAlert]]] = {}
        self._entered = count()  # between equal times the heap must not compare alerts
        self._undecided: dict[str, set[int]] = {}
        self._expiring: list[tuple[datetime, int]] = []
        self._fill(alerts)

    def __len__(self) -> int:
        return len(self._alerts)

    def get(self, alert_id: int) -> PriceAlert | None:
        return self._alerts.get(alert_id)

    def _fill(self, alerts: Iterable[PriceAlert]) -> None:
        """As `put` for many: append, then sort each shelf once."""
        for alert in alerts:
            self._enter(alert, in_order=False)
        for book in self._books.values():
            book.armed.sort()
            book.unarmed.sort()

    def put(self, alert: PriceAlert) -> None:
        """Watch an alert, in place of the one with its id; one that is not active is only removed."""
        self.remove(alert.id)
        self._enter(alert, in_order=True)

    def remove(self, alert_id: int) -> None:
        """Stop watching; unknown ids are fine."""
        alert = self._alerts.pop(alert_id, None)
        if alert is None:
            return
        self._undecided.get(alert.instrument, set()).discard(alert_id)
        self._leave(alert_id)

    def _leave(self, alert_id: int) -> None:
        place = self._place.pop(alert_id, None)
        if place is not None:
            shelf, key = place
            if shelf[-1] == key:
                shelf.pop()
            else:
                del shelf[bisect_left(shelf, key)]

    def _enter(self, alert: PriceAlert, *, in_order: bool) -> None:
        if alert.state != "active" or alert.instrument not in INSTRUMENTS:
            return
        self._alerts[alert.id] = alert
        if alert.expires_at is not None:
            heapq.heappush(self._expiring, (alert.expires_at, alert.id))
        if alert.armed is None:
            self._undecided.setdefault(alert.instrument, set()).add(alert.id)
        else:
            self._wait(alert, in_order=in_order)

    def _wait(self, alert: PriceAlert, *, in_order: bool = True) -> None:
        """To its shelf, or to rest first: a move after its first look, any other alert after a firing."""
        if alert.armed or (alert.last_fired_at is None and alert.condition != "moves"):
            self._shelve(alert, in_order=in_order)
        else:
            heap = self._resting.setdefault(alert.instrument, [])
            heapq.heappush(heap, (rest_over(alert), next(self._entered), alert))

    def _shelve(self, alert: PriceAlert, *, in_order: bool = True) -> None:
        scope = alert.window_seconds or 0 if alert.condition == "moves" else alert.currency
        book_key: BookKey = (alert.instrument, alert.condition, scope)
        book = self._books.get(book_key)
        if book is None:
            book = self._books[book_key] = _Book()
            self._of_metal.setdefault(alert.instrument, {})[book_key] = book
        shelf = book.armed if alert.armed else book.unarmed
        key = (sort_key(alert), alert.id)
        self._place[alert.id] = (shelf, key)
        if in_order:
            insort(shelf, key)
        else:
            shelf.append(key)

    def evaluate(self, view: View) -> list[Transition]:
        """Every change that this view of a metal brings, fired alerts included, in the order of their ids."""
        return sorted(
            (*self._expire(view), *self._decide(view), *self._rested(view), *self._rearm(view), *self._fire(view)),
            key=lambda transition: (transition.before.id, transition.fired),
        )

    def _change(self, before: PriceAlert, after: PriceAlert) -> PriceAlert:
        self._leave(before.id)
        if after.state == "active":
            self._alerts[after.id] = after
        else:
            self.remove(after.id)
        return after

    def _expire(self, view: View) -> list[Transition]:
        done = []
        while self._expiring and self._expiring[0][0] <= view.now:
            _at, alert_id = heapq.heappop(self._expiring)
            alert = self._alerts.get(alert_id)
            if alert is not None and alert.expires_at is not None and alert.expires_at <= view.now:
                self.remove(alert_id)
                done.append(Transition(alert, changed(alert, state="expired")))
        return done

    def _decide(self, view: View) -> list[Transition]:
        """First look at new alerts: which side of the level the price is on."""
        waiting = self._undecided.get(view.metal)
        if not waiting:
            return []
        found = []
        for alert_id in sorted(waiting):
            alert = self._alerts[alert_id]
            after = decided(alert, view)
            if after.armed is None:
                continue
            waiting.discard(alert_id)
            self._change(alert, after)
            self._wait(after)
            found.append(Transition(alert, after))
        return found

    def _rested(self, view: View) -> list[Transition]:
        """Cooldowns that are over: moves are armed again, levels wait for the price to come back."""
        heap, found = self._resting.get(view.metal, []), []
        while heap and heap[0][0] <= view.now:
            _at, _number, alert = heapq.heappop(heap)
            if self._alerts.get(alert.id) is not alert or alert.id in self._place:
                continue  # an older entry of an alert that has changed since
            if alert.condition == "moves":
                after = self._change(alert, changed(alert, armed=True))
                self._shelve(after)
                found.append(Transition(alert, after))
            else:
                self._shelve(alert)
        return found

    def _rearm(self, view: View) -> list[Transition]:
        found = []
        for book_key, book in self._of_metal.get(view.metal, {}).items():
            bounds = bounds_of(book_key, view)
            if bounds is None or not book.unarmed:
                continue
            low, high = bounds
            limit = high if book_key[1] == "above" else -low
            while book.unarmed and book.unarmed[-1][0] >= limit:
                alert = self._alerts[book.unarmed[-1][1]]
                after = changed(alert, armed=True)
                self._change(alert, after)
                self._shelve(after)
                found.append(Transition(alert, after))
        return found

    def _fire(self, view: View) -> list[Transition]:
        found = []
        for book_key, book in self._of_metal.get(view.metal, {}).items():
            bounds = bounds_of(book_key, view)
            if bounds is None:
                continue
            low, high = bounds
            limit = high if book_key[1] == "below" else -low
            while book.armed and book.armed[-1][0] >= limit:
                alert = self._alerts[book.armed[-1][1]]
                after = fired(alert, view.now)
                self._change(alert, after)
                if after.state == "active":
                    self._wait(after)
                move = view.moves.get(alert.window_seconds or 0) if alert.condition == "moves" else None
                found.append(Transition(alert, after, fired=True, move=move))
        return found
