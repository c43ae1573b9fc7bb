"""Whose turn it is: of the targets with something due the most urgent, and of equals the one served longest ago."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Final

from storage import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from storage.database import Database
    from storage.records import Target

_CANDIDATES: Final = 1000  # targets looked for at once, so that those served longest ago come first
_FOUND_SECONDS: Final = 1.0  # what falls due by the hour is seen so much later, where a look is quickly done
_FOUND_LATEST: Final = 5.0  # and so much at most, where very much waits
_SHARE: Final = 20  # looks may take one in so many parts of the time
_SOONEST: Final = 0.2  # seconds between two looks while all that is due is for targets that are away
_LATEST: Final = 0.5


class Turns:
    """`tell` when something was queued; `find`, then `take`. A target that was taken is found anew for its next."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.found: dict[Target, int] = {}  # targets with something due → how urgent it is
        self._found_at = 0.0
        self._rest = _FOUND_SECONDS
        self._news = True
        self._served: dict[Target, int] = {}  # when each target last had its turn
        self._count = itertools.count(1)
        self._away: dict[Target, float] = {}  # until when

    def tell(self) -> None:
        self._news = True

    async def find(self, database: Database, now: datetime) -> None:
        """Look for targets, when something may have changed: a look reads the whole queue. Raises StorageError."""
        moment = self._clock()
        if self.found and not self._news and moment - self._found_at < self._rest:
            return
        self._news = False
        async with database.read() as connection:
            self.found = dict(await outbox.due_targets(connection, now, limit=_CANDIDATES))
        self._found_at = self._clock()
        self._rest = min(max((self._found_at - moment) * _SHARE, _FOUND_SECONDS), _FOUND_LATEST)

    def order(self, busy: Collection[Target]) -> list[Target]:
        """What was found, in turn; none that is busy or away."""
        moment = self._clock()
        self._away = {target: until for target, until in self._away.items() if until > moment}
        waiting = [
            (urgency, self._served.get(target, 0), target)
            for target, urgency in self.found.items()
            if target not in busy and target not in self._away
        ]
        waiting.sort(key=lambda one: one[:2])
        return [target for _urgency, _turn, target in waiting]

    def serve(self, taken: Sequence[Target]) -> None:
        """These have their turn now: they stand last among equals when they are found anew."""
        for target in taken:
            del self.found[target]
            self._served.pop(target, None)
            self._served[target] = next(self._count)
        while len(self._served) > 4 * _CANDIDATES:
            del self._served[next(iter(self._served))]

    def take(self, most: int, busy: Collection[Target]) -> list[Target]:
        """At most so many of what was found, in turn; none that is busy or away."""
        taken = self.order(busy)[:most]
        self.serve(taken)
        return taken

    def send_away(self, target: Target, seconds: float = _SOONEST) -> None:
        """Nothing of it for so long: the target waits as a whole, so that nothing overtakes what is due already."""
        self._away[target] = self._clock() + seconds

    def pause(self) -> float | None:
        """Seconds until it is worth to look again, when all that is due is away; None when nothing is."""
        if not self._away:
            return None
        return min(max(min(self._away.values()) - self._clock(), _SOONEST), _LATEST)
