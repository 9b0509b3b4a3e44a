"""The history: faxes out and in, newest first, with filters that work without a script."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from gateway import wording
from gateway.domain.outcome import Cause
from gateway.domain.states import FINAL_DELIVERY
from gateway.store import history as store
from gateway.store.models import Delivery, Reception
from gateway.web import words
from gateway.web.live import whole
from gateway.web.site import site_of
from gateway.web.view import look, page, zones

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.web.words import Word

PAGE_ROWS: Final = 50
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the history. `why` is a msgid, "" where the word says all."""

    number: int
    inbound: bool
    word: Word
    why: str
    page: int
    other: str
    name: str
    subject: str
    pages_done: int
    pages: int
    at: datetime
    zone: str
    simulated: bool


async def front(request: Request) -> Response:
    """Show the demo's overview in the demo, else the history."""
    return RedirectResponse("/demo", 303) if site_of(request).demo else await history(request)


async def history(request: Request) -> Response:
    """Show one page of the history."""
    search = search_of(request)
    before = whole(request.query_params.get("before")) or None
    rows = await look(request, rows_of, search, before)
    more = rows[PAGE_ROWS - 1].number if len(rows) > PAGE_ROWS else 0
    return page(
        request,
        "history.html",
        "history",
        rows=rows[:PAGE_ROWS],
        search=search,
        filtered=search != store.Search(),
        before=before,
        older=link(search, more) if more else "",
        newest=link(search, 0),
    )


def search_of(request: Request) -> store.Search:
    """Return the filters of the query string; unknown words filter nothing."""
    asked = {name: request.query_params.get(name, "").strip()[:LONGEST] for name in asdict(store.Search())}
    if asked["direction"] not in store.DIRECTIONS:
        asked["direction"] = ""
    if asked["state"] not in store.STATES:
        asked["state"] = ""
    return store.Search(**asked)


def link(search: store.Search, before: int) -> str:
    """Return the address of the list with these filters, below a number."""
    values = {name: value for name, value in asdict(search).items() if value}
    if before:
        values["before"] = str(before)
    return "/history" + (f"?{urlencode(values)}" if values else "")


def rows_of(session: Session, search: store.Search, before: int | None) -> list[Row]:
    """Return the rows of one page, and one more if there are older ones."""
    zone = zones(session)
    found = store.history(session, search, before=before, limit=PAGE_ROWS + 1)
    return [
        sent_row(fax, zone[fax.account_id]) if isinstance(fax, Delivery) else received_row(fax, zone)
        for fax in found
    ]


def sent_row(delivery: Delivery, zone: str) -> Row:
    """Return the row of a delivery."""
    final = delivery.state in FINAL_DELIVERY
    told = delivery.cause not in (None, Cause.SENT, Cause.CANCELLED)
    cause = delivery.cause if told and (final or delivery.state.value == "waiting_retry") else None
    return Row(
        number=delivery.number,
        inbound=False,
        word=words.of_delivery(delivery),
        why=wording.WORDS[cause].why if cause else "",
        page=delivery.pages_confirmed + 1,
        other=delivery.destination,
        name=delivery.contact or other_than(delivery.destination, delivery.remote_id),
        subject=delivery.fax.subject,
        pages_done=delivery.pages_confirmed,
        pages=delivery.fax.pages,
        at=delivery.created_at,
        zone=zone,
        simulated=any(attempt.simulated for attempt in delivery.attempts),
    )


def other_than(number: str, said: str) -> str:
    """Return what a machine calls itself, "" if that is just its number."""
    digits = re.sub(r"\D", "", said).lstrip("0")
    return "" if digits and re.sub(r"\D", "", number).endswith(digits) else said


def received_row(reception: Reception, zone: dict[int | None, str]) -> Row:
    """Return the row of a reception."""
    return Row(
        number=reception.number,
        inbound=True,
        word=words.of_reception(reception),
        why="",
        page=0,
        other=reception.caller or reception.remote_id,
        name=other_than(reception.caller or reception.remote_id, reception.remote_id),
        subject="",
        pages_done=len(reception.pages),
        pages=len(reception.pages),
        at=reception.started_at,
        zone=zone.get(reception.account_id, "UTC"),
        simulated=reception.simulated,
    )
