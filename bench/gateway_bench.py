"""Benchmarks of the whole gateway through its real processes: accept-to-dial, a stream without line ends.

A fresh gateway on temporary state (`tests/house.py`), production commands, loopback, the simulated line.
"""

from __future__ import annotations

import smtplib
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from house import REST, House, letter, queued_number

if TYPE_CHECKING:
    from email.message import EmailMessage


GIB = 1 << 30
MIB = 1 << 20
ROUNDS = 15


def accept_to_dial() -> dict[str, Any]:
    """Seconds from the end of DATA to ATD on the port, as the exchange saw it; the fork server is warm."""
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house:
        house.start_all()
        house.wait_for_line("idle")
        house.delivery(queued_number(house.mail(letter(subject="warm up"))))
        seconds = [one_round(house, letter(subject=f"order {n}")) for n in range(ROUNDS)]
    return {
        "what": "end of DATA to ATD, text mail",
        "median_s": round(statistics.median(seconds), 3),
        "worst_s": round(max(seconds), 3),
        "rounds": ROUNDS,
        "goal": "median <= 1.5 s",
    }


def one_round(house: House, mail: EmailMessage) -> float:
    """Return the seconds between the end of one mail's DATA and the moment its number was dialled."""
    house.wait_for_line("idle")
    known = len(list(house.ledger("call")))
    ended, number = data_ended(house, mail)
    house.delivery(number)
    dialled = list(house.ledger("call"))[known]
    return wall(dialled["at"]) - ended


def data_ended(house: House, mail: EmailMessage) -> tuple[float, int]:
    """Hand a mail in; return when the last octet of DATA left us (wall clock) and the number."""
    with smtplib.SMTP("127.0.0.1", house.ports.smtp, timeout=60) as client:
        client.ehlo()
        client.mail(str(mail["From"]))
        client.rcpt(str(mail["To"]))
        client.docmd("DATA")
        octets = mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        client.send(octets + b"\r\n.\r\n")
        ended = time.time()
        _, text = client.getreply()
    return ended, queued_number(text.decode())


def wall(stamp: str) -> float:
    """Return seconds since the epoch of an ISO time."""
    from datetime import datetime  # noqa: PLC0415

    return datetime.fromisoformat(stamp).timestamp()


def endless_line() -> dict[str, Any]:
    """Send 1 GiB of DATA without a line end; the process must not grow, the peer gets 552 or a close."""
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house:
        house.start(REST)
        house.delivery_drawn(queued_number(house.mail(letter())))
        process = house.processes[REST].pid
        before = resident(process)
        answer, sent, peak = flood(house.ports.smtp, process)
        house.mail(letter(subject="still here"))
    return {
        "what": "1 GiB of DATA without a line end",
        "grown_mib": round((peak - before) / MIB, 1),
        "sent_mib": round(sent / MIB, 1),
        "answer": answer,
        "goal": "grows < 64 MiB; 552 or a close",
    }


def flood(port: int, process: int) -> tuple[str, int, int]:
    """Return the peer's last words (or "closed"), octets it took, and the process's peak resident size."""
    block, sent, peak = b"x" * MIB, 0, 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        talk = peer.makefile("rb")
        talk.readline()
        for line in (
            "HELO bench",
            "MAIL FROM:<alice@demo.example>",
            "RCPT TO:<+81312345678@fax.demo.example>",
            "DATA",
        ):
            peer.sendall(line.encode() + b"\r\n")
            talk.readline()
        try:
            while sent < GIB:
                peer.sendall(block)
                sent += len(block)
                if sent % (16 * MIB) == 0:
                    peak = max(peak, resident(process))
            peer.sendall(b"\r\n.\r\n")
        except OSError:
            pass
        peak = max(peak, resident(process))
        try:
            answer = talk.readline().decode(errors="replace").strip()
        except OSError:
            answer = ""
    return answer or "closed", sent, peak


def resident(process: int) -> int:
    """Return the resident octets of a process."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
