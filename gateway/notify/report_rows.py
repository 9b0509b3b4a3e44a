"""From rows and blobs to a transmission report; none where no call was made: nothing was transmitted then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.domain.outcome import Cause
from gateway.language import language_of
from gateway.notify.report import PICTURE, Call, Report, SentPage, css_of, html_of
from gateway.transmitted import found
from render.preview import to_png
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.notify.office import Office
    from gateway.notify.result import Result
    from gateway.store.models import Attempt, Delivery
    from gateway.transmitted import Origin

PICTURE_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What of the rows a report needs; `pages` are read when it is drawn."""

    calls: tuple[Call, ...]
    received: str
    pages: tuple[Origin, ...]

    def drawn(self, office: Office, result: Result, *, contents: bool) -> bytes:
        """Return the report as PDF. Raises `OSError` or `RenderError` where it cannot be drawn."""
        report = Report(result, self.calls, self.received, first_page=False)
        pictures: Mapping[str, tuple[str, bytes]] = {}
        pages = found(list(self.pages), office.blobs.read)
        if pages:
            report = replace(report, sent=sha256(write_tiff(pages)).hexdigest(), first_page=contents)
            pictures = {PICTURE: ("image/png", to_png(pages[0], PICTURE_WIDTH))} if contents else {}
        language = language_of(result.language)
        return office.typeset(html_of(report, language, office.stationery), css_of(language), pictures)


def order_of(delivery: Delivery, pages: list[Origin]) -> ReportOrder | None:
    """Return what a report about a delivery needs, its calls loaded; `pages` as they were sent."""
    calls = tuple(call_of(attempt) for attempt in delivery.attempts if attempt.dialled_at is not None)
    message = delivery.fax.message
    return ReportOrder(calls, message.sha256 if message else "", tuple(pages)) if calls else None


def call_of(attempt: Attempt) -> Call:
    """Return one call as its report tells of it."""
    return Call(
        began=attempt.dialled_at or attempt.started_at,
        seconds=attempt.line_seconds,
        cause=attempt.cause or Cause.INTERNAL,
        remote_id=attempt.remote_id,
        rate=attempt.rate,
        ecm=attempt.ecm,
        compression=attempt.compression,
        resolution=attempt.resolution,
        pages=tuple(
            SentPage(page.n, page.state, page.bytes, page.seconds, page.rate) for page in attempt.pages
        ),
    )
