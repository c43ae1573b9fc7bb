"""robots.txt for pages (RFC 9309). Feeds are published to be polled by readers and are not asked about.

`Robots` is the pure reading of one file; `RobotsCache` fetches the files, through the ordinary fetcher, once a day.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote, unquote, urlsplit

from bot.feeds.model import Fault, FaultKind, FetchRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.feeds.model import Fetched

AGENT: Final = "headframe"
MAX_BYTES: Final = 500 * 1024  # RFC 9309 §2.5: a crawler reads at least 500 KiB
KEEP_SECONDS: Final = 24 * 3600.0  # §2.4
RETRY_SECONDS: Final = 600.0  # an unreachable file is asked for again sooner
_MAX_HOSTS: Final = 2000
_MAX_RULES: Final = 5000
_SAFE: Final = "!$&'()*+,;=:@~?^[]|{}"


@dataclass(frozen=True, slots=True)
class _Rule:
    allow: bool
    pattern: str  # percent-encoding normalised; may hold * and end in $

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a beginning of the path; each * takes as little as it can, so it is one pass."""
        pattern, whole = (self.pattern[:-1], True) if self.pattern.endswith("$") else (self.pattern, False)
        first, *rest = pattern.split("*")
        if not path.startswith(first):
            return False
        at = len(first)
        for piece in rest[:-1]:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        if not rest:
            return not whole or at == len(path)
        last = rest[-1]
        if whole:
            return len(path) - len(last) >= at and path.endswith(last)
        return path.find(last, at) >= 0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one file that hold for us."""

    rules: tuple[_Rule, ...] = ()

    @classmethod
    def parse(cls, text: str, agent: str = AGENT) -> Self:
        """The groups that name the agent, else those for *; groups with the same name count together (§2.2.1)."""
        groups: dict[str, list[_Rule]] = {}
        current: list[list[_Rule]] = []
        in_names = False
        for line in text[:MAX_BYTES].lstrip("\ufeff").splitlines():
            key, colon, value = line.split("#", 1)[0].partition(":")
            if not colon:
                continue
            key, value = key.strip().lower(), value.strip()
            if key == "user-agent":
                if not in_names:
                    current = []
                in_names = True
                name = value.split("/", 1)[0].strip().lower()
                current.append(groups.setdefault(name, []))
            elif key in {"allow", "disallow"}:
                in_names = False
                if value:
                    rule = _Rule(key == "allow", _normal(value))
                    for rules in current:
                        if len(rules) < _MAX_RULES:
                            rules.append(rule)
        return cls(tuple(groups.get(agent.lower(), groups.get("*", []))))

    def allows(self, url: str) -> bool:
        """The longest matching rule decides; allow wins a tie; without a match everything is allowed (§2.2.2)."""
        parts = urlsplit(url)
        path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        matching = ((len(rule.pattern), rule.allow) for rule in self.rules if rule.matches(path))
        return max(matching, default=(0, True))[1]


ALLOW_ALL: Final = Robots()
DISALLOW_ALL: Final = Robots((_Rule(False, "/"),))


def of_answer(answer: Fetched, agent: str = AGENT) -> tuple[Robots, float]:
    """The rules that an answer for robots.txt stands for, and the seconds they may be kept (§2.3.1).

    A 4xx or a page in its place means there are no rules; a server that fails or cannot be reached means "do not".
    """
    fault = answer.fault
    if answer.body is not None:
        if b"<html" in answer.body[:1024].lower():
            return ALLOW_ALL, KEEP_SECONDS
        return Robots.parse(answer.body[:MAX_BYTES].decode("utf-8", "replace"), agent), KEEP_SECONDS
    status = fault.status if fault else None
    if fault and fault.kind in {FaultKind.REDIRECTS, FaultKind.LOGIN}:
        return ALLOW_ALL, KEEP_SECONDS
    if status is not None and 400 <= status < 500 and status != 429:
        return ALLOW_ALL, KEEP_SECONDS
    return DISALLOW_ALL, RETRY_SECONDS


class RobotsCache:
    """Asks each host for its robots.txt at most once a day. `fetch`: a Fetcher's method."""

    def __init__(
        self,
        fetch: Callable[[FetchRequest], Awaitable[Fetched]],
        *,
        agent: str = AGENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._agent = agent
        self._clock = clock
        self._known: OrderedDict[str, tuple[Robots, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def check(self, url: str) -> Fault | None:
        """A ROBOTS fault when the site asks robots not to read this page, else None."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        robots = await self._robots(origin)
        if robots.allows(url):
            return None
        if robots is DISALLOW_ALL:
            detail = "The site's robots.txt cannot be read, so its pages are left alone; it is tried again soon."
        else:
            detail = "The site's robots.txt asks robots not to read this page; follow a feed of the site if it has one."
        return Fault(FaultKind.ROBOTS, detail)

    async def _robots(self, origin: str) -> Robots:
        lock = self._asking.setdefault(origin, asyncio.Lock())
        try:
            async with lock:
                known = self._known.get(origin)
                if known is not None and self._clock() < known[1]:
                    return known[0]
                robots, keep = of_answer(await self._fetch(FetchRequest(f"{origin}/robots.txt")), self._agent)
                self._known[origin] = (robots, self._clock() + keep)
                self._known.move_to_end(origin)
                while len(self._known) > _MAX_HOSTS:
                    self._known.popitem(last=False)
                return robots
        finally:
            if not lock.locked():
                self._asking.pop(origin, None)


def _normal(path: str) -> str:
    """Percent-encoding made alike on both sides (§2.2.2): what need not be encoded is not, what must be is."""
    return "/".join(
        quote(unquote(part, errors="surrogateescape"), safe=_SAFE, errors="surrogateescape") for part in path.split("/")
    )
