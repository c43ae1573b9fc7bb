"""News from one process to the others on a PostgreSQL database: heard when the transaction commits, never before.

`storage.member` hears them. On SQLite there is nobody to tell, so these cost nothing there. A notice is a hint and no
more: whoever was not listening finds the same in the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import Target

CHANNEL: Final = "headframe"
Topic = Literal["outbox", "subscriptions", "alerts", "route", "channel", "senders"]


async def tell(connection: AsyncConnection, topic: Topic, detail: str = "") -> None:
    """Say that something changed; equal notices of one transaction arrive once.

    detail: for subscriptions the id, or "*" for many at once; for a route or a channel what `of_target` makes; else
    empty.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, f"{topic} {detail}".rstrip())))


def of_target(target: Target) -> str:
    return f"{target.kind} {target.id}"
