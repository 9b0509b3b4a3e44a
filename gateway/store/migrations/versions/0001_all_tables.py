"""All tables of the first release.

Types are written out, not taken from the models: a migration stays what it was on its day.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, those first that others point at."""
    _people()
    _numbers()
    _outbound()
    _inbound()
    _records()


def _people() -> None:
    """Who sends and who gets what."""
    _account()
    _user()
    _sender()
    _token()
    _route()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("country", sa.String(4), nullable=False),
        sa.Column("area_code", sa.String(8), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("sender_evidence", sa.String(16), nullable=False),
        sa.Column("smime_policy", sa.String(24), nullable=False),
        sa.Column("uncertain", sa.String(24), nullable=False),
        sa.Column("include_body", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )


def _user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_user_account_id")),
            nullable=False,
        ),
        sa.Column("login", sa.String(100), nullable=False),
        sa.Column("extension", sa.String(16), nullable=False),
        sa.Column("password", sa.String(255), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("login", name=op.f("uq_user_login")),
    )
    op.create_index("ix_user_account_id", "user", ["account_id"])


def _sender() -> None:
    op.create_table(
        "sender",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_sender_account_id")),
            nullable=False,
        ),
        sa.Column("pattern", sa.String(320), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender")),
        sa.UniqueConstraint("pattern", name=op.f("uq_sender_pattern")),
    )
    op.create_index("ix_sender_account_id", "sender", ["account_id"])


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_token_account_id")),
            nullable=False,
        ),
        sa.Column("face", sa.String(24), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_token_sha256")),
    )
    op.create_index("ix_token_account_id", "token", ["account_id"])


