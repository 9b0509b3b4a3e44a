"""What a person reads about a cause: one sentence that says why, one that says what to do.

`WORDS` is total over `Cause`. The sentences are msgids of the catalogues (`templates/locale`); `%(page)d` is
the first page without a confirmation. They follow `spec/t30-class1.md` section 11 and are written for someone
who has never heard of T.30: no signal names, no numbers of bits. Details for engineers stay in the call log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.domain.outcome import Cause
from gateway.language import N_


@dataclass(frozen=True, slots=True)
class Words:
    """Why it ended so, and what to do now ("" where there is nothing to do). Both are msgids."""

    why: str
    advice: str = ""


CHECK_NUMBER: Final = N_("Check the number, or ask the recipient whether a fax machine is connected there.")
SEND_LATER: Final = N_("Send it again later, or ask the recipient when the machine is free.")
ASK_MACHINE: Final = N_("Ask the recipient to check that the machine is on and has paper, then send again.")
SEND_REST: Final = N_(
    "Send it again. If it keeps failing, ask the recipient to check the machine and the line."
)
ASK_ARRIVED: Final = N_("Ask the recipient whether page %(page)d arrived before you send it again.")
TELL_OPERATOR: Final = N_(
    "Tell the operator of the fax service; the transaction ID below helps to find the call."
)
SEND_PDF: Final = N_("Save the document as a PDF without a password and send that.")
SPLIT: Final = N_("Divide the document and send it in several mails.")

WORDS: Final[dict[Cause, Words]] = {
    Cause.SENT: Words(N_("Sent; the receiving machine confirmed every page.")),
    Cause.RECEIVED: Words(N_("The pages were fetched from the far machine.")),
    Cause.BUSY: Words(N_("The number was busy."), SEND_LATER),
    Cause.NO_ANSWER: Words(N_("Nobody answered."), ASK_MACHINE),
    Cause.NO_CARRIER: Words(N_("The call was answered, but not by a fax machine."), CHECK_NUMBER),
    Cause.NO_DIALTONE: Words(N_("Our telephone line gave no dial tone."), TELL_OPERATOR),
    Cause.MODEM_ERROR: Words(N_("Our telephone equipment had a fault."), TELL_OPERATOR),
    Cause.MODEM_BLACKLIST: Words(
        N_("Our modem refused to dial this number again so soon."),
        N_("Wait an hour and send it again."),
    ),
    Cause.VOICE_OR_DATA: Words(N_("A person or a data modem answered, not a fax machine."), CHECK_NUMBER),
    Cause.REMOTE_CANNOT_RECEIVE: Words(
        N_("The machine there cannot receive at the moment."),
        ASK_MACHINE,
    ),
    Cause.INCOMPATIBLE: Words(
        N_("The machine there cannot print pages of this kind."),
        N_("Send it again in standard resolution on A4 paper."),
    ),
    Cause.TRAINING_FAILED: Words(N_("The telephone line was too poor to begin."), SEND_LATER),
    Cause.NO_RESPONSE_DCS: Words(
        N_("The far machine stopped responding before the first page."),
        ASK_MACHINE,
    ),
    Cause.PAGE_REJECTED: Words(
        N_("The far machine rejected page %(page)d as unreadable."),
        SEND_REST,
    ),
    Cause.NO_RESPONSE_PAGE: Words(
        N_("Page %(page)d may have arrived, but the far machine did not confirm it."),
        ASK_ARRIVED,
    ),
    Cause.ECM_FAILED: Words(N_("The telephone line was too poor to finish page %(page)d."), SEND_REST),
    Cause.REMOTE_DISCONNECT: Words(N_("The far machine broke off at page %(page)d."), SEND_REST),
    Cause.CALL_DROPPED: Words(N_("The call was cut at page %(page)d."), SEND_REST),
    Cause.POLL_REFUSED: Words(
        N_("There was nothing to fetch from the far machine."),
        N_("Ask the other side to put the document up for fetching."),
    ),
    Cause.BAD_PASSWORD: Words(
        N_("The far machine refused the password."),
        N_("Ask the other side for the right password."),
    ),
    Cause.CANCELLED: Words(N_("Cancelled by a user.")),
    Cause.PROTOCOL: Words(N_("The far machine sent a signal we did not expect."), SEND_REST),
    Cause.UNREADABLE_DOCUMENT: Words(N_("A document could not be read; it may be damaged."), SEND_PDF),
    Cause.UNSUPPORTED_DOCUMENT: Words(N_("A document is of a kind that cannot be faxed."), SEND_PDF),
    Cause.ENCRYPTED_DOCUMENT: Words(N_("A document is protected by a password."), SEND_PDF),
    Cause.TOO_MANY_PAGES: Words(N_("The document has too many pages for one fax."), SPLIT),
    Cause.TOO_LARGE: Words(N_("The document is too large."), SPLIT),
    Cause.NOTHING_TO_SEND: Words(
        N_("The mail held nothing that could be faxed."),
        N_("Write a text or attach a document, and check the options in the subject."),
    ),
    Cause.RENDER_FAILED: Words(N_("The pages could not be drawn."), SEND_PDF),
    Cause.BAD_OPTION: Words(
        N_("An option of the fax has an impossible value."),
        N_("Correct the option and send the mail again."),
    ),
    Cause.NUMBER_REFUSED: Words(
        N_("This number may not be dialled from here."),
        N_("Check the number. If it is right, ask the operator of the fax service to allow it."),
    ),
    Cause.CREDIT: Words(
        N_("The account's limit was reached."),
        N_("Ask the owner of the account to raise the limit, then send it again."),
    ),
    Cause.EXPIRED: Words(
        N_("The fax could not be sent within the time allowed for it."),
        N_("Send it again if it is still wanted."),
    ),
    Cause.UNCERTAIN: Words(
        N_("The call ended before page %(page)d was confirmed; the page may have arrived."),
        ASK_ARRIVED,
    ),
    Cause.INTERNAL: Words(N_("The fax service had a fault of its own."), TELL_OPERATOR),
    Cause.SIMULATED: Words(N_("A made-up result was asked for by a test number.")),
}

RESOLUTIONS: Final = {
    "standard": N_("standard resolution"),
    "fine": N_("fine resolution"),
    "superfine": N_("superfine resolution"),
    "300": N_("300 dots an inch"),
    "ultrafine": N_("ultrafine resolution"),
}
"""Every resolution a fax page can have, by the name the store keeps; a test holds it to the engine's list."""
