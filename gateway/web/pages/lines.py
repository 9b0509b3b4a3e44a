"""The lines: what each is doing, its last calls, and the mails not handed over yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway import wording
from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.language import N_
from gateway.store import history as store
from gateway.store import switches
from gateway.store.lines import all_lines
from gateway.store.models import Attempt
from gateway.web import words
from gateway.web.site import site_of
from gateway.web.view import look, page
from gateway.web.words import Word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.store.models import LineStatus, Outbox, Reception, Switch

MOST_CALLS = 12
DIRECTIONS: Final = {"in": N_("answers only"), "out": N_("calls only"), "both": N_("calls and answers")}


NOT_DIALLED: Final = Word(N_("Given back before it was dialled"), "still")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a line. `page` is the first one not confirmed, for the word's sentence."""

    number: int
    inbound: bool
    at: datetime
    other: str
    word: Word
    page: int
    pages: int
    rate: int
    seconds: float
    simulated: bool


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows."""

    lines: list[tuple[LineStatus, list[Call]]]
    switch: Switch | None
    owed: int
    mails: Sequence[Outbox]


async def lines(request: Request) -> Response:
    """Show the lines."""
    board = await look(request, read)
    site = site_of(request)
    return page(
        request,
        "lines.html",
        "lines",
        board=board,
        words=words,
        facts=site.lines,
        silent=site.silent,
        directions=DIRECTIONS,
        zone="UTC",
    )


def read(session: Session) -> Board:
    """Return every line with its last calls, and the mails that are owed."""
    found = [
        (line, [call_of(call) for call in store.calls_of_line(session, line.name, MOST_CALLS)])
        for line in all_lines(session)
    ]
    owed, mails = store.owed(session)
    return Board(found, switches.paused(session), owed, mails)


def call_of(call: Attempt | Reception) -> Call:
    """Return a call out or in, alike."""
    return made(call) if isinstance(call, Attempt) else taken(call)


def made(call: Attempt) -> Call:
    """Return a call we made."""
    confirmed = sum(page.state == PageState.CONFIRMED for page in call.pages)
    return Call(
        number=call.delivery_number,
        inbound=False,
        at=call.started_at,
        other=call.delivery.destination,
        word=word_of(call),
        page=call.first_page + confirmed,
        pages=confirmed,
        rate=call.rate,
        seconds=call.line_seconds,
        simulated=call.simulated,
    )


def taken(call: Reception) -> Call:
    """Return a call we answered."""
    return Call(
        number=call.number,
        inbound=True,
        at=call.started_at,
        other=call.caller or call.remote_id,
        word=words.of_reception(call),
        page=0,
        pages=len(call.pages),
        rate=call.rate,
        seconds=call.line_seconds,
        simulated=call.simulated,
    )


def word_of(call: Attempt) -> Word:
    """Return how a call we made ended, or that it goes on."""
    if call.ended_at is None:
        return words.LINE["calling"]
    if call.cause is None:
        return NOT_DIALLED
    return Word(wording.WORDS[call.cause].why, "good" if call.cause is Cause.SENT else "bad")
