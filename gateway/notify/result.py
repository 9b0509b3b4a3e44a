"""A finished delivery, as its sender may see it, and the words that tell a person about it.

Pure: rows of the store go in elsewhere, a mail comes out elsewhere (`result_mail`). The particulars and
their order follow `spec/email-interface.md` section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.details import TWICE, said
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.language import translations
from gateway.notice import Notice, clock_time, zoned_time
from gateway.notify.codes import cause_of, enhanced_of, status_of
from gateway.wording import WORDS

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.notice import Row


@dataclass(frozen=True, slots=True)
class Result:
    """A finished delivery as its sender may see it. Times are aware; `line_seconds` is time on the line.

    `page_begun` is true once a page was under way in the last call; `simulated_line` once any call went
    over a simulated line. `request_id` is the Message-ID of the request mail, as it came. `stopped_at` is the
    first page that was not confirmed, 0 for the one behind the confirmed ones; `unsure` are pages that
    went out in some call and whose confirmation nobody saw. `legacy` writes Japanese text mails in
    ISO-2022-JP; `page_url` is where the fax is shown, "" for nowhere; `report` is a PDF;
    `missing` are msgids that say what should have been attached and is not.
    """

    number: int
    destination: str
    state: DeliveryState
    cause: Cause
    submitted_at: datetime
    completed_at: datetime
    timezone: str = "UTC"
    language: str = "en"
    format: str = "text"
    subject: str = ""
    contact: str = ""
    remote_id: str = ""
    pages: int = 0
    pages_confirmed: int = 0
    stopped_at: int = 0
    unsure: tuple[int, ...] = ()
    line_seconds: float = 0.0
    dials: int = 0
    page_begun: bool = False
    simulated_line: bool = False
    simulated_status: int | None = None
    request_id: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    image: bytes | None = None
    legacy: bool = False
    page_url: str = ""
    report: bytes | None = None
    missing: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The number of email-interface 4.6; 0 is success."""
        return status_of(self.cause, simulated_status=self.simulated_status, page_begun=self.page_begun)

    @property
    def sent(self) -> bool:
        """Whether every page was confirmed, or a test number asked for success."""
        return self.status == 0

    @property
    def uncertain(self) -> bool:
        """Whether it may have arrived although nobody saw the confirmation: neither sent nor failed."""
        return self.state is DeliveryState.UNCERTAIN

    @property
    def simulated(self) -> bool:
        """Whether no telephone network was touched: a test number or a simulated line."""
        return self.simulated_line or self.by_test_number

    @property
    def by_test_number(self) -> bool:
        """Whether a test number gave the result, without any line."""
        return self.cause is Cause.SIMULATED

    @property
    def enhanced(self) -> str:
        """The code of RFC 3463; no further try follows."""
        return enhanced_of(Cause.SENT if self.sent else self.told_cause)

    @property
    def told_cause(self) -> Cause:
        """The cause to put into words: what the asked-for number means where a test number was dialled."""
        return cause_of(self.status) if self.by_test_number else self.cause

    def without_contents(self, page_url: str = "") -> Result:
        """Return the same result without anything the sender wrote or attached; `page_url` shows the rest."""
        told = tuple(warning for warning in self.warnings if shapeless(warning))
        bare = replace(self, subject="", contact="", detail="", warnings=told, image=None, report=None)
        return replace(bare, page_url=page_url)


def shapeless(warning: str) -> bool:
    """Say whether a warning is about pages alone, without a name or a word of the sender's."""
    return warning == TWICE % {"page": "".join(filter(str.isdigit, warning))}


def notice_of(result: Result, language: str) -> Notice:
    """Return what a person reads about a result, in one of our languages."""
    gettext = translations(language).ugettext
    why, advice = sentences(result, language)
    return Notice(
        opening=opening(result, language),
        reasons=() if result.sent else reasons(result, why, advice, language),
        rows=particulars(result, why, language),
        banner=gettext("SIMULATED: this fax went over a simulated line. No telephone call was made.")
        if result.simulated_line
        else "",
        remarks=(
            *(said(warning, language) for warning in result.warnings),
            *maybes(result, language),
            *map(gettext, result.missing),
        ),
        facts=facts(result),
    )


