"""Parses feeds in processes that can be killed, so that no feed, however hostile, holds the event loop or the others.

Two lanes: quick workers for ordinary bodies with a short limit, and one slow worker, started when needed and ended
when idle, for large bodies and for those the quick limit was too short for. Only feeds behind a slow one wait for it.
The limit is processor time, which the kernel counts for the worker itself: a machine that is busy with other things
costs no worker its life. A wall clock, several times as long, is the last resort for one that does not run at all.
The processes are plain children (`python -m bot.feeds.parser_process`), so they need nothing of the program's main
module, and end when their input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import bot
from bot.feeds import wire
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedEntry, ParsedFeed
from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.feeds import discover, page

_log = logging.getLogger(__name__)

DEFAULT_TIMEOUT: Final = 10.0
DEFAULT_MEMORY: Final = 640 * 1024 * 1024  # address space; about 100 MiB of it is the interpreter and its libraries
_LARGE: Final = 256 * 1024  # bytes; nine in ten recorded feeds are smaller
WARM = True  # workers start with the pool, so that the first poll need not wait for one
TAGS = True  # the workers of the bot say what headlines are about, too
_QUICK_SECONDS: Final = 0.7  # of processor time; the slowest recorded body under _LARGE takes half of it
_WALL: Final = 5  # times the limit that may pass on the clock
_IDLE_SECONDS: Final = 30.0
_START_SECONDS: Final = 30.0  # for a worker to come up on a machine out of breath
_AHEAD: Final = 16  # jobs a worker is given before it has answered the first of them
_AHEAD_BYTES: Final = 512 * 1024
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONHASHSEED", "PYTHONTZPATH", "VIRTUAL_ENV")


@dataclass(slots=True)
class _Job:
    options: dict[str, Any]
    body: bytes
    future: asyncio.Future[_Answer]


@dataclass(slots=True)
class _Answer:
    entries: list[ParsedEntry] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)


class _GoneError(Exception):
    """The worker ended while answering."""


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
        self._quick: asyncio.Queue[_Job] = asyncio.Queue(queue_size)
        self._slow: asyncio.Queue[_Job] = asyncio.Queue(queue_size)
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
        lanes = [_Lane(self._quick, arguments, quick, slower=self._slow, warm=WARM) for _ in range(self._workers)]
        lanes.append(_Lane(self._slow, arguments, self._timeout, idle=_IDLE_SECONDS))
        self._lanes = [asyncio.create_task(lane.run(), name="parser lane") for lane in lanes]

    async def close(self) -> None:
        """End the workers. Requests under way fail with a PARSE fault."""
        self._closed = True
        await end(*self._lanes)
        self._lanes = []
        for queue in (self._quick, self._slow):
            while not queue.empty():
                _fail(queue.get_nowait(), "The parser is closing.")

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

    async def _ask(self, options: dict[str, Any], body: bytes) -> _Answer:
        if self._closed or not self._lanes:
            raise FeedError(Fault(FaultKind.PARSE, "The parser is not running; try again shortly."))
        job = _Job(options, body, asyncio.get_running_loop().create_future())
        await (self._slow if len(body) > _LARGE else self._quick).put(job)
        answer = await job.future
        fault = answer.last.get("fault")
        if fault:
            raise FeedError(Fault(FaultKind(fault[0]), fault[1]))
        return answer


class _Lane:
    """One worker process and the queue it serves. With `slower`, what exceeds the limit is handed on, not failed."""

    def __init__(
        self,
        queue: asyncio.Queue[_Job],
        arguments: tuple[str, ...],
        limit: float,
        *,
        slower: asyncio.Queue[_Job] | None = None,
        idle: float | None = None,
        warm: bool = False,
    ) -> None:
        self._queue = queue
        self._arguments = arguments  # of its process
        self._limit = limit
        self._slower = slower
        self._idle = idle
        self._warm = warm  # whether its process starts with the lane, not with the first job
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> asyncio.subprocess.Process:
        """The running process, started and answering. Raises _GoneError or OSError when it does not come up."""
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._kill()  # releases the pipes of one that ended by itself
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "bot.feeds.parser_process", *self._arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env=_environment(), start_new_session=True, limit=1 << 20,
            )
        )  # fmt: skip
        try:
            self._process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._process = await starting  # so that whoever cancelled us can end it
            raise
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _message(self._stream(self._process))
        except (TimeoutError, _GoneError):
            await self._kill()
            raise _GoneError from None
        return self._process

    async def run(self) -> None:
        jobs: deque[_Job] = deque()  # taken from the queue and not answered yet, in order
        try:
            if self._warm:
                with contextlib.suppress(_GoneError, OSError):  # the first job tries again, and tells
                    await self.open()
            while True:
                if not jobs:
                    await self._wait_for(jobs)
                try:
                    await self._serve(jobs)
                except Exception:  # noqa: BLE001  a lane must outlive whatever happens to one job
                    _log.exception("a parser lane failed at a feed; it is tried again at its next poll")
                    await self._kill()
                    if jobs:
                        _fail(jobs.popleft(), "The parser failed; the feed is tried again at its next poll.")
        finally:
            _fail_all(jobs, "The parser is closing.")
            await self._kill()

    async def _wait_for(self, jobs: deque[_Job]) -> None:
        """Until there is a job; ends an idle process meanwhile."""
        try:
            async with asyncio.timeout(self._idle if self._process else None):
                jobs.append(await self._queue.get())
        except TimeoutError:
            await self._kill()

    def _take(self, jobs: deque[_Job]) -> None:
        """Further jobs that are there already, as many as may be with the worker at once."""
        size = sum(len(job.body) for job in jobs)
        while len(jobs) < _AHEAD and size < _AHEAD_BYTES and not self._queue.empty():
            job = self._queue.get_nowait()
            if not job.future.done():
                jobs.append(job)
                size += len(job.body)

    async def _serve(self, jobs: deque[_Job]) -> None:
        """Send jobs and read the answers in order until none is left; those of a worker that ends are left in `jobs`.

        Some are always sent ahead, so that the worker has the next one in hand while the event loop does other things.
        """
        if not jobs:
            return
        try:
            process = await self.open()
        except (_GoneError, OSError):
            _fail_all(jobs, "The parser could not be started; see the log of the machine for memory or process limits.")
            return
        sent = 0
        while jobs:
            self._take(jobs)
            for job in islice(jobs, sent, None):
                self._send(process, job)
            sent = len(jobs)
            try:
                async with asyncio.timeout(self._limit * _WALL + 1):
                    answer = await _receive(self._stream(process))
            except (TimeoutError, _GoneError, ConnectionError):
                await self._kill()
                await self._give_up(jobs.popleft())
                return
            job = jobs.popleft()
            sent -= 1
            if not job.future.done():
                job.future.set_result(answer)
            if answer.last.get("stop"):
                await self._kill()
                return

    @staticmethod
    def _stream(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
        assert process.stdout
        return process.stdout

    def _send(self, process: asyncio.subprocess.Process, job: _Job) -> None:
        """Hand a job to the pipe, which keeps what does not fit; a worker that has ended is found when it is read."""
        assert process.stdin
        if not process.stdin.transport.is_closing():  # uvloop raises there what asyncio only logs
            process.stdin.write(
                wire.pack({**job.options, "limit": self._limit, "wall": self._limit * _WALL + 2}, job.body)
            )

    async def _give_up(self, job: _Job) -> None:
        if self._slower is not None and not job.future.done():
            with contextlib.suppress(asyncio.QueueFull):
                self._slower.put_nowait(job)
                return
        _fail(job, f"The feed took more than {self._limit:g} s to read, or too much memory.")

    async def _kill(self) -> None:
        """End the process and release its pipes; safe to repeat when cancelled half-way."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin and not process.stdin.transport.is_closing():
            process.stdin.transport.abort()  # what is still to be written has no reader
        await process.wait()
        transport: asyncio.SubprocessTransport | None = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()  # asyncio offers no public way, and warns at exit about pipes left open
        self._process = None


async def _receive(stream: asyncio.StreamReader) -> _Answer:
    answer = _Answer()
    while True:
        message = await _message(stream)
        answer.entries += wire.entries(message.get("entries", ()))
        if message.get("done"):
            answer.last = message
            return answer
        await asyncio.sleep(0)  # frames of a large feed may all be here already; let others run between them


async def _message(stream: asyncio.StreamReader) -> dict[str, Any]:
    try:
        (size,) = wire.LENGTH.unpack(await stream.readexactly(wire.LENGTH.size))
        message, _ = wire.unpack(await stream.readexactly(size))
    except asyncio.IncompleteReadError as error:
        raise _GoneError from error
    return message


def _fail_all(jobs: deque[_Job], detail: str) -> None:
    while jobs:
        _fail(jobs.popleft(), detail)


def _fail(job: _Job, detail: str) -> None:
    if not job.future.done():
        job.future.set_result(_Answer(last={"fault": [FaultKind.PARSE.value, detail]}))


def _environment() -> dict[str, str]:
    """What the interpreter needs and nothing else: tokens stay with the parent."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    root = str(Path(bot.__file__).resolve().parent.parent)
    return {**kept, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
