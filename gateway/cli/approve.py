"""`postline approve [NUMBER...]`: let faxes go that are larger than their account may send unasked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, actor, app, say
from gateway.config import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.models import Fax


@app.command("approve")
def approve(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER", help="Public numbers; none lists what waits.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    send_back: Annotated[bool, typer.Option("--return", help="Do not send; tell the sender.")] = False,
) -> None:
    """List the faxes that wait for approval, or approve or return some of them.

    Example: postline approve 41230077
    """
    from functools import partial

    from gateway.roles.parts import new_message_id
    from gateway.store import release
    from gateway.store.database import Store

    settings = load(config)
    store = Store(settings.server.database_url)
    new_id = partial(new_message_id, settings.server.domains[0])
    decide = release.send_back if send_back else release.approve
    try:
        if not numbers:
            rows = store.read(listed)
            say("\n".join(map(line_of, rows)) or "nothing waits for approval", rows, as_json=as_json)
        for number in numbers or ():
            fax = store.run(decide, number, datetime.now(UTC), actor=actor(), new_id=new_id)
            say(f"{number}: {fax.state.value}", {"number": number, "state": fax.state.value}, as_json=as_json)
    finally:
        store.close()


def listed(session: Session) -> list[dict[str, Any]]:
    """Return what waits for approval, oldest first."""
    from gateway.store import release

    return [row_of(fax) for fax in release.waiting(session)]


def row_of(fax: Fax) -> dict[str, Any]:
    """Return what someone who decides wants to know of a fax."""
    return {
        "number": fax.deliveries[0].number,
        "account": fax.account.name,
        "pages": fax.pages,
        "numbers": len(fax.deliveries),
        "first": fax.deliveries[0].destination,
        "subject": fax.subject,
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one waiting fax as one line."""
    size = f"{row['pages']} pages to {row['numbers']} numbers"
    return "  ".join(
        str(word) for word in (row["number"], row["account"], size, row["first"], row["subject"])
    )
