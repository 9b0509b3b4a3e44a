"""What is remembered of those who call us, and what our next DIS to them leaves out. Pure.

A sender trains at the best we offer and many never try less. Who came through badly is offered less the next
time: first no V.17, then lower rates and nothing finer than fine (t30-class1.md section 12). Each fact
is forgotten after thirty days. Our DIS goes out before a caller has said its name, so it is the caller's
number that counts; the TSI serves where the exchange gives that as the number. It turns nobody away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.domain.memory import is_old

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """What we know of somebody who calls us: how often in a row it went badly, and when last."""

    troubles: int = 0
    trouble_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """One reception as the memory sees it: lines, those of them bad, pages refused, trainings failed."""

    complete: bool
    at: datetime
    rows: int = 0
    bad_rows: int = 0
    rtn: int = 0
    ftt: int = 0


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What our next DIS leaves out for a poor caller; `max_rate` in bits/s, None for no limit."""

    v17: bool = True
    max_rate: int | None = None
    coarse: bool = False


BAD_SHARE = 0.02
"""Share of damaged lines from which on a page that was accepted still was poor."""


def after_reception(caller: Caller, taken: Taken) -> Caller:
    """Return what is known of a caller once this call is over; a good call changes nothing."""
    known = Caller(used_at=taken.at) if is_old(caller.trouble_at, taken.at) else caller
    poor = not taken.complete or taken.rtn or taken.ftt > 1 or taken.bad_rows > BAD_SHARE * taken.rows
    if not poor:
        return replace(known, used_at=taken.at)
    return Caller(known.troubles + 1, taken.at, taken.at)


def narrowing(caller: Caller, now: datetime) -> Narrowing:
    """Return what not to offer this caller: first V.17, then speed and high resolutions as well."""
    if caller.troubles == 0 or is_old(caller.trouble_at, now):
        return Narrowing()
    if caller.troubles == 1:
        return Narrowing(v17=False)
    return Narrowing(v17=False, max_rate=7200 if caller.troubles == 2 else 4800, coarse=True)


def caller_key(number: str, ident: str = "") -> str:
    """Return the name a caller is remembered by: the last nine digits of the number, or else of the TSI.

    Exchanges and machines write prefixes as they like; nine digits are national numbers nearly everywhere.
    "" where there is neither.
    """
    digits = "".join(c for c in number if c.isdigit()) or "".join(c for c in ident if c.isdigit())
    return digits[-9:]
