"""The transmission report: one PDF that proves what went over the telephone line, page by page.

Everything in it is what the calls wrote down while they were made: times, the far machine's identifier, speed
and error correction, the answer to each page, and the first page as the far machine got it. Two SHA-256 sums
tie it to the submission as it was received and to the pages as they were sent (the TIFF that the fax's own
page offers). Pure but for the template; drawing happens in a child (`Office.typeset`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.language import N_, translations
from gateway.notice import clock_time
from gateway.notify.result import notice_of
from gateway.stationery import OURS
from gateway.wording import RESOLUTIONS, WORDS
from render import fonts

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.notify.result import Result
    from gateway.stationery import Stationery

PICTURE: Final = "page-1"
"""Content-ID of the picture of the first page."""

ANSWERS: Final[dict[str, str]] = {
    PageState.SENDING.value: N_("Being sent"),
    PageState.AWAITING.value: N_("Not confirmed"),
    PageState.CONFIRMED.value: N_("Confirmed"),
    PageState.REJECTED.value: N_("Rejected"),
    PageState.BROKEN.value: N_("Broken off"),
}
"""What the far machine answered to a page, by the word stored with it."""

FONTS: Final = {"ja": "ja", "zh_CN": "zh-cn"}


@dataclass(frozen=True, slots=True)
class SentPage:
    """One page in one call: its number in the fax, the answer, octets, seconds, bit/s."""

    n: int
    state: str
    octets: int
    seconds: float
    rate: int


@dataclass(frozen=True, slots=True)
class Call:
    """One telephone call. `began` is when we dialled; `resolution` and `compression` as negotiated."""

    began: datetime
    seconds: float
    cause: Cause
    remote_id: str = ""
    rate: int = 0
    ecm: bool = False
    compression: str = ""
    resolution: str = ""
    pages: tuple[SentPage, ...] = ()

    @property
    def stopped_at(self) -> int:
        """The first page of the call without a confirmation; the one behind the last where all have one."""
        open_pages = [page.n for page in self.pages if page.state != PageState.CONFIRMED.value]
        return min(open_pages, default=max((page.n for page in self.pages), default=0) + 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What a report proves. `received` and `sent` are SHA-256 in hex, "" where there is nothing to sum."""

    result: Result
    calls: tuple[Call, ...]
    received: str = ""
    sent: str = ""
    first_page: bool = True


def html_of(report: Report, language: str, stationery: Stationery = OURS) -> str:
    """Return the report as HTML; its picture is `cid:` `PICTURE`."""
    result = report.result
    return stationery.draw(
        "report.html",
        language,
        notice=notice_of(result, language).clean(),
        good=result.sent,
        calls=[call_row(n, call, result.timezone, language) for n, call in enumerate(report.calls, 1)],
        pages=page_rows(report, language),
        received=report.received,
        sent=report.sent,
        picture=f"cid:{PICTURE}" if report.first_page else "",
    )


def css_of(language: str) -> str:
    """Return the style that holds whatever the template: the paper, and fonts that have the language."""
    family = fonts.proportional("", FONTS.get(language, language))
    return f"@page {{ size: A4; margin: 14mm 15mm }} html {{ font-family: {family} }}"


def call_row(n: int, call: Call, timezone: str, language: str) -> dict[str, str]:
    """Return the cells of one call."""
    gettext = translations(language).ugettext
    quality = gettext(RESOLUTIONS[call.resolution]) if call.resolution in RESOLUTIONS else call.resolution
    coding = [call.compression, "ECM" if call.ecm else "", quality]
    why = gettext(WORDS[call.cause].why) % {"page": call.stopped_at}
    return {
        "n": str(n),
        "began": clock_time(call.began, timezone),
        "seconds": str(round(call.seconds)),
        "speed": gettext("%(rate)s bit/s") % {"rate": call.rate} if call.rate else "",
        "coding": ", ".join(filter(None, coding)),
        "remote_id": call.remote_id,
        "result": gettext("OK") if call.cause is Cause.SENT else why,
    }


def page_rows(report: Report, language: str) -> list[dict[str, str]]:
    """Return the cells of every page in every call that carried it, in the order of the pages."""
    gettext = translations(language).ugettext
    carried = [(page, n) for n, call in enumerate(report.calls, 1) for page in call.pages]
    return [
        {
            "n": str(page.n),
            "call": str(call),
            "answer": gettext(ANSWERS.get(page.state, page.state)),
            "good": "yes" if page.state == PageState.CONFIRMED.value else "",
            "doubt": "yes" if page.state == PageState.AWAITING.value else "",
            "seconds": f"{page.seconds:.1f}",
            "octets": str(page.octets),
            "speed": gettext("%(rate)s bit/s") % {"rate": page.rate} if page.rate else "",
        }
        for page, call in sorted(carried, key=lambda pair: (pair[0].n, pair[1]))
    ]
