"""What calls have shown of numbers and callers; the header line of each call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the memory of numbers and of callers, and the words of the header line to a call."""
    _numbers()
    _callers()
    op.add_column("attempt", sa.Column("header", sa.String(), nullable=False, server_default=""))


def _numbers() -> None:
    op.create_table(
        "number_memory",
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ident", sa.String(40), nullable=False),
        sa.Column("dis", sa.LargeBinary(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("ecm", sa.Boolean(), nullable=False),
        sa.Column("compression", sa.String(8), nullable=False),
        sa.Column("resolution", sa.String(12), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("capped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clean", sa.Integer(), nullable=False),
        sa.Column("v17_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ecm_failures", sa.Integer(), nullable=False),
        sa.Column("ecm_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("no_eom_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_number_memory")),
    )


def _callers() -> None:
    op.create_table(
        "caller_memory",
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("troubles", sa.Integer(), nullable=False),
        sa.Column("trouble_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_caller_memory")),
    )
