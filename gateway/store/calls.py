"""One telephone call of a delivery, written down as it happens. Callers import these through `queue`.

The rule: write the intention before the irreversible act, the result before the next act. The attempt row
exists before the modem is touched, `dialled` is written before the dial string leaves, `page_awaiting` before
the post-page command, `page_confirmed` before the next page. `finish` writes everything the end of a call
means in one transaction. Nothing here believes a call that claims success while a page is unconfirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import selectinload

from gateway.domain import retry
from gateway.domain.costs import answered
from gateway.domain.errors import IllegalTransition, LostLease
from gateway.domain.header import PLAIN, Look
from gateway.domain.outcome import Cause
from gateway.domain.states import DELIVERY, PAGE, DeliveryState, PageState, step
from gateway.store import endings
from gateway.store.leases import held
from gateway.store.models import Account, Attempt, Delivery, NumberMemory, Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.leases import Lease


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended, as the engine tells it. `rate` in bits/s; `trace_blob` the key of the session log.

    `ppr`, `rtn` and `ftt` count requests to repeat, pages sent back, trainings that failed.
    """

    cause: Cause
    t30: str = ""
    remote_id: str = ""
    rate: int = 0
    ecm: bool = False
    compression: str = ""
    resolution: str = ""
    line_seconds: float = 0.0
    trace_blob: str | None = None
    ppr: int = 0
    rtn: int = 0
    ftt: int = 0


def start_attempt(
    session: Session,
    lease: Lease,
    *,
    line: str,
    simulated: bool,
    now: datetime,
    look: Look = PLAIN,
    call: int | None = None,
) -> int:
    """Write the row of a call that is about to be made; return its id. Raises `LostLease`.

    `look` is kept so that pages can be shown as sent; `call` is the first attempt of a call that several
    deliveries share, None for the first itself.
    """
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    left = endings.pages_left(session, delivery)
    attempt = Attempt(
        delivery_number=delivery.number,
        epoch=lease.epoch,
        account_id=delivery.account_id,
        destination=delivery.destination,
        to_send=len(left),
        line=line,
        simulated=simulated,
        first_page=left[0] if left else delivery.fax.pages + 1,
        started_at=now,
        a4=look.a4,
        cut_white=look.cut_white,
    )
    if look.header is not None:
        attempt.header, attempt.header_note = look.header.text, look.header.note
        attempt.header_language = look.header.language
    session.add(attempt)
    session.flush()
    attempt.call = call or attempt.id
    session.flush()
    return attempt.id


def dialled(session: Session, lease: Lease, attempt_id: int, now: datetime) -> None:
    """Write that the dial string is about to leave: this is a dial from here on. Raises `LostLease`."""
    delivery, attempt = _call(session, lease, attempt_id)
    delivery.state = step(DELIVERY, delivery.state, "dial")
    delivery.dials += 1
    attempt.dialled_at = now
    attempt.cost = lease.tariff.estimate(attempt.to_send, first=attempt.call == attempt.id)
    endings.record(session, "delivery.dialling", delivery, now, attempt=attempt_id, line=attempt.line)
    session.flush()


def connected(session: Session, lease: Lease, attempt_id: int, now: datetime) -> None:
    """Write that the far end answered. Raises `LostLease`."""
    delivery, attempt = _call(session, lease, attempt_id)
    delivery.state = step(DELIVERY, delivery.state, "connect")
    attempt.connected_at = now
    endings.record(session, "delivery.connected", delivery, now, attempt=attempt_id, line=attempt.line)
    session.flush()


def agreed(
    session: Session,
    lease: Lease,
    attempt_id: int,
    *,
    rate: int,
    ecm: bool,
    compression: str,
    resolution: str,
) -> None:
    """Write what both machines agreed on for the pages that follow; `rate` in bits/s. Raises `LostLease`."""
    _, attempt = _call(session, lease, attempt_id)
    attempt.rate, attempt.ecm = rate, ecm
    attempt.compression, attempt.resolution = compression, resolution
    session.flush()


def page_sending(session: Session, lease: Lease, attempt_id: int, n: int, now: datetime) -> None:
    """Write that page `n` goes out. Refuses a page that is confirmed already. Raises `LostLease`."""
    delivery, attempt = _call(session, lease, attempt_id)
    if delivery.state is not DeliveryState.CONNECTED:
        raise IllegalTransition("Page", delivery.state.value, "send")
    if n in endings.confirmed_pages(session, delivery):
        raise IllegalTransition("Page", PageState.CONFIRMED.value, "send")
    page = session.scalar(select(Page).where(Page.attempt_id == attempt.id, Page.n == n))
    if page is None:
        session.add(Page(attempt_id=attempt.id, n=n, state=PageState.SENDING.value))
    else:
        page.state = step(PAGE, PageState(page.state), "send").value
    endings.record(session, "page.sending", delivery, now, attempt=attempt_id, n=n)
    session.flush()


