"""Accounts from a file: `tables` reads and checks it, `rows` writes what it says; one module a subject."""

from __future__ import annotations

from gateway.store.provisioning.rows import Changes, provision
from gateway.store.provisioning.tables import AccountSpec, read_accounts

__all__ = ["AccountSpec", "Changes", "provision", "read_accounts"]
