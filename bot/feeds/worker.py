"""Parses feeds in processes that can be killed, so that no feed, however hostile, holds the event loop or the others.

Two lanes: quick workers for ordinary bodies with a short limit, and one slow worker, started when needed and ended
when idle, for large bodies and for those the quick limit was too short for. Only feeds behind a slow one wait for it.
How a worker is kept at work and ended is in `lane`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from bot.feeds import wire
from bot.feeds.lane import Answer, Job, Lane, fail
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedFeed
from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.feeds import discover, page

DEFAULT_TIMEOUT: Final = 10.0
DEFAULT_MEMORY: Final = 640 * 1024 * 1024  # address space; about 100 MiB of it is the interpreter and its libraries
_LARGE: Final = 256 * 1024  # bytes; nine in ten recorded feeds are smaller
WARM = True  # workers start with the pool, so that the first poll need not wait for one
TAGS = True  # the workers of the bot say what headlines are about, too
_QUICK_SECONDS: Final = 0.7  # of processor time; the slowest recorded body under _LARGE takes half of it
_IDLE_SECONDS: Final = 30.0


class ParserPool:
    """`async with ParserPool() as pool: feed = await pool.parse(body, content_type=…, url=…)`."""

    def __init__(
        self,
        workers: int = 1,
        timeout: float = DEFAULT_TIMEOUT,
        memory_limit: int = DEFAULT_MEMORY,
        *,
        tags: bool = False,
        queue_size: int = 64,
    ) -> None:
        """timeout: seconds of processor time for one body; memory_limit: bytes of address space; 0 for none.

        tags: entries come with their tags, too.
        """
        self._tags = tags
        self._timeout = timeout
        self._memory = memory_limit
        self._workers = workers
        self._quick: asyncio.Queue[Job] = asyncio.Queue(queue_size)
        self._slow: asyncio.Queue[Job] = asyncio.Queue(queue_size)
        self._lanes: list[asyncio.Task[None]] = []
        self._closed = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the lanes. The quick workers come up meanwhile; what is asked before waits for them."""
        if self._lanes:
            return
        self._closed = False
        quick = min(_QUICK_SECONDS, self._timeout)
        arguments = (str(self._memory), *(("tags",) if self._tags else ()))
        lanes = [Lane(self._quick, arguments, quick, slower=self._slow, warm=WARM) for _ in range(self._workers)]
        lanes.append(Lane(self._slow, arguments, self._timeout, idle=_IDLE_SECONDS))
        self._lanes = [asyncio.create_task(lane.run(), name="parser lane") for lane in lanes]

    async def close(self) -> None:
        """End the workers. Requests under way fail with a PARSE fault."""
        self._closed = True
        await end(*self._lanes)
        self._lanes = []
        for queue in (self._quick, self._slow):
            while not queue.empty():
                fail(queue.get_nowait(), "The parser is closing.")

    async def parse(
        self,
        body: bytes,
        *,
        content_type: str | None,
        url: str,
        known: Collection[str] = frozenset(),
        zone: str | None = None,
        rule: str | None = None,
    ) -> ParsedFeed:
        """As `parse.parse`, elsewhere. Waits while the queue is full.

        Raises FeedError: NOT_A_FEED, or PARSE when the time or memory for one body ran out.
        """
        options: dict[str, Any] = {"do": "parse", "url": url, "now": datetime.now(UTC).timestamp()}
        if content_type:
            options["content_type"] = content_type
        if known:
            options["known"] = list(known)
        if zone:
            options["zone"] = zone
        if rule:
            options["rule"] = rule
        if self._tags:
            options["tags"] = True
        answer = await self._ask(options, body)
        return wire.feed(answer.last["feed"], answer.entries)

    async def discover(self, body: bytes, *, content_type: str | None, url: str) -> list[discover.Candidate]:
        """As `discover.discover`, elsewhere."""
        from bot.feeds import discover  # put off, as below: its patterns are needed when a site is added, not at start

        answer = await self._ask({"do": "discover", "url": url, "content_type": content_type}, body)
        return [discover.Candidate(*row) for row in answer.last["result"]]

    async def propose(self, body: bytes, *, content_type: str | None, url: str) -> list[page.Proposal]:
        """As `page.propose`, elsewhere."""
        from bot.feeds import page

        answer = await self._ask({"do": "propose", "url": url, "content_type": content_type}, body)
        return [
            page.Proposal(page.Rule.loads(rule), tuple((title, link) for title, link in preview))
            for rule, preview in answer.last["result"]
        ]

    async def _ask(self, options: dict[str, Any], body: bytes) -> Answer:
        if self._closed or not self._lanes:
            raise FeedError(Fault(FaultKind.PARSE, "The parser is not running; try again shortly."))
        job = Job(options, body, asyncio.get_running_loop().create_future())
        await (self._slow if len(body) > _LARGE else self._quick).put(job)
        answer = await job.future
        fault = answer.last.get("fault")
        if fault:
            raise FeedError(Fault(FaultKind(fault[0]), fault[1]))
        return answer
