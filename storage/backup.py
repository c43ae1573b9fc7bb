"""SQLite files as a whole: sound or damaged, copied while in use, given back their free pages. Knows no table.

Plain `sqlite3` in the caller's thread: callers on an event loop use `asyncio.to_thread`.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from storage.errors import Damaged, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock: well under a millisecond
_PRIVATE: Final = 0o600  # webhook tokens are in there: nobody but the owner reads it


def damage(path: Path, *, within: float | None = None) -> str | None:
    """None when the file is sound (SQLite's quick check); else what is wrong with it, in SQLite's words.

    within: seconds after which the check is given up and nothing is known to be wrong. A missing file is sound.
    Raises Unavailable when it cannot be opened.
    """
    if not path.exists():
        return None
    end = None if within is None else time.monotonic() + within
    with closing(_read_only(path)) as connection:
        if end is not None:
            connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
        try:
            row = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            reason = str(error)
            if "interrupted" in reason:
                return None
            if "malformed" in reason or "not a database" in reason:
                return reason
            raise Unavailable(f"{path} cannot be checked: {reason}.") from error
    return None if row == ("ok",) else str(row[0]).replace("\n", " ")


def copy_sqlite(source: Path, target: Path) -> None:
    """Snapshot `source` into `target` by way of a temporary file, verified, so that no half copy is left behind.

    Raises Damaged when what was copied is not sound, Unavailable for everything else, a missing folder included. An
    existing target is replaced, and stays as it is until the new one is complete.
    """
    if not source.exists():
        raise Unavailable(f"there is no database at {source}.")
    if target.exists() and target.samefile(source):
        raise Unavailable(f"{target} is the database itself: choose another file.")
    # A name of its own, so that no file of somebody else's is in the way: `x.db.part` may be a download.
    partial = target.with_name(f".{target.name}.headframe-part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(_PRIVATE)
        with closing(_read_only(source)) as origin, closing(sqlite3.connect(partial)) as copy:
            origin.backup(copy)
            # One file, no -wal beside it: the copy is complete by itself.
            copy.execute("PRAGMA journal_mode=DELETE")
        wrong = damage(partial)
        if wrong is not None:
            raise Damaged(f"the copy of {source} is damaged ({wrong}); the database itself may be.")
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"could not copy {source} to {target}: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Fold a -wal beside a file that nobody uses into it, so that the file is all there is; a damaged one is left."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=1.0)) as connection, suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA journal_mode=DELETE")


def create_private(path: Path) -> None:
    """Make the folder and an empty database that only its owner can read, unless the file is there. Raises OSError.

    It is made to give pages back (`give_back`): SQLite takes that wish only while the file is empty, and on a file in
    use the mere wish would wait for the writer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        return
    path.touch(_PRIVATE)
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript("PRAGMA auto_vacuum=INCREMENTAL; VACUUM")
    except sqlite3.OperationalError as error:
        raise OSError(0, str(error)) from error


def give_back(path: Path, pages: int) -> int:
    """Shrink the file by up to `pages` free pages in one short transaction; how many are still free."""
    with closing(sqlite3.connect(path, timeout=5.0)) as connection:
        # executescript: sqlite3's execute() stops after the first page, since the pragma's rows have no columns.
        connection.executescript(f"PRAGMA incremental_vacuum({int(pages)})")
        free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return free


def schema_of(path: Path) -> str:
    """The schema version of a Headframe database file. Raises Unavailable when it is none, Damaged when broken."""
    if not path.is_file():
        raise Unavailable(f"there is no file {path}.")
    wrong = damage(path)
    if wrong is not None and "not a database" not in wrong:
        raise Damaged(f"{path} is damaged ({wrong}); use another backup.")
    try:
        with closing(_read_only(path)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise Unavailable(f"{path} is not a backup of Headframe ({error}).") from error
    if row is None:
        raise Unavailable(f"{path} is not a backup of Headframe (it names no schema version).")
    return str(row[0])


def in_use(path: Path) -> bool:
    """Whether another connection holds the file: only a sole user gets past the lock every open connection keeps."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=0.2)) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
    except sqlite3.DatabaseError as error:
        return "locked" in str(error)  # a damaged one is exactly what a backup is for
    return False


def _read_only(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise Unavailable(f"{path} cannot be opened ({error}): check its owner and permissions.") from error
