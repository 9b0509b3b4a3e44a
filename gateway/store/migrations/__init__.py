"""Alembic migrations, run by `gateway.store.migrate`."""
