"""`headframe backup`, `restore` and `migrate-to`: the database as a whole."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot import settings as configuration
from bot.commands.lock import sole
from bot.errors import UserError
from storage.backup import copy_sqlite, in_use, schema_of, settle
from storage.database import HEAD, sqlite_path
from storage.errors import NewerSchema, StorageError, Unavailable

if TYPE_CHECKING:
    import argparse


def backup(arguments: argparse.Namespace) -> int:
    """Copy the database to a file; it may be in use."""
    source, target = _database(), Path(arguments.file)
    if not (target.exists() and source.exists() and target.samefile(source)):  # that one the copying refuses by name
        _check_place(target, replace=arguments.force)
    copy_sqlite(source, target)
    print(f"backed up to {target} ({target.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)
    return 0


def _check_place(target: Path, *, replace: bool) -> None:
    """Raises Unavailable where a backup would take the place of something, or has no folder to lie in."""
    if not target.parent.is_dir():
        raise Unavailable(f"there is no folder {target.parent}: make it, or name a file in one that is there.")
    if target.is_dir():
        raise Unavailable(f"{target} is a folder: name a file in it, such as {target / 'headframe-backup.db'}.")
    if not os.path.lexists(target):
        return
    try:
        schema_of(target)
    except StorageError as error:
        raise Unavailable(
            f"{target} is there already and no sound Headframe database: it stays as it is. Name a new file."
        ) from error
    if not replace:
        raise Unavailable(f"{target} is an older backup: name a new file, or replace it with --force.")
    if in_use(target):
        raise Unavailable(f"{target} is a database in use: name a new file.")
    settle(target)  # a -wal left beside it would be read into the new one


def restore(arguments: argparse.Namespace) -> int:
    """Check a backup and put it in place of the database, which stays as FILE.old until the next restore."""
    source, target = Path(arguments.file), _database()
    version = schema_of(source)
    if version > HEAD:
        raise NewerSchema(
            f"{source} is of schema {version}, newer than this Headframe knows ({HEAD}): upgrade Headframe first."
        )
    if target.exists() and target.samefile(source):
        raise Unavailable(f"{source} is the database itself: name a backup.")
    with sole(target):
        if in_use(target):
            raise Unavailable("the database is in use: stop Headframe first, then restore.")
        _replace(source, target)
    kept = target.with_name(target.name + ".old")
    said = f"; what was there is kept as {kept}" if kept.exists() else ""
    print(f"restored {source} (schema {version}) to {target}{said}", file=sys.stderr)
    return 0


def _replace(source: Path, target: Path) -> None:
    """The backup's verified copy takes the database's place; what stood there is kept beside it."""
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    copy_sqlite(source, fresh)
    settle(target)
    try:
        for suffix in ("", "-wal", "-shm"):
            before = target.with_name(target.name + suffix)
            after = old.with_name(old.name + suffix)
            after.unlink(missing_ok=True)
            if before.exists():
                before.replace(after)
        fresh.replace(target)
    except OSError as error:
        raise Unavailable(f"{target} could not be replaced ({error}); the backup's copy is {fresh}.") from error


def migrate_to(arguments: argparse.Namespace) -> int:
    """Copy this SQLite database into an empty one on a server, and compare every table."""
    from storage.copying import copy_all

    if not arguments.url.startswith("postgresql"):  # not shown again: it may hold a password
        raise UserError(
            "migrate-to: what follows is no address of a PostgreSQL database. "
            "It looks like postgresql+asyncpg://USER:PASSWORD@HOST/NAME."
        )
    path = _database()
    with sole(path):
        if in_use(path):
            raise Unavailable("the database is in use: stop Headframe first, then migrate.")
        copied = asyncio.run(copy_all(configuration.load().database_url, arguments.url))
    for name, count in copied.items():
        print(f"{name:<16} {count:>10} rows, equal on both sides", file=sys.stderr)
    print(
        "Set DATABASE_URL to the new address and start Headframe; keep the old file until you are sure.",
        file=sys.stderr,
    )
    return 0


def _database() -> Path:
    path = sqlite_path(configuration.load().database_url)
    if path is None:
        raise Unavailable("DATABASE_URL names a server: use pg_dump and pg_restore for PostgreSQL.")
    return path
