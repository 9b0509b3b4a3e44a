"""Why a delivery ended as it did: the closed set of causes, and what each means for the next dial.

Every outside vocabulary (mail status numbers, InterFAX codes, API words, sentences for people) is a
total table `Cause -> word` beside the face that speaks it; none of them is here. Engine reasons map
one to one by value, so `Cause(reason.value)` is the only bridge `gateway.lines` needs.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """The final or latest cause of a delivery. The first block equals `modem.result.Reason` by value."""

    SENT = "sent"
    RECEIVED = "received"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    NO_CARRIER = "no-carrier"
    NO_DIALTONE = "no-dialtone"
    MODEM_ERROR = "modem-error"
    MODEM_BLACKLIST = "modem-blacklist"
    VOICE_OR_DATA = "voice-or-data"
    REMOTE_CANNOT_RECEIVE = "remote-cannot-receive"
    INCOMPATIBLE = "incompatible"
    TRAINING_FAILED = "training-failed"
    NO_RESPONSE_DCS = "no-response-dcs"
    PAGE_REJECTED = "page-rejected"
    NO_RESPONSE_PAGE = "no-response-page"
    ECM_FAILED = "ecm-failed"
    REMOTE_DISCONNECT = "remote-disconnect"
    CALL_DROPPED = "call-dropped"
    POLL_REFUSED = "poll-refused"
    BAD_PASSWORD = "bad-password"  # noqa: S105  (a cause, not a secret)
    CANCELLED = "cancelled"
    PROTOCOL = "protocol"
    # Found before any call.
    UNREADABLE_DOCUMENT = "unreadable-document"
    UNSUPPORTED_DOCUMENT = "unsupported-document"
    ENCRYPTED_DOCUMENT = "encrypted-document"
    TOO_MANY_PAGES = "too-many-pages"
    TOO_LARGE = "too-large"
    NOTHING_TO_SEND = "nothing-to-send"
    RENDER_FAILED = "render-failed"
    BAD_OPTION = "bad-option"
    NUMBER_REFUSED = "number-refused"
    CREDIT = "credit"
    EXPIRED = "expired"
    # Found by us.
    UNCERTAIN = "uncertain"
    INTERNAL = "internal"
    SIMULATED = "simulated"