def facts(result: Result) -> dict[str, str]:
    """Return the values behind the words, for templates that an operator writes."""
    return {
        "kind": "result",
        "sent": "yes" if result.sent else "",
        "uncertain": "yes" if result.uncertain else "",
        "number": str(result.number),
        "destination": result.destination,
        "status": str(result.status),
        "enhanced": result.enhanced,
        "cause": result.told_cause.value,
        "subject": result.subject,
        "contact": result.contact,
        "pages": str(result.pages),
        "pages_confirmed": str(result.pages_confirmed),
        "dials": str(result.dials),
        "seconds": str(round(result.line_seconds)),
        "submitted": clock_time(result.submitted_at, result.timezone),
        "completed": clock_time(result.completed_at, result.timezone),
        "timezone": result.timezone,
        "remote_id": result.remote_id,
        "page_url": result.page_url,
    }


def maybes(result: Result, language: str) -> list[str]:
    """Return what is said of pages that may have arrived in an earlier call, whatever ended the last one."""
    is_the_cause = result.told_cause in (Cause.NO_RESPONSE_PAGE, Cause.UNCERTAIN)
    told = result.stopped_at if is_the_cause else 0
    text = translations(language).ugettext(WORDS[Cause.NO_RESPONSE_PAGE].why)
    return [text % {"page": page} for page in result.unsure if page != told]


def sentences(result: Result, language: str) -> tuple[str, str]:
    """Return why it ended so and what to do, with the page they speak of filled in."""
    gettext = translations(language).ugettext
    words = WORDS[result.told_cause]
    page = {"page": result.stopped_at or result.pages_confirmed + 1}
    return gettext(words.why) % page, gettext(words.advice) % page if words.advice else ""


def opening(result: Result, language: str) -> str:
    """Return the first sentence, which says whether it arrived."""
    gettext, ngettext = translations(language).ugettext, translations(language).ungettext
    facts = {"number": result.destination, "pages": result.pages, "num": result.pages_confirmed}
    if result.by_test_number:
        text = gettext(
            "The test number %(number)s was not dialled. The result below is the one this number asks for."
        )
    elif result.sent:
        text = ngettext(
            "Your fax to %(number)s was sent. The receiving machine confirmed the page.",
            "Your fax to %(number)s was sent. The receiving machine confirmed all %(num)d pages.",
            result.pages_confirmed,
        )
    elif result.state is DeliveryState.CANCELLED:
        text = gettext("Your fax to %(number)s was cancelled.")
    elif result.uncertain:
        text = gettext("It is not certain that your fax to %(number)s arrived in full.")
    elif result.pages_confirmed:
        text = ngettext(
            "Your fax to %(number)s arrived only in part: %(num)d page of %(pages)d was confirmed.",
            "Your fax to %(number)s arrived only in part: %(num)d pages of %(pages)d were confirmed.",
            result.pages_confirmed,
        )
    else:
        text = gettext("Your fax to %(number)s was NOT sent.")
    return text % facts


def reasons(result: Result, why: str, advice: str, language: str) -> tuple[Row, ...]:
    """Return why it failed and what to do; a test number needs no advice."""
    gettext = translations(language).ugettext
    return (
        (gettext("Why"), why),
        (gettext("Detail"), said(result.detail, language)),
        (gettext("What to do"), "" if result.by_test_number else advice),
    )


def particulars(result: Result, why: str, language: str) -> tuple[Row, ...]:
    """Return the labelled lines of section 4.3; a failure is `number-sentence`, as the original writes it."""
    gettext = translations(language).ugettext
    counted = {"confirmed": result.pages_confirmed, "pages": result.pages}
    return (
        (gettext("Result"), gettext("OK") if result.sent else f"{result.status}-{why}"),
        (gettext("Status code"), "" if result.sent else result.enhanced),
        (gettext("Fax number"), result.destination),
        (gettext("Subject"), result.subject),
        (gettext("Contact"), result.contact),
        (gettext("Pages sent"), gettext("%(confirmed)d of %(pages)d") % counted if result.pages else "0"),
        (gettext("Calls made"), str(result.dials)),
        (gettext("Duration (seconds)"), str(round(result.line_seconds))),
        (gettext("Submitted"), zoned_time(result.submitted_at, result.timezone)),
        (gettext("Completed"), zoned_time(result.completed_at, result.timezone)),
        (gettext("Remote CSID"), result.remote_id),
        (gettext("Transaction ID"), str(result.number)),
        (gettext("More about it"), result.page_url),
    )
