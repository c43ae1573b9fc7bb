"""`headframe backup` and `restore`."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot import settings as configuration
from storage.database import HEAD, copy_sqlite, sqlite_path
from storage.errors import NewerSchema, Unavailable

if TYPE_CHECKING:
    import argparse


def backup(arguments: argparse.Namespace) -> int:
    """Copy the database to a file; it may be in use."""
    target = Path(arguments.file)
    copy_sqlite(_database(), target)
    print(f"backed up to {target} ({target.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Check a backup and put it in place of the database, which is kept beside it until the end."""
    source, target = Path(arguments.file), _database()
    version = _check(source)
    if version > HEAD:
        raise NewerSchema(
            f"{source} is of schema {version}, newer than this Headframe knows ({HEAD}): upgrade Headframe first."
        )
    _check_stopped(target)
    copy_sqlite(source, target.with_name(target.name + ".new"))
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    target.with_name(target.name + ".new").replace(target)
    print(f"restored {source} to {target}", file=sys.stderr)
    return 0


def _database() -> Path:
    path = sqlite_path(configuration.load().database_url)
    if path is None:
        raise Unavailable("DATABASE_URL names a server: use pg_dump and pg_restore for PostgreSQL.")
    return path


def _check(source: Path) -> str:
    """The schema of a backup. Raises Unavailable when it is none, or damaged."""
    if not source.exists():
        raise Unavailable(f"there is no file {source}.")
    try:
        connection = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
        try:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Unavailable(f"{source} is not a backup of Headframe ({error}).") from error
    if sound != ("ok",) or row is None:
        raise Unavailable(f"{source} is damaged; use another backup.")
    return str(row[0])


def _check_stopped(target: Path) -> None:
    """Refuse to replace a database that is in use."""
    if not target.exists():
        return
    try:
        connection = sqlite3.connect(target, timeout=0.2)
        try:
            # Only a sole user can leave WAL mode.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise Unavailable("the database is in use: stop Headframe first, then restore.") from error
        # A damaged database is exactly what a backup is for.
