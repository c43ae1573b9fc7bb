"""The storage package's errors. Each message says what the operator can do."""

from __future__ import annotations


class StorageError(Exception):
    """Base of everything storage raises on purpose."""


class NewerSchema(StorageError):
    """The database was written by a newer Headframe."""


class Unavailable(StorageError):
    """The database cannot be opened, read or written now (full disk, read-only file, corrupt file, no server)."""


class Damaged(Unavailable):
    """The file's content is broken: only a backup helps."""


class LimitReached(StorageError):
    """A person or server has as many rows of a kind as it may have."""
