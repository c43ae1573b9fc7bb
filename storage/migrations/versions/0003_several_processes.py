"""Several processes on one database: who holds a lease, and which change of the subscriptions a row belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("lease_owner", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("lease_owner", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("lease_until", types.UtcSeconds(), nullable=True))
    op.add_column("subscriptions", sa.Column("version", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_subscriptions_version", "subscriptions", ["version"], unique=False)
