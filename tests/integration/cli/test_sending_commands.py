"""Commands that change what is sent: cancel, resend, approve, dialling, send --at; each its own process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli_fixtures import ACCOUNT, answer, configured, postline
from store_fixtures import House

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import audit, migrate, queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKYO, OSAKA = "0081312345678", "0081661234567"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path, '\n[dialling]\ndeny = ["+81120"]\n')


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "state").mkdir()
    url = f"sqlite:///{tmp_path / 'state' / 'postline.sqlite'}"
    migrate.upgrade(url)
    found = House(url)
    yield found
    found.close()


def last_audit(house: House, account: int | None = 1) -> tuple[str, dict[str, Any]]:
    with house.store.reading() as session:
        row = audit.latest(session, account_id=account, limit=1)[0]
        assert "command line" in row.actor
        return row.action, row.data


def test_a_waiting_fax_is_cancelled_at_once_and_its_sender_told(house: House, config: Path) -> None:
    one, other = house.ready(TOKYO, OSAKA)
    row = answer("cancel", one, "--config", config)
    assert row == {"number": one, "state": "cancelled", "done": True}
    assert house.delivery(one).state is DeliveryState.CANCELLED
    assert house.delivery(other).state is DeliveryState.QUEUED
    assert last_audit(house) == ("delivery.cancel", {"number": one})
    assert house.kinds(one)[-1] == "delivery.cancelled"


def test_the_whole_mail_is_cancelled_when_asked(house: House, config: Path) -> None:
    one, other = house.ready(TOKYO, OSAKA)
    assert postline("cancel", one, "--whole", "--config", config).returncode == 0
    assert {house.delivery(n).state for n in (one, other)} == {DeliveryState.CANCELLED}


def test_a_call_that_stands_is_asked_to_end(house: House, config: Path) -> None:
    (number,) = house.ready(pages=3)
    call = house.call(["confirmed", "sending"])
    ran = postline("cancel", number, "--config", config)
    assert (ran.returncode, ran.stdout) == (0, f"{number}: ending the call\n")
    assert house.store.read(queue.cancel_requested, [number, 999]) == {number}
    assert call.finish(Cause.CANCELLED) is DeliveryState.CANCELLED
    delivery = house.delivery(number)
    assert (delivery.cause, delivery.pages_confirmed) == (Cause.CANCELLED, 1)


def test_what_is_over_or_unknown_cannot_be_cancelled(house: House, config: Path) -> None:
    (number,) = house.ready(pages=1)
    house.call(["confirmed"]).finish()
    ran = postline("cancel", number, 999, "--config", config)
    assert ran.returncode == 65
    assert f"{number}: sent" in ran.stderr
    assert "999: unknown" in ran.stderr


def test_a_fax_is_sent_again_under_a_number_of_its_own(house: House, config: Path) -> None:
    (number,) = house.ready(pages=2)
    house.call(["confirmed", "confirmed"]).finish()
    row = answer("resend", number, "--config", config)
    assert (row["resend_of"], row["state"], row["first_page"]) == (number, "queued", 1)
    assert row["number"] != number
    assert last_audit(house) == ("delivery.resend", {"number": number, "new": row["number"]})
    assert house.delivery(number).state is DeliveryState.SENT
    assert house.call(["confirmed", "confirmed"]).finish() is DeliveryState.SENT
    assert house.delivery(row["number"]).state is DeliveryState.SENT


def test_the_rest_leaves_out_what_was_confirmed_behind_a_refused_page(house: House, config: Path) -> None:
    (number,) = house.ready(pages=3)
    call = house.call(["confirmed", "awaiting", "confirmed"])
    house.run(queue.page_rejected, call.lease, call.attempt, 2, house.now)
    call.finish(Cause.REMOTE_CANNOT_RECEIVE)
    row = answer("resend", number, "--rest", "--config", config)
    assert answer("status", row["number"], "--config", config)["confirmed"] == 2
    call = house.call(["confirmed"])
    assert call.lease.left == (2,)
    assert call.finish() is DeliveryState.SENT
    assert house.delivery(row["number"]).pages_confirmed == 3


def test_the_rest_begins_behind_what_was_confirmed(house: House, config: Path) -> None:
    (number,) = house.ready(pages=3)
    house.call(["confirmed", "rejected"]).finish(Cause.REMOTE_CANNOT_RECEIVE)
    row = answer("resend", number, "--rest", "--config", config)
    assert row["first_page"] == 2
    assert answer("status", row["number"], "--config", config)["confirmed"] == 1
    call = house.call(["confirmed", "confirmed"])
    assert call.lease.first_page == 2
    assert call.finish() is DeliveryState.SENT
    assert house.delivery(row["number"]).pages_confirmed == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rest"], "has no rest"),
        (["--rest", "--to", "06-6123-4567"], "another machine"),
        (["--to", "0120-123-456"], "list of numbers"),
        (["--to", "+1 212 555 8596"], "abroad"),
        (["--to", "nobody"], "not a telephone number"),
    ],
)
def test_a_resend_that_cannot_be_meant_is_refused(
    house: House, config: Path, arguments: list[str], says: str
) -> None:
    (number,) = house.ready(pages=1)
    house.call(["confirmed"]).finish()
    ran = postline("resend", number, *arguments, "--config", config)
    assert ran.returncode == 65
    assert says in ran.stderr


def test_a_resend_to_another_number_goes_there(house: House, config: Path) -> None:
    (number,) = house.ready(pages=1)
    row = answer("resend", number, "--to", "06-6123-4567", "--config", config)
    assert row["with"] == OSAKA


def test_a_fax_on_its_way_or_without_pages_is_not_sent_again(house: House, config: Path) -> None:
    (waiting,) = house.ready()
    assert "on its way" in postline("resend", waiting, "--config", config).stderr
    (drawn,) = house.accept(TOKYO)
    assert "no pages" in postline("resend", drawn, "--config", config).stderr
    assert postline("resend", 999, "--config", config).returncode == 65


def test_a_large_fax_waits_until_someone_lets_it_go(house: House, config: Path) -> None:
    house.account(name="acme", country="81", senders=["alice@acme.example"], approval={"pages": 3})
    large, back = house.ready(pages=4)[0], house.ready(pages=5)[0]
    assert house.claim() is None
    assert [row["number"] for row in answer("approve", "--config", config)] == [large, back]
    assert answer("status", large, "--config", config)["state"] == "awaiting_approval"
    assert answer("approve", large, "--config", config) == {"number": large, "state": "ready"}
    assert last_audit(house) == ("fax.approved", {"number": large})
    assert answer("approve", back, "--return", "--config", config)["state"] == "returned"
    assert house.delivery(back).state is DeliveryState.CANCELLED
    assert postline("approve", back, "--config", config).returncode == 65
    house.later(days=4000)  # the command went by the real clock
    lease = house.claim()
    assert lease is not None
    assert lease.number == large
    assert answer("approve", "--config", config) == []


def test_the_kill_switch_stops_every_claim_until_it_is_lifted(house: House, config: Path) -> None:
    house.ready()
    assert answer("dialling", "pause", "--reason", "fraud", "--config", config)["changed"]
    assert not answer("dialling", "pause", "--config", config)["changed"]
    assert last_audit(house, None) == ("dialling.paused", {"reason": "fraud"})
    assert house.claim() is None
    assert answer("dialling", "test", "0312345678", "--config", config)["paused"]
    assert answer("dialling", "resume", "--config", config) == {"paused": False, "changed": True}
    assert house.claim() is not None


def test_a_number_is_explained_before_anyone_dials_it(house: House, config: Path) -> None:
    del house
    found = answer("dialling", "test", "03-1234-5678", "--config", config)
    assert (found["canonical"], found["dialled"]) == (TOKYO, "0312345678")
    ran = postline("dialling", "test", "0990-123456", "--config", config)
    assert ran.returncode == 65
    assert "premium" in ran.stderr


def test_a_fax_from_the_shell_may_be_deferred(tmp_path: Path, config: Path) -> None:
    (tmp_path / "accounts.toml").write_text(ACCOUNT)
    (tmp_path / "order.txt").write_text("five chairs")
    assert postline("provision", tmp_path / "accounts.toml", "--config", config).returncode == 0
    send = ("send", "0312345678", tmp_path / "order.txt", "--config", config, "--at")
    ran = postline(*send, "09:30", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["state"] == "queued"
    for at, says in (("2999-01-01 00:00", "more than 30 days"), ("soon", "no time")):
        ran = postline(*send, at)
        assert ran.returncode == 65
        assert says in ran.stderr
