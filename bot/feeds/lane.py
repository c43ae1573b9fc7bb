"""One parser's process and the queue it serves: started, fed, timed, killed and replaced.

Which bodies go where is for `worker.ParserPool`. The limit is processor time, which the kernel counts for the process
itself: a machine that is busy with other things costs none its life. A wall clock, several times as long, is the last
resort for one that does not run at all. The process is a plain child (`python -m bot.feeds.parser_process`), so it
needs nothing of the program's main module, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bot
from bot.feeds import wire
from bot.feeds.model import FaultKind

if TYPE_CHECKING:
    from bot.feeds.model import ParsedEntry

_log = logging.getLogger(__name__)

_WALL: Final = 5  # times the limit that may pass on the clock
_START_SECONDS: Final = 30.0  # for a process to come up on a machine out of breath
_AHEAD: Final = 16  # jobs it is given before it has answered the first of them
_AHEAD_BYTES: Final = 512 * 1024
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONHASHSEED", "PYTHONTZPATH", "VIRTUAL_ENV")


@dataclass(slots=True)
class Job:
    options: dict[str, Any]
    body: bytes
    future: asyncio.Future[Answer]


@dataclass(slots=True)
class Answer:
    entries: list[ParsedEntry] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)


class GoneError(Exception):
    """The worker ended while answering."""


class Lane:
    """`run` serves the queue until cancelled. With `slower`, what exceeds the limit is handed on, not failed."""

    def __init__(
        self,
        queue: asyncio.Queue[Job],
        arguments: tuple[str, ...],
        limit: float,
        *,
        slower: asyncio.Queue[Job] | None = None,
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
        """The running process, started and answering. Raises GoneError or OSError when it does not come up."""
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._kill()  # releases the pipes of one that ended by itself
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "bot.feeds.parser_process", *self._arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env=environment(), start_new_session=True, limit=1 << 20,
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
        except (TimeoutError, GoneError):
            await self._kill()
            raise GoneError from None
        return self._process

    async def run(self) -> None:
        jobs: deque[Job] = deque()  # taken from the queue and not answered yet, in order
        try:
            if self._warm:
                with contextlib.suppress(GoneError, OSError):  # the first job tries again, and tells
                    await self.open()
            while True:
                while not jobs:
                    await self._wait_for(jobs)
                try:
                    await self._serve(jobs)
                except Exception:  # noqa: BLE001  a lane must outlive whatever happens to one job
                    _log.exception("a parser lane failed at a feed; it is tried again at its next poll")
                    await self._kill()
                    if jobs:
                        fail(jobs.popleft(), "The parser failed; the feed is tried again at its next poll.")
        finally:
            _fail_all(jobs, "The parser is closing.")
            await self._kill()

    async def _wait_for(self, jobs: deque[Job]) -> None:
        """Until there is a job; ends an idle process meanwhile."""
        try:
            async with asyncio.timeout(self._idle if self._process else None):
                jobs.append(await self._queue.get())
        except TimeoutError:
            await self._kill()

    def _take(self, jobs: deque[Job]) -> None:
        """Further jobs that are there already, as many as may be with the worker at once."""
        size = sum(len(job.body) for job in jobs)
        while len(jobs) < _AHEAD and size < _AHEAD_BYTES and not self._queue.empty():
            job = self._queue.get_nowait()
            if not job.future.done():
                jobs.append(job)
                size += len(job.body)

    async def _serve(self, jobs: deque[Job]) -> None:
        """Send jobs and read the answers in order until none is left; those of a worker that ends are left in `jobs`.

        Some are always sent ahead, so that the worker has the next one in hand while the event loop does other things.
        """
        try:
            process = await self.open()
        except (GoneError, OSError):
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
            except (TimeoutError, GoneError, ConnectionError):
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

    def _send(self, process: asyncio.subprocess.Process, job: Job) -> None:
        """Hand a job to the pipe, which keeps what does not fit; a worker that has ended is found when it is read."""
        assert process.stdin
        if not process.stdin.transport.is_closing():  # uvloop raises there what asyncio only logs
            process.stdin.write(
                wire.pack({**job.options, "limit": self._limit, "wall": self._limit * _WALL + 2}, job.body)
            )

    async def _give_up(self, job: Job) -> None:
        if self._slower is not None and not job.future.done():
            with contextlib.suppress(asyncio.QueueFull):
                self._slower.put_nowait(job)
                return
        fail(job, f"The feed took more than {self._limit:g} s to read, or too much memory.")

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


async def _receive(stream: asyncio.StreamReader) -> Answer:
    answer = Answer()
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
        raise GoneError from error
    return message


def _fail_all(jobs: deque[Job], detail: str) -> None:
    while jobs:
        fail(jobs.popleft(), detail)


def fail(job: Job, detail: str) -> None:
    if not job.future.done():
        job.future.set_result(Answer(last={"fault": [FaultKind.PARSE.value, detail]}))


def environment() -> dict[str, str]:
    """What the interpreter needs and nothing else: tokens stay with the parent."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    root = str(Path(bot.__file__).resolve().parent.parent)
    return {**kept, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
