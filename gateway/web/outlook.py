"""What will become of a fax that waits, in words: what it waits for, and how its next call will be made.

Nothing is decided here. The reasons are the queue's (`store.holds`, `store.switches`), the care of the next
call is what the line will be told (`domain.retry`, `domain.memory`), said for a person. What a number's
machine is remembered for stands beside it, and until when.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from gateway.domain import memory as rules
from gateway.domain import retry
from gateway.domain.states import DeliveryState, FaxState
from gateway.language import N_
from gateway.store import calls, holds, memory, switches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.memory import Known
    from gateway.domain.retry import Advice
    from gateway.store.models import Delivery, Switch

SOON: Final = timedelta(seconds=5)
"""What is due this soon waits for a line, not for a time."""
WAITS: Final = (DeliveryState.QUEUED, DeliveryState.HELD, DeliveryState.WAITING_RETRY)
HELD: Final[dict[str, str]] = {
    holds.WINDOW: N_("It is outside the account's calling hours; they begin at %(time)s."),
    holds.ACCOUNT_CAP: N_("The account has had as many calls or pages as it may for now; on from %(time)s."),
    holds.CREDIT: N_("The account has spent what it may for now; looked at again at %(time)s."),
    holds.NUMBER_CAP: N_("This number has been called as often as it may for now; again from %(time)s."),
}
APPROVAL: Final = N_("It is larger than the account may send unasked: a person has to approve it first.")
STOPPED: Final = N_("All dialling was stopped by %(actor)s at %(time)s; it goes on when someone allows it.")
SILENT: Final = N_("Dialling is turned off in the configuration of this gateway.")
DEFERRED: Final = N_("Its sender wants it to go at %(time)s.")
LATER: Final = N_("It is due at %(time)s.")
AGAIN: Final = N_("Next call at %(time)s, call %(next)d of at most %(most)d.")
FREE_LINE: Final = N_("It is due and waits for a free line.")


@dataclass(frozen=True, slots=True)
class Said:
    """A msgid and the values of its holes; `at` is the moment of its %(time)s."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Why a fax waits, how its next call differs from a first one, and what its number is remembered for."""

    waits: list[Said]
    care: list[Said]
    known: Known

    @property
    def forgotten_at(self) -> datetime | None:
        """When the memory of the number ends if it is not called again."""
        return self.known.used_at + rules.KEPT if self.known.used_at else None

    @property
    def remembers(self) -> bool:
        """Whether anything worth telling is known of the number."""
        return self.known != rules.Known(reached=self.known.reached, used_at=self.known.used_at)


def of(session: Session, delivery: Delivery, now: datetime, *, silent: bool = False) -> Outlook:
    """Return the outlook of a delivery, its fax loaded; `silent`: the configuration allows no dialling."""
    known = memory.recall(session, delivery.destination, now)
    advice = retry.merged(rules.advice(known, now), retry.advice(calls.history(session, delivery)))
    waiting = delivery.state in WAITS
    return Outlook(
        waits=list(reasons(delivery, switches.paused(session), now, silent=silent)),
        care=list(care(advice)) if waiting and delivery.attempts else [],
        known=known,
    )


def reasons(delivery: Delivery, switch: Switch | None, now: datetime, *, silent: bool) -> Iterator[Said]:
    """Tell why a delivery is not on a line at this moment."""
    if delivery.fax.state is FaxState.AWAITING_APPROVAL:
        yield Said(APPROVAL)
    if delivery.state not in WAITS:
        return
    if silent:
        yield Said(SILENT)
    if switch is not None:
        yield Said(STOPPED, {"actor": switch.actor or "?"}, switch.since)
    if delivery.state is DeliveryState.HELD:
        yield Said(HELD.get(delivery.held_for, LATER), at=delivery.due_at)
    elif delivery.due_at <= now + SOON:
        yield from [] if switch or silent else [Said(FREE_LINE)]
    elif delivery.state is DeliveryState.WAITING_RETRY:
        numbers = {"next": delivery.dials + 1, "most": delivery.max_dials}
        yield Said(AGAIN, numbers, delivery.due_at)
    else:
        yield Said(LATER if delivery.attempts else DEFERRED, at=delivery.due_at)


def care(advice: Advice) -> Iterator[Said]:
    """Tell what the next call does otherwise than a first call to an unknown number."""
    if advice.max_rate:
        yield Said(N_("It begins at %(rate)s bit/s at most."), {"rate": advice.max_rate})
    if not advice.v17:
        yield Said(N_("It does without V.17, the fastest modulation."))
    if advice.ecm_asked:
        yield Said(N_("It asks for error correction (ECM) if the machine has it."))
    elif not advice.ecm:
        yield Said(N_("It does without error correction (ECM), which failed on this line."))
    if advice.redraw:
        yield Said(N_("Every page is fitted to A4 and offered in every coding."))
    if advice.other_line:
        yield Said(N_("Another line makes it, if there is one."))
    if advice.may_double:
        yield Said(N_("It sends the page again that may have arrived."))


def troubles(known: Known) -> Iterator[Said]:
    """Tell what went wrong with a number and still counts."""
    if known.cap:
        yield Said(
            N_("Its calls begin at %(rate)s bit/s since %(time)s."), {"rate": known.cap}, known.capped_at
        )
    if known.v17_at:
        yield Said(N_("V.17 failed at %(time)s."), at=known.v17_at)
    if known.ecm_failures and known.ecm_at:
        count = {"count": known.ecm_failures}
        yield Said(N_("Error correction failed, times: %(count)s, last at %(time)s."), count, known.ecm_at)
    if known.no_eom_at:
        yield Said(
            N_("It fell silent between two documents at %(time)s; another format gets a call of its own."),
            at=known.no_eom_at,
        )
