"""This process among the others on a PostgreSQL database: what it holds, what it hears, and who else is alive.

All of it hangs on one connection, so that it is gone with the process, however that ends: its number (a lock), its
shards, the jobs it leads. On SQLite there is one process: it holds everything and hears nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import SERVER
from storage.errors import Unavailable
from storage.explain import explain
from storage.locks import Lock
from storage.notify import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Database

log = structlog.get_logger(__name__)
_LOOK_EVERY: Final = 3.0  # seconds between two looks at the connection
_TURN_WITHIN: Final = 900.0  # seconds a turn is waited for
_PATIENCE: Final = 5.0  # seconds the server has to answer
_SERVER: Final = SERVER | {"application_name": "headframe member"}


class Member:
    """`join`, then `hold` and `leads`; `leave` at the end. `number` is never used again by another process.

    heard: called with each notice of the others (and our own). rejoined: called when the connection was lost and is
    there again, so that what was missed can be read.
    """

    def __init__(self, database: Database) -> None:
        self.shared = not database.is_sqlite
        self.number = secrets.randbelow(2**31 - 2) + 1 if self.shared else 0
        self.heard: Callable[[str], None] = lambda _notice: None
        self.rejoined: Callable[[], None] = lambda: None
        self._database = database
        self._engine = (
            create_async_engine(
                database.url,
                poolclass=NullPool,
                connect_args={"server_settings": _SERVER, "timeout": _PATIENCE, "command_timeout": _PATIENCE},
            )
            if self.shared
            else None
        )
        self._connection: AsyncConnection | None = None
        self._driver: Any = None  # asyncpg's connection; None while there is none
        self._asking = asyncio.Lock()  # one question at a time
        self._wanted: dict[tuple[int, int, bool], None] = {}  # what is held for good: taken again after an outage
        self._missing: set[tuple[int, int, bool]] = set()  # of those, what another process has taken meanwhile
        self._leading: set[str] = set()
        self._turns: set[asyncio.Task[None]] = set()
        self._gone = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    @property
    def whole(self) -> bool:
        """Whether everything held for good is still ours; False when another process took some of it in an outage."""
        return not self._missing

    async def join(self) -> None:
        """Take a number and listen. Raises Unavailable."""
        if not self.shared or self._watcher is not None:
            return
        self._wanted[(Lock.MEMBER, self.number, False)] = None
        await self._connect()
        self._watcher = asyncio.create_task(self._watch(), name="member")

    async def leave(self) -> None:
        """Let go of everything."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        turns = list(self._turns)
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        await self._disconnect()

    async def hold(self, lock: Lock, number: int = 0, *, shared: bool = False) -> bool:
        """Take a lock for as long as the process lives; False when another has it. Raises Unavailable."""
        if not self.shared:
            return True
        key = (int(lock), number, shared)
        if key in self._wanted:
            return key not in self._missing
        if not await self._try(*key):
            return False
        self._wanted[key] = None
        return True

    async def let_go(self, lock: Lock, number: int = 0) -> None:
        """Give back a lock that was held alone. Raises Unavailable when the connection is lost, and it with that."""
        key = (int(lock), number, False)
        held = key in self._wanted and key not in self._missing
        self._wanted.pop(key, None)
        self._missing.discard(key)
        if held:
            await self._ask("SELECT pg_advisory_unlock($1::int, $2::int)", int(lock), number)

    def lacks(self, lock: Lock, number: int) -> bool:
        """Whether a lock that was ours for good has been taken by another process in an outage."""
        return (int(lock), number, False) in self._missing

    async def leads(self, job: str) -> bool:
        """Whether the job of this name is ours: it stays so until our end, then another process has it."""
        if not self.shared:
            return True
        if job in self._leading:
            return True
        try:
            got = await self._try(Lock.JOB, zlib.crc32(job.encode()) & 0x7FFFFFFF, False)
        except Unavailable:
            return False
        if got:
            self._leading.add(job)
            log.info("leads a job from now on", job=job)
        return got

    async def turn(self, lock: Lock, number: int, seconds: float) -> bool:
        """Wait for a lock, which then is kept for so many seconds and given back by itself.

        False where there is nobody to take turns with, or the database cannot be asked.
        """
        if self._engine is None:
            return False
        connection = self._engine.connect()
        try:
            await connection.start()
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("SELECT pg_advisory_lock($1::int, $2::int)", int(lock), number, timeout=_TURN_WITHIN)
        except BaseException as error:
            await _drop(connection)
            if isinstance(error, Exception):
                log.debug("no turn could be had", lock=lock.name, error=str(error))
                return False
            raise
        task = asyncio.create_task(_after(seconds, connection), name=f"turn {lock.name} {number}")
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return True

    async def holders(self, lock: Lock) -> set[int]:
        """The numbers under which locks of a kind are held, by anybody. Raises Unavailable."""
        if not self.shared:
            return {self.number}
        rows = await self._ask(
            "SELECT l.objid::bigint AS number FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted "
            "AND l.classid = $1::bigint::oid",
            int(lock),
        )
        return {int(row["number"]) for row in rows}

    # -- the connection ----------------------------------------------------------------------------------------

    async def _try(self, lock: int, number: int, shared: bool) -> bool:
        function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        rows = await self._ask(f"SELECT {function}($1::int, $2::int) AS got", lock, number)
        return bool(rows[0]["got"])

    async def _ask(self, question: str, *values: object) -> list[Any]:
        async with self._asking:
            driver = self._driver
            if driver is None:
                raise Unavailable("the connection to the database is lost; it is made again.")
            try:
                return list(await driver.fetch(question, *values))
            except Exception as error:  # whatever the driver raises, this connection is done with
                self._gone.set()
                raise Unavailable(explain(error, self._database.url)) from error

    async def _connect(self) -> None:
        assert self._engine is not None
        connection = self._engine.connect()
        try:
            await connection.start()
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.add_listener(CHANNEL, self._notice)
            driver.add_termination_listener(self._ended)
        except Exception as error:
            with suppress(Exception):
                await connection.close()
            raise Unavailable(explain(error, self._database.url)) from error
        self._connection, self._driver = connection, driver
        self._gone.clear()
        await self._retake(list(self._wanted))

    async def _retake(self, keys: list[tuple[int, int, bool]]) -> None:
        for key in keys:
            if await self._try(*key):
                self._missing.discard(key)
            else:
                self._missing.add(key)

    async def _disconnect(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        self._leading.clear()
        if connection is not None:
            await _drop(connection)

    def _notice(self, _driver: object, _pid: int, _channel: str, payload: object) -> None:
        self.heard(str(payload))

    def _ended(self, driver: object) -> None:
        if driver is self._driver:
            self._leading.clear()
            self._gone.set()

    async def _watch(self) -> None:
        """Look after the connection; when it is lost, make it again and take back what was held."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._gone.wait()
            try:
                if self._gone.is_set():
                    await self._disconnect()
                    await self._connect()
                    log.info("among the other processes again", whole=self.whole)
                    self.rejoined()
                else:
                    await self._ask("SELECT 1")
                    await self._retake(list(self._missing))
            except Unavailable as error:
                log.debug("the database cannot be reached", error=str(error))
                self._gone.set()
                await asyncio.sleep(1.0)


async def _after(seconds: float, connection: AsyncConnection) -> None:
    try:
        await asyncio.sleep(seconds)
    finally:
        await _drop(connection)


async def _drop(connection: AsyncConnection) -> None:
    """Close a connection for good, with all that hangs on it."""
    with suppress(Exception):
        async with asyncio.timeout(_PATIENCE):
            await connection.invalidate()
            await connection.close()
