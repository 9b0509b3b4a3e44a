"""From a scanner's mail in a real mailbox to the far machine's paper, and the status mail back."""

from __future__ import annotations

import io
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from dovecot_fixtures import dovecot, table
from house import LINES, House
from PIL import Image
from waiting import wait_until

from gateway.demo import settings
from gateway.domain.states import DeliveryState
from gateway.store.accounts import account_for_sender

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("dovecot")]
REST = ("smtp", "mailbox", "render", "outbox")


def scan() -> bytes:
    page, file = Image.new("1", (1728, 1100), 1), io.BytesIO()
    page.paste(0, (200, 200, 900, 260))
    page.save(file, "TIFF", compression="group4", dpi=(204, 98))
    mail = EmailMessage()
    mail["Return-Path"], mail["From"] = f"<{settings.SENDER}>", settings.SENDER
    mail["Subject"], mail["Message-ID"] = settings.FAX, "<scan@demo.example>"
    mail.set_content("Scanned by a machine.\n")
    mail.add_attachment(file.getvalue(), maintype="image", subtype="tiff", filename="scan.tif")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def give_mask(session: Session) -> None:
    account = account_for_sender(session, settings.SENDER)
    assert account is not None
    account.settings = {**account.settings, "axatel": {"mask": settings.SENDER.replace("@", "*@")}}


def test_a_scan_in_a_mailbox_reaches_the_far_machine_and_its_sender_hears_of_it(tmp_path: Path) -> None:
    with dovecot() as server:
        server.deliver(scan())
        with House(tmp_path, extra=table(server.place("imap"), axatel="true")) as house:
            house.store.run(give_mask)
            house.start(LINES)
            house.start(REST)
            [number] = wait_until(house.numbers, 60, f"a fax\n{house.log(REST)}")
            delivery = house.delivery(number)
            assert delivery.state is DeliveryState.SENT, house.log(LINES)
            assert delivery.pages_confirmed == delivery.fax.pages == 1
            answer = house.read_mail(house.box(settings.SENDER, 1)[0]).replace("\r\n", "\n")
            assert answer.startswith(f"FAX {delivery.destination}: sent\n")
            assert "sip_code: 200\nerror: null\npages: 1\n" in answer
            assert server.mails() == []
