"""`postline resend NUMBER`: send an old fax again, as a new one with a public number of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, actor, app, say
from gateway.config import load
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from gateway.config import Config
    from gateway.store.models import Delivery


@app.command("resend")
def resend(
    number: Annotated[int, typer.Argument(help="The public number of an outbound fax.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    to: Annotated[str, typer.Option(help="Another number, as you would write it in an address.")] = "",
    rest: Annotated[bool, typer.Option("--rest", help="Only the pages that were not confirmed.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the fax is sent or failed.")] = False,
) -> None:
    """Send a fax again, all its pages or only the rest; the old number keeps what was told about it.

    Example: postline resend 41230077 --rest
    """
    from functools import partial

    from gateway.cli.send import follow
    from gateway.roles.parts import new_message_id
    from gateway.store.database import Store

    settings = load(config)
    store = Store(settings.server.database_url)
    try:
        new_id = partial(new_message_id, settings.server.domains[0])
        row = store.run(again, number, to, settings, new_id, rest=rest)
        say(f"queued as {row['number']}", row, as_json=as_json)
        if wait:
            follow(store, int(row["number"]), as_json=as_json)
    finally:
        store.close()


def again(
    session: Session, number: int, to: str, config: Config, new_id: Callable[[], str], *, rest: bool
) -> dict[str, Any]:
    """Queue a delivery again, if its account may call the number today; return the new one."""
    from gateway.domain import dialling
    from gateway.store import resend as store
    from gateway.store.accounts import caller
    from gateway.store.faxes import Recipient
    from gateway.store.models import Delivery

    old: Delivery | None = session.get(Delivery, number)
    if old is None:
        raise Refused(f"There is no outbound fax {number}.")
    who, rules = caller(old.fax.account), config.rules()
    recipient = Recipient.of(dialling.destination(to, who, rules)) if to else None
    if recipient is None and old.simulated_status is None:
        dialling.permit(old.destination, who, rules)
    now = datetime.now(UTC)
    new = store.resend(session, number, now, actor=actor(), new_id=new_id, to=recipient, rest=rest)
    return {
        "number": new.number,
        "resend_of": number,
        "state": new.state.value,
        "with": new.destination,
        "first_page": new.first_page,
    }
