"""The nightly round: old rows out, a backup made, servers left long ago forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.clock import utcnow
from storage import guilds
from storage.errors import StorageError
from storage.housekeeping import tidy

if TYPE_CHECKING:
    from pathlib import Path

    from bot.services import Services

log = structlog.get_logger(__name__)
FORGET_GUILD_AFTER: Final = timedelta(days=30)


async def nightly(services: Services) -> None:
    """Everything that keeps the database small and safe; each part for itself."""
    now = utcnow()
    try:
        done = await tidy(services.db, now, listed=services.pipeline.listed_pieces())
        log.info("tidied", entries=done.entries, stories=done.stories, deliveries=done.deliveries)
        async with services.db.read() as connection:
            gone = await guilds.left_before(connection, now - FORGET_GUILD_AFTER)
        for guild_id in gone:
            async with services.db.write() as connection:
                await guilds.forget_guild(connection, guild_id)
            services.book.drop_guild(guild_id)
            log.info("forgot a server left 30 days ago", guild=guild_id)
        if services.prices is not None:
            await services.prices.housekeep(now)
        await back_up(services)
    except StorageError as error:
        log.error("housekeeping could not finish; it runs again tomorrow", error=str(error))


def backups_of(database: Path) -> list[Path]:
    """Backups made by the nightly round, newest first."""
    return sorted((database.parent / "backups").glob(f"{database.stem}-*.db"), reverse=True)


async def back_up(services: Services) -> None:
    """One backup a day beside the database, the newest few kept; SQLite only."""
    path, keep = services.db.path, services.settings.headframe_backups
    if path is None or keep == 0:
        return
    target = path.parent / "backups" / f"{path.stem}-{utcnow():%Y%m%d}.db"
    await services.db.backup(target)
    for old in backups_of(path)[keep:]:
        old.unlink(missing_ok=True)
    log.info("backed up", file=str(target))
