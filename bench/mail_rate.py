"""How many mails a second the door takes, beside Postfix in the same run; and 500 numbers in one mail.

Both get the same mails from Postfix's own load generator, on the same disk: eight connections at once, a new
connection for each mail, 20 kB. Postfix syncs its queue file and throws the mail away behind it; Postline
syncs the mail, its folder and its rows, and draws pages behind it or not (both are measured). The two take
turns, and only the ratio of a turn means anything: the machine is never the same for long. Wants root, for
Postfix.
"""

from __future__ import annotations

import os
import smtplib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from house import REST, House, letter, queued_number
from postfix_fixtures import Postfix, source

from gateway.demo import settings

CONNECTIONS, OCTETS = 8, 20_000
TURNS, MAILS, MAILS_OF_POSTFIX = 5, 400, 1200
NUMBERS = 500
DOOR = ("smtp",)


def mail_rate() -> dict[str, Any]:
    """Return mails a second of both, and the median ratio of the turns: the door alone, then with drawing."""
    alone, busy = beside_postfix(DOOR), beside_postfix(REST)
    return {
        "what": f"mails a second, {CONNECTIONS} connections, {OCTETS // 1000} kB, beside Postfix",
        "postfix_s": round(statistics.median(turn["postfix"] for turn in alone)),
        "postline_s": round(statistics.median(turn["postline"] for turn in alone)),
        "ratio": median_ratio(alone),
        "ratio_while_drawing": median_ratio(busy),
        "load": round(os.getloadavg()[0], 1),
        "goal": "ratio >= 0.3, aim 0.5",
        "turns": [*alone, *busy],
    }


def beside_postfix(roles: tuple[str, ...]) -> list[dict[str, float]]:
    """Return the rates of both, turn by turn; the first turn, in which everything is opened, is left out."""
    turns = []
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house, Postfix() as postfix:
        house.start(roles)
        for number in range(TURNS + 1):
            theirs = rate(postfix.port, MAILS_OF_POSTFIX)
            ours = rate(house.ports.smtp, MAILS)
            if number:
                turns.append({"postfix": theirs, "postline": ours, "load": round(os.getloadavg()[0], 1)})
                print(
                    f"  {'+'.join(roles):20} postfix {theirs:6.0f}  postline {ours:6.0f}  {ours / theirs:.2f}"
                )
    return turns


def rate(port: int, mails: int) -> float:
    """Return mails a second."""
    began = time.perf_counter()
    load = ("-s", CONNECTIONS, "-l", OCTETS, "-m", mails)
    source(port, settings.SENDER, f"{settings.FAX}@{settings.DOMAIN}", *load)
    return mails / (time.perf_counter() - began)


def median_ratio(turns: list[dict[str, float]]) -> float:
    """Return the middle of what we reach of Postfix's rate."""
    return round(statistics.median(turn["postline"] / turn["postfix"] for turn in turns), 2)


def many_numbers() -> dict[str, Any]:
    """Return the seconds of a mail to 500 numbers: from MAIL to the 250, and from the end of DATA to it."""
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house:
        house.start(DOOR)
        queued_number(house.mail(letter()))
        rounds = [one_to_many(house, n) for n in range(TURNS)]
    return {
        "what": f"a mail to {NUMBERS} numbers accepted",
        "whole_s": round(statistics.median(whole for whole, _ in rounds), 3),
        "after_data_s": round(statistics.median(rest for _, rest in rounds), 3),
        "load": round(os.getloadavg()[0], 1),
        "goal": "under 1 s",
    }


def one_to_many(house: House, number: int) -> tuple[float, float]:
    """Hand one mail in to numbers nobody used before; return both times in seconds."""
    mail = letter(subject=f"circular {number}").as_bytes().replace(b"\n", b"\r\n")
    with smtplib.SMTP("127.0.0.1", house.ports.smtp, timeout=60) as client:
        client.ehlo()
        began = time.perf_counter()
        client.mail(settings.SENDER)
        for each in range(NUMBERS):
            answer = client.rcpt(f"+8133{number + 3}{each:06}@{settings.DOMAIN}")
            if answer[0] != 250:
                raise RuntimeError(answer)
        client.docmd("DATA")
        client.send(mail)
        ended = time.perf_counter()
        client.send(b".\r\n")
        code, text = client.getreply()
        done = time.perf_counter()
    if code != 250:
        raise RuntimeError(f"{code} {text.decode()}")
    return done - began, done - ended
