"""What became of one fax to many numbers, and the words that tell a person about it. Pure.

A summary is told once, when the last number has come to rest (`store.reports`). Up to `ALL` numbers are
listed in full; of more, only those that did not get the fax, and of these the first `FAILURES`: the table
attached to the mail has them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gateway.details import said
from gateway.language import translations
from gateway.notice import Notice, clock_time, zoned_time
from gateway.notify.result import sentences

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.notice import Row
    from gateway.notify.result import Result

ALL: Final = 50
FAILURES: Final = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """A fax to many numbers, each a `Result`. `number` names the whole; `name` is the list's, "" for none.

    The rest is as in `Result`, which every one of `results` repeats.
    """

    number: int
    results: tuple[Result, ...]
    submitted_at: datetime
    completed_at: datetime
    name: str = ""
    subject: str = ""
    timezone: str = "UTC"
    language: str = "en"
    format: str = "text"
    legacy: bool = False
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    page_url: str = ""

    @property
    def succeeded(self) -> int:
        """How many numbers got every page."""
        return sum(result.sent for result in self.results)

    @property
    def uncertain(self) -> int:
        """How many may have got it: nobody saw the last confirmation."""
        return sum(result.uncertain for result in self.results)

    @property
    def failed(self) -> int:
        """How many did not, or perhaps not."""
        return len(self.results) - self.succeeded

    @property
    def simulated_line(self) -> bool:
        """Whether any call went over a simulated line."""
        return any(result.simulated_line for result in self.results)

    @property
    def simulated(self) -> bool:
        """Whether any result is one that no telephone network gave."""
        return any(result.simulated for result in self.results)

    @property
    def listed(self) -> tuple[Result, ...]:
        """The numbers that the mail itself names."""
        if len(self.results) <= ALL:
            return self.results
        return tuple(result for result in self.results if not result.sent)[:FAILURES]

    @property
    def unlisted(self) -> int:
        """How many failures only the attached table names."""
        return self.failed - sum(not result.sent for result in self.listed)

    def without_contents(self, page_url: str = "") -> Batch:
        """Return the same summary without anything the sender wrote; see `Result.without_contents`."""
        bare = tuple(result.without_contents(page_url) for result in self.results)
        return replace(self, results=bare, subject="", warnings=(), page_url=page_url)


def notice_of(batch: Batch, language: str) -> Notice:
    """Return what a person reads above the numbers."""
    gettext = translations(language).ugettext
    facts = {"num": batch.succeeded, "total": len(batch.results)}
    return Notice(
        opening=opening(batch, language) % facts,
        rows=particulars(batch, language),
        banner=gettext("SIMULATED: this fax went over a simulated line. No telephone call was made.")
        if batch.simulated_line
        else "",
        remarks=remarks(batch, language),
        facts=facts_of(batch),
    )


def opening(batch: Batch, language: str) -> str:
    """Return the first sentence, which says how many numbers got it."""
    gettext = translations(language).ugettext
    if not batch.failed:
        return gettext("Your fax was sent to all numbers: %(num)d of %(total)d.")
    if batch.succeeded:
        return gettext("Your fax was sent to some numbers only: %(num)d of %(total)d.")
    if batch.uncertain:
        return gettext("It is not certain that your fax arrived; %(num)d of %(total)d numbers confirmed it.")
    return gettext("Your fax was NOT sent: %(num)d of %(total)d numbers got it.")


def particulars(batch: Batch, language: str) -> tuple[Row, ...]:
    """Return the labelled lines about the whole."""
    gettext = translations(language).ugettext
    return (
        (gettext("List"), batch.name),
        (gettext("Subject"), batch.subject),
        (gettext("Numbers sent to"), str(batch.succeeded)),
        (gettext("Numbers not sent to"), str(batch.failed - batch.uncertain)),
        (gettext("Numbers it is uncertain for"), str(batch.uncertain) if batch.uncertain else ""),
        (gettext("Submitted"), zoned_time(batch.submitted_at, batch.timezone)),
        (gettext("Completed"), zoned_time(batch.completed_at, batch.timezone)),
        (gettext("Transaction ID"), str(batch.number)),
        (gettext("More about it"), batch.page_url),
    )


def remarks(batch: Batch, language: str) -> tuple[str, ...]:
    """Return what was noted of the documents, and that the table names more numbers than the mail."""
    gettext = translations(language).ugettext
    more = gettext("%(num)d more numbers that did not get it are in the attached table.")
    noted = tuple(said(warning, language) for warning in batch.warnings)
    return (*noted, more % {"num": batch.unlisted}) if batch.unlisted else noted


def lines_of(batch: Batch, language: str) -> list[dict[str, str]]:
    """Return the listed numbers for a template: number, contact, pages, result, whether (perhaps) sent."""
    gettext = translations(language).ugettext
    counted = gettext("%(confirmed)d of %(pages)d")
    return [
        {
            "number": result.destination,
            "contact": result.contact,
            "pages": counted % {"confirmed": result.pages_confirmed, "pages": result.pages},
            "result": outcome(result, language),
            "sent": "yes" if result.sent else "",
            "uncertain": "yes" if result.uncertain else "",
        }
        for result in batch.listed
    ]


def outcome(result: Result, language: str) -> str:
    """Return the result of one number: OK, or the status number and why."""
    if result.sent:
        return translations(language).ugettext("OK")
    return f"{result.status}-{sentences(result, language)[0]}"


def facts_of(batch: Batch) -> dict[str, str]:
    """Return the values behind the words, for templates that an operator writes."""
    return {
        "kind": "batch",
        "number": str(batch.number),
        "list": batch.name,
        "subject": batch.subject,
        "total": str(len(batch.results)),
        "succeeded": str(batch.succeeded),
        "failed": str(batch.failed),
        "uncertain": str(batch.uncertain),
        "submitted": clock_time(batch.submitted_at, batch.timezone),
        "completed": clock_time(batch.completed_at, batch.timezone),
        "timezone": batch.timezone,
        "page_url": batch.page_url,
    }
