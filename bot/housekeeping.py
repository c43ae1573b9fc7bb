"""Keeping the house: a heartbeat in the database each minute, and a daily round of deleting, backing up, forgetting.

What is written here decides when; the deleting itself is `storage.housekeeping`, the copying `storage.backup`.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from storage import guilds, meta, subscriptions
from storage.database import Database, sqlite_path
from storage.errors import Damaged, StorageError
from storage.housekeeping import tidy

if TYPE_CHECKING:
    from pathlib import Path

    from bot.services import Services

log = structlog.get_logger(__name__)
FORGET_GUILD_AFTER: Final = timedelta(days=30)
LOW_DISK: Final = 200 * 1024 * 1024  # bytes; a night's backup and the -wal file want room
HEARTBEAT: Final = "alive_at"  # meta: Unix seconds of the last write of a running Headframe
ROUND: Final = "tidied_at"  # meta: Unix seconds of the last daily round
_DAY: Final = timedelta(hours=23, minutes=50)  # so that the hour does not creep
_QUIET_HOUR: Final = 3  # UTC


def round_due(last: datetime | None, now: datetime) -> bool:
    """Whether the daily round should run: in the small hours, or at once when it has been missed for two days."""
    if last is None or now - last >= 2 * _DAY:
        return True
    return now.hour == _QUIET_HOUR and now - last >= _DAY / 2


async def open_database(url: str, *, migrate: bool = True) -> Database:
    """Open the database; when it is damaged, say which backup to take. Raises StorageError."""
    try:
        return await Database.open(url, migrate=migrate)
    except Damaged as error:
        path = sqlite_path(url)
        kept = backups_of(path) if path is not None else []
        if not kept:
            raise
        raise Damaged(f"{error} The newest backup: headframe restore {kept[0]}") from error


def backups_of(database: Path) -> list[Path]:
    """Backups made by the daily round, newest first."""
    return sorted((database.parent / "backups").glob(f"{database.stem}-*.db"), reverse=True)


class Keeper:
    """Call `minute` and `round` at their times; `watch` once, before anything is written."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._low = False

    def watch(self) -> None:
        """From now on, one log line when the database gets into trouble and one when it is out of it."""
        self._services.db.on_change = self._changed

    def _changed(self, trouble: str | None) -> None:
        if trouble is None:
            log.info("the database works again; what waited goes on")
            self._services.outbox.wake()
        else:
            log.error("the database cannot be used; Headframe waits and goes on by itself once mended", error=trouble)

    async def minute(self, now: datetime) -> None:
        """Write one row: only that shows whether the database can be written (a read works on a full disk too)."""
        try:
            async with self._services.db.write() as connection:
                await meta.put(connection, HEARTBEAT, str(int(now.timestamp())))
        except StorageError as error:
            log.debug("the database cannot be written", error=str(error))  # the change of state is logged by `watch`
        free = self.free_space()
        low = free is not None and free < LOW_DISK
        if low and not self._low:
            log.warning("the disk is nearly full: free some space", free_mib=(free or 0) // 1024**2)
        elif self._low and not low:
            log.info("there is space on the disk again")
        self._low = low

    async def mend(self) -> None:
        """While the database is in trouble: see every few seconds whether it works again."""
        if self._services.db.trouble is not None:
            await self.minute(utcnow())

    def free_space(self) -> int | None:
        """Bytes free where the database lies; None for a server."""
        path = self._services.db.path
        return shutil.disk_usage(path.parent).free if path is not None else None

    async def round(self, now: datetime) -> bool:
        """The daily round, when it is due: what keeps the database small and safe. Whether it ran.

        One part's failure does not stop the next; it runs again tomorrow.
        """
        try:
            async with self._services.db.read() as connection:
                stamp = await meta.get(connection, ROUND)
            if not round_due(datetime.fromtimestamp(int(stamp), UTC) if stamp else None, now):
                return False
            async with self._services.db.write() as connection:
                await meta.put(connection, ROUND, str(int(now.timestamp())))
        except StorageError as error:
            log.debug("the daily round has to wait for the database", error=str(error))
            return False
        for part in (self.tidy, self.forget_guilds, self.prices, self.back_up):
            try:
                await part(now)
            except StorageError as error:
                log.error("a part of the daily round failed; again tomorrow", part=part.__name__, error=str(error))
        return True

    async def tidy(self, now: datetime) -> None:
        """Old rows out."""
        done = await tidy(self._services.db, now, listed=self._services.pipeline.listed_pieces())
        log.info("tidied", entries=done.entries, stories=done.stories, deliveries=done.deliveries, feeds=done.feeds)

    async def forget_guilds(self, now: datetime) -> None:
        """Servers that removed the bot 30 days ago are forgotten altogether."""
        async with self._services.db.read() as connection:
            gone = await guilds.left_before(connection, now - FORGET_GUILD_AFTER)
        for guild_id in gone:
            async with self._services.db.write() as connection:
                theirs = await subscriptions.in_scope(connection, guild_id)
                await guilds.forget_guild(connection, guild_id)
            for subscription_id in theirs:
                self._services.book.drop(subscription_id)
            log.info("forgot a server left 30 days ago", guild=guild_id)

    async def prices(self, now: datetime) -> None:
        """Quotes are thinned as they age."""
        if self._services.prices is not None:
            await self._services.prices.housekeep(now)

    async def back_up(self, now: datetime) -> None:
        """One backup a day beside the database, the newest few kept; SQLite only.

        A database that has become damaged is not copied, so the good backups before it stay. Raises StorageError.
        """
        path, keep = self._services.db.path, self._services.settings.headframe_backups
        if path is None or keep == 0:
            return
        target = path.parent / "backups" / f"{path.stem}-{now:%Y%m%d}.db"
        await self._services.db.backup(target)
        for old in backups_of(path)[keep:]:
            old.unlink(missing_ok=True)
        log.info("backed up", file=str(target))
