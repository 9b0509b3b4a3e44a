"""Commands against a gateway that runs: send and wait, status, a call from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli_fixtures import answer, postline

from gateway.demo import settings
from gateway.demo.story import far_document
from gateway.domain.states import ReceptionState

if TYPE_CHECKING:
    from house import House

pytestmark = pytest.mark.timeout(300)


def spoken(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_send_and_wait_follows_the_fax_to_its_last_page(house: House) -> None:
    house.start_all()
    document = house.folder / "order.txt"
    document.write_text("Please deliver on Monday.\f Second page.\n")
    ran = postline("send", settings.FAX, document, "--wait", "--json", "--config", house.config_file)
    assert ran.returncode == 0, ran.stderr
    first, *events = spoken(ran.stdout)
    assert first["state"] == "queued"
    assert [event["n"] for event in events if event["event"] == "page.confirmed"] == [1, 2]
    assert events[-1]["event"] == "delivery.sent"
    row = answer("status", first["number"], "--config", house.config_file)
    assert (row["state"], row["confirmed"], row["pages"], row["dials"]) == ("sent", 2, 2, 1)
    watched = postline("status", first["number"], "--watch", "--config", house.config_file)
    assert watched.returncode == 0
    assert "page 2: confirmed" in watched.stdout


def test_a_fax_that_fails_is_exit_65_with_its_cause(house: House) -> None:
    house.change_account(settings={"retries": {"dials": 1}})
    house.start_all()
    document = house.folder / "order.txt"
    document.write_text("text\n")
    ran = postline("send", settings.BUSY, document, "--wait", "--config", house.config_file)
    assert ran.returncode == 65, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("failed: busy")


def test_a_far_machine_is_made_to_call_and_its_fax_shows_in_status(house: House) -> None:
    house.start_all()
    house.wait_for_line("idle")
    document = house.folder / "far.tif"
    document.write_bytes(far_document())
    called = answer("sim", "call", settings.OUR_NUMBER, document, "--config", house.config_file)
    assert (called["success"], called["confirmed"]) == (True, 1)
    reception = house.reception()
    assert reception.state in (ReceptionState.COMPLETE, ReceptionState.ROUTED)
    row = answer("status", reception.number, "--config", house.config_file)
    assert (row["direction"], row["pages"], row["confirmed"]) == ("in", 1, 1)
    (carried,) = answer("sim", "calls", "--config", house.config_file)
    assert carried["confirmed"] == 1


def test_a_file_the_exchange_cannot_send_is_refused_in_a_sentence(house: House) -> None:
    document = house.folder / "far.tif"
    document.write_text("no TIFF")
    ran = postline("sim", "call", settings.OUR_NUMBER, document, "--config", house.config_file)
    assert (ran.returncode, "Traceback" in ran.stderr) == (65, False)
    assert ran.stderr.startswith("postline: The simulated exchange refused: ")
