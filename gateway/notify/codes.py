"""The status numbers of result mails, which InterFAX's web interfaces share (`spec/email-interface.md` 4.6).

`STATUS` is total over `Cause`: the mapping "from a modem" of that section, and the nearest number of its
table for what a modem cannot see. `CAUSES` goes the other way, for numbers asked for at the simulator
(`00999-9999-NNNN@`). Zero is success and nothing else is. Numbers of deliveries still on their way are
negative and belong to the faces that show them, not here: a result mail is only sent at the end.

`ENHANCED` says the same in the codes of RFC 3463, for mail systems: a cause that may pass begins with 4 and
turns into a 5 when no further try follows.
"""

from __future__ import annotations

from typing import Final

from gateway.domain.outcome import Cause

STATUS: Final[dict[Cause, int]] = {
    Cause.SENT: 0,
    Cause.RECEIVED: 0,
    Cause.BUSY: 6017,
    Cause.NO_ANSWER: 6018,
    Cause.NO_CARRIER: 3912,
    Cause.NO_DIALTONE: 3072,
    Cause.MODEM_ERROR: 3080,
    Cause.MODEM_BLACKLIST: 3300,
    Cause.VOICE_OR_DATA: 3936,
    Cause.REMOTE_CANNOT_RECEIVE: 3211,
    Cause.INCOMPATIBLE: 3231,
    Cause.TRAINING_FAILED: 3220,
    Cause.NO_RESPONSE_DCS: 3224,
    Cause.PAGE_REJECTED: 3268,
    Cause.NO_RESPONSE_PAGE: 3224,
    Cause.ECM_FAILED: 7200,
    Cause.REMOTE_DISCONNECT: 3223,
    Cause.CALL_DROPPED: 3224,
    Cause.POLL_REFUSED: 7200,
    Cause.BAD_PASSWORD: 7200,
    Cause.CANCELLED: 403,
    Cause.PROTOCOL: 7200,
    Cause.UNREADABLE_DOCUMENT: 204000,
    Cause.UNSUPPORTED_DOCUMENT: 204000,
    Cause.ENCRYPTED_DOCUMENT: 204000,
    Cause.TOO_MANY_PAGES: 204000,
    Cause.TOO_LARGE: 204000,
    Cause.NOTHING_TO_SEND: 204000,
    Cause.RENDER_FAILED: 204001,
    Cause.BAD_OPTION: 206001,
    Cause.NUMBER_REFUSED: 6002,
    Cause.CREDIT: 205000,
    Cause.EXPIRED: 206001,
    Cause.UNCERTAIN: 256,
    Cause.INTERNAL: 1,
    Cause.SIMULATED: 1,  # only if the number asked for was lost: then it is our fault
}

ENHANCED: Final[dict[Cause, str]] = {
    Cause.SENT: "2.0.0",
    Cause.RECEIVED: "2.0.0",
    Cause.BUSY: "4.4.5",
    Cause.NO_ANSWER: "4.4.1",
    Cause.NO_CARRIER: "5.1.1",
    Cause.NO_DIALTONE: "4.3.0",
    Cause.MODEM_ERROR: "4.3.0",
    Cause.MODEM_BLACKLIST: "4.3.2",
    Cause.VOICE_OR_DATA: "5.1.1",
    Cause.REMOTE_CANNOT_RECEIVE: "4.2.1",
    Cause.INCOMPATIBLE: "5.6.3",
    Cause.TRAINING_FAILED: "4.4.2",
    Cause.NO_RESPONSE_DCS: "4.4.2",
    Cause.PAGE_REJECTED: "4.4.2",
    Cause.NO_RESPONSE_PAGE: "4.4.2",
    Cause.ECM_FAILED: "4.4.2",
    Cause.REMOTE_DISCONNECT: "4.4.2",
    Cause.CALL_DROPPED: "4.4.2",
    Cause.POLL_REFUSED: "5.2.1",
    Cause.BAD_PASSWORD: "5.7.8",
    Cause.CANCELLED: "5.0.0",
    Cause.PROTOCOL: "4.5.0",
    Cause.UNREADABLE_DOCUMENT: "5.6.1",
    Cause.UNSUPPORTED_DOCUMENT: "5.6.1",
    Cause.ENCRYPTED_DOCUMENT: "5.6.1",
    Cause.TOO_MANY_PAGES: "5.3.4",
    Cause.TOO_LARGE: "5.3.4",
    Cause.NOTHING_TO_SEND: "5.6.0",
    Cause.RENDER_FAILED: "5.6.1",
    Cause.BAD_OPTION: "5.5.4",
    Cause.NUMBER_REFUSED: "5.7.1",
    Cause.CREDIT: "5.7.1",
    Cause.EXPIRED: "5.4.7",
    Cause.UNCERTAIN: "4.4.2",
    Cause.INTERNAL: "4.3.0",
    Cause.SIMULATED: "5.0.0",
}

