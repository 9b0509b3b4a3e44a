"""Users behind senders, certificates, replay memory, lists, mailbox pickup, what a mail asked of reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ADDED = {
    "user": [sa.Column("settings", sa.JSON(), nullable=False, server_default="{}")],
    "sender": [sa.Column("user_id", sa.Integer(), nullable=True)],
    "token": [
        sa.Column("name", sa.String(100), nullable=False, server_default=""),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
    ],
    "route": [sa.Column("settings", sa.JSON(), nullable=False, server_default="{}")],
    "message": [
        sa.Column("verdict", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("envelope", sa.JSON(), nullable=False, server_default="{}"),
    ],
    "fax": [
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("batch", sa.String(64), nullable=False, server_default=""),
    ],
    "delivery": [
        sa.Column("dsn", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
    ],
    "attempt": [sa.Column("cost", sa.Double(), nullable=False, server_default="0")],
    "forward": [sa.Column("protection", sa.JSON(), nullable=False, server_default="{}")],
    "outbox": [sa.Column("fax_id", sa.Integer(), nullable=True)],
}


def upgrade() -> None:
    """Add columns with what they mean for old rows, and the new tables."""
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_sender_user_id", "sender", ["user_id"])
    op.create_index("ix_outbox_fax_id", "outbox", ["fax_id"])
    _certificates()
    _replays()
    _lists()
    _pickups()


def _certificates() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("der", sa.String(), nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_certificate_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_certificate"),
        sa.UniqueConstraint(
            "account_id",
            "purpose",
            "address",
            "fingerprint",
            name="uq_certificate_account_id_purpose_address_fingerprint",
        ),
    )
    for column in ("account_id", "address", "fingerprint"):
        op.create_index(f"ix_certificate_{column}", "certificate", [column])


def _replays() -> None:
    op.create_table(
        "replay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_replay_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_replay"),
        sa.UniqueConstraint(
            "account_id", "digest", "recipient", name="uq_replay_account_id_digest_recipient"
        ),
    )
    op.create_index("ix_replay_until", "replay", ["until"])


def _lists() -> None:
    op.create_table(
        "recipient_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_recipient_list_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipient_list"),
        sa.UniqueConstraint("account_id", "name", name="uq_recipient_list_account_id_name"),
    )
    op.create_table(
        "list_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("destination", sa.String(40), nullable=False),
        sa.Column("sub", sa.String(20), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("company", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["recipient_list.id"], name="fk_list_entry_list_id"),
        sa.PrimaryKeyConstraint("id", name="pk_list_entry"),
    )
    op.create_index("ix_list_entry_list_id", "list_entry", ["list_id"])


def _pickups() -> None:
    op.create_table(
        "pickup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(64), nullable=False),
        sa.Column("uid", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pickup"),
        sa.UniqueConstraint("mailbox", "uid", name="uq_pickup_mailbox_uid"),
    )
