"""What a line's modem is, when it was asked, and whether the operator took the line out of service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("line_status", sa.Column("profile", sa.String(40), nullable=False, server_default=""))
    op.add_column("line_status", sa.Column("modem", sa.String(), nullable=False, server_default=""))
    op.add_column("line_status", sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("line_status", sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()))
