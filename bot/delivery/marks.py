"""Writes down what is out. Marks that come close together are written in one transaction: one by one they would cost
more than the messages themselves.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bot.delivery import publish
from bot.delivery.answers import Sent
from bot.tasks import end
from storage import outbox

if TYPE_CHECKING:
    from storage.database import Database
    from storage.outbox import Out
    from storage.records import Target

_EVERY: Final = 0.1  # seconds between two transactions; the first mark after a while is written at once


class Marks:
    """`add` returns once the mark is written; raises what went wrong, for every mark of that transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Out, tuple[Target, int | None] | None, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0  # when the next transaction may begin, by the loop's clock

    async def add(self, out: Out, publish_for: tuple[Target, int | None] | None = None) -> None:
        """publish_for: the announcement channel (and its server) whose crosspost is planned with it."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((out, publish_for, written))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="marks")
        await written

    async def stop(self) -> None:
        """What is not written by now is settled at the next start."""
        await end(self._task)
        self._waiting.clear()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(max(self._next - loop.time(), 0.0))
            self._next = loop.time() + _EVERY
            taken: list[tuple[Out, tuple[Target, int | None] | None, asyncio.Future[None]]] = []
            try:
                async with self._database.write() as connection:
                    taken, self._waiting = self._waiting, []  # all that came while the lock was waited for
                    await outbox.sent_many(connection, [out for out, _place, _written in taken])
                    for out, place, _written in taken:
                        if place is not None:
                            message = Sent(out.channel_id, out.message_id)
                            await publish.queue(connection, *place, message, out.at)
            except Exception as error:  # noqa: BLE001  every lane is told, and asks again
                if not taken:
                    taken, self._waiting = self._waiting, []
                for _out, _place, written in taken:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _out, _place, written in taken:
                    if not written.done():
                        written.set_result(None)
