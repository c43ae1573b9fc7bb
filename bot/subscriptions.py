"""Who follows what, in memory: the matcher's index with the subscription behind each key, kept equal to the table."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.news import query as alert_language
from bot.news.matcher import Matcher
from storage import subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.news.model import Document
    from storage.database import Database
    from storage.records import Subscription

log = structlog.get_logger(__name__)


class SubscriptionBook:
    """`put` and `drop` after each change in the database; `match` gives the active subscriptions for a headline."""

    def __init__(self) -> None:
        self._matcher = Matcher()
        self._subscriptions: dict[int, Subscription] = {}
        self.matched = 0  # headlines looked up so far, and the seconds that took: for metrics
        self.match_seconds = 0.0

    def __len__(self) -> int:
        return len(self._subscriptions)

    async def load(self, database: Database) -> None:
        """Read all of them; one whose query this version cannot read is logged and left out, not lost."""
        # Nothing that is made here is garbage: collecting meanwhile doubles the time (measured at 20,000). Afterwards
        # the collector leaves all of it alone, which spares the event loop long pauses.
        gc.disable()
        try:
            async with database.read() as connection:
                async for subscription in subscriptions.every(connection):
                    self.put(subscription)
        finally:
            gc.enable()
            gc.freeze()

    def put(self, subscription: Subscription) -> None:
        """Add a subscription or take over its changed fields."""
        key = subscription.id
        if subscription.query == subscription.canonical:
            # One text in memory instead of two: most queries are typed as they are written out.
            subscription = replace(subscription, canonical=subscription.query)
        self._subscriptions[key] = subscription
        if subscription.state != "active":
            self._matcher.remove(key)
            return
        try:
            self._matcher.replace(key, alert_language.parse(subscription.query))
        except alert_language.QueryError as error:
            self._matcher.remove(key)
            log.error("a subscription cannot be read; edit or remove it", subscription=key, error=str(error))

    def drop(self, subscription_id: int) -> None:
        self._matcher.remove(subscription_id)
        self._subscriptions.pop(subscription_id, None)

    def drop_guild(self, guild_id: int) -> None:
        """Forget all that belongs to a server."""
        for one in [one for one in self._subscriptions.values() if one.scope_guild_id == guild_id]:
            self.drop(one.id)

    def ids(self) -> set[int]:
        """Of all there are, the paused ones too."""
        return set(self._subscriptions)

    def get(self, subscription_id: int) -> Subscription | None:
        return self._subscriptions.get(subscription_id)

    def match(self, document: Document) -> Iterator[Subscription]:
        """Active subscriptions whose query the headline meets, whatever server they belong to."""
        started = time.perf_counter()
        hits = list(self._matcher.match(document))
        self.match_seconds += time.perf_counter() - started
        self.matched += 1
        for hit in hits:
            for key in hit.keys:
                if isinstance(key, int) and (found := self._subscriptions.get(key)) is not None:
                    yield found

    def made_by(self, user_id: int) -> list[Subscription]:
        """What a person set up, for themselves or for servers."""
        return [one for one in self._subscriptions.values() if one.created_by == user_id]
