"""States in words: the one table from a state, and what caused it, to what a page says.

Total over every state enumeration; a test walks them. Each entry is a msgid and a tone. The tone chooses a
mark and a colour in the pages, the word says the same, so nothing is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState, ForwardState, PageState, ReceptionState
from gateway.language import N_

if TYPE_CHECKING:
    from gateway.store.models import Delivery, Reception


@dataclass(frozen=True, slots=True)
class Word:
    """A msgid and its tone: good, bad, doubt, moving, still."""

    text: str
    tone: str

    @property
    def mark(self) -> str:
        """A sign for the tone, so that colour is never alone."""
        return MARKS[self.tone]


MARKS: Final = {"good": "✓", "bad": "✕", "doubt": "?", "moving": "→", "still": "·"}

DELIVERY: Final[dict[DeliveryState, Word]] = {
    DeliveryState.CREATED: Word(N_("Accepted"), "moving"),
    DeliveryState.QUEUED: Word(N_("Waiting to be sent"), "still"),
    DeliveryState.HELD: Word(N_("Held"), "still"),
    DeliveryState.CLAIMED: Word(N_("On a line"), "moving"),
    DeliveryState.DIALLING: Word(N_("Dialling"), "moving"),
    DeliveryState.CONNECTED: Word(N_("In a call"), "moving"),
    DeliveryState.WAITING_RETRY: Word(N_("Waiting for the next call"), "doubt"),
    DeliveryState.SENT: Word(N_("Sent"), "good"),
    DeliveryState.FAILED: Word(N_("Failed"), "bad"),
    DeliveryState.UNCERTAIN: Word(N_("Uncertain"), "doubt"),
    DeliveryState.CANCELLED: Word(N_("Cancelled"), "still"),
}
BEFORE_THE_QUEUE: Final[dict[FaxState, Word]] = {
    FaxState.DRAFT: Word(N_("Draft"), "still"),
    FaxState.ACCEPTED: Word(N_("Accepted"), "moving"),
    FaxState.RENDERING: Word(N_("Pages are being drawn"), "moving"),
    FaxState.RENDERED: Word(N_("Pages are drawn"), "moving"),
    FaxState.AWAITING_APPROVAL: Word(N_("Waiting for approval"), "still"),
    FaxState.READY: Word(N_("Accepted"), "moving"),
    FaxState.REFUSED: Word(N_("Refused"), "bad"),
    FaxState.RETURNED: Word(N_("Returned"), "bad"),
}
PARTLY_SENT: Final = Word(N_("Sent in part"), "bad")
TEST_NUMBER: Final = Word(N_("Test number"), "doubt")
RECEPTION: Final[dict[ReceptionState, Word]] = {
    ReceptionState.RECEIVING: Word(N_("Receiving"), "moving"),
    ReceptionState.COMPLETE: Word(N_("Received in full"), "good"),
    ReceptionState.PARTIAL: Word(N_("Received in part"), "doubt"),
    ReceptionState.ROUTED: Word(N_("Received in full"), "good"),
}
NO_PAGE: Final = Word(N_("No page received"), "bad")
FORWARD: Final[dict[ForwardState, Word]] = {
    ForwardState.PENDING: Word(N_("Being mailed"), "moving"),
    ForwardState.SENT: Word(N_("Mailed"), "good"),
    ForwardState.BOUNCED: Word(N_("Came back"), "bad"),
    ForwardState.FAILED: Word(N_("Failed"), "bad"),
}
PAGE: Final[dict[PageState, Word]] = {
    PageState.SENDING: Word(N_("Being sent"), "moving"),
    PageState.AWAITING: Word(N_("Not confirmed"), "doubt"),
    PageState.CONFIRMED: Word(N_("Confirmed"), "good"),
    PageState.REJECTED: Word(N_("Rejected"), "bad"),
    PageState.BROKEN: Word(N_("Broken off"), "bad"),
}
LINE: Final[dict[str, Word]] = {
    "starting": Word(N_("Starting"), "moving"),
    "idle": Word(N_("Idle"), "still"),
    "calling": Word(N_("Calling"), "moving"),
    "answering": Word(N_("Answering"), "moving"),
    "paused": Word(N_("Paused"), "still"),
    "out_of_service": Word(N_("Out of service"), "bad"),
}
MAIL: Final[dict[str, Word]] = {
    "owed": Word(N_("Waiting"), "still"),
    "sending": Word(N_("Being mailed"), "moving"),
    "sent": Word(N_("Mailed"), "good"),
    "failed": Word(N_("Failed"), "bad"),
}
MAIL_KINDS: Final[dict[str, str]] = {
    "result": N_("Result mail"),
    "batch": N_("Summary of all numbers"),
    "dsn": N_("Report to the mail system"),
    "mdn": N_("Receipt"),
    "refusal": N_("Refusal"),
    "enrolled": N_("Answer to a certificate"),
    "forward": N_("Forwarded fax"),
    "note": N_("Note to the operator"),
}


def of_delivery(delivery: Delivery) -> Word:
    """Return the word for a delivery, its fax loaded."""
    if delivery.state is DeliveryState.CREATED:
        return BEFORE_THE_QUEUE[delivery.fax.state]
    if delivery.cause is Cause.SIMULATED:
        return TEST_NUMBER
    if delivery.state is DeliveryState.FAILED and delivery.pages_confirmed:
        return PARTLY_SENT
    return DELIVERY[delivery.state]


def of_reception(reception: Reception) -> Word:
    """Return the word for a reception, its pages loaded."""
    if reception.ended_at is not None and not reception.pages:
        return NO_PAGE
    if reception.cause not in (None, Cause.RECEIVED):
        return RECEPTION[ReceptionState.PARTIAL]
    return RECEPTION[reception.state]