def _route() -> None:
    op.create_table(
        "route",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_route_account_id")),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("called", sa.String(40), nullable=True),
        sa.Column("line", sa.String(64), nullable=True),
        sa.Column("sub", sa.String(20), nullable=True),
        sa.Column("forward", sa.JSON(), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
    )
    op.create_index("ix_route_account_id", "route", ["account_id"])


def _numbers() -> None:
    """Public numbers, and what came in by a door."""
    _public_number()
    _message()
    _blob()


def _public_number() -> None:
    op.create_table(
        "public_number",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_number")),
        sqlite_autoincrement=True,
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_message_account_id")),
            nullable=False,
        ),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("blob", sa.String(160), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("message_id", sa.String(998), nullable=False),
        sa.Column("dedupe", sa.String(64), nullable=True),
        sa.Column("peer", sa.String(64), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_account_id", "message", ["account_id"])
    op.create_index("ix_message_dedupe", "message", ["dedupe"])


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_blob")),
    )


def _outbound() -> None:
    """Faxes, their deliveries, calls and pages."""
    _fax()
    _delivery()
    _attempt()
    _page()


def _fax() -> None:
    op.create_table(
        "fax",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_fax_account_id")),
            nullable=False,
        ),
        sa.Column(
            "message_id",
            sa.Integer(),
            sa.ForeignKey("message.id", name=op.f("fk_fax_message_id")),
            nullable=True,
        ),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("notify_to", sa.String(320), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("masters", sa.JSON(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(32), nullable=True),
        sa.Column("cause_detail", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fax")),
    )
    op.create_index("ix_fax_account_id", "fax", ["account_id"])
    op.create_index("ix_fax_state", "fax", ["state"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column(
            "number",
            sa.Integer(),
            sa.ForeignKey("public_number.id", name=op.f("fk_delivery_number")),
            nullable=False,
        ),
        sa.Column(
            "fax_id", sa.Integer(), sa.ForeignKey("fax.id", name=op.f("fk_delivery_fax_id")), nullable=False
        ),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_delivery_account_id")),
            nullable=False,
        ),
        sa.Column("destination", sa.String(40), nullable=False),
        sa.Column("sub", sa.String(20), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(32), nullable=True),
        sa.Column("cause_detail", sa.String(), nullable=False),
        sa.Column("simulated_status", sa.Integer(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dials", sa.Integer(), nullable=False),
        sa.Column("max_dials", sa.Integer(), nullable=False),
        sa.Column("interval_minutes", sa.Integer(), nullable=True),
        sa.Column("pages_confirmed", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("line_seconds", sa.Double(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_account_id", "delivery", ["account_id"])
    op.create_index("ix_delivery_due", "delivery", ["state", "due_at"])
    op.create_index("ix_delivery_fax_id", "delivery", ["fax_id"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "delivery_number",
            sa.Integer(),
            sa.ForeignKey("delivery.number", name=op.f("fk_attempt_delivery_number")),
            nullable=False,
        ),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("first_page", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(32), nullable=True),
        sa.Column("t30", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("ecm", sa.Boolean(), nullable=False),
        sa.Column("compression", sa.String(8), nullable=False),
        sa.Column("resolution", sa.String(12), nullable=False),
        sa.Column("line_seconds", sa.Double(), nullable=False),
        sa.Column("trace_blob", sa.String(160), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_delivery_number", "attempt", ["delivery_number"])


def _page() -> None:
    op.create_table(
        "page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "attempt_id",
            sa.Integer(),
            sa.ForeignKey("attempt.id", name=op.f("fk_page_attempt_id")),
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("attempt_id", "n", name=op.f("uq_page_attempt_id_n")),
    )
    op.create_index("ix_page_attempt_id", "page", ["attempt_id"])


def _inbound() -> None:
    """Received calls, pages, and who gets them."""
    _reception()
    _received_page()
    _forward()


def _reception() -> None:
    op.create_table(
        "reception",
        sa.Column(
            "number",
            sa.Integer(),
            sa.ForeignKey("public_number.id", name=op.f("fk_reception_number")),
            nullable=False,
        ),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_reception_account_id")),
            nullable=True,
        ),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("called", sa.String(40), nullable=False),
        sa.Column("caller", sa.String(40), nullable=False),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("sub", sa.String(20), nullable=False),
        sa.Column("cause", sa.String(32), nullable=True),
        sa.Column("t30", sa.String(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("ecm", sa.Boolean(), nullable=False),
        sa.Column("line_seconds", sa.Double(), nullable=False),
        sa.Column("trace_blob", sa.String(160), nullable=True),
        sa.Column("document", sa.String(160), nullable=True),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reception")),
    )
    op.create_index("ix_reception_account_id", "reception", ["account_id"])
    op.create_index("ix_reception_state", "reception", ["state"])


def _received_page() -> None:
    op.create_table(
        "received_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "reception_number",
            sa.Integer(),
            sa.ForeignKey("reception.number", name=op.f("fk_received_page_reception_number")),
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("blob", sa.String(160), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("resolution", sa.String(12), nullable=False),
        sa.Column("compression", sa.String(8), nullable=False),
        sa.Column("bad_lines", sa.Integer(), nullable=False),
        sa.Column("longest_bad_run", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_page")),
        sa.UniqueConstraint("reception_number", "n", name=op.f("uq_received_page_reception_number_n")),
    )
    op.create_index("ix_received_page_reception_number", "received_page", ["reception_number"])


def _forward() -> None:
    op.create_table(
        "forward",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "reception_number",
            sa.Integer(),
            sa.ForeignKey("reception.number", name=op.f("fk_forward_reception_number")),
            nullable=False,
        ),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_forward_account_id")),
            nullable=True,
        ),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("token", sa.String(40), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forward")),
        sa.UniqueConstraint("token", name=op.f("uq_forward_token")),
    )
    op.create_index("ix_forward_account_id", "forward", ["account_id"])
    op.create_index("ix_forward_reception_number", "forward", ["reception_number"])
    op.create_index("ix_forward_state", "forward", ["state"])


def _records() -> None:
    """What is owed, what happened, what was refused."""
    _outbox()
    _event()
    _audit()
    _line_status()


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column(
            "delivery_number",
            sa.Integer(),
            sa.ForeignKey("delivery.number", name=op.f("fk_outbox_delivery_number")),
            nullable=True,
        ),
        sa.Column(
            "forward_id",
            sa.Integer(),
            sa.ForeignKey("forward.id", name=op.f("fk_outbox_forward_id")),
            nullable=True,
        ),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index("ix_outbox_delivery_number", "outbox", ["delivery_number"])
    op.create_index("ix_outbox_due", "outbox", ["state", "due_at"])
    op.create_index("ix_outbox_forward_id", "outbox", ["forward_id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_event_account_id")),
            nullable=True,
        ),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("fax_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_fax_id", "event", ["fax_id"])
    op.create_index("ix_event_number", "event", ["number"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id", name=op.f("fk_audit_account_id")),
            nullable=True,
        ),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def _line_status() -> None:
    op.create_table(
        "line_status",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("worker", sa.String(100), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_line_status")),
    )
