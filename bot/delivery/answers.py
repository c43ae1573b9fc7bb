"""How a request to Discord went, and what its answer means. Pure; the table is at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.delivery.gate import seconds_of

if TYPE_CHECKING:
    import discord


@dataclass(frozen=True, slots=True)
class Sent:
    """channel_id: where it really is (a DM channel, a thread). hooked: through a webhook, by its name."""

    channel_id: int
    message_id: int
    hooked: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Not known to have arrived: the same message again. `after` seconds when Discord names them."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The target cannot be reached.

    reason: "missing:embed_links,send_messages", "unknown-channel", "left", "locked", "dm".
    seen: the client's own view of the server says so too; else Discord refused and nothing shows why.
    """

    reason: str
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Discord will never take this message, or there is nothing to send or change any more.

    form: it is something in the message that Discord does not like (an address it finds no address, say).
    """

    reason: str
    form: bool = False


Outcome = Sent | Retry | Lost | Refused


def meaning(error: discord.HTTPException) -> Outcome:
    """What an error answer means for the message it was about."""
    if error.status == 429:
        return Retry("rate limited", seconds_of(error.response.headers))
    if error.status >= 500:
        return Retry(f"Discord answered {error.status}")
    known = _MEANINGS.get(error.code)
    if known is not None:
        return known
    if error.status == 403:
        return Lost("missing:send_messages")
    if error.status == 404:
        return Lost("unknown-channel")
    if error.status in {401, 408}:
        return Retry(f"Discord answered {error.status}")
    return Refused(f"{error.status} (code {error.code}): {error.text}"[:200], form=error.status == 400)


# Discord's JSON error codes (documentation, "JSON Error Codes").
_MEANINGS: Final[dict[int, Outcome]] = {
    10003: Lost("unknown-channel"),
    10008: Refused("the message is gone"),
    10013: Lost("dm"),
    20016: Retry("slow mode", 10.0),
    20028: Retry("the channel's own rate limit", 10.0),
    30046: Refused("the message was edited too often"),
    40001: Lost("missing:send_messages"),
    50001: Lost("missing:view_channel"),
    50005: Refused("the message is another author's"),
    50007: Lost("dm"),
    50013: Lost("missing:send_messages"),
    50278: Lost("dm"),
    160005: Lost("locked"),
    50083: Lost("locked"),
}
