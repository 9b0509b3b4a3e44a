"""A worker that slept too long: whatever it does on waking, the fax is another worker's by then."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from house import LINES, REST, House, letter, queued_number
from waiting import wait_until

from gateway.config import parse
from gateway.demo import settings
from gateway.domain.states import DeliveryState
from gateway.lines import simulated
from gateway.store import events

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(300)

PAGES = 12


@contextmanager
def second_line(house: House) -> Iterator[None]:
    """A second lines process with one line of its own on an exchange of its own."""
    text = house.config_file.read_text(encoding="utf-8")
    for name in ("sim", "sim2"):
        text = text.replace(f'= "{name}"', f'= "{name.replace("sim", "spare")}"')
    file = house.folder / "second.toml"
    file.write_text(text, encoding="utf-8")
    exchange = simulated.start_exchange(house.state, parse(text).line[0])
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file), "--role", "lines"]
    with (house.folder / "second.log").open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
        exchange.stop()


def confirmed(house: House, line: str) -> int:
    ledger = simulated.folder_of(house.state, line) / "ledger.jsonl"
    records = [json.loads(text) for text in ledger.read_text(encoding="utf-8").splitlines()]
    return sum(record["event"] == "mcf" for record in records)


def wait_for_event(house: House, number: int, kind: str) -> None:
    def happened() -> bool:
        return bool(house.store.read(events.since, 0, number=number, kinds=[kind]))

    wait_until(happened, 90, f"{kind}\n{house.log(LINES)}")


def freeze(house: House, pid: int) -> None:
    """Stop the process between two transactions: SQLite's lock would stop everybody else with it."""
    database = house.state / "postline.sqlite"

    def stopped_without_the_lock() -> bool:
        os.kill(pid, signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
            connection.execute("ROLLBACK")
        return True

    wait_until(stopped_without_the_lock, 30, "a moment without a transaction")


def test_a_line_frozen_in_a_call_sends_no_further_page_once_another_worker_has_the_fax(house: House) -> None:
    house.start(REST)
    number = queued_number(house.mail(letter(text="\f".join(f"page {n}\n" for n in range(PAGES)))))
    house.start(LINES)
    frozen = house.processes[LINES]
    wait_for_event(house, number, "page.sending")
    freeze(house, frozen.pid)
    assert not house.no_longer_on_a_line(number), "it stands in its call"
    already = confirmed(house, "sim")
    try:
        house.leases_ran_out()
        with second_line(house):
            wait_until(lambda: house.no_longer_on_a_line(number), 60, "the second line to settle the call")
            house.no_more_waiting()
            delivery = house.delivery(number)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    assert delivery.state is DeliveryState.SENT
    first, second = delivery.attempts
    assert first.line in ("sim", "sim2")
    assert second.line in ("spare", "spare2")
    assert [page.n for page in second.pages] == list(range(second.first_page, PAGES + 1))
    assert confirmed(house, "spare") >= len(second.pages)
    house.wait_for_line("idle")
    assert confirmed(house, "sim") <= already + 1, "at most the page that was under way when it froze"
    after = house.store.read(events.since, 0, number=number)
    assert after[-1].kind in ("delivery.sent", "mail.sent"), "the frozen one wrote nothing more"
    assert len(house.box(settings.SENDER, 1)) == 1
