"""V.17 is tried again at a number where it failed once: how often it failed, and whether it may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add both; what is remembered already counts as a single failure."""
    failures = sa.Column("v17_failures", sa.Integer(), nullable=False, server_default="0")
    op.add_column("number_memory", failures)
    op.add_column("number_memory", sa.Column("v17_again", sa.Boolean(), nullable=False, server_default=sa.false()))
