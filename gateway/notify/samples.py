"""Mails about faxes that never were, to look at templates with (`postline templates`, `check-config`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, PageState
from gateway.mail import Stamp
from gateway.notify import batch_mail, receipt, refusal, result_mail, status_notice
from gateway.notify.batch import Batch
from gateway.notify.mail_report import fax_address
from gateway.notify.refusal import Refusal
from gateway.notify.report import Call, Report, SentPage
from gateway.notify.result import Result
from gateway.notify.status_notice import Status
from render.coding import coded_page
from render.preview import to_png

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import EmailMessage

    from gateway.stationery import Stationery
    from render.tiff import TiffPage

NINE: Final = datetime(2030, 4, 1, 0, 0, 5, tzinfo=UTC)
STAMP: Final = Stamp("fax@fax.example.org", "alice@acme.example", "<sample@fax.example.org>", NINE)
SENT: Final = Result(
    number=41230077,
    destination="0081363684300",
    state=DeliveryState.SENT,
    cause=Cause.SENT,
    submitted_at=NINE,
    completed_at=NINE + timedelta(seconds=95),
    timezone="Asia/Tokyo",
    subject="Order 5521 / 注文 5521",
    contact="山田 Yamada",
    remote_id="+81 3 6368 4300",
    pages=2,
    pages_confirmed=2,
    line_seconds=61.4,
    dials=1,
    page_begun=True,
    request_id="<request-1@acme.example>",
)
BUSY: Final = replace(
    SENT,
    number=41230078,
    destination="0081312345679",
    state=DeliveryState.FAILED,
    cause=Cause.BUSY,
    pages_confirmed=0,
    remote_id="",
    line_seconds=0.0,
    dials=4,
    page_begun=False,
)
PARTLY: Final = replace(
    SENT,
    number=41230079,
    destination="0081312345680",
    state=DeliveryState.FAILED,
    cause=Cause.PAGE_REJECTED,
    pages=3,
    pages_confirmed=2,
    stopped_at=2,
    dials=2,
    line_seconds=142.0,
    warnings=("Page 1 may have arrived twice: the first time its confirmation was not seen.",),
)
REFUSED: Final = replace(
    BUSY,
    cause=Cause.ENCRYPTED_DOCUMENT,
    detail="invoice.pdf: The PDF asks for a password.",
    pages=0,
    dials=0,
)
RESULTS: Final[Mapping[str, Result]] = {
    "sent": SENT,
    "failed": BUSY,
    "in-part": PARTLY,
    "refused": REFUSED,
    "uncertain": replace(PARTLY, state=DeliveryState.UNCERTAIN, cause=Cause.UNCERTAIN),
    "test-number": replace(
        BUSY, destination="0099999996017", cause=Cause.SIMULATED, simulated_status=6017, dials=0
    ),
    "simulated": replace(SENT, simulated_line=True),
}
BATCH: Final = Batch(
    number=SENT.number,
    results=(SENT, BUSY, PARTLY),
    submitted_at=NINE,
    completed_at=NINE + timedelta(minutes=12),
    name="customers",
    subject=SENT.subject,
    timezone=SENT.timezone,
    request_id=SENT.request_id,
)
REFUSAL: Final = Refusal(
    Cause.BAD_OPTION,
    "/d: 25:99 is no time; write `2030-01-31 09:30`, or `09:30` for the next such time",
    subject="Order 5521 /d 25:99",
    request_id=SENT.request_id,
)


def result(name: str, language: str, form: str) -> Result:
    """Return one of `RESULTS` for a reader of this language and format."""
    return replace(RESULTS[name], language=language, format=form)


def batch(language: str, form: str) -> Batch:
    """Return the summary of a list for a reader of this language and format."""
    results = tuple(replace(one, language=language, format=form) for one in BATCH.results)
    return replace(BATCH, results=results, language=language, format=form)


def report(language: str) -> Report:
    """Return a report about a fax that needed two calls."""
    confirmed, rejected = PageState.CONFIRMED.value, PageState.REJECTED.value
    first = (SentPage(1, confirmed, 31_408, 22.4, 14400), SentPage(2, rejected, 40_112, 29.9, 14400))
    second = (SentPage(2, rejected, 40_112, 44.7, 9600), SentPage(3, confirmed, 12_007, 14.1, 9600))
    call = Call(
        NINE, 78.0, Cause.PAGE_REJECTED, "+81 3 1234 5680", 14400, ecm=True, compression="MMR", pages=first
    )
    again = replace(
        call,
        began=NINE + timedelta(minutes=3),
        seconds=64.0,
        rate=9600,
        ecm=False,
        compression="MR",
        pages=second,
    )
    sums = ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "2c26b46b" * 8)
    return Report(replace(PARTLY, language=language), (call, again), *sums)


def picture() -> bytes:
    """Return a page as PNG, for the place of the first page."""
    return to_png(page(), 1000)


def page() -> TiffPage:
    """Return a page with black bars for words."""
    sheet = Image.new("1", (1728, 2292), 1)
    pen = ImageDraw.Draw(sheet)
    for row in range(200, 2000, 60):
        pen.rectangle((150, row, 1500 - row * 7 % 500, row + 14), fill=0)
    return coded_page(sheet, "fine")


def mails(language: str, form: str, stationery: Stationery) -> Iterator[tuple[str, EmailMessage]]:
    """Yield name and mail of every result, a summary and a refusal in this language and format."""
    for name in RESULTS:
        yield name, result_mail.compose(result(name, language, form), STAMP, stationery)
    yield "batch", batch_mail.compose(batch(language, form), STAMP, stationery)
    if form in ("text", "html"):
        yield (
            "refusal",
            refusal.compose(replace(REFUSAL, language=language, html=form == "html"), STAMP, stationery),
        )


def reports(language: str, stationery: Stationery) -> list[tuple[str, Callable[[], EmailMessage]]]:
    """Return name and maker of the reports for mail systems."""
    domain = "fax.example.org"
    busy = result("failed", language, "text")
    status = Status(busy, fax_address(busy.destination, domain), domain, envelope_id="QQ314159")
    return [
        ("delivery-report", lambda: status_notice.compose(status, "", STAMP, stationery)),
        ("receipt", lambda: receipt.compose(batch(language, "text"), domain, STAMP, stationery)),
    ]
