"""Alembic migrations, run at start inside one transaction of the caller's connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def config(connection: Connection) -> Config:
    """Alembic's configuration for this package, bound to an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version; the caller commits or rolls back."""
    command.upgrade(config(connection), "head")
