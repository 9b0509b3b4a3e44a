"""The whole gateway on PostgreSQL, on two lines, with STARTTLS: nothing may lean on SQLite or on one line."""

from __future__ import annotations

import shutil
import smtplib
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from house import LINES, House, letter, queued_number
from store_fixtures import Cluster
from waiting import wait_until

from gateway.demo import settings
from gateway.demo.evidence import equal
from gateway.demo.story import far_document
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.lines import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(300)

SECOND_NUMBER = "+81344772299"
SECOND_LINE = f"""
[[line]]
name = "other"
type = "simulated"
number = "{SECOND_NUMBER}"
speed = "max"
far = [{{ number = "{settings.FAX}" }}, {{ number = "{settings.BUSY}", answers = "busy" }}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    server = Cluster()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def house(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    assert shutil.which("openssl"), "install the Debian package openssl"
    folder = tmp_path_factory.mktemp("house")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    database = f'database = "{cluster.url(cluster.fresh())}"'

    def on_postgresql(text: str) -> str:
        text = text.replace(
            "[smtp]\n", f'{database}\n\n[smtp]\ncertificate = "{certificate}"\nkey = "{key}"\n'
        )
        return text + SECOND_LINE

    with House(folder, edit=on_postgresql) as built:
        exchange = simulated.start_exchange(built.state, built.config.line[2])
        built.start_all()
        yield built
        for roles in list(built.processes):
            built.stop(roles)
        exchange.stop()


def six_at_once(house: House) -> set[str]:
    """Hand in six mails at once, see every one of them through; return the lines they took."""
    letters = [letter(subject=f"fax {n}", text=f"letter {n}\f page 2\n") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        numbers = [queued_number(answer) for answer in pool.map(house.mail, letters)]
    assert len(set(numbers)) == 6
    ended = [house.delivery(number) for number in numbers]
    assert {(d.state, d.pages_confirmed, d.dials) for d in ended} == {(DeliveryState.SENT, 2, 1)}
    for number in numbers:
        assert "confirmed all 2 pages" in house.result(settings.SENDER, number).get_content()
    return {attempt.line for d in ended for attempt in d.attempts}


def test_faxes_go_out_on_whichever_line_is_free_and_each_has_its_result(house: House) -> None:
    used: set[str] = set()
    for _ in range(10):  # a simulated call takes a tenth of a second: one line may be quick enough for all
        used |= six_at_once(house)
        if "other" in used and len(used) > 1:
            return
    raise AssertionError(f"only {used} took calls: {house.log(LINES)}")


def test_a_busy_number_is_dialled_again_and_reported(house: House) -> None:
    number = queued_number(house.mail(letter(settings.BUSY)))
    wait_until(lambda: house.state_of(number) is DeliveryState.WAITING_RETRY, 60, "the first busy call")
    house.no_more_waiting()
    delivery = house.delivery(number)
    assert (delivery.state, delivery.cause, delivery.dials) == (DeliveryState.FAILED, Cause.BUSY, 2)
    assert "6017" in house.result(settings.SENDER, number).get_content()


def test_a_fax_that_comes_in_is_forwarded_to_two_addresses(house: House) -> None:
    document = house.folder / "far.tif"
    document.write_bytes(far_document())
    house.wait_for_line("idle")
    assert house.call_in(document)["success"], house.log(LINES)
    reception = house.reception()
    assert equal(house.blobs.read(reception.pages[0].blob), document.read_bytes())
    for address in settings.INBOX:
        wait_until(lambda to=address: is_forwarded(house, to), 60, f"the forward to {address}")


def is_forwarded(house: House, address: str) -> bool:
    return any(house.read_mail(file).startswith("Fax received") for file in house.box(address, 1))


def test_a_mail_comes_in_over_starttls(house: House) -> None:
    context = ssl.create_default_context(cafile=str(house.folder / "certificate.pem"))
    mail = letter("00999-9999-0000", subject="sealed on the way")
    with smtplib.SMTP("127.0.0.1", house.ports.smtp, timeout=30) as client:
        client.starttls(context=context)
        client.send_message(mail)
    number = max(house.numbers())
    assert house.delivery(number).fax.subject == "sealed on the way"


def test_the_lines_may_end_and_begin_again(house: House) -> None:
    house.stop(LINES)
    number = queued_number(house.mail(letter(subject="while no line runs")))
    house.delivery_drawn(number)
    assert house.state_of(number) is DeliveryState.QUEUED
    house.start(LINES)
    assert house.delivery(number).state is DeliveryState.SENT
