"""What a dead process leaves behind, and how soon the living have it: written down by the database and the gateway.

Triggers note each claim of a feed or a delivery and each end of one, to the millisecond and whoever makes them, so
that what is measured is not what a look once a second happens to see. Two things are kept apart: *taken over* is from
the death of a holder until what it held is free for, or in the hands of, a living process; *waited* is how long
anything due stood in the queue, which also tells of too little processor. Time in which no process of the role was
ready is counted by neither: where the last of a role dies there is nobody to take over, and a start is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import aiohttp
import psutil
from sqlalchemy import text

from bot.roles import ROLES
from storage.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.preview.gateway import Gateway
    from storage.database import Database
    from tests.fleet import Fleet

_NOTES = (
    """
    CREATE TABLE noted (
        n bigserial PRIMARY KEY, at float8 NOT NULL, subject text NOT NULL, id bigint NOT NULL,
        now_is text NOT NULL, owner bigint, due float8
    )""",
    """
    CREATE FUNCTION note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted (at, subject, id, now_is, owner, due) VALUES (
            extract(epoch FROM clock_timestamp()), 'delivery', NEW.id, NEW.state,
            CASE WHEN NEW.state = 'sending' THEN NEW.lease_owner ELSE OLD.lease_owner END,
            CASE WHEN OLD.state = 'pending' AND NEW.kind <> 'edit' THEN OLD.due_at END);
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER note_delivery AFTER UPDATE OF state ON deliveries FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_delivery()""",
    """
    CREATE FUNCTION note_feed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted (at, subject, id, now_is, owner, due) VALUES (
            extract(epoch FROM clock_timestamp()), 'feed', NEW.id,
            CASE WHEN NEW.lease_until IS NULL THEN 'free' ELSE 'polling' END,
            CASE WHEN NEW.lease_until IS NULL THEN OLD.lease_owner ELSE NEW.lease_owner END, OLD.next_poll_at);
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER note_feed AFTER UPDATE OF lease_until ON feeds FOR EACH ROW
    WHEN (OLD.lease_until IS DISTINCT FROM NEW.lease_until) EXECUTE FUNCTION note_feed()""",
)
_NUMBERS = """
SELECT l.objid::bigint AS number, a.client_port AS port FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = CAST(:lock AS bigint)::oid
AND a.datname = current_database()
"""
_IN_HAND = """
SELECT EXISTS (SELECT 1 FROM feeds WHERE lease_owner = :number AND lease_until IS NOT NULL)
    OR EXISTS (SELECT 1 FROM deliveries WHERE lease_owner = :number AND state = 'sending')
"""


@dataclass(frozen=True)
class Death:
    """name: "poll 1". number: of storage.member, None for a process that had none yet. at: time.time()."""

    name: str
    number: int | None
    at: float


@dataclass(frozen=True)
class Note:
    at: float
    now_is: str
    owner: int | None
    due: float | None


@dataclass(frozen=True)
class Spread:
    """Seconds: how many were measured, their median and the longest."""

    count: int = 0
    middle: float = 0.0
    longest: float = 0.0

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        found = sorted(seconds)
        return cls(len(found), round(median(found), 2), round(found[-1], 2)) if found else cls()

    def __str__(self) -> str:
        return f"{self.count} × {self.middle} s, longest {self.longest} s"


async def begin(database: Database) -> None:
    """Notes are taken from now on."""
    async with database.write() as connection:
        for statement in _NOTES:
            await connection.execute(text(statement))


async def number_of(database: Database, pid: int) -> int | None:
    """The number under which a process is among the others; None while it is not."""
    ports = {one.laddr.port for one in psutil.Process(pid).net_connections("tcp")}
    async with database.read() as connection:
        rows = await connection.execute(text(_NUMBERS), {"lock": int(Lock.MEMBER)})
        return next((int(row.number) for row in rows if row.port in ports), None)


async def in_hand(database: Database, number: int, *, within: float = 5.0) -> bool:
    """Wait until that process has a feed or a delivery in hand: whether it had one in time (seconds)."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        async with database.read() as connection:
            if (await connection.execute(text(_IN_HAND), {"number": number})).scalar():
                return True
        await asyncio.sleep(0.002)
    return False


