"""What a call did to its pages, what it cost, who shared it; pages that a call broke off in say so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; a call that ended has no page that is still being sent."""
    for name, kind, default in (
        ("header_note", sa.String(), ""),
        ("header_language", sa.String(8), "en"),
        ("a4", sa.Boolean(), sa.false()),
        ("cut_white", sa.Boolean(), sa.false()),
        ("ppr", sa.Integer(), "0"),
        ("rtn", sa.Integer(), "0"),
        ("ftt", sa.Integer(), "0"),
    ):
        op.add_column("attempt", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("attempt", sa.Column("call", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_attempt_call"), "attempt", ["call"])
    op.execute(
        "UPDATE page SET state = 'broken' WHERE state = 'sending' "
        "AND attempt_id IN (SELECT id FROM attempt WHERE ended_at IS NOT NULL)"
    )
