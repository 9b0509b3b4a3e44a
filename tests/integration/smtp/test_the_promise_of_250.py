"""What stands behind a 250: crash windows, full disks, shutdown, repeated mails (durability.md section 3)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import MAIL, NOON, Client, Door
from waiting import wait_until

from gateway.domain.states import ForwardState, ReceptionState
from gateway.store import faxes
from gateway.store.blobs import Floor
from gateway.store.database import Store
from gateway.store.models import BlobRow, Delivery, Forward, Message, Outbox, Reception

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FAX = "+81312345678@fax.example.org"

# The door as a process of its own, so that it can be killed at a crash point.
PROGRAM = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from gateway.observe.crash import crash_point
from smtp_fixtures import Door
with Door(Path(sys.argv[1]), crash=crash_point) as door:
    print(door.port, flush=True)
    sys.stdin.read()
"""


class DoorProcess:
    """A door that dies at a crash point."""

    def __init__(self, folder: Path, crash_at: str = "") -> None:
        here = Path(__file__).parents[3]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), str(here), str(here / "tests")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"POSTLINE_CRASH_AT": crash_at},
            text=True,
        )
        assert self.process.stdout is not None
        lines = (line for line in self.process.stdout if line.strip().isdigit())
        self.port = int(next(lines))

    def end(self) -> int:
        """Let it stop, if it lives; return its exit code."""
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.mark.parametrize(
    ("point", "rows", "files"),
    [("smtp.spooled", 0, 0), ("smtp.renamed", 0, 1), ("smtp.committed", 1, 1)],
)
def test_a_kill_before_the_250_loses_nothing_that_was_promised(
    tmp_path: Path, point: str, rows: int, files: int
) -> None:
    dying = DoorProcess(tmp_path, crash_at=point)
    with Client(dying.port) as client:
        client.hello().envelope(FAX)
        assert client.data() == ""
    assert dying.end() == -9
    store = Store(f"sqlite:///{tmp_path / 'db.sqlite'}")
    with store.reading() as session:
        assert session.query(Delivery).count() == rows
    assert len(list((tmp_path / "blobs").glob("message/*/*"))) == files

    # The client, not having heard a 250, sends again to the restarted door: one fax in the end, never two.
    alive = DoorProcess(tmp_path)
    with Client(alive.port) as client:
        assert client.hello().fax(FAX) == "250 2.0.0 queued as 1"
    assert alive.end() == 0
    with store.reading() as session:
        [message] = session.query(Message).all()
        assert session.query(Delivery).count() == 1
        assert session.query(BlobRow).count() == 1
        assert (tmp_path / "blobs" / message.blob).read_bytes() == MAIL
    store.close()


def test_a_full_disk_is_452_at_mail_and_passes(tmp_path: Path) -> None:
    with Door(tmp_path, floor=Floor(octets=1 << 60, share=1.0)) as door, door.client() as client:
        client.hello()
        full = "452 4.3.1 No room at the moment, try again later"
        assert client.say("MAIL FROM:<alice@acme.example>") == full
        door.blobs.floor = Floor(octets=1)
        assert client.fax(FAX).startswith("250 ")


def test_a_disk_that_fills_during_the_mail_is_452_too(door: Door, client: Client) -> None:
    client.envelope(FAX)
    door.blobs.floor = Floor(octets=1 << 60, share=1.0)
    assert client.data().startswith("452 4.3.1 ")
    assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}
    assert door.spooled == []


def test_a_spool_that_cannot_be_written_is_451(door: Door, client: Client) -> None:
    client.envelope(FAX)
    door.spool.rmdir()
    assert client.say("DATA").startswith("451 4.3.0 ")
    door.spool.mkdir()
    assert client.fax(FAX).startswith("250 ")


