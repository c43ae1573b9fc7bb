"""Who follows what, in memory: the matcher's index with the subscription behind each key, kept equal to the table.

A start reads where each query is filed, not the queries: those stay on a shelf under their atoms until a headline
holds one of them (`open`). So a hundred thousand are there in a fraction of a second and cost little, and what is
never in the news is never parsed. Nothing is missed by that: a headline that matches holds an atom of the query.
"""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.news import filing, matcher
from bot.news import query as alert_language
from storage import subscriptions
from storage.errors import StorageError
from storage.rows import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.news.model import Document
    from bot.news.query import Query
    from storage.database import Database
    from storage.records import Subscription

log = structlog.get_logger(__name__)
_CHUNK: Final = 500  # subscriptions read at once
_YIELD_EVERY: Final = 50  # queries parsed between two looks at the event loop: a few milliseconds
_GATHER_SECONDS: Final = 5.0  # new lines are written together
_AGAIN_SECONDS: Final = 5.0  # after the database did not answer


class SubscriptionBook:
    """`put` and `drop` after each change in the database; `open`, then `match` for a headline's subscriptions."""

    def __init__(self) -> None:
        self._matcher = matcher.Matcher()
        self._subscriptions: dict[int, Subscription] = {}  # those read so far
        self._shelf: dict[str, int | list[int]] = {}  # atom → one or several filed under it, not read at the start
        self._shelved = 0  # how many are still to be read
        self._last = 0  # the newest of them
        self._gone: set[int] = set()  # those dropped before they were read
        self._capped: dict[int, Subscription] = {}  # with a cap, which the outbox asks for before they are read
        self._lines: dict[int, tuple[str, str]] = {}  # subscription → query and line, to be kept in the database
        self._news = asyncio.Event()  # there are lines to be kept
        self._whole = asyncio.Event()
        self.matched = 0  # headlines looked up so far, and the seconds that took: for metrics
        self.match_seconds = 0.0

    def __len__(self) -> int:
        return len(self._subscriptions) + self._shelved

    @property
    def is_whole(self) -> bool:
        """Whether every subscription there was at the start is read or on the shelf."""
        return self._whole.is_set()

    async def whole(self) -> None:
        """Return once nothing can be missed. Not to be awaited inside a transaction: filing may have to write."""
        await self._whole.wait()

    async def load(self, database: Database) -> None:
        """All of it: `begin` and `complete`."""
        await self.complete(database, await self.begin(database))

    async def begin(self, database: Database) -> list[int]:
        """Put on the shelf what is filed already. The subscriptions that are left, for `complete`."""
        unfiled: list[int] = []
        self._shelf, self._shelved = {}, 0
        # Nothing that is made here is garbage; and afterwards the collector leaves all of it alone, which spares the
        # event loop long pauses.
        gc.disable()
        try:
            async with database.read() as connection:
                self._capped = {one.id: one for one in await subscriptions.capped(connection)}
                async for rows in subscriptions.filed(connection):
                    for key, line in rows:
                        if atoms := filing.atoms(line):
                            self._lay(key, atoms)
                        else:
                            unfiled.append(key)
                    self._last = rows[-1][0]
                    self._shelved += len(rows)
        finally:
            gc.enable()
            gc.freeze()
        if not unfiled:
            self._whole.set()
        return unfiled

    async def complete(self, database: Database, unfiled: Sequence[int]) -> None:
        """Work out where these are filed (after an import, or a release that reads queries differently).

        Takes about 60 µs each, in short steps, and once: the next start finds it done.
        """
        if unfiled:
            log.info("reading alerts anew; headlines wait for it", alerts=len(unfiled))
        for some in chunks(unfiled, _CHUNK):
            async with database.read() as connection:
                found = await subscriptions.get_many(connection, some)
            for count, one in enumerate(found.values(), 1):
                if self._is_shelved(one.id):
                    query = self._parsed(one)
                    if query is None:
                        self.drop(one.id)
                    else:
                        self._lay(one.id, self._note(one, query))
                if count % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            await self.save(database)
        self._whole.set()

    async def keep(self, database: Database, unfiled: Sequence[int]) -> None:
        """`complete`, then write down where new queries are filed, as they come. Runs until cancelled."""
        while True:
            try:
                if not self._whole.is_set():
                    await self.complete(database, unfiled)
                await self._news.wait()
                await asyncio.sleep(_GATHER_SECONDS)
                await self.save(database)
            except StorageError as error:
                log.debug("where queries are filed is kept later", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:
                log.exception("alerts could not be filed; trying again")
                await asyncio.sleep(_AGAIN_SECONDS)

    async def save(self, database: Database) -> None:
        """Keep the lines not kept yet. Raises StorageError; they are kept next time then."""
        self._news.clear()
        lines = [(key, text, line) for key, (text, line) in self._lines.items()]
        if lines:
            try:
                async with database.write() as connection:
                    await subscriptions.set_filed(connection, lines)
            except StorageError:
                self._news.set()
                raise
            for key, text, line in lines:
                if self._lines.get(key) == (text, line):
                    del self._lines[key]

    def put(self, subscription: Subscription) -> None:
        """Add a subscription or take over its changed fields."""
        query = self._take(subscription)
        if query is not None:
            self._note(subscription, query)
            self._news.set()

    def drop(self, subscription_id: int) -> None:
        if self._is_shelved(subscription_id):
            self._shelved -= 1
            self._gone.add(subscription_id)
        self._lines.pop(subscription_id, None)
        self._capped.pop(subscription_id, None)
        self._matcher.remove(subscription_id)
        self._subscriptions.pop(subscription_id, None)

    def ids(self) -> set[int]:
        """Of all there are, the paused ones too."""
        shelved = {key for kept in self._shelf.values() for key in _listed(kept) if self._is_shelved(key)}
        return self._subscriptions.keys() | shelved

    def get(self, subscription_id: int) -> Subscription | None:
        """One that has been read: each that has matched since the start, and each with a cap."""
        return self._subscriptions.get(subscription_id) or self._capped.get(subscription_id)

    async def open(self, connection: AsyncConnection, document: Document) -> None:
        """Take from the shelf what this headline may match; to be done before `match`. Raises StorageError."""
        if not self._shelf:
            return
        touched = self._shelf.keys() & matcher.atoms_of(document)
        wanted = {key for atom in touched for key in _listed(self._shelf[atom]) if self._is_shelved(key)}
        parsed: dict[str, Query | None] = {}
        for some in chunks(wanted, _CHUNK):
            found = await subscriptions.get_many(connection, some)
            for count, key in enumerate(some, 1):
                one = found.get(key)
                if one is None:
                    self.drop(key)  # deleted, and nobody told us
                elif self._is_shelved(key):
                    if one.query not in parsed:
                        parsed[one.query] = self._parsed(one)
                    self._take(one, parsed[one.query])
                if count % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)
        for atom in touched:
            self._shelf.pop(atom, None)

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
        """Of those read so far, what a person set up, for themselves or for servers."""
        return [one for one in self._subscriptions.values() if one.created_by == user_id]

    def _lay(self, key: int, atoms: Sequence[str]) -> None:
        """On the shelf, to be read when a headline holds one of these."""
        for atom in atoms:
            kept = self._shelf.get(atom)
            if kept is None:
                self._shelf[atom] = key  # most atoms have one: a list would cost more than all else
            elif isinstance(kept, list):
                kept.append(key)
            else:
                self._shelf[atom] = [kept, key]

    def _is_shelved(self, key: int) -> bool:
        """Whether it was there at the start and has not been read or dropped since."""
        return key <= self._last and key not in self._subscriptions and key not in self._gone

    def _take(self, subscription: Subscription, query: Query | None = None) -> Query | None:
        """Into memory and the index; the query when it is to be matched."""
        key = subscription.id
        self._shelved -= self._is_shelved(key)
        self._capped.pop(key, None)
        if subscription.query == subscription.canonical:
            # One text in memory instead of two: most queries are typed as they are written out.
            subscription = replace(subscription, canonical=subscription.query)
        self._subscriptions[key] = subscription
        query = query or self._parsed(subscription)
        if query is None or subscription.state != "active":
            self._matcher.remove(key)
        else:
            self._matcher.replace(key, query)
        return query

    def _parsed(self, subscription: Subscription) -> Query | None:
        """None for a query that this version cannot read: logged and left out, not lost."""
        try:
            return alert_language.parse(subscription.query)
        except alert_language.QueryError as error:
            log.error(
                "a subscription cannot be read; edit or remove it", subscription=subscription.id, error=str(error)
            )
            return None

    def _note(self, subscription: Subscription, query: Query) -> list[str]:
        """Where a query is filed, to be kept in the database soon; its atoms."""
        line = filing.line(query)
        self._lines[subscription.id] = (subscription.query, line)
        return filing.atoms(line)


def _listed(kept: int | list[int]) -> list[int]:
    return kept if isinstance(kept, list) else [kept]
