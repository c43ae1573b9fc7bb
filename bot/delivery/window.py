"""How many requests may reach Discord within one second of its clock, wherever that second begins.

A pace alone does not keep to that: whatever holds requests up (the loop is busy, a connection is built, a packet is
sent again) lets them arrive in bunches. So each request is followed. It arrives at some moment between leaving and its
answer; until a second after the latest moment it can have arrived, it takes up room.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

DISCORD_PER_SECOND: Final = 50
SAFE_PER_SECOND: Final = DISCORD_PER_SECOND - 1  # one is left for a request the HTTP library repeats by itself
_SECOND: Final = 1.0
# A request arrives before its answer, but an answer also takes time because it is worked on. Where answers usually come
# sooner than _NEAR, a request takes up its room to the answer: it costs no pace. Where they do not, it is believed to
# travel for _TRAVEL at most, unless its answer takes many times as long as usual: then it may have been held up.
_NEAR: Final = 0.1  # seconds, as below
_TRAVEL: Final = 0.08
_UNUSUAL: Final = 4.0  # times the usual
_HELD_UP: Final = 0.6
_USUAL_OF: Final = 64  # the latest answers, of which the middle one is the usual
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
        self._arrived: list[float] = []  # a heap: the latest moments at which the others can have arrived
        self._took: deque[float] = deque(maxlen=_USUAL_OF)  # by the latest answers, in seconds
        self._usual = 0.0

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

    def _latest(self, since: float, now: float) -> float:
        """The latest moment at which what is on the wire since then, and is answered now or never, can have arrived."""
        took = now - since
        as_usual = self._usual > _NEAR and took <= _UNUSUAL * self._usual
        return min(now, since + (_TRAVEL if as_usual else _HELD_UP))

    def _advance(self, now: float) -> None:
        while self._leaving:
            departure, since = next(iter(self._leaving.items()))
            if since + _FORGOTTEN > now:
                break
            del self._leaving[departure]
        while self._flying:
            departure, since = next(iter(self._flying.items()))
            if since + _HELD_UP > now:
                break
            del self._flying[departure]
            heappush(self._arrived, self._latest(since, now))
        while self._arrived and self._arrived[0] + _SECOND <= now:
            heappop(self._arrived)

    def _sent(self, departure: Departure) -> None:
        # The later moment counts: of a body that follows its head, of a second try when the connection was closed.
        if self._leaving.pop(departure, None) is not None or self._flying.pop(departure, None) is not None:
            self._flying[departure] = self._clock()

    def _answered(self, departure: Departure) -> None:
        now = self._clock()
        if self._leaving.pop(departure, None) is not None:
            heappush(self._arrived, now)
        elif (since := self._flying.pop(departure, None)) is not None:
            heappush(self._arrived, self._latest(since, now))
            self._took.append(now - since)
            self._usual = sorted(self._took)[len(self._took) // 2]

    def _given_up(self, departure: Departure) -> None:
        self._leaving.pop(departure, None)
