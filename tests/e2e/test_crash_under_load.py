"""Killed while many mails share a commit: who heard 250 is kept, who did not sends again, each is one fax."""

from __future__ import annotations

import signal
import smtplib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from house import House, letter, queued_number
from sqlalchemy import select

from gateway.store.models import Fax, Message

if TYPE_CHECKING:
    from email.message import EmailMessage

pytestmark = pytest.mark.timeout(300)

DOOR = ("smtp",)
CLIENTS, MAILS = 8, 96


def hand_in(house: House, mail: EmailMessage) -> int | None:
    """Return the number a mail was promised, None where no promise was heard."""
    try:
        return queued_number(house.mail(mail))
    except (smtplib.SMTPException, OSError):
        return None


def kept(house: House) -> dict[str, list[int]]:
    """Return Message-ID -> the numbers of every fax made of it; its bytes are where they should be."""
    with house.store.reading() as session:
        faxes = session.execute(select(Message, Fax).join(Fax, Fax.message_id == Message.id)).all()
        found: dict[str, list[int]] = {}
        for message, fax in faxes:
            assert len(house.blobs.read(message.blob)) == message.size
            found.setdefault(message.message_id, []).extend(d.number for d in fax.deliveries)
    return found


def all_at_once(house: House, mails: list[EmailMessage]) -> dict[str, int | None]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        promised = clients.map(lambda mail: hand_in(house, mail), mails)
        return {str(mail["Message-ID"]): number for mail, number in zip(mails, promised, strict=True)}


def promises_are_kept(house: House, promised: dict[str, int | None]) -> None:
    found = kept(house)
    for message_id, number in promised.items():
        assert number is None or found[message_id] == [number]


@pytest.mark.parametrize("point", ["smtp.renamed", "smtp.committed"])
def test_at_a_crash_point_with_eight_at_the_door(house: House, point: str) -> None:
    mails = [letter(subject=f"order {n}") for n in range(CLIENTS)]
    house.start(DOOR, crash_at=point)
    first = all_at_once(house, mails)
    house.wait_for_death(DOOR)
    promises_are_kept(house, first)
    house.start(DOOR)
    again = all_at_once(house, mails)
    assert None not in again.values()
    promises_are_kept(house, again)
    assert len(kept(house)) == len(mails)


def test_killed_at_any_moment_of_a_busy_minute(house: House) -> None:
    mails = [letter(subject=f"order {n}") for n in range(MAILS)]
    house.start(DOOR)
    process = house.processes.pop(DOOR)
    with ThreadPoolExecutor(CLIENTS) as clients:
        futures = {str(mail["Message-ID"]): clients.submit(hand_in, house, mail) for mail in mails}
        futures[
            str(mails[MAILS // 3]["Message-ID"])
        ].result()  # a third of them is through, others are under way
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    first = {message_id: future.result() for message_id, future in futures.items()}
    assert None in first.values()
    promises_are_kept(house, first)
    house.start(DOOR)
    again = all_at_once(house, mails)
    assert None not in again.values()
    promises_are_kept(house, again)
    assert all(again[message_id] == number for message_id, number in first.items() if number)