def page_awaiting(session: Session, lease: Lease, attempt_id: int, n: int, now: datetime) -> None:
    """Write that page `n` is out and its post-page command about to leave. Raises `LostLease`."""
    delivery, _ = _page_step(session, lease, attempt_id, n, "await")
    endings.record(session, "page.awaiting", delivery, now, attempt=attempt_id, n=n)
    session.flush()


def page_confirmed(
    session: Session,
    lease: Lease,
    attempt_id: int,
    n: int,
    now: datetime,
    *,
    size: int = 0,
    seconds: float = 0.0,
    rate: int = 0,
) -> None:
    """Write that the far machine has page `n`. `size` in octets as coded; raises `LostLease`."""
    delivery, page = _page_step(session, lease, attempt_id, n, "confirm")
    page.bytes, page.seconds, page.rate = size, seconds, rate
    session.flush()
    delivery.pages_confirmed = len(endings.confirmed_pages(session, delivery))
    endings.record(
        session,
        "page.confirmed",
        delivery,
        now,
        attempt=attempt_id,
        n=n,
        size=size,
        seconds=seconds,
        rate=rate,
    )
    session.flush()


def page_rejected(session: Session, lease: Lease, attempt_id: int, n: int, now: datetime) -> None:
    """Write that the far machine refused page `n` as unreadable. Raises `LostLease`."""
    delivery, _ = _page_step(session, lease, attempt_id, n, "reject")
    endings.record(session, "page.rejected", delivery, now, attempt=attempt_id, n=n)
    session.flush()


def finish(
    session: Session,
    lease: Lease,
    attempt_id: int,
    outcome: CallOutcome,
    now: datetime,
    *,
    new_id: Callable[[], str],
) -> DeliveryState:
    """Write the end of a call and all that follows from it; return the delivery's state.

    Sent only if every page is confirmed in the rows, whatever `outcome` says. Otherwise cancelled if that
    was asked for, uncertain if a page may have arrived and the account does not want it sent again,
    waiting for the next dial, or failed. The result mail is owed in the same transaction. Raises `LostLease`.
    """
    delivery, attempt = _call(session, lease, attempt_id)
    attempt.remote_id, attempt.t30 = outcome.remote_id[:40], outcome.t30
    attempt.rate, attempt.ecm = outcome.rate, outcome.ecm
    attempt.compression, attempt.resolution = outcome.compression, outcome.resolution
    attempt.ppr, attempt.rtn, attempt.ftt = outcome.ppr, outcome.rtn, outcome.ftt
    attempt.line_seconds, attempt.trace_blob = outcome.line_seconds, outcome.trace_blob
    attempt.cost = _cost(lease, attempt, outcome)
    delivery.remote_id = attempt.remote_id or delivery.remote_id
    delivery.line_seconds += outcome.line_seconds
    settle(session, delivery, attempt, outcome.cause, now, new_id=new_id)
    return delivery.state


def _cost(lease: Lease, attempt: Attempt, outcome: CallOutcome) -> float:
    """Return what a call cost; the estimate that `dialled` wrote stays where a crash took the end of one."""
    if attempt.dialled_at is None or not answered(outcome.cause, connected=attempt.connected_at is not None):
        return 0.0
    return lease.tariff.cost(outcome.line_seconds, first=attempt.call == attempt.id)


def settle(
    session: Session,
    delivery: Delivery,
    attempt: Attempt,
    cause: Cause,
    now: datetime,
    *,
    new_id: Callable[[], str],
) -> None:
    """Close an attempt and decide what becomes of its delivery (`finish` and `recovery` share it)."""
    cause = _believed(session, delivery, cause)
    _close(delivery, attempt, cause, now)
    session.flush()
    if cause is Cause.SENT:
        endings.end(session, delivery, "sent", cause, now, new_id=new_id)
    elif delivery.cancel_requested:
        endings.end(session, delivery, "cancel", Cause.CANCELLED, now, new_id=new_id)
    elif (page := awaiting_page(session, attempt)) and _rule(session, delivery) != "resend_from_page":
        _doubt(session, delivery, page, now, new_id)
    else:
        _retry_or_fail(session, delivery, attempt, cause, now=now, new_id=new_id)


