"""`postline status [ID]`: what became of one fax, or of the newest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say, say_error
from gateway.config import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.models import Delivery, Reception


@app.command("status")
def status(
    number: Annotated[int | None, typer.Argument(help="The public number of a fax.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow one fax until it is final.")] = False,
) -> None:
    """Show one fax, or the twenty newest in both directions.

    Example: postline status 41230077 --watch
    """
    from gateway.cli.send import follow
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    rows = store.read(one, number) if number is not None else store.read(newest)
    if not rows:
        say_error(f"there is no fax {number}" if number is not None else "no fax yet")
        raise typer.Exit(EXIT.DATA if number is not None else EXIT.OK)
    say("\n".join(line_of(row) for row in rows), rows if number is None else rows[0], as_json=as_json)
    if watch and number is not None and rows[0]["direction"] == "out":
        follow(store, number, as_json=as_json)
    store.close()


def one(session: Session, number: int) -> list[dict[str, Any]]:
    """Return the fax of a public number, outbound or inbound, as a list of at most one row."""
    from gateway.store.models import Delivery, Reception

    if (delivery := session.get(Delivery, number)) is not None:
        return [outbound(delivery)]
    if (reception := session.get(Reception, number)) is not None:
        return [inbound(reception)]
    return []


def newest(session: Session, limit: int = 20) -> list[dict[str, Any]]:
    """Return the newest faxes of both directions, newest first."""
    from sqlalchemy import select

    from gateway.store.models import Delivery, Reception

    out = session.scalars(select(Delivery).order_by(Delivery.number.desc()).limit(limit))
    into = session.scalars(select(Reception).order_by(Reception.number.desc()).limit(limit))
    rows = [*map(outbound, out), *map(inbound, into)]
    return sorted(rows, key=lambda row: -int(row["number"]))[:limit]


def outbound(delivery: Delivery) -> dict[str, Any]:
    """Return what a person or program wants to know of a delivery."""
    return {
        "number": delivery.number,
        "direction": "out",
        "state": state_of(delivery),
        "cause": delivery.cause.value if delivery.cause else "",
        "detail": delivery.cause_detail,
        "with": delivery.destination,
        "pages": delivery.fax.pages,
        "confirmed": delivery.pages_confirmed,
        "dials": delivery.dials,
        "subject": delivery.fax.subject,
        "due": delivery.due_at.isoformat() if delivery.completed_at is None else "",
        "held_for": delivery.held_for,
        "resend_of": delivery.resend_of,
        "cost": round(sum(attempt.cost for attempt in delivery.attempts), 2),
    }


def state_of(delivery: Delivery) -> str:
    """Return the state of a delivery; a fax that waits for a person says so."""
    from gateway.domain.states import FaxState

    return (delivery.fax.state if delivery.fax.state is FaxState.AWAITING_APPROVAL else delivery.state).value


def inbound(reception: Reception) -> dict[str, Any]:
    """Return what a person or program wants to know of a reception."""
    return {
        "number": reception.number,
        "direction": "in",
        "state": reception.state.value,
        "cause": reception.cause.value if reception.cause else "",
        "detail": reception.rule,
        "with": reception.remote_id or reception.caller,
        "pages": len(reception.pages),
        "confirmed": sum(page.confirmed for page in reception.pages),
        "dials": 0,
        "subject": "",
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one fax as one line."""
    arrow = "->" if row["direction"] == "out" else "<-"
    pages = f"{row['confirmed']}/{row['pages']} pages"
    state = (
        f"{row['state']} for {row['held_for']} until {row['due']}" if row.get("held_for") else row["state"]
    )
    words = (row["number"], arrow, row["with"], state, pages, row["cause"], row["subject"])
    return "  ".join(str(word) for word in words if word != "")