def test_what_a_killed_process_left_half_received_is_removed_when_it_is_old(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.spool.mkdir()
    old, new, other = door.spool / "smtp-old", door.spool / "smtp-new", door.spool / "other"
    for path, age in ((old, timedelta(hours=2)), (new, timedelta(minutes=30)), (other, timedelta(days=9))):
        path.write_bytes(b"half a mail")
        moment = (NOON - age).timestamp()
        os.utime(path, (moment, moment))
    with door:
        assert sorted(door.spooled) == [other, new]


def test_the_window_of_repeated_mails_closes(door: Door, client: Client) -> None:
    assert client.fax(FAX) == "250 2.0.0 queued as 1"
    door.now = NOON + timedelta(hours=23, minutes=59)
    assert client.fax(FAX) == "250 2.0.0 queued as 1"
    door.now = NOON + timedelta(hours=24, minutes=1)
    assert client.fax(FAX) == "250 2.0.0 queued as 2"


def test_two_copies_at_once_are_one_fax(door: Door) -> None:
    clients = [door.client().hello() for _ in range(4)]
    barrier = threading.Barrier(4)
    replies = []

    def send(client: Client) -> None:
        client.envelope(FAX)
        client.say("DATA")
        barrier.wait(20)
        client.send(MAIL + b".\r\n")
        replies.append(client.reply())

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert replies == ["250 2.0.0 queued as 1"] * 4
    assert door.numbers == ["0081312345678"]


def test_stopping_says_421_to_the_idle_and_finishes_the_mail_under_way(tmp_path: Path) -> None:
    door = Door(tmp_path)
    with door, door.client() as idle, door.client() as busy:
        idle.hello()
        busy.hello().envelope(FAX)
        busy.say("DATA")
        busy.send(MAIL)
        wait_until(lambda: any(path.stat().st_size for path in door.spooled))
        stopping = threading.Thread(target=lambda: door.do(door.listener.stop()))
        stopping.start()
        assert idle.reply().startswith("421 4.3.2 ")
        busy.send(b".\r\n")
        assert busy.reply() == "250 2.0.0 queued as 1"
        assert busy.reply().startswith("421 4.3.2 ")
        stopping.join()
        with pytest.raises(ConnectionRefusedError):
            Client(idle.port)
        assert door.numbers == ["0081312345678"]


def test_mail_to_the_operator_keeps_its_bytes(door: Door, client: Client) -> None:
    client.fax("postmaster@fax.example.org", sender="", mail=MAIL)
    [owed] = door.rows(Outbox)
    assert owed.data["subject"] == "Mail from <> to postmaster@fax.example.org"
    assert door.blobs.read(owed.data["blob"]) == MAIL
    assert [row.key for row in door.rows(BlobRow)] == [owed.data["blob"]]


REPORT = b"Subject: Undelivered\r\nContent-Type: multipart/report\r\n\r\nAction: %s\r\n"


@pytest.mark.parametrize(
    ("action", "sender", "state"),
    [(b"failed", "", ForwardState.BOUNCED), (b"delayed", "", ForwardState.SENT)],
)
def test_a_report_to_a_return_address_marks_its_forward(
    door: Door, client: Client, action: bytes, sender: str, state: ForwardState
) -> None:
    door.store.run(a_forward, "abc123")
    reply = client.fax("fwd+abc123@fax.example.org", sender=sender, mail=REPORT % action)
    assert reply == "250 2.0.0 Report taken"
    assert [row.state for row in door.rows(Forward)] == [state]


def test_only_the_null_sender_reports(door: Door, client: Client) -> None:
    door.store.run(a_forward, "abc123")
    [reply] = client.envelope("fwd+abc123@fax.example.org")
    assert reply.startswith("550 5.1.1 No such mailbox")


def a_forward(session: Session, token: str) -> None:
    """Write a forward that has been sent."""
    number = faxes.allocate(session, "reception")
    session.add(Reception(number=number, state=ReceptionState.ROUTED, line="a", started_at=NOON))
    session.flush()
    session.add(Forward(reception_number=number, address="a@b.example", state=ForwardState.SENT, token=token))
