"""What a database's error means to the operator: one sentence that ends in the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, NoSuchModuleError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

FULL: Final = "the disk is full: free some space"
DAMAGED: Final = "the file is damaged: restore the last backup (headframe restore FILE)"


def explain(error: Exception, url: URL) -> str:
    """One sentence with the mend for what a database error means to the operator."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    if isinstance(cause, NoSuchModuleError | ImportError):
        return "DATABASE_URL should begin with sqlite+aiosqlite:// or postgresql+asyncpg://; see .env.example."
    return sentence(" ".join(str(cause).split()).rstrip(".") or type(cause).__name__, url)


def sentence(reason: str, url: URL) -> str:
    where = url.render_as_string(hide_password=True)
    mends = {
        "disk is full": FULL,
        "no space left": FULL,
        "readonly": "the file is read-only: check its owner and permissions",
        "read-only": "the file is read-only: check its owner and permissions",
        "unable to open": "the file cannot be opened: check that its folder exists and is writable",
        "not a database": "the file is not a SQLite database: check DATABASE_URL",
        "malformed": DAMAGED,
        "database is locked": "another process holds it: is a second Headframe running on it?",
        "disk i/o error": "the disk does not work as it should: look at the system's log",
        "password": "the server refuses the password: check the one in its address",
        "does not exist": "the server has no such database or user: create it, or check its address",
        "connect": "the server does not answer: is it running, and is its address right?",
        "shut": "the server is starting or stopping: this mends itself",
        "starting up": "the server is starting or stopping: this mends itself",
    }
    for sign, mend in mends.items():
        if sign in reason.lower():
            return f"Database {where}: {mend}. ({reason})"
    if url.get_backend_name() == "sqlite" and ("tree " in reason.lower() or "page " in reason.lower()):
        return f"Database {where}: {DAMAGED}. ({reason})"  # quick_check's own findings
    return f"Database {where}: {reason}."