BEFORE_THE_FIRST_PAGE: Final[dict[Cause, int]] = {Cause.REMOTE_DISCONNECT: 3230, Cause.CALL_DROPPED: 8010}

_MEANINGS: Final[tuple[tuple[Cause, tuple[int, ...]], ...]] = (
    (Cause.SENT, (0,)),
    (Cause.INTERNAL, (1, 256, 205001, 206001)),
    (Cause.MODEM_ERROR, (2, 12, 3072, 3080, 3300, 3510, 3830)),
    (Cause.BUSY, (263, 3931, 3933, 3937, 6017, 8025)),
    (Cause.CANCELLED, (403,)),
    (Cause.INCOMPATIBLE, (3211, 3225, 3231, 3233, 3264, 3267, 3269, 6088, 6095, 6097, 6099, 6100)),
    (Cause.TRAINING_FAILED, (3220,)),
    (Cause.REMOTE_DISCONNECT, (3223, 3230)),
    (Cause.NO_RESPONSE_PAGE, (3224,)),
    (Cause.PAGE_REJECTED, (3268,)),
    (Cause.NO_CARRIER, (3912, 3921, 3932, 3938, 6001, 6027, 6028)),
    (Cause.NO_ANSWER, (3935, 6018, 8021)),
    (Cause.VOICE_OR_DATA, (3936,)),
    (Cause.NUMBER_REFUSED, (6002, 6021, 6022, 6029)),
    (Cause.PROTOCOL, (7200,)),
    (Cause.CALL_DROPPED, (8010,)),
    (Cause.RENDER_FAILED, (204000, 204001)),
    (Cause.CREDIT, (205000,)),
)

CAUSES: Final[dict[int, Cause]] = {number: cause for cause, numbers in _MEANINGS for number in numbers}


def status_of(cause: Cause, *, simulated_status: int | None = None, page_begun: bool = True) -> int:
    """Return the status number of a final cause.

    `simulated_status` is the number a simulator address asked for; it counts where the simulator answered
    (a document that could not be drawn fails there too). `page_begun` tells a far machine that broke off
    while the two were still agreeing from one that broke off later.
    """
    if cause is Cause.SIMULATED and simulated_status is not None:
        return simulated_status
    if not page_begun and cause in BEFORE_THE_FIRST_PAGE:
        return BEFORE_THE_FIRST_PAGE[cause]
    return STATUS[cause]


def cause_of(status: int) -> Cause:
    """Return what a status number means; a number the table does not know is a telephony fault (4.6)."""
    return CAUSES.get(status, Cause.MODEM_ERROR)


def enhanced_of(cause: Cause, *, final: bool = True) -> str:
    """Return the RFC 3463 code of a cause; with `final`, no further try follows and a 4 becomes a 5."""
    code = ENHANCED[cause]
    return f"5{code[1:]}" if final and code.startswith("4") else code
