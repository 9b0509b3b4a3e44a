"""`postline audit`: who changed what, and what was refused to whom; newest last, as in a log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, app, say
from gateway.config import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.models import Audit


@app.command("audit")
def audit_rows(
    account: Annotated[str, typer.Option("--account", help="Only what concerns this account.")] = "",
    action: Annotated[str, typer.Option(help='Only actions that begin so: "user.", "sender.refused".')] = "",
    limit: Annotated[int, typer.Option(help="How many of the newest.", min=1, max=100_000)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest audit rows: changes of accounts, refusals, approvals, cancellations.

    Example: postline audit --action sender.refused
    """
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    try:
        rows = store.read(found, account, action, limit)
    finally:
        store.close()
    say("\n".join(map(line_of, rows)) or "nothing", rows, as_json=as_json)


def found(session: Session, account: str, action: str, limit: int) -> list[dict[str, Any]]:
    """Return audit rows for a program, oldest first."""
    from gateway.cli.send import owner_of
    from gateway.store import audit

    account_id = owner_of(session, account).id if account else None
    rows = audit.search(session, account_id=account_id, action=action, limit=limit)
    return [row_of(row, name) for row, name in reversed(rows)]


def row_of(row: Audit, account: str) -> dict[str, Any]:
    """Return one audit row for a program."""
    return {
        "at": row.at.isoformat(timespec="seconds"),
        "account": account,
        "actor": row.actor,
        "action": row.action,
        "data": row.data,
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one audit row as one line."""
    data = json.dumps(row["data"], ensure_ascii=False, default=str)
    words = (row["at"], row["account"] or "-", row["actor"] or "-", row["action"], data)
    return "  ".join(words)
