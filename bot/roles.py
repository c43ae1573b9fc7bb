"""What a process does of the whole, and for which shards: `headframe run --roles gateway,deliver --shards 0-15/64`.

gateway: stands in Discord's gateway and answers commands. poll: reads feeds, asks for prices, plans what is posted.
deliver: posts it. One process does all of it unless told otherwise.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from storage.locks import Lock

if TYPE_CHECKING:
    from storage.member import Member

log = structlog.get_logger(__name__)
ROLES: Final = ("gateway", "poll", "deliver")
_MOST_SHARDS: Final = 10_000
_BACK_EVERY: Final = 0.2  # seconds between two looks whether a shard has been given back
_BACK_LOOKS: Final = 600  # of them: the other may be busy taking it, with a queue of identifies before it
_OTHERS: Final = "Give each gateway process shards of its own (--shards 0-15/64), or leave gateway out of its --roles."


@dataclass(frozen=True, slots=True)
class Shards:
    """Some of the gateway's shards: `ids` of `total`."""

    ids: tuple[int, ...]
    total: int

    def __str__(self) -> str:
        return f"{','.join(map(str, self.ids))}/{self.total}"


def read_roles(text: str) -> tuple[str, ...]:
    """The roles named, in the order of ROLES; all for an empty text. Raises ValueError with what is wrong."""
    named = set(text.replace(",", " ").lower().split())
    unknown = sorted(named - set(ROLES))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no role; choose from {', '.join(ROLES)}, separated by commas")
    return tuple(role for role in ROLES if role in named or not named)


def read_shards(text: str) -> Shards | None:
    """ "0-15/64" or "0,2,5-7/8"; None for an empty text: all, as many as Discord recommends. Raises ValueError."""
    if not text.strip():
        return None
    listed, slash, total_text = text.replace(" ", "").partition("/")
    try:
        total = int(total_text)
        ids: set[int] = set()
        for part in listed.split(","):
            first, dash, last = part.partition("-")
            ids.update(range(int(first), min(int(last if dash else first), _MOST_SHARDS) + 1))
    except ValueError:
        slash = ""
        total, ids = 0, set()
    if not slash or not ids or not 0 < total <= _MOST_SHARDS or not 0 <= min(ids) <= max(ids) < total:
        raise ValueError("should be the shards of this process and how many there are in all, such as 0-15/64")
    return Shards(tuple(sorted(ids)), total)


async def claim_shards(member: Member, shards: Shards | None) -> str | None:
    """Take this process's part of the gateway; None, or why it cannot be had. Raises Unavailable."""
    if not await member.hold(Lock.GATEWAY, shared=shards is not None):
        whole = "another Headframe stands in the gateway" if shards is None else "another Headframe serves all shards"
        return f"{whole} on this database. {_OTHERS}"
    if shards is None:
        return None
    await member.hold(Lock.TOTAL, shards.total, shared=True)
    other = sorted(await member.holders(Lock.TOTAL) - {shards.total})
    if other:
        return (
            f"another Headframe divides the gateway into {other[0]} shards, this one into {shards.total}: "
            "use one number."
        )
    missing = [shard for shard in shards.ids if not await member.hold(Lock.SHARD, shard)]
    if missing and (other_has := await _ask_back(member, missing)) is not None:
        return f"another Headframe serves shard {other_has} on this database. {_OTHERS}"
    return None


async def _ask_back(member: Member, shards: list[int]) -> int | None:
    """Have these shards given back by whoever stands in for a dead process (`bot.cover`); None, or one that stays."""
    covered = await member.holders(Lock.COVER)
    for shard in shards:
        # One that is not covered has been given back this very moment, or is another's for good.
        if shard not in covered and not await member.hold(Lock.SHARD, shard):
            return shard
    log.info("another process stands in for this one; asking for its shards", shards=len(shards))
    try:
        for shard in shards:
            await member.hold(Lock.HOME, shard)
        for _look in range(_BACK_LOOKS):
            shards = [shard for shard in shards if not await member.hold(Lock.SHARD, shard)]
            if not shards:
                return None
            await asyncio.sleep(_BACK_EVERY)
        return shards[0]
    finally:
        for shard in await member.holders(Lock.HOME):
            await member.let_go(Lock.HOME, shard)