class Ready:
    """Which roles have a process that says it is ready (`/readyz`), looked at twice a second."""

    def __init__(self, made: Fleet) -> None:
        self._made = made
        self._since: dict[str, float] = {}  # roles without → since when
        self.gaps: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.roles: set[str] = set()  # with a ready process, as of the last look

    async def watch(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0)) as session:
            while True:
                names = list(self._made.processes)
                answers = await asyncio.gather(*(self._says(session, name) for name in names))
                ready = {name.split()[0] for name, ok in zip(names, answers, strict=True) if ok}
                self._note(ready & {name.split()[0] for name in self._made.processes})
                await asyncio.sleep(0.5)

    async def _says(self, session: aiohttp.ClientSession, name: str) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self._made.ports[name]}/readyz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _note(self, ready: set[str]) -> None:
        now = time.time()
        for role in ROLES:
            if role not in ready:
                self._since.setdefault(role, now)
            elif role in self._since:
                self.gaps[role].append((self._since.pop(role), now))
        self.roles = ready

    def seconds(self, role: str, start: float, end: float) -> float:
        """Of the time between, how much some process of the role was ready."""
        gaps = [*self.gaps[role], *([(self._since[role], end)] if role in self._since else [])]
        return end - start - sum(max(min(last, end) - max(first, start), 0.0) for first, last in gaps)


class Shards:
    """When no session had a shard, while another process could have taken it: `look` often. In seconds, in `gaps`."""

    def __init__(self, gateway: Gateway, total: int, ready: Ready) -> None:
        self._gateway = gateway
        self._total = total
        self._ready = ready
        self._since: dict[int, float] = {}
        self.gaps: list[float] = []

    def look(self) -> None:
        now = time.time()
        here = {session.shard[0] for session in self._gateway.sessions.values() if session.link is not None}
        for shard in range(self._total):
            if shard not in here:
                self._since.setdefault(shard, now)
            elif shard in self._since:
                self.gaps.append(self._ready.seconds("gateway", self._since.pop(shard), now))

    @property
    def down(self) -> set[int]:
        return set(self._since)

    async def watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Reckoning:
    """taken: from death until free (feeds) or in living hands (deliveries). waited: from due until claimed."""

    feeds_taken: Spread = field(default_factory=Spread)
    deliveries_taken: Spread = field(default_factory=Spread)
    never: tuple[str, ...] = ()
    feeds_waited: Spread = field(default_factory=Spread)
    deliveries_waited: Spread = field(default_factory=Spread)


async def reckon(database: Database, deaths: Iterable[Death], ready: Ready, *, since: float) -> Reckoning:
    """What came of all that the dead held, and of all that was due since then (time.time())."""
    told: dict[tuple[str, int], list[Note]] = defaultdict(list)
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT at, subject, id, now_is, owner, due FROM noted ORDER BY n"))
        for row in rows:
            told[row.subject, row.id].append(Note(row.at, row.now_is, row.owner, row.due))
    died = {death.number: death.at for death in deaths if death.number is not None}
    taken: dict[str, list[float]] = {"feed": [], "delivery": []}
    waited: dict[str, list[float]] = {"feed": [], "delivery": []}
    never = []
    for (subject, number), notes in told.items():
        role = "poll" if subject == "feed" else "deliver"
        for note, after in zip(notes, [*notes[1:], None], strict=True):
            if note.now_is not in {"polling", "sending"}:
                continue
            if note.due is not None and note.due >= since:
                waited[subject].append(max(ready.seconds(role, note.due, note.at), 0.0))
            ended = died.get(note.owner or 0)
            if ended is None or (after is not None and after.at < ended):
                continue  # its owner lives, or had done with it
            # A delivery is freed first (pending), then claimed by whoever has a lane; whoever lives frees a feed.
            later = [one for one in notes if one.at >= ended and one.now_is != "pending"]
            if not later:
                never.append(f"{subject} {number}")
            elif subject == "feed":
                taken[subject].append(later[0].at - ended)
            else:
                taken[subject].append(ready.seconds(role, ended, later[0].at))
    return Reckoning(
        Spread.of(taken["feed"]),
        Spread.of(taken["delivery"]),
        tuple(never),
        Spread.of(waited["feed"]),
        Spread.of(waited["delivery"]),
    )
