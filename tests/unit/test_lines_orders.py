"""Who a call says we are, and what its header line says: the CSID of email-interface section 2.4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.domain.header import PLAIN
from gateway.domain.retry import Advice
from gateway.lines.base import Identity
from gateway.lines.orders import Work, header_of, ident_of, order
from gateway.store.leases import Lease

LINE = Identity("usb0", "+81344772288", "+81 3 4477 2288", simulated=False)
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def lease(**options: object) -> Lease:
    return Lease(
        number=5,
        epoch=1,
        worker="w",
        fax_id=1,
        account_id=1,
        destination="0081312345678",
        country="81",
        area_code="",
        left=(1,),
        pages=1,
        dials=0,
        max_dials=4,
        options=options,
        subject="Order",
        contact="山田",
        sender="alice@acme.example",
    )


@pytest.mark.parametrize(
    ("csid", "ident"),
    [
        (None, "+81 3 4477 2288"),
        ("+81 3 1234 5678", "+81 3 1234 5678"),
        ("(03) 1234-5678", " 03  1234 5678"),
        ("ACME Ltd.", "+81 3 4477 2288"),  # T.30 has no letters: "" would arrive
        ("Shop 24", "+81 3 4477 2288"),  # and not "24" either
        ("+", "+81 3 4477 2288"),
    ],
)
def test_the_far_machine_is_told_the_faxs_own_number_or_the_lines(csid: str | None, ident: str) -> None:
    assert ident_of(LINE, lease(**({} if csid is None else {"csid": csid}))) == ident


@pytest.mark.parametrize(("csid", "shown"), [("ACME Ltd.", "ACME Ltd."), ("", "+81 3 4477 2288")])
def test_the_header_line_may_show_a_name(csid: str, shown: str) -> None:
    line = header_of(LINE, lease(header="{CSID}", csid=csid), NOON)
    assert line is not None
    assert line.text == shown


def test_every_placeholder_means_something_and_unknown_ones_stay() -> None:
    text = "{To}|{From}|{TotalPages}|{Page}|{Date}|{Time}|{Subject}|{Contact}|{CSID}|{TransactionID}|{Else}"
    line = header_of(LINE, lease(header=text), NOON)
    assert line is not None
    assert line.columns(1) == (
        "+81312345678|alice@acme.example|01|01|2026-03-04|12:00 UTC|Order|山田|+81 3 4477 2288|5|{Else}",
    )


def test_no_header_is_asked_for_by_an_empty_template() -> None:
    assert header_of(LINE, lease(header=""), NOON) is None
    assert header_of(LINE, lease(header="{Subject}", csid="1"), NOON) is not None


class OnePage:
    """As much of pages as an order looks at."""

    count = 1


def test_the_identity_goes_into_the_job_of_the_call() -> None:
    for csid, ident in (("+81 3 1234 5678", "+81 3 1234 5678"), ("ACME", LINE.ident)):
        work = Work(lease(csid=csid), OnePage(), PLAIN)  # type: ignore[arg-type]
        assert order(LINE, [work], Advice()).ident == ident
