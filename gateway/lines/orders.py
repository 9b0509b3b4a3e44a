"""What a call is asked to do: the pages in the codings the number may choose, the header line, the job.

What is known of the number narrows the work: a machine that offered no MR is not prepared for in MR. MH at
standard resolution always is, T.30's floor, so a memory that is out of date costs fineness or seconds, never
the call. A number whose machine turned out to be incompatible gets everything, and every page on A4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.domain import header as words
from gateway.domain.dialling import Caller, dial_string
from gateway.domain.errors import BadNumber, Unavailable
from gateway.domain.header import Header, Look
from gateway.domain.outcome import Cause
from gateway.language import N_, language_of, translations
from gateway.lines.pages import PreparedPages, Wanted
from modem.capabilities import Dis
from modem.coding import Compression, Length, Resolution
from modem.job import CallJob
from modem.rates import Modulation
from render.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.retry import Advice
    from gateway.lines.base import Identity, Plant
    from gateway.store.leases import Lease

RESOLUTIONS = {"standard": {Resolution.STANDARD}, "fine": {Resolution.STANDARD, Resolution.FINE}}
SECONDS_BESIDE_PAGES, SECONDS_A_PAGE = 300.0, 300.0
"""How long a call may last: far more than a page takes at the slowest rate, so only a stuck call is ended."""

CONTINUED = N_("continued")


class CannotBegin(Exception):  # noqa: N818  (reads as what happened)
    """The pages or the number of a fax are not what a call can be made from; no later try will help."""

    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(text)
        self.cause, self.text = cause, text


@dataclass(frozen=True, slots=True)
class Work:
    """One delivery with its pages ready, and how they were set."""

    lease: Lease
    pages: PreparedPages
    look: Look


def work_of(plant: Plant, line: Identity, lease: Lease, advice: Advice, dis: bytes = b"") -> Work:
    """Return a delivery's pages ready to send. Raises `CannotBegin`, or `Unavailable` for a failing disk."""
    header = header_of(line, lease, plant.now())
    try:
        masters = {name: plant.stock.document(key, plant.blobs.read) for name, key in lease.masters.items()}
        wanted = wanted_of(lease, advice, dis)
        pages = PreparedPages(masters, left=lease.left, wanted=wanted, header=header)
        return Work(lease, pages, Look(header, wanted.a4, wanted.cut_white))
    except FileNotFoundError as error:
        raise CannotBegin(Cause.INTERNAL, "the drawn pages are no longer on disk") from error
    except OSError as error:
        raise Unavailable("The drawn pages cannot be read.", detail=str(error)) from error
    except (RenderError, ValueError) as error:
        raise CannotBegin(Cause.INTERNAL, f"the drawn pages cannot be used: {error}") from error


def wanted_of(lease: Lease, advice: Advice, dis: bytes = b"") -> Wanted:
    """Return the codings to prepare for a number whose last DIS was `dis` (empty: not known)."""
    resolutions = RESOLUTIONS.get(str(lease.options.get("resolution", "")), set(Resolution))
    if advice.redraw or not dis:
        return Wanted(tuple(Compression), frozenset(resolutions), a4=advice.redraw, cut_white=lease.cut_white)
    known = Dis(dis)
    compressions = tuple(
        c for c in Compression if c in known.compressions and (advice.ecm or c is not Compression.MMR)
    )
    return Wanted(
        compressions,
        frozenset(resolutions & known.resolutions),
        a4=set(known.lengths) == {Length.A4},
        cut_white=lease.cut_white,
    )


def header_of(line: Identity, lease: Lease, now: datetime) -> Header | None:
    """Return what the header line of a call that begins now says, None for no line."""
    text = str(lease.options.get("header", ""))
    if not text:
        return None
    values = {
        "To": f"+{lease.destination.removeprefix('00')}",
        "From": lease.sender,
        "CSID": str(lease.options.get("csid", "")) or line.ident,
        "TotalPages": f"{lease.pages:02}",
        "Subject": lease.subject,
        "Contact": lease.contact,
        "TransactionID": str(lease.number),
        **words.moment(now.astimezone(ZoneInfo(lease.timezone))),
    }
    filled = words.filled(text, values)
    if not filled.strip():
        return None
    note = translations(language_of(lease.language)).ugettext(CONTINUED)
    return Header(filled, first=lease.first_page, note=note, language=lease.language)


def ident_of(line: Identity, lease: Lease) -> str:
    """Return what the far machine is told of us: the fax's own CSID if it is a number, else the line's.

    T.30 carries digits, spaces and "+"; a name would arrive as the digits that happen to be in it.
    """
    wished = re.sub(r"[-.()/]", " ", str(lease.options.get("csid", "")))
    return wished if re.fullmatch(r"[0-9+ ]*[0-9][0-9+ ]*", wished) else line.ident


def order(line: Identity, work: Sequence[Work], advice: Advice) -> CallJob:
    """Return what the engine is asked to do for these deliveries; raises `CannotBegin` for their number."""
    lease = work[0].lease
    try:
        caller = Caller(lease.country, lease.area_code, lease.international)
        number = dial_string(lease.destination, caller, line.dialling, line.prefix)
    except BadNumber as error:
        raise CannotBegin(Cause.NUMBER_REFUSED, error.text) from error
    return CallJob(
        role="call",
        number=number,
        ident=ident_of(line, lease),
        ecm=advice.ecm,
        max_rate=advice.max_rate or 14400,
        modulations=tuple(m for m in Modulation if advice.v17 or m is not Modulation.V17),
        sub=lease.sub or None,
        max_seconds=SECONDS_BESIDE_PAGES + SECONDS_A_PAGE * sum(one.pages.count for one in work),
    )
