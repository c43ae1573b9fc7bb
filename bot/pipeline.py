"""One headline's journey, on one page.

    due feeds ─► fetch ─► parse and tag ─► what is new? ─► story ─► match ─► outbox ─► deliver ─► Discord
                                           └────────── one transaction ───────────┘

Everything left of "what is new?" may fail and is repeated without a trace; everything from there to the outbox is one
database transaction (`bot.ingest`); everything right of it (`bot.delivery`) can be killed at any instant.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from bot.feeds.model import Fault, FaultKind, FeedError, Fetched, FetchRequest
from bot.feeds.robots import RobotsCache
from bot.reading import Reading
from bot.tasks import end
from storage import entries, feeds
from storage.errors import Damaged, StorageError, Unavailable
from storage.leases import POLLING_FOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.feeds.fetch import Fetcher
    from bot.feeds.worker import ParserPool
    from bot.ingest import Ingest, Stored
    from storage.database import Database
    from storage.records import Feed

log = structlog.get_logger(__name__)
_BATCH: Final = 64  # polls stored in one transaction at most
_BATCH_ENTRIES: Final = 240  # of one feed stored at once; a batch that has so many is full: a first poll has dozens
_ENOUGH: Final = 24  # that have arrived are stored without waiting for more
_GATHER: Final = 0.05  # seconds the writer waits for more to store with it, while polls are under way
_IN_FLIGHT: Final = 400  # polls under way at once
_STARTED: Final = 16  # polls begun in one turn of the event loop
_CROWDED: Final = 8.0  # seconds a host's queue may be long before its feeds are put off
_KEPT: Final = POLLING_FOR - 30  # seconds from its claim that a poll is kept which cannot be stored: within its lease
_PIECES: Final = 2_000  # feeds whose known pieces are kept in memory


class Pipeline:
    """`tick()` claims what is due and hands it over; `poll(feed)` is one journey up to the outbox."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        parser: ParserPool,
        ingest: Ingest,
        *,
        stored: Callable[[Stored], None],
        robots: RobotsCache | None = None,
        owner: int = 0,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._parser = parser
        self._ingest = ingest
        self._on_stored = stored
        self._robots = robots or RobotsCache(fetcher.fetch)
        self._owner = owner  # this process's number, where several share the feeds
        self.ready: Callable[[], bool] = lambda: True  # whether what is read could be stored at once
        self._clock = clock
        self._arrived: deque[tuple[Reading, asyncio.Future[Stored]]] = deque()  # readings to be stored
        self._some, self._enough = asyncio.Event(), asyncio.Event()
        self._polls: set[asyncio.Task[None]] = set()
        self._polled: set[int] = set()  # the feeds of these
        self._writer: asyncio.Task[None] | None = None
        self._pieces: dict[int, tuple[str | None, frozenset[str]]] = {}  # with the hash of the body they were in
        self._claiming = asyncio.Lock()
        self._more = False  # the last claim took all it might: more may be due
        self._refill: asyncio.Task[int] | None = None
        self._stopped = False
        self.lags: deque[float] = deque(maxlen=500)  # seconds behind schedule of recent polls
        self.counts: dict[str, int] = {"polls": 0, "unchanged": 0, "faults": 0, "new": 0}

    def start(self) -> None:
        self._stopped = False
        self._writer = asyncio.create_task(self._write(), name="ingest")

    async def stop(self) -> None:
        """Stop at once: a poll that is not stored yet is simply repeated when it is next due."""
        self._more, self._stopped = False, True
        await end(*self._polls, self._writer, self._refill)
        self._writer = None

    @property
    def busy(self) -> bool:
        """Whether polls are under way."""
        return bool(self._polls)

    async def tick(self) -> int:
        """Claim due feeds and set them off; returns at once. The number claimed.

        Where more is due than may be under way at once, places that fall free are filled without waiting for a tick.
        """
        async with self._claiming:
            free = self._room()
            if free <= 0:
                self._more = True
                return 0
            now = self._clock()
            async with self._database.read() as connection:
                if not await feeds.any_due(connection, now):
                    self._more = False
                    return 0
            async with self._database.write() as connection:
                due = await feeds.claim_due(connection, now, limit=free, lease_seconds=POLLING_FOR, owner=self._owner)
            self._more = len(due) == free
            for count, feed in enumerate(due, 1):
                if feed.id in self._polled:
                    continue  # its lease has run out, but the poll goes on: a queue at its host or at the parser
                if count % _STARTED == 0:
                    await asyncio.sleep(0)  # hundreds that begin in one turn of the loop would hold it
                if self._stopped:
                    break
                self.lags.append((now - feed.next_poll_at).total_seconds())
                task = asyncio.create_task(self._guarded(feed), name=f"poll {feed.id}")
                self._polls.add(task)
                self._polled.add(feed.id)
                task.add_done_callback(partial(self._ended, feed.id))
            return len(due)

    def _room(self) -> int:
        """How many feeds may be claimed now. Where others share them, no more than can be stored soon.

        What is claimed is kept from the others, and if this process dies it waits an interval: nobody knows whether
        its publisher was asked.
        """
        free = _IN_FLIGHT - len(self._polls)
        if not self._owner:
            return free
        return min(free, 2 * _BATCH) if self.ready() and len(self._arrived) < _BATCH else 0

    def _ended(self, feed_id: int, poll: asyncio.Task[None]) -> None:
        self._polls.discard(poll)
        self._polled.discard(feed_id)
        idle = self._refill is None or self._refill.done()
        if self._more and idle and len(self._polls) <= _IN_FLIGHT // 2:
            self._refill = asyncio.get_running_loop().create_task(self.tick(), name="refill")

    async def poll(self, feed: Feed, *, until: float = 0.0) -> Stored:
        """Fetch, parse and store one feed. until: as long as that (loop.time()) storing is tried again.

        Raises StorageError when it could not be stored.
        """
        reading = await self.read(feed)
        self.counts["polls"] += 1
        self.counts["faults"] += reading.fault is not None
        self.counts["unchanged"] += reading.fault is None and reading.parsed is None
        stored = await self._store_until(reading, until)
        _tell(feed, reading)
        return stored

    async def _store_until(self, reading: Reading, until: float) -> Stored:
        """Store, trying again while the database cannot be written: its publisher need not be asked a second time."""
        loop = asyncio.get_running_loop()
        pause = 0.5
        while True:
            try:
                return await self.store(reading)
            except Damaged:
                raise
            except Unavailable:
                if loop.time() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)

    async def store(self, reading: Reading) -> Stored:
        """Hand a reading to the writer and wait until it is stored. Raises StorageError.

        What a very large feed brings is stored in parts, so that others need not wait for all of it.
        """
        feed = reading.feed
        for part in reading.parts(_BATCH_ENTRIES):
            done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
            self._arrived.append((part, done))
            self._some.set()
            if len(self._arrived) >= min(_ENOUGH, len(self._polls)) or _entries(part) >= _BATCH_ENTRIES:
                self._enough.set()
            stored = await done
        if reading.parsed is not None and not reading.pushed:
            self._remember(feed.id, reading.body_hash, reading.parsed.pieces)
        return stored

    async def read(self, feed: Feed) -> Reading:
        """What the feed says now: unchanged, parsed or at fault. Stores nothing and never raises for the feed."""
        if feed.rule is not None and (forbidden := await self._robots.check(feed.url)) is not None:
            return Reading(feed, Fetched(feed.url, fault=forbidden), self._clock(), fault=forbidden)
        fetched = await self._fetcher.fetch(
            FetchRequest(feed.url, etag=feed.etag, last_modified=feed.last_modified, user_agent=feed.user_agent)
        )
        now = self._clock()
        if fetched.fault is not None:
            return Reading(feed, fetched, now, fault=fetched.fault)
        if fetched.not_modified or fetched.body is None:
            return Reading(feed, fetched, now)
        body_hash = hashlib.blake2b(fetched.body, digest_size=16).hexdigest()
        if body_hash == feed.body_hash:
            return Reading(feed, fetched, now)
        try:
            parsed = await self._parser.parse(
                fetched.body,
                content_type=fetched.headers.get("content-type"),
                url=fetched.url,
                known=await self._known_pieces(feed),
                zone=feed.zone,
                rule=feed.rule,
            )
        except FeedError as error:
            return Reading(feed, fetched, now, fault=error.fault)
        return Reading(feed, fetched, now, parsed=parsed, body_hash=body_hash)

    async def _guarded(self, feed: Feed) -> None:
        until = asyncio.get_running_loop().time() + _KEPT
        try:
            if self._fetcher.delay(feed.url) > _CROWDED:
                await self._put_off(feed)
                return
            await self.poll(feed, until=until)
        except StorageError as error:
            # The change of the database's state is logged once, by `housekeeping.Keeper`.
            log.debug("a poll could not be stored; it is repeated", feed=feed.url, error=str(error))
        except Exception:
            log.exception("a poll failed in an unforeseen way; it is repeated later", feed=feed.url)
            fault = Fault(FaultKind.PARSE, "Headframe could not process this feed; see its log.")
            reading = Reading(feed, Fetched(feed.url, fault=fault), self._clock(), fault=fault)
            with suppress(Exception):  # the lease ends by itself, and then it is polled again
                await self.store(reading)

    async def _put_off(self, feed: Feed) -> None:
        """Its host has a long queue already: give the lease back, a slow host may not take every place."""
        later = self._clock() + timedelta(seconds=int(self._fetcher.delay(feed.url)) + 1)
        async with self._database.write() as connection:
            await feeds.save_many(connection, [{"id": feed.id, "lease_until": None, "next_poll_at": later}])

    async def _known_pieces(self, feed: Feed) -> frozenset[str]:
        if feed.primed_at is None:
            return frozenset()
        body_hash, known = self._pieces.get(feed.id, (None, frozenset()))
        if body_hash is None or body_hash != feed.body_hash:  # not in memory, or another process has read it since
            async with self._database.read() as connection:
                known = await entries.pieces_of(connection, feed.id)
        return known

    def listed_pieces(self) -> dict[int, frozenset[str]]:
        """Feed id → source hashes of what it listed when last read, as far as they are in memory."""
        return {feed_id: pieces for feed_id, (_hash, pieces) in self._pieces.items()}

    def _remember(self, feed_id: int, body_hash: str | None, pieces: frozenset[str]) -> None:
        self._pieces.pop(feed_id, None)
        self._pieces[feed_id] = (body_hash, pieces)
        if len(self._pieces) > _PIECES:
            del self._pieces[next(iter(self._pieces))]

    async def _gather(self) -> list[tuple[Reading, asyncio.Future[Stored]]]:
        """What to store next: all that has arrived, and while more is on its way, what arrives in the next moment.

        A transaction costs the same for one poll as for sixty; a reader does not notice a twentieth of a second.
        """
        await self._some.wait()
        if not self._enough.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER):
                    await self._enough.wait()
        batch: list[tuple[Reading, asyncio.Future[Stored]]] = []
        entries = 0
        while self._arrived and len(batch) < _BATCH and entries < _BATCH_ENTRIES:
            batch.append(self._arrived.popleft())
            entries += _entries(batch[-1][0])
        if not self._arrived:
            self._some.clear()
            self._enough.clear()
        return batch

    async def _write(self) -> None:
        """The one writer: stores whatever has arrived, many polls in one transaction."""
        while True:
            batch = await self._gather()
            started = time.perf_counter()
            try:
                stored = await self._ingest.store([reading for reading, _done in batch])
            except Exception as error:  # noqa: BLE001 - handed to those who wait; the writer goes on
                for _reading, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            self.counts["new"] += stored.new
            for reading, done in batch:
                if done.done():
                    continue
                if reading.feed.id in stored.unstored:
                    done.set_exception(stored.unstored[reading.feed.id])
                else:
                    done.set_result(stored)
            try:
                self._on_stored(stored)
            except Exception:
                log.exception("what follows a stored poll failed; its posts go out at the next tick")
            if stored.new or stored.edited:
                log.debug(
                    "polls stored",
                    polls=len(batch),
                    new=stored.new,
                    edited=stored.edited,
                    deliveries=stored.deliveries,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )


def _tell(feed: Feed, reading: Reading) -> None:
    """A line for each poll at debug, and for each change between healthy and failing at info."""
    fault, parsed = reading.fault, reading.parsed
    if fault is not None:
        log.debug("polled", feed=feed.url, outcome="fault", fault=fault.kind.value, detail=fault.detail)
        if feed.failing_since is None:
            log.info("a feed cannot be read; it is tried again, ever more rarely", feed=feed.url, fault=fault.detail)
        return
    log.debug("polled", feed=feed.url, outcome="unchanged" if parsed is None else "changed")
    if feed.failing_since is not None:
        log.info("a feed is read again", feed=feed.url, failing_since=feed.failing_since.isoformat())


def _entries(reading: Reading) -> int:
    return len(reading.parsed.entries) if reading.parsed is not None else 0
