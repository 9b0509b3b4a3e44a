"""A summary of many numbers is composed in a child, the same to the octet; here, if the child dies of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from store_fixtures import NOON

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.mail import Stamp
from gateway.notify.batch import Batch
from gateway.notify.batch_rows import LONG, BatchWriter, composed
from gateway.notify.result import Result
from gateway.stationery import OURS
from render.errors import RenderError
from render.sandbox import Sandbox

if TYPE_CHECKING:
    from gateway.notify.office import Office

STAMP = Stamp("fax@fax.example.org", "alice@acme.example", "<1@fax.example.org>", NOON)
ONE = Result(
    number=7,
    destination="0081312345678",
    state=DeliveryState.SENT,
    cause=Cause.SENT,
    submitted_at=NOON,
    completed_at=NOON,
)


def of(count: int) -> Batch:
    results = tuple(replace(ONE, number=n) for n in range(count))
    return Batch(1, results, NOON, NOON, name="all", format="xml")


def test_it_is_the_same_mail(office: Office) -> None:
    batch = of(LONG + 1)
    with Sandbox() as children:
        assert BatchWriter(office, children.run).write(batch, STAMP) == composed(batch, STAMP, OURS)


@pytest.mark.parametrize(("count", "asked"), [(LONG, 0), (LONG + 1, 1)])
def test_a_child_that_dies_costs_no_mail(office: Office, count: int, asked: int) -> None:
    calls = []

    def dying(*arguments: Any) -> Any:
        calls.append(arguments)
        raise RenderError("", "it died")

    assert BatchWriter(office, dying).write(of(count), STAMP) == composed(of(count), STAMP, OURS)
    assert len(calls) == asked
