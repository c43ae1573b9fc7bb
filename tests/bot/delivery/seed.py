"""Stories put straight into the outbox, so that delivery is tested without feeds."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.news import tagger
from bot.news.model import tags_to_json
from storage import deliveries, entries, feeds
from storage.records import Delivery, NewDelivery, NewEntry, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.database import Database

_serial = itertools.count(1)


def now() -> datetime:
    return datetime.now(UTC)


def channel(id_: int) -> Target:
    return Target("channel", id_)


async def seed(
    database: Database,
    titles: Sequence[str],
    targets: Sequence[tuple[Target, int | None]],
    *,
    at: datetime | None = None,
    image: str | None = None,
    age: timedelta = timedelta(0),
    **more: Any,
) -> list[int]:
    """A story for each title and a delivery of each for every (target, guild id); the stories' ids, in order."""
    at = (at or now()) - age
    async with database.write() as connection:
        feed, _new = await feeds.add(connection, "http://wire.example/feed", now=at, title="Test Wire")
        ids = await entries.reserve_stories(connection, len(titles))
        await entries.add_stories(connection, [(i, t, at, at) for i, t in zip(ids, titles, strict=True)])
        new = []
        for story, title in zip(ids, titles, strict=True):
            serial = next(_serial)
            new.append(
                NewEntry(
                    feed.id, f"seed-{serial}-{at.timestamp()}", None, title, f"http://wire.example/{serial}", "", None,
                    image, at, None, at, silent=False, piece=None, tags=tags_to_json(tagger.tag(title, "")), facets=(),
                    story_id=story,
                )
            )  # fmt: skip
        entry_ids = await entries.add_entries(connection, new)
        rows = []
        for place, (story, entry) in enumerate(zip(ids, entry_ids, strict=True)):
            for target, guild_id in targets:
                fields: dict[str, Any] = {
                    "due_at": at,
                    "order_at": at + timedelta(seconds=place),
                    "created_at": at,
                    **more,
                }
                rows.append(
                    NewDelivery(
                        target=target, dedupe_key=f"story:{story}", kind="headline", guild_id=guild_id, story_id=story,
                        entry_id=entry, **fields,
                    )
                )  # fmt: skip
        await deliveries.enqueue(connection, rows)
    return ids


def row(id_: int = 1, **changes: Any) -> Delivery:
    """A delivery as the pure parts see it: a pending instant headline unless told otherwise."""
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    values: dict[str, Any] = {
        "id": id_, "target_kind": "channel", "target_id": 5, "dedupe_key": f"story:{id_}", "kind": "headline",
        "guild_id": 1, "subscription_id": 1, "story_id": id_, "entry_id": id_, "mode": "instant", "state": "pending",
        "reason": None, "error": None, "priority": 1, "order_at": at, "due_at": at, "attempts": 0, "batch_id": None,
        "nonce": None, "role_id": None, "channel_id": None, "message_id": None, "payload": None, "created_at": at,
        "claimed_at": None, "sent_at": None, **changes,
    }  # fmt: skip
    return Delivery(**values)
