"""`postline cancel NUMBER...`: take faxes back, those that wait at once, those in a call within seconds.

It acts through the database, so it works from any host that reaches it. A call that stands is ended with DCN
by the line that has it; pages the far machine confirmed until then stay confirmed; the result mail says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, actor, app, say, say_error
from gateway.config import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session


@app.command("cancel")
def cancel(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER", help="Public numbers of faxes.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    whole: Annotated[bool, typer.Option("--whole", help="Also every other number of the same mail.")] = False,
) -> None:
    """Cancel faxes; exit 0 if every one is cancelled or its call is being ended, 65 if any was over before.

    Example: postline cancel 41230077 41230078
    """
    from functools import partial

    from gateway.roles.parts import new_message_id
    from gateway.store.database import Store

    settings = load(config)
    store = Store(settings.server.database_url)
    new_id = partial(new_message_id, settings.server.domains[0])
    try:
        wanted = store.read(of_the_mails, numbers) if whole else numbers
        rows = [store.run(one, number, new_id) for number in wanted]
    finally:
        store.close()
    for row in rows:
        if row["done"]:
            say(f"{row['number']}: {row['state']}", row, as_json=as_json)
        elif as_json:
            say("", row, as_json=True)
        else:
            say_error(f"{row['number']}: {row['state']}")
    if not all(row["done"] for row in rows):
        raise typer.Exit(EXIT.DATA)


def of_the_mails(session: Session, numbers: list[int]) -> list[int]:
    """Return these numbers and all others of the same submissions; unknown ones stay as they are."""
    from gateway.store.models import Delivery

    found = dict.fromkeys(numbers)
    for number in numbers:
        if (delivery := session.get(Delivery, number)) is not None:
            found |= dict.fromkeys(sibling.number for sibling in delivery.fax.deliveries)
    return list(found)


def one(session: Session, number: int, new_id: Callable[[], str]) -> dict[str, Any]:
    """Cancel one delivery; return what became of it. `done`: it is cancelled, or its call is being ended."""
    from gateway.domain.states import FINAL_DELIVERY, DeliveryState
    from gateway.store import queue

    state = queue.request_cancel(session, number, datetime.now(UTC), new_id=new_id, actor=actor())
    if state is None:
        return {"number": number, "state": "unknown", "done": False}
    if state is DeliveryState.CANCELLED or state in FINAL_DELIVERY:
        return {"number": number, "state": state.value, "done": state is DeliveryState.CANCELLED}
    return {"number": number, "state": "ending the call", "done": True}