def history(session: Session, delivery: Delivery) -> list[retry.Tried]:
    """Return the ended calls of a delivery, oldest first; one that a crash took before dialling is none."""
    query = select(Attempt).where(Attempt.delivery_number == delivery.number).order_by(Attempt.id)
    return [
        retry.Tried(attempt.cause, attempt.ended_at, attempt.line, attempt.rate, len(attempt.pages))
        for attempt in session.scalars(query.options(selectinload(Attempt.pages)))
        if attempt.cause is not None and attempt.ended_at is not None
    ]


def fax_reached(session: Session, destination: str) -> bool:
    """Say whether a fax machine ever answered at this number."""
    known = session.get(NumberMemory, destination)
    if known is not None and known.reached:
        return True
    spoke = or_(Attempt.remote_id != "", exists().where(Page.attempt_id == Attempt.id))
    query = select(Attempt.id).join(Delivery).where(Delivery.destination == destination, spoke)
    return session.scalar(query.limit(1)) is not None


def _call(session: Session, lease: Lease, attempt_id: int) -> tuple[Delivery, Attempt]:
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or (attempt.delivery_number, attempt.epoch) != (lease.number, lease.epoch):
        raise LostLease("Another worker owns this now.", detail=f"attempt {attempt_id} of {lease.number}")
    return delivery, attempt


def _page_step(session: Session, lease: Lease, attempt_id: int, n: int, event: str) -> tuple[Delivery, Page]:
    delivery, attempt = _call(session, lease, attempt_id)
    page = session.scalar(select(Page).where(Page.attempt_id == attempt.id, Page.n == n))
    if page is None:
        raise IllegalTransition("Page", "none", event)
    page.state = step(PAGE, PageState(page.state), event).value
    return delivery, page


def _believed(session: Session, delivery: Delivery, cause: Cause) -> Cause:
    """Return SENT exactly if all pages are confirmed; a hang-up we were not asked for is our own fault."""
    if endings.next_page(session, delivery) > delivery.fax.pages:
        return Cause.SENT
    if cause is Cause.SENT:
        return Cause.PROTOCOL
    if cause is Cause.CANCELLED and not delivery.cancel_requested:
        return Cause.INTERNAL
    return cause


def _close(delivery: Delivery, attempt: Attempt, cause: Cause, now: datetime) -> None:
    attempt.ended_at, attempt.cause = now, cause
    for page in attempt.pages:
        if page.state == PageState.SENDING.value:
            page.state = step(PAGE, PageState.SENDING, "break").value
    left_the_line = attempt.connected_at is not None or retry.counts_as_dial(cause)
    if attempt.dialled_at is not None and not left_the_line:
        delivery.dials -= 1


def awaiting_page(session: Session, attempt: Attempt) -> int | None:
    """Return the page of this attempt that is out without an answer, if there is one."""
    return session.scalar(
        select(Page.n).where(Page.attempt_id == attempt.id, Page.state == PageState.AWAITING.value).limit(1)
    )


def _rule(session: Session, delivery: Delivery) -> str:
    return session.get_one(Account, delivery.account_id).uncertain


def _doubt(session: Session, delivery: Delivery, page: int, now: datetime, new_id: Callable[[], str]) -> None:
    detail = f"page {page} may have arrived; its confirmation was not seen"
    endings.end(session, delivery, "doubt", Cause.UNCERTAIN, now, new_id=new_id, detail=detail)


def _retry_or_fail(
    session: Session,
    delivery: Delivery,
    attempt: Attempt,
    cause: Cause,
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    policy = retry.Policy(
        dials=delivery.dials,
        max_dials=delivery.max_dials,
        interval_minutes=delivery.interval_minutes,
        fax_reached=fax_reached(session, delivery.destination),
    )
    page = awaiting_page(session, attempt)
    match retry.decide(history(session, delivery), policy, now):
        case retry.Again() as again:
            event = "release" if delivery.state is DeliveryState.CLAIMED else "retry"
            endings.wait(session, delivery, event, cause, again=again, now=now)
        case retry.Stop() if page is not None and cause is Cause.INTERNAL:
            _doubt(session, delivery, page, now, new_id)
        case retry.Stop(why):
            endings.end(session, delivery, "fail", cause, now, new_id=new_id, detail=why)
