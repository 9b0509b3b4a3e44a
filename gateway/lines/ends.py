"""How a call ended, for each of its members: told apart by whose pages were on the way.

A member whose pages are all confirmed is sent, whatever came after; one whose pages are over and not all
confirmed had a page refused. The one in whose pages the call broke gets the cause. One whose first page was
never begun because others came before it did not have its call: it keeps the dials it has. The seconds on the
line are shared out by pages sent, so that they add up. What the call taught about the number is remembered
first: the retry rules ask whether a fax was ever reached.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import LostLease
from gateway.domain.memory import Called
from gateway.domain.outcome import Cause
from gateway.lines import trace
from gateway.store import memory, queue
from gateway.store.leases import held
from gateway.store.models import Delivery
from modem.capabilities import Dis
from modem.rates import Modulation
from modem.result import Reason
from modem.sending import NO_REOPENING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.states import DeliveryState
    from gateway.lines.base import Plant, Seat
    from gateway.lines.roster import Member, Roster
    from gateway.store.leases import Lease
    from modem.job import CallJob
    from modem.notices import Negotiated
    from modem.result import CallResult

log = structlog.get_logger()


def write(seat: Seat, roster: Roster, job: CallJob, result: CallResult) -> None:
    """Write the end of a call into every member that is still ours, and into the memory of the number."""
    plant = seat.plant
    agreed = next((member.agreed for member in reversed(list(roster)) if member.agreed), None)
    outcome = outcome_of(plant, agreed, result)
    destination = next(iter(roster)).lease.destination
    plant.store.run(memory.learn, destination, called(job, outcome, result, plant.now()))
    interrupted = result.reason is Reason.CANCELLED and (seat.stopping() or any(m.gone for m in roster))
    for member in roster:
        _end(
            seat,
            member,
            shared(outcome, roster, member),
            interrupted=(interrupted and not roster.behind(member)) or passed_over(roster, member),
        )


def outcome_of(plant: Plant, agreed: Negotiated | None, result: CallResult) -> queue.CallOutcome:
    """Return what `queue.finish` wants to know; the session log becomes a blob first, if it can."""
    return queue.CallOutcome(
        cause=Cause(result.reason.value),
        t30=result.t30,
        remote_id=result.remote_id,
        rate=result.rate,
        ecm=result.ecm,
        compression=agreed.compression if agreed else "",
        resolution=agreed.resolution if agreed else "",
        line_seconds=result.line_seconds,
        trace_blob=trace.kept(plant, result.trace),
        ppr=result.ppr,
        rtn=result.rtn,
        ftt=result.ftt,
    )


def called(job: CallJob, outcome: queue.CallOutcome, result: CallResult, now: datetime) -> Called:
    """Return the call as the memory of the number sees it."""
    dis = bytes.fromhex(result.dis)
    offered = Dis(dis).rates if dis else frozenset()
    return Called(
        cause=outcome.cause,
        at=now,
        confirmed=result.confirmed,
        rate=result.rate,
        ecm=result.ecm,
        compression=outcome.compression,
        resolution=outcome.resolution,
        ident=result.remote_id,
        dis=dis,
        ftt=result.ftt,
        rtn=result.rtn,
        v17=Modulation.V17 in job.modulations and any(r.modulation is Modulation.V17 for r in offered),
        no_reopening=result.t30 == NO_REOPENING,
    )


def passed_over(roster: Roster, member: Member) -> bool:
    """Say whether the call ended in the pages of members before this one: its own were never begun."""
    return not member.begun and any(other.begun for other in roster)


def shared(outcome: queue.CallOutcome, roster: Roster, member: Member) -> queue.CallOutcome:
    """Return the end of the call as it is for this member."""
    sent = sum(len(other.begun) for other in roster)
    share = len(member.begun) / sent if sent else 1 / sum(1 for _ in roster)
    outcome = replace(outcome, line_seconds=outcome.line_seconds * share)
    if member.agreed:
        outcome = replace(outcome, compression=member.agreed.compression, resolution=member.agreed.resolution)
    if member.agreed and roster.behind(member):
        agreed = member.agreed
        return replace(outcome, cause=Cause.PAGE_REJECTED, rate=agreed.rate, ecm=agreed.ecm)
    if not passed_over(roster, member):
        return outcome
    # Its machine is as good as it was: what broke the call is no cause of this fax.
    return replace(outcome, cause=Cause.CANCELLED)


def _end(seat: Seat, member: Member, outcome: queue.CallOutcome, *, interrupted: bool) -> None:
    plant, lease = seat.plant, member.lease
    try:
        state = plant.store.run(
            finish, lease, member.attempt, outcome, plant.now(), new_id=plant.new_id, interrupted=interrupted
        )
    except LostLease as lost:
        log.error("call.not_ours", fax=lease.number, detail=lost.detail)  # noqa: TRY400  (the fence held)
        return
    log.info(
        "call.ended",
        fax=lease.number,
        line=seat.line.name,
        cause=outcome.cause,
        state=state,
        pages=len(member.begun),
        seconds=round(outcome.line_seconds, 1),
    )


def finish(
    session: Session,
    lease: Lease,
    attempt: int,
    outcome: queue.CallOutcome,
    now: datetime,
    *,
    new_id: Callable[[], str],
    interrupted: bool,
) -> DeliveryState:
    """Write the end of a call. One that was none of this fax's doing (`interrupted`) costs it no dial."""
    if interrupted:
        delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
        delivery.max_dials = max(delivery.max_dials, delivery.dials + 1)
    return queue.finish(session, lease, attempt, outcome, now, new_id=new_id)
