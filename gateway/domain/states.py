"""The life cycles of the gateway, as tables.

Everything that changes a state looks here; what is not in a table raises `IllegalTransition`. The
pictures in `docs/flow.md` are drawn from these tables, and a test walks every edge and every non-edge.

**Fax.** A submission is *accepted* when its bytes and rows are on stable storage: that is when a 250 or a
2xx may be said. *Rendering* is a lease of a render worker; a crash gives it back to *accepted*, for drawing
again is harmless. *Rendered* waits a moment for the rules that may hold it (*awaiting_approval*), then is
*ready*: only deliveries of a ready fax can be claimed. *Refused* means it could not be drawn or asked for
something impossible; its deliveries fail with the cause. *Returned* means an approver sent it back.

**Delivery.** *Created* with its fax, *queued* once the fax is ready. *Held* while a calling window or a cap
forbids the call; it becomes due by itself. *Claimed* is a lease by a line with a
fencing token; *dialling* is written before the dial string leaves, *connected* when the far machine answers.
A call that comes in before it leaves gives the delivery back to *queued*: it was no dial.
From there it ends *sent*, *failed* or *uncertain* (a page may have arrived, its confirmation was lost and
the account forbids or defers sending it again), or rests in *waiting_retry*. A partly sent delivery is
*failed* with fewer confirmed pages than pages.

**Reception.** *Receiving* from the first stored page or the answered call on; *complete* when the sender said
end of procedure and we confirmed it; *partial* when the call broke with at least one page stored; *routed*
once its forwards exist. A call that brought no page leaves *partial* with no page and no forward.

**Forward.** One address of one reception, with its own schedule: *pending* until the next hop took the mail.

**Page**, of one attempt. *Sending* on the fast carrier, *awaiting* before its post-page command leaves,
*confirmed* or *rejected* by the answer. A rejected page may be sent again in the same call, and a carrier
that broke starts the page anew; one that the call ended in is *broken*. Nothing leaves *confirmed*: a page
the far machine has is never sent again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from gateway.domain.errors import IllegalTransition


class FaxState(StrEnum):
    """States of a fax."""

    DRAFT = "draft"
    ACCEPTED = "accepted"
    RENDERING = "rendering"
    RENDERED = "rendered"
    AWAITING_APPROVAL = "awaiting_approval"
    READY = "ready"
    REFUSED = "refused"
    RETURNED = "returned"


class DeliveryState(StrEnum):
    """States of a delivery."""

    CREATED = "created"
    QUEUED = "queued"
    HELD = "held"
    CLAIMED = "claimed"
    DIALLING = "dialling"
    CONNECTED = "connected"
    WAITING_RETRY = "waiting_retry"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


class ReceptionState(StrEnum):
    """States of a reception."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    PARTIAL = "partial"
    ROUTED = "routed"


class ForwardState(StrEnum):
    """States of a forward."""

    PENDING = "pending"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"


class PageState(StrEnum):
    """States of a page of an attempt: by value those of `modem.result`, and *broken*, known to rows only."""

    SENDING = "sending"
    AWAITING = "awaiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    BROKEN = "broken"


FAX = {
    (FaxState.DRAFT, "accept"): FaxState.ACCEPTED,
    (FaxState.ACCEPTED, "start_rendering"): FaxState.RENDERING,
    (FaxState.ACCEPTED, "refuse"): FaxState.REFUSED,
    (FaxState.RENDERING, "give_back"): FaxState.ACCEPTED,
    (FaxState.RENDERING, "rendered"): FaxState.RENDERED,
    (FaxState.RENDERING, "refuse"): FaxState.REFUSED,
    (FaxState.RENDERED, "ask_approval"): FaxState.AWAITING_APPROVAL,
    (FaxState.RENDERED, "release"): FaxState.READY,
    (FaxState.AWAITING_APPROVAL, "release"): FaxState.READY,
    (FaxState.AWAITING_APPROVAL, "return"): FaxState.RETURNED,
    (FaxState.AWAITING_APPROVAL, "refuse"): FaxState.REFUSED,
}

