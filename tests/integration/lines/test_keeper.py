"""The keeper of a lease: renews it while the call stands, and ends the call when it must."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from gateway.lines import keeper
from gateway.lines.keeper import LEASE_SECONDS, LeaseKeeper
from gateway.store import queue
from gateway.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lines_fixtures import Desk


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "RENEW_SECONDS", 0.02)


@pytest.fixture
def given_up() -> Iterator[threading.Event]:
    return threading.Event()


def test_a_lease_is_prolonged_while_the_call_stands(desk: Desk, given_up: threading.Event) -> None:
    lease = desk.claimed()
    kept = LeaseKeeper(desk.plant, [lease], lambda _: given_up.set())
    desk.house.later(seconds=50)  # now only a renewal makes it last so long

    def prolonged() -> bool:
        until = desk.delivery(lease.number).lease_until
        return until is not None and (until - desk.house.now).total_seconds() >= LEASE_SECONDS

    wait_until(prolonged, 20.0, "a renewal")
    kept.close()
    assert not given_up.is_set()


def test_a_cancel_the_owner_asked_for_ends_the_call(desk: Desk, given_up: threading.Event) -> None:
    lease = desk.claimed()
    desk.store.run(queue.request_cancel, lease.number, desk.house.now, new_id=desk.house.new_id)
    kept = LeaseKeeper(desk.plant, [lease], lambda _: given_up.set())
    assert given_up.wait(20.0)
    kept.close()


def test_a_cancel_is_heard_long_before_the_lease_is_renewed(
    desk: Desk, given_up: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RENEW_SECONDS", 3600.0)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.02)
    lease = desk.claimed()
    told: list[int] = []
    kept = LeaseKeeper(desk.plant, [lease], lambda gone: (told.append(gone.number), given_up.set()))
    desk.store.run(queue.request_cancel, lease.number, desk.house.now, new_id=desk.house.new_id)
    assert given_up.wait(20.0)
    kept.close()
    assert told == [lease.number]


def test_a_lease_that_another_worker_has_now_ends_the_call(desk: Desk, given_up: threading.Event) -> None:
    lease = desk.claimed()
    kept = LeaseKeeper(desk.plant, [lease], lambda _: given_up.set())
    desk.house.recover("host/sim/")
    assert given_up.wait(20.0)
    kept.close()


def test_a_store_that_does_not_answer_is_no_reason_to_hang_up(
    desk: Desk, given_up: threading.Event, tmp_path: Path
) -> None:
    lease = desk.claimed()
    asked = threading.Event()

    class Away(Store):
        def run(self, *arguments: object, **named: object) -> object:
            asked.set()
            return super().run(*arguments, **named)  # type: ignore[arg-type]

    away = Away(f"sqlite:///{tmp_path / 'away' / 'no.sqlite'}")
    kept = LeaseKeeper(replace(desk.plant, store=away), [lease], lambda _: given_up.set())
    assert asked.wait(20.0)
    asked.clear()
    assert asked.wait(20.0), "it goes on asking"
    kept.close()
    away.close()
    assert not given_up.is_set()


def test_closing_ends_the_renewals(desk: Desk, given_up: threading.Event) -> None:
    lease = desk.claimed()
    kept = LeaseKeeper(desk.plant, [lease], lambda _: given_up.set())
    kept.close()
    assert f"lease {lease.number}" not in [thread.name for thread in threading.enumerate()]
