"""What caps, windows and the kill switch need: what a call was for, why a delivery is held, what is switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

OF_ITS_DELIVERY = "(SELECT {column} FROM delivery WHERE delivery.number = attempt.delivery_number)"


def upgrade() -> None:
    """Add the columns, fill those of calls that were made already, then the indices that counting needs."""
    op.add_column("delivery", sa.Column("held_for", sa.String(24), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("first_page", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("delivery", sa.Column("resend_of", sa.Integer(), nullable=True))
    op.add_column("attempt", sa.Column("account_id", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("attempt", sa.Column("destination", sa.String(40), nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("to_send", sa.Integer(), nullable=False, server_default="0"))
    for column in ("account_id", "destination"):
        op.execute(f"UPDATE attempt SET {column} = {OF_ITS_DELIVERY.format(column=column)}")
    op.create_index("ix_delivery_destination_state", "delivery", ["destination", "state"])
    op.create_index("ix_attempt_account_id_dialled_at", "attempt", ["account_id", "dialled_at"])
    op.create_index("ix_attempt_destination_dialled_at", "attempt", ["destination", "dialled_at"])
    op.create_index("ix_attempt_line_ended_at", "attempt", ["line", "ended_at"])
    op.create_index("ix_audit_action_at", "audit", ["action", "at"])
    op.create_table(
        "switch",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_switch"),
    )
