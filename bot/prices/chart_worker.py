"""A process that draws pictures, so that matplotlib never holds the loop and costs nothing while nobody asks.

Started at the first drawing, stopped after a while without one, killed when a drawing takes too long. Pictures are kept
for a while, so a chart that twenty people ask for is drawn once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.prices.model import PriceError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)
PRICE: Final = "bot.prices.chart_draw:draw_price"
_HEAD: Final = struct.Struct(">I")
_MOST_BYTES: Final = 16 * 1024 * 1024
_QUEUE: Final = 24
_ROOT: Final = Path(__file__).resolve().parents[2]


class ChartError(PriceError):
    """The picture could not be drawn."""


class ChartWorker:
    """`await draw(...)` from any task; `await close()` at the end. timeout, idle: seconds."""

    def __init__(self, *, timeout: float = 20.0, idle: float = 120.0, cache_bytes: int = 8 * 1024 * 1024) -> None:
        self._timeout = timeout
        self._idle = idle
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached = 0
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._rest: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while it is not running."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def draw(self, key: str, drawing: Mapping[str, object], draw: str = PRICE) -> bytes:
        """The PNG. key: equal for equal pictures. draw: "module:function" below bot. Raises ChartError."""
        cached = self._from_cache(key)
        if cached is not None:
            return cached
        if self._waiting >= _QUEUE:
            raise ChartError(_("Too many charts are being drawn; try again in a minute."))
        self._waiting += 1
        try:
            async with self._turn:
                cached = self._from_cache(key)  # somebody before us in the queue may have wanted the same
                if cached is not None:
                    return cached
                picture = await self._ask(json.dumps({"draw": draw, "drawing": drawing}).encode())
        finally:
            self._waiting -= 1
        self._keep(key, picture)
        return picture

    async def _ask(self, request: bytes) -> bytes:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        finished = False
        try:
            async with asyncio.timeout(self._timeout):
                status, content = await self._exchange(request)
            finished = True
        except TimeoutError:
            raise ChartError(_("The chart took too long to draw; try a shorter range.")) from None
        except (OSError, asyncio.IncompleteReadError) as error:
            log.warning("the chart process ended unexpectedly (%s); it is started again for the next chart", error)
            raise ChartError(_("The chart could not be drawn just now; try again.")) from error
        finally:
            # After a time-out or a cancellation an old answer would be taken for the next one's.
            if not finished:
                await self._stop()
            else:
                self._rest = asyncio.get_running_loop().call_later(self._idle, self._retire)
        if status != 0:
            log.warning("a chart failed: %s", content.decode("utf-8", "replace")[:300])
            raise ChartError(_("The chart could not be drawn; the log of the operator says why."))
        return content

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.prices.chart_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
                start_new_session=True,  # Ctrl+C is for the bot, which then stops the worker
            )
        if process.stdin is None or process.stdout is None:
            raise OSError("the worker has no pipes")
        process.stdin.write(_HEAD.pack(len(request)) + request)
        await process.stdin.drain()
        head = await process.stdout.readexactly(1 + _HEAD.size)
        length = _HEAD.unpack(head[1:])[0]
        if length > _MOST_BYTES:
            raise OSError("the answer is too large")
        return head[0], await process.stdout.readexactly(length)

    def _retire(self) -> None:
        """Nobody has asked for a while: give the memory back."""
        self._rest = None
        if self._waiting == 0:
            task = asyncio.get_running_loop().create_task(self._stop_in_turn())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _stop_in_turn(self) -> None:
        async with self._turn:
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())

    async def close(self) -> None:
        """Stop the process; pictures being drawn fail."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        await self._stop()
        for task in list(self._closing):
            await task

    def _from_cache(self, key: str) -> bytes | None:
        picture = self._cache.get(key)
        if picture is not None:
            self._cache.move_to_end(key)
        return picture

    def _keep(self, key: str, picture: bytes) -> None:
        self._cache[key] = picture
        self._cached += len(picture)
        while self._cached > self._cache_bytes and self._cache:
            _old, gone = self._cache.popitem(last=False)
            self._cached -= len(gone)
