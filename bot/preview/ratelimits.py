"""Discord's rate limits: a bucket per route and major parameter, a global one, and the count of invalid requests.

Numbers are those Discord answers with today where its docs name none; headers follow Topics → Rate Limits.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.preview.clock import Clock

GLOBAL_PER_SECOND: Final = 50
INVALID_LIMIT: Final = 10_000
INVALID_WINDOW: Final = 600.0


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds. `name` is the bucket; routes with one name share it."""

    name: str
    requests: int
    seconds: float

    @property
    def bucket(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


@dataclass(slots=True)
class _Window:
    ends: float
    used: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """May the request pass, and what to say in the headers. `retry_after` is in seconds, None when it may pass."""

    headers: dict[str, str]
    retry_after: float | None = None
    everywhere: bool = False


class RateLimits:
    """Counts requests. `enabled` False lets all pass and sends no headers."""

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self._clock = clock
        self.enabled = enabled
        self.per_second = GLOBAL_PER_SECOND
        self.refused = 0
        self._windows: dict[tuple[str, int], _Window] = {}
        self._second = _Window(0.0, 0)
        self._invalid: deque[float] = deque(maxlen=INVALID_LIMIT)

    @property
    def invalid_requests(self) -> int:
        """401, 403 and 429 answers of the last ten minutes (shared-scope 429s do not count)."""
        cutoff = self._clock.now() - INVALID_WINDOW
        while self._invalid and self._invalid[0] < cutoff:
            self._invalid.popleft()
        return len(self._invalid)

    def note_invalid(self) -> None:
        self._invalid.append(self._clock.now())

    def ask(self, limit: Limit, major: int, *, counts_globally: bool) -> Verdict:
        """Count one request against its bucket (and the global one)."""
        if not self.enabled:
            return Verdict({})
        now = self._clock.now()
        if counts_globally:
            if now >= self._second.ends:
                self._second = _Window(now + 1.0, 0)
            if self._second.used >= self.per_second:
                self.refused += 1
                wait = max(0.001, self._second.ends - now)
                headers = {
                    "X-RateLimit-Global": "true",
                    "X-RateLimit-Scope": "global",
                    "Retry-After": str(int(wait) + 1),
                }
                return Verdict(headers, wait, everywhere=True)
            self._second.used += 1
        window = self._windows.get((limit.name, major))
        if window is None or now >= window.ends:
            window = _Window(now + limit.seconds, 0)
            self._windows[(limit.name, major)] = window
            if len(self._windows) > 4096:
                self._windows = {k: w for k, w in self._windows.items() if w.ends > now}
        wait = max(0.0, window.ends - now)
        headers = {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(max(0, limit.requests - window.used - 1)),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": limit.bucket,
        }
        if window.used >= limit.requests:
            self.refused += 1
            headers |= {"X-RateLimit-Scope": "user", "Retry-After": str(int(wait) + 1)}
            return Verdict(headers, max(wait, 0.001))
        window.used += 1
        return Verdict(headers)