DELIVERY = {
    (DeliveryState.CREATED, "queue"): DeliveryState.QUEUED,
    (DeliveryState.CREATED, "hold"): DeliveryState.HELD,
    (DeliveryState.CREATED, "fail"): DeliveryState.FAILED,
    (DeliveryState.CREATED, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.CREATED, "simulate"): DeliveryState.SENT,
    (DeliveryState.QUEUED, "claim"): DeliveryState.CLAIMED,
    (DeliveryState.QUEUED, "hold"): DeliveryState.HELD,
    (DeliveryState.QUEUED, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.QUEUED, "fail"): DeliveryState.FAILED,
    (DeliveryState.HELD, "queue"): DeliveryState.QUEUED,
    (DeliveryState.HELD, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.HELD, "fail"): DeliveryState.FAILED,
    (DeliveryState.CLAIMED, "dial"): DeliveryState.DIALLING,
    (DeliveryState.CLAIMED, "release"): DeliveryState.QUEUED,
    (DeliveryState.CLAIMED, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.CLAIMED, "fail"): DeliveryState.FAILED,
    (DeliveryState.DIALLING, "connect"): DeliveryState.CONNECTED,
    (DeliveryState.DIALLING, "give_back"): DeliveryState.QUEUED,
    (DeliveryState.DIALLING, "retry"): DeliveryState.WAITING_RETRY,
    (DeliveryState.DIALLING, "fail"): DeliveryState.FAILED,
    (DeliveryState.DIALLING, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.CONNECTED, "sent"): DeliveryState.SENT,
    (DeliveryState.CONNECTED, "retry"): DeliveryState.WAITING_RETRY,
    (DeliveryState.CONNECTED, "fail"): DeliveryState.FAILED,
    (DeliveryState.CONNECTED, "doubt"): DeliveryState.UNCERTAIN,
    (DeliveryState.CONNECTED, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.WAITING_RETRY, "queue"): DeliveryState.QUEUED,
    (DeliveryState.WAITING_RETRY, "hold"): DeliveryState.HELD,
    (DeliveryState.WAITING_RETRY, "claim"): DeliveryState.CLAIMED,
    (DeliveryState.WAITING_RETRY, "cancel"): DeliveryState.CANCELLED,
    (DeliveryState.WAITING_RETRY, "fail"): DeliveryState.FAILED,
    (DeliveryState.UNCERTAIN, "queue"): DeliveryState.QUEUED,
    (DeliveryState.UNCERTAIN, "fail"): DeliveryState.FAILED,
    (DeliveryState.UNCERTAIN, "cancel"): DeliveryState.CANCELLED,
}

RECEPTION = {
    (ReceptionState.RECEIVING, "complete"): ReceptionState.COMPLETE,
    (ReceptionState.RECEIVING, "break"): ReceptionState.PARTIAL,
    (ReceptionState.COMPLETE, "route"): ReceptionState.ROUTED,
    (ReceptionState.PARTIAL, "route"): ReceptionState.ROUTED,
}

FORWARD = {
    (ForwardState.PENDING, "sent"): ForwardState.SENT,
    (ForwardState.PENDING, "fail"): ForwardState.FAILED,
    (ForwardState.SENT, "bounce"): ForwardState.BOUNCED,
    (ForwardState.BOUNCED, "again"): ForwardState.PENDING,
    (ForwardState.FAILED, "again"): ForwardState.PENDING,
}

PAGE = {
    (PageState.SENDING, "send"): PageState.SENDING,
    (PageState.SENDING, "await"): PageState.AWAITING,
    (PageState.SENDING, "break"): PageState.BROKEN,
    (PageState.AWAITING, "await"): PageState.AWAITING,
    (PageState.AWAITING, "confirm"): PageState.CONFIRMED,
    (PageState.AWAITING, "reject"): PageState.REJECTED,
    (PageState.AWAITING, "send"): PageState.SENDING,
    (PageState.REJECTED, "send"): PageState.SENDING,
}

FINAL_DELIVERY = frozenset(
    {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.CANCELLED}
)

S = TypeVar("S", bound=StrEnum)


def step(table: dict[tuple[S, str], S], state: S, event: str) -> S:
    """Return the state `event` leads to; raise `IllegalTransition` where the table has no such edge."""
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransition(type(state).__name__, state, event) from None
