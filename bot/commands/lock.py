"""One Headframe to a SQLite file: a second one on the same file would post everything twice."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def sole(database: Path | None) -> Iterator[None]:
    """Hold the lock beside a SQLite file; the system frees it however the process ends. None: nothing to hold.

    Raises StartError when another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: the operator sees to it
        database = None
    if database is None:
        yield
        return
    path = database.with_name(database.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"{path} cannot be made ({error.strerror}): is the folder of the database writable?"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"another Headframe uses {database}: stop that one first. Several processes need PostgreSQL."
            ) from error
        yield
    finally:
        os.close(handle)
