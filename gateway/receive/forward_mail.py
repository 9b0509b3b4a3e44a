"""The mail that brings a received fax to one address (`spec/email-interface.md` section 5).

Everything a far machine says of itself (its identifier, its number) is text from outside: it is cleaned
before it reaches the subject or the body, and never names a file. The envelope sender is an address of ours
that takes bounces for exactly this forward (design.md section 5b). Nothing here reads rows or sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.language import language_of, translations
from gateway.mail import begin, for_people, write_text
from gateway.notice import Notice, clock_time, zoned_time
from gateway.stationery import OURS

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notice import Row
    from gateway.stationery import Stationery

FILE_TYPES: Final = {"pdf": ("application", "pdf", "pdf"), "tiff": ("image", "tiff", "tif")}


@dataclass(frozen=True, slots=True)
class Received:
    """A reception as its reader may see it. `bad_lines` has one count a page, in page order.

    `contents` False is the notice-only mode: the pages stay with us, and `page_url` ("" for nowhere) is where
    they are shown. `legacy` writes Japanese in ISO-2022-JP. `partial` says that the call broke before the far
    machine had sent everything; `unmatched` that no rule of any account wanted it, so that it goes to the
    operator.
    """

    number: int
    received_at: datetime
    pages: int
    called: str = ""
    caller: str = ""
    remote_id: str = ""
    sub: str = ""
    line_seconds: float = 0.0
    bad_lines: tuple[int, ...] = ()
    partial: bool = False
    simulated: bool = False
    unmatched: bool = False
    timezone: str = "UTC"
    language: str = "en"
    legacy: bool = False
    contents: bool = True
    page_url: str = ""

    @property
    def sender(self) -> str:
        """Who sent it, as far as anyone said: the machine's identifier, else the caller's number."""
        return for_people(self.remote_id) or for_people(self.caller)


def compose(
    received: Received, document: bytes | None, form: str, stamp: Stamp, stationery: Stationery = OURS
) -> EmailMessage:
    """Return the mail with the pages attached; `form` is "pdf" or "tiff", `document` the pages in it.

    Without a document, which a notice has not, nothing is attached.
    """
    language = language_of(received.language)
    title = subject(received, language, stationery)
    mail = begin(stamp, title, auto_submitted="auto-generated")
    mail["X-TransactionID"] = str(received.number)
    if received.simulated:
        mail["X-Postline-Simulated"] = "yes"
    text = notice_of(received, language).as_text(language, stationery)
    write_text(mail, text, legacy=received.legacy and language == "ja")
    if document is not None:
        maintype, subtype, suffix = FILE_TYPES[form]
        name = f"{received.number}.{suffix}"
        mail.add_attachment(document, maintype=maintype, subtype=subtype, filename=name)
    return mail


def subject(received: Received, language: str, stationery: Stationery = OURS) -> str:
    """Return `Fax received <- SENDER`; an incomplete fax says so."""
    gettext = translations(language).ugettext
    title = gettext("Fax received in part") if received.partial else gettext("Fax received")
    sender = received.sender or gettext("unknown sender")
    return stationery.draw("subject.txt", language, title=title, arrow="<-", about=sender)


def notice_of(received: Received, language: str) -> Notice:
    """Return what a person reads above the attachment."""
    gettext, ngettext = translations(language).ugettext, translations(language).ungettext
    if received.contents:
        opening = ngettext(
            "A fax of %(num)d page arrived. It is attached to this mail.",
            "A fax of %(num)d pages arrived. It is attached to this mail.",
            received.pages,
        )
    else:
        opening = ngettext(
            "A fax of %(num)d page arrived. It is kept by the fax service.",
            "A fax of %(num)d pages arrived. It is kept by the fax service.",
            received.pages,
        )
    return Notice(
        opening=opening % {"num": received.pages},
        rows=particulars(received, language),
        reasons=(*incomplete(received, language), *unwanted(received, language)),
        banner=gettext("SIMULATED: this fax came over a simulated line. No telephone call was made.")
        if received.simulated
        else "",
        remarks=damage(received, language),
        facts=facts(received),
    )


def facts(received: Received) -> dict[str, str]:
    """Return the values behind the words, for templates that an operator writes."""
    return {
        "kind": "forward",
        "number": str(received.number),
        "called": received.called,
        "caller": received.caller,
        "remote_id": received.remote_id,
        "sub": received.sub,
        "pages": str(received.pages),
        "seconds": str(round(received.line_seconds)),
        "received": clock_time(received.received_at, received.timezone),
        "timezone": received.timezone,
        "partial": "yes" if received.partial else "",
        "page_url": received.page_url,
    }


def incomplete(received: Received, language: str) -> tuple[Row, ...]:
    """Return what the reader of a fax that broke off should know and do."""
    if not received.partial:
        return ()
    gettext = translations(language).ugettext
    return (
        (gettext("INCOMPLETE"), gettext("The call broke off; there may have been more pages.")),
        (
            gettext("What to do"),
            gettext("Ask the sender whether it was sent again or how many pages there were."),
        ),
    )


def unwanted(received: Received, language: str) -> tuple[Row, ...]:
    """Return why the operator reads a fax that no account asked for."""
    if not received.unmatched:
        return ()
    gettext = translations(language).ugettext
    return (
        (gettext("Why you got this"), gettext("No forwarding rule matches this call; you are the operator.")),
    )


def particulars(received: Received, language: str) -> tuple[Row, ...]:
    """Return the labelled lines about the call."""
    gettext = translations(language).ugettext
    return (
        (gettext("Called number"), received.called),
        (gettext("Sub-address"), received.sub),
        (gettext("Remote CSID"), received.remote_id),
        (gettext("Caller number"), received.caller),
        (gettext("Pages"), str(received.pages)),
        (gettext("Duration (seconds)"), str(round(received.line_seconds))),
        (gettext("Received"), zoned_time(received.received_at, received.timezone)),
        (gettext("Damaged lines"), str(sum(received.bad_lines) or "")),
        (gettext("Transaction ID"), str(received.number)),
        (gettext("More about it"), received.page_url),
    )


def damage(received: Received, language: str) -> tuple[str, ...]:
    """Return one remark for each page that the telephone line damaged."""
    gettext = translations(language).ugettext
    text = gettext("Page %(page)d, lines damaged on the telephone line: %(lines)d")
    return tuple(
        text % {"page": page, "lines": lines} for page, lines in enumerate(received.bad_lines, 1) if lines
    )
