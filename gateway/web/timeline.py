"""What happened to a fax, as sentences: events of the store to msgids, with the facts they name filled in.

Signals of a call are not told here (`ladder`), nor states of lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.language import N_

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.store.models import Event

SENTENCES: Final[dict[str, str]] = {
    "fax.accepted": N_("Accepted and stored"),
    "fax.rendered": N_("Pages drawn: %(pages)s"),
    "fax.refused": N_("Refused"),
    "fax.awaiting_approval": N_("Waiting for approval"),
    "fax.approved": N_("Approved"),
    "fax.returned": N_("Returned"),
    "delivery.queued": N_("Waiting to be sent"),
    "delivery.held": N_("Held"),
    "delivery.cancel_requested": N_("Asked to end the call"),
    "delivery.dialling": N_("Dialling on line %(line)s"),
    "delivery.connected": N_("The far end answered"),
    "delivery.sent": N_("Sent, every page confirmed"),
    "delivery.failed": N_("Failed"),
    "delivery.retry": N_("Waiting for the next call"),
    "delivery.uncertain": N_("Uncertain: a page may have arrived"),
    "delivery.cancelled": N_("Cancelled"),
    "page.sending": N_("Page %(n)s is being sent"),
    "page.awaiting": N_("Page %(n)s is out, waiting for its confirmation"),
    "page.confirmed": N_("Page %(n)s confirmed by the far machine"),
    "page.rejected": N_("Page %(n)s rejected by the far machine"),
    "reception.started": N_("Call answered on line %(line)s"),
    "reception.page": N_("Page %(n)s stored"),
    "reception.closed": N_("Call ended, pages: %(pages)s"),
    "forward.sent": N_("Mailed to %(recipient)s"),
    "forward.failed": N_("Could not be mailed to %(recipient)s"),
    "mail.sent": N_("Result mailed to %(recipient)s"),
}
HELD: Final[dict[str, str]] = {
    "window": N_("Held: outside the account's calling hours"),
    "account-cap": N_("Held: the account has had its calls or pages for now"),
    "credit": N_("Held: the account has spent what it may for now"),
    "number-cap": N_("Held: this number has been called often enough for now"),
}
"""What a fax is held for (`store.holds`)."""
UNTOLD: Final = frozenset({"call.trace", "line.state", "dialling.paused", "dialling.resumed", "alarm"})
HOLES: Final = ("pages", "line", "n", "recipient")


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline: a msgid and the values of its holes."""

    at: datetime
    text: str
    values: dict[str, str]


def moments(events: Iterable[Event]) -> list[Moment]:
    """Return the timeline of these events, in their order."""
    return [
        Moment(event.at, sentence_of(event), values_of(event.data))
        for event in events
        if event.kind in SENTENCES
    ]


def sentence_of(event: Event) -> str:
    """Return the msgid for an event that is told."""
    return HELD.get(str(event.data.get("reason")), SENTENCES[event.kind])


def values_of(data: dict[str, Any]) -> dict[str, str]:
    """Return every hole's value; a question mark for one that the event does not tell."""
    told = {"recipient": data.get("address"), **data}
    return {hole: str("?" if told.get(hole) is None else told[hole]) for hole in HOLES}
