"""Bad days on order: what can go wrong between a bot and Discord, one request at a time, by hand or by a seeded die."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.preview.permissions import P

if TYPE_CHECKING:
    from bot.preview.model import Channel
    from bot.preview.world import World

Scope = Literal["user", "global", "shared"]


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A request as a fault decides on it. `route` is the template, such as "/channels/{channel_id}/messages"."""

    n: int
    method: str
    path: str
    route: str
    channel_id: int | None
    body: Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of (`after_storing` False) or after (True) the request's real handling.

    kind "status" answers `status`; "cut" closes the connection without an answer; "hang" never answers;
    "delay" waits `seconds` and goes on; "effect" calls `effect()` first and goes on.
    """

    kind: Literal["status", "cut", "hang", "delay", "effect"]
    status: int = 0
    after_storing: bool = False
    seconds: float = 0.0
    retry_after: float | None = None
    scope: Scope = "user"
    html: bool = False
    effect: Callable[[], None] | None = None

    @classmethod
    def rate_limited(cls, retry_after: float | None = 0.2, *, scope: Scope = "user", html: bool = False) -> Fault:
        """A 429; `retry_after` None leaves the number out; `html` is the page of the outer proxy, without Via."""
        return cls("status", 429, retry_after=retry_after, scope=scope, html=html)

    @classmethod
    def error(cls, status: int = 500, *, after_storing: bool = False) -> Fault:
        """A 5xx, before or after the work was done."""
        return cls("status", status, after_storing=after_storing)

    @classmethod
    def cut(cls, *, after_storing: bool = False) -> Fault:
        return cls("cut", after_storing=after_storing)

    @classmethod
    def hang(cls, *, after_storing: bool = False) -> Fault:
        return cls("hang", after_storing=after_storing)

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        return cls("delay", seconds=seconds)

    @classmethod
    def then(cls, effect: Callable[[], None]) -> Fault:
        """Do something to the world (take a permission away, say), then handle the request."""
        return cls("effect", effect=effect)


def flip_send(world: World, channel: Channel) -> Fault:
    """The bot's permission to send in a channel comes and goes: each time this is dealt, it changes."""

    def flip() -> None:
        may = world.permissions(world.bot.id, channel) & P.SEND_MESSAGES
        world.set_overwrite(channel, world.bot, deny=int(P.SEND_MESSAGES) if may else 0)

    return Fault.then(flip)


Faults = Callable[[RequestInfo], Fault | None]
# The names that RandomFaults' rates may use.
READY_MADE: Mapping[str, Fault] = {
    "429": Fault.rate_limited(0.05),
    "429-global": Fault.rate_limited(0.05, scope="global"),
    "429-shared": Fault.rate_limited(0.05, scope="shared"),
    "429-no-retry-after": Fault.rate_limited(None),
    "429-html": Fault.rate_limited(None, html=True),
    "500": Fault.error(500),
    "502": Fault.error(502),
    "503": Fault.error(503),
    "504": Fault.error(504),
    "500-after": Fault.error(500, after_storing=True),
    "502-after": Fault.error(502, after_storing=True),
    "504-after": Fault.error(504, after_storing=True),
    "cut": Fault.cut(),
    "cut-after": Fault.cut(after_storing=True),
    "hang": Fault.hang(),
    "hang-after": Fault.hang(after_storing=True),
}


class RandomFaults:
    """Faults by chance: `rates` maps names of READY_MADE (or Fault objects) to probabilities; same seed, same dice.

    `only` limits them to routes whose template it accepts (default: posting and editing messages).
    """

    def __init__(
        self,
        seed: int,
        rates: Mapping[str | Fault, float],
        *,
        only: Callable[[RequestInfo], bool] | None = None,
    ) -> None:
        total = sum(rates.values())
        if not 0 <= total <= 1:
            raise ValueError(f"the rates add up to {total}; they must stay within 0 and 1")
        self._rng = random.Random(seed)
        unknown = [k for k in rates if isinstance(k, str) and k not in READY_MADE]
        if unknown:
            raise ValueError(f"there are no faults called {unknown}; choose from {sorted(READY_MADE)}")
        self._rates = [(READY_MADE[k] if isinstance(k, str) else k, rate) for k, rate in rates.items()]
        self._only = only or (lambda info: info.method in ("POST", "PATCH") and "/messages" in info.route)
        self.dealt = 0

    def __call__(self, info: RequestInfo) -> Fault | None:
        if not self._only(info):
            return None
        die = self._rng.random()
        for fault, rate in self._rates:
            if die < rate:
                self.dealt += 1
                return fault
            die -= rate
        return None
