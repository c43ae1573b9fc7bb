"""Databases as the migrations leave them: made once in a process, then copied for each test."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

from storage.database import Database
from tests import postgres


@cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="headframe-tests-")


async def fresh_sqlite(path: Path) -> str:
    """A new file at this path; its URL."""
    model = Path(_shelf().name) / "model.db"
    if not model.exists():
        making = model.with_suffix(".making")
        await (await Database.open(f"sqlite+aiosqlite:///{making}")).close()
        making.rename(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, path)
    return f"sqlite+aiosqlite:///{path}"


_models: set[str] = set()


def empty_postgres(server: str) -> str:
    """A new database without tables on a running server; its URL."""
    return postgres.new_database(server, f"t{uuid.uuid4().hex}")


async def fresh_postgres(server: str) -> str:
    """A new database on a running server, with its tables; its URL."""
    if server not in _models:
        await (await Database.open(postgres.new_database(server, "model"))).close()
        _models.add(server)
    return postgres.new_database(server, f"t{uuid.uuid4().hex}", model="model")
