"""How many requests may reach Discord within one second of its clock, wherever that second begins.

A pace alone does not keep to that: whatever holds requests up (the loop is busy, a connection is built, a packet is
sent again) lets them arrive in bunches. So each request is followed. It arrives at some moment between leaving and its
answer; until a second after the latest moment it can have arrived, it takes up room.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

DISCORD_PER_SECOND: Final = 50
SAFE_PER_SECOND: Final = DISCORD_PER_SECOND - 1  # one is left for a request the HTTP library repeats by itself
_SECOND: Final = 1.0
# On the wire at most so long (seconds). An answer that takes longer was worked on there; the request had arrived.
_TRAVEL: Final = 0.08
_FORGOTTEN: Final = 10.0  # seconds after which a request that never left is given up


class Departure:
    """One request that was let through: `sent` at each part that goes out, then `answered` or `given_up`."""

    __slots__ = ("_window",)

    def __init__(self, window: Window) -> None:
        self._window = window

    def sent(self) -> None:
        self._window._sent(self)

    def answered(self) -> None:
        self._window._answered(self)

    def given_up(self) -> None:
        """No answer will come. What is on the wire still arrives."""
        self._window._given_up(self)


class Window:
    """`room` says whether another request may leave, `leave` counts it. At most `limit` arrive in any second."""

    def __init__(self, limit: int = SAFE_PER_SECOND, *, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock = clock
        self._leaving: dict[Departure, float] = {}  # let through, not yet on the wire → since when; earliest first
        self._flying: dict[Departure, float] = {}  # on the wire, no answer yet → since when; earliest first
        self._arrived: deque[float] = deque()  # the latest moments at which the others can have arrived

    def room(self) -> float:
        """Seconds until another may leave, as far as is known now; 0: at once."""
        now = self._clock()
        self._advance(now)
        if len(self._leaving) + len(self._flying) + len(self._arrived) < self.limit:
            return 0.0
        if self._arrived:
            free = self._arrived[0] + _SECOND
        elif self._flying:
            free = next(iter(self._flying.values())) + _TRAVEL + _SECOND
        else:
            free = next(iter(self._leaving.values())) + _FORGOTTEN
        return max(free - now, 0.001)

    def leave(self) -> Departure:
        departure = Departure(self)
        self._leaving[departure] = self._clock()
        return departure

    def _advance(self, now: float) -> None:
        while self._leaving:
            departure, since = next(iter(self._leaving.items()))
            if since + _FORGOTTEN > now:
                break
            del self._leaving[departure]
        while self._flying:
            departure, since = next(iter(self._flying.items()))
            if since + _TRAVEL > now:
                break
            del self._flying[departure]
            self._arrived.append(since + _TRAVEL)
        while self._arrived and self._arrived[0] + _SECOND <= now:
            self._arrived.popleft()

    def _sent(self, departure: Departure) -> None:
        # The later moment counts: of a body that follows its head, of a second try when the connection was closed.
        if self._leaving.pop(departure, None) is not None or self._flying.pop(departure, None) is not None:
            self._flying[departure] = self._clock()

    def _answered(self, departure: Departure) -> None:
        now = self._clock()
        if self._leaving.pop(departure, None) is not None:
            self._arrived.append(now)
        elif (since := self._flying.pop(departure, None)) is not None:
            self._arrived.append(min(now, since + _TRAVEL))  # this process may see an answer late

    def _given_up(self, departure: Departure) -> None:
        self._leaving.pop(departure, None)
