"""Alembic's entry: run the migrations on the connection that `gateway.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from gateway.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
