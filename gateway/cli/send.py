"""`postline send NUMBER FILE...`: hand documents to a running gateway from the shell."""

from __future__ import annotations

import mimetypes
import time
from collections import defaultdict
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say
from gateway.config import load
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.config import Config
    from gateway.store.database import Store
    from gateway.store.faxes import Recipient
    from gateway.store.models import Account

POLL_SECONDS = 0.2


@app.command("send")
def send(
    number: Annotated[str, typer.Argument(help="A number as in an address, or list=NAME.")],
    files: Annotated[list[Path], typer.Argument(help="Documents, in order.", exists=True, dir_okay=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the fax is sent or failed.")] = False,
    subject: Annotated[str, typer.Option(help="Subject, with options as in mail.")] = "",
    account: Annotated[str, typer.Option(help="Account that sends (default: the only one).")] = "",
    at: Annotated[
        str, typer.Option(help="Not before, in the account's zone: `2030-01-31 09:30`, `09:30`.")
    ] = "",
) -> None:
    """Send documents to one number, or to all of a list.

    With --wait show every page and exit 0 only if all were confirmed; for one number.

    Example: postline send +81312345678 order.pdf --wait
    """
    from gateway.app import prepare
    from gateway.roles.parts import local_blobs
    from gateway.store.database import Store

    if wait and number.lower().startswith("list="):
        raise Refused("--wait follows one number, not a list.")
    settings = load(config)
    prepare(settings)
    store = Store(settings.server.database_url)
    letter = compose(files, subject)
    key = local_blobs(settings).put("message", letter)
    accepted = store.run(hand_in, number, account, letter, key, settings, at)
    say(f"queued as {accepted}", {"number": accepted, "state": "queued"}, as_json=as_json)
    try:
        if wait:
            follow(store, accepted, as_json=as_json)
    finally:
        store.close()


def compose(files: list[Path], subject: str) -> bytes:
    """Return the documents as the mail a sender would have written: one reader serves both doors."""
    letter = EmailMessage(SMTP)
    letter["Subject"] = subject or files[0].name
    for file in files:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        letter.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return letter.as_bytes()


def hand_in(
    session: Session, number: str, account: str, letter: bytes, key: str, config: Config, at: str = ""
) -> int:
    """Write the submission, deferred if `at` is given; return its public number."""
    from gateway.intake.submission import Submission, accept

    owner, now = owner_of(session, account), datetime.now(UTC)
    options = deferred(at, owner, now) if at else {}
    recipients, batch = whom(session, owner, number, config)
    submission = Submission(
        door="cli",
        account_id=owner.id,
        sender=config.server.operator[0],
        recipients=recipients,
        blob=key,
        size=len(letter),
        sha256=sha256(letter).hexdigest(),
        peer="cli",
        evidence={"by": "command"},
        options=options,
        batch=batch,
    )
    return accept(session, submission, now).number


def whom(session: Session, owner: Account, number: str, config: Config) -> tuple[tuple[Recipient, ...], str]:
    """Return whom a fax goes to, and the name of the list if it is one; raise `BadNumber` or `Refused`."""
    from gateway.domain import dialling
    from gateway.mailin import lists
    from gateway.store.accounts import caller
    from gateway.store.faxes import Recipient

    if lists.named(number) is None:
        destination = dialling.destination(number, caller(owner), config.rules())
        return (Recipient.of(destination),), ""
    found = lists.find(session, number, owner.id)
    if found is None:
        raise Refused(f"There is no list {lists.named(number)}.")
    return found[1], found[0]


def deferred(at: str, owner: Account, now: datetime) -> dict[str, str]:
    """Return the option of a deferred fax; raise `BadOption` for a time that cannot be meant."""
    from zoneinfo import ZoneInfo

    from gateway.domain import deferral

    defer = deferral.written(at)
    deferral.due(defer, ZoneInfo(owner.timezone), now)
    return {"defer": defer}


def owner_of(session: Session, name: str) -> Account:
    """Return the named account, or the only one there is."""
    from sqlalchemy import select

    from gateway.store.models import Account

    query = select(Account).where(Account.name == name) if name else select(Account)
    found = session.scalars(query.limit(2)).all()
    if len(found) != 1:
        raise Refused("No such account." if name else "Name the account with --account.")
    return found[0]


def follow(store: Store, number: int, *, as_json: bool) -> None:
    """Show what happens to a delivery until it is final."""
    from gateway.domain.states import FINAL_DELIVERY, DeliveryState
    from gateway.store import events
    from gateway.store.models import Delivery

    seen = 0
    while True:
        with store.reading() as session:
            delivery = session.get_one(Delivery, number)
            news = events.since(session, seen, number=number)
        for event in news:
            seen = event.id
            if line := progress(event.kind, event.data):
                say(line, {"number": number, "event": event.kind, **event.data}, as_json=as_json)
        if delivery.state in FINAL_DELIVERY:
            if delivery.state is not DeliveryState.SENT:
                raise typer.Exit(EXIT.DATA)
            return
        time.sleep(POLL_SECONDS)


PROGRESS = {
    "delivery.dialling": "dialling {destination} (dial {dials}, line {line})",
    "page.sending": "page {n}: sending",
    "page.confirmed": "page {n}: confirmed, {size} octets at {rate} bit/s",
    "page.rejected": "page {n}: rejected by the far machine",
    "delivery.held": "held until {due_at}: {reason} {detail}",
    "delivery.retry": "waiting until {due_at}: {cause}",
    "delivery.sent": "{state}",
    "delivery.failed": "{state}: {cause} {detail}",
    "delivery.uncertain": "{state}: {detail}",
    "delivery.cancelled": "{state}",
}


def progress(kind: str, data: dict[str, object]) -> str:
    """Return one line for a person about an event, or nothing where it says nothing new."""
    words = defaultdict(str, data)
    return PROGRESS.get(kind, "").format_map(words).strip()
