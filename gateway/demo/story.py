"""The story told in order: a mail goes out as a fax, a fax comes in as two mails, and both leave evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from gateway.demo import settings
from gateway.demo.scenario import ORDER, Stage
from gateway.lines import simulated
from gateway.store.models import Attempt, Delivery, Fax, Reception
from render.document import Part, Settings
from render.pages import render_parts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.demo.evidence import Evidence
    from gateway.store.blobs import LocalBlobs

SUBJECT = "Monday delivery"

CONFIRMATION = """\
<html><body style="font-family: sans-serif">
<h1>Order confirmation 5521</h1>
<p>ご注文ありがとうございます。月曜日にお届けいたします。</p>
<table border="1" cellpadding="6" style="border-collapse: collapse; width: 100%">
<tr><th>Article</th><th>Quantity</th><th>Delivery</th></tr>
<tr><td>A4 paper, 80 g</td><td>4 cartons</td><td>Monday</td></tr>
<tr><td>Envelopes, window left</td><td>2 cartons</td><td>Monday</td></tr>
<tr><td>Ball pens, blue</td><td>1 box</td><td>Monday</td></tr>
</table>
<p>Tokyo Office Supply, +81 3 1234 5678</p>
</body></html>
"""


def tell(stage: Stage, blobs: LocalBlobs, state: Path, evidence: Evidence) -> None:
    """Play both directions; raises `DemoFailed` at the step that did not come."""
    send(stage, blobs, state, evidence)
    receive(stage, blobs, state, evidence)
    evidence.finish(simulated.folder_of(state, "sim") / "ledger.jsonl")


def send(stage: Stage, blobs: LocalBlobs, state: Path, evidence: Evidence) -> None:
    """Mail a fax, keep what the far machine received and the result mail."""
    evidence.accepted(SUBJECT, stage.mail(settings.FAX, f"{SUBJECT} /rf", ORDER))
    number = stage.delivery(SUBJECT).number
    with simulated.control(state, "sim") as exchange:
        call = exchange.calls()[-1]
    delivery = stage.store.read(whole_delivery, number)
    evidence.outbound(delivery, blobs, Path(call["file"]))
    evidence.mails("result", stage.box(settings.SENDER, 1)[:1])


def receive(stage: Stage, blobs: LocalBlobs, state: Path, evidence: Evidence) -> None:
    """Let a far machine call, keep what we received and the mails to two addresses."""
    document = state / "far-document.tif"
    document.write_bytes(far_document())
    already = stage.store.read(newest_number)
    with simulated.control(state, "sim") as exchange:
        call = exchange.call(settings.OUR_NUMBER, document, settings.FAX)
        exchange.wait(call)
    reception = stage.store.read(whole_reception, stage.reception(after=already).number)
    evidence.inbound(reception, blobs, document)
    first, second = settings.INBOX
    evidence.mails("forward", stage.box(first, 2)[1:2] + stage.box(second, 1)[:1])


def far_document() -> bytes:
    """Return the page the far machine sends: fine, MMR, drawn here and now."""
    part = Part("order.html", "text/html", CONFIRMATION.encode(), "utf-8", "body", {})
    return render_parts([part], Settings()).masters["fine"]


def newest_number(session: Session) -> int:
    """Return the highest public number given so far."""
    newest = [
        session.scalar(select(kind.number).order_by(kind.number.desc()).limit(1))
        for kind in (Delivery, Reception)
    ]
    return max(number or 0 for number in newest)


def whole_delivery(session: Session, number: int) -> Delivery:
    """Return a delivery with its fax and attempts loaded."""
    load = (
        selectinload(Delivery.fax).selectinload(Fax.account),
        selectinload(Delivery.attempts).selectinload(Attempt.pages),
    )
    return session.get_one(Delivery, number, options=load)


def whole_reception(session: Session, number: int) -> Reception:
    """Return a reception with its pages and forwards loaded."""
    return session.get_one(
        Reception, number, options=(selectinload(Reception.pages), selectinload(Reception.forwards))
    )
