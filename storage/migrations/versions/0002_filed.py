"""Where the matcher files each query, kept beside it: a start reads one short line a subscription, not its query."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("filed", sa.Text(), nullable=True))
