"""When to dial again after a call, and what to do differently. Pure: time and history are arguments.

Follows t30-class1.md section 11 as design.md section 4 amends it: every call that left the line is a dial,
busy included; the account's interval wins over the ones here; no dial tone and modem faults are not dials and
go to another line at once. It refuses to know of accounts, rows or pages: whether a page may be sent twice
is the queue's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.outcome import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

FAULTS = frozenset({Cause.NO_DIALTONE, Cause.MODEM_ERROR, Cause.MODEM_BLACKLIST})
"""Ours, not the far machine's: another line may do better."""

LINE_TROUBLE = frozenset(
    {
        Cause.TRAINING_FAILED,
        Cause.NO_RESPONSE_DCS,
        Cause.PAGE_REJECTED,
        Cause.NO_RESPONSE_PAGE,
        Cause.ECM_FAILED,
        Cause.REMOTE_DISCONNECT,
        Cause.CALL_DROPPED,
        Cause.PROTOCOL,
    }
)
"""A fax machine answered and the call broke: the next call starts more carefully."""

SPOILED = frozenset({Cause.PAGE_REJECTED, Cause.ECM_FAILED})
"""A page came over damaged at a rate that had trained."""

MINUTES = {
    Cause.BUSY: 3,
    Cause.NO_ANSWER: 5,
    Cause.NO_CARRIER: 5,
    Cause.INTERNAL: 1,
    **dict.fromkeys(LINE_TROUBLE, 1),
}
"""Minutes to the next dial where the account sets no interval; a cause not here is not dialled again."""

RATES = (2400, 4800, 7200, 9600, 12000, 14400)
FAULT_PATIENCE = timedelta(hours=24)
NO_CARRIER_DIALS = 2
INCOMPATIBLE_DIALS = 2


@dataclass(frozen=True, slots=True)
class Tried:
    """One earlier call: how and when (aware) it ended, its last rate in bits/s, pages of this fax begun."""

    cause: Cause
    at: datetime
    line: str = ""
    rate: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What the account allows. `dials` is the total so far; `fax_reached`: a fax once answered there."""

    dials: int
    max_dials: int = 4
    interval_minutes: int | None = None
    fax_reached: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What the next call does differently. `max_rate` in bits/s, None for no limit.

    `ecm` allows error correction; `ecm_asked` asks for it whatever the number's memory says.
    """

    v17: bool = True
    ecm: bool = True
    max_rate: int | None = None
    other_line: bool = False
    redraw: bool = False
    may_double: bool = False
    ecm_asked: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Dial again at `due_at`, as `advice` says."""

    due_at: datetime
    advice: Advice


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not dial again; `why`: final-cause | dials-used | not-a-fax | fault-lasts."""

    why: str


def counts_as_dial(cause: Cause) -> bool:
    """Say whether a call that ended so used one of the permitted dials."""
    return cause not in FAULTS


def decide(history: Sequence[Tried], policy: Policy, now: datetime) -> Again | Stop:
    """Return what follows the last call of `history` (oldest first, never empty)."""
    last = history[-1].cause
    if last not in MINUTES and last not in FAULTS and last is not Cause.INCOMPATIBLE:
        return Stop("final-cause")
    if policy.dials >= policy.max_dials:
        return Stop("dials-used")
    if last in FAULTS:
        return _after_fault(history, now)
    if last is Cause.NO_CARRIER and not policy.fax_reached and _count(history, last) >= NO_CARRIER_DIALS:
        return Stop("not-a-fax")
    if last is Cause.INCOMPATIBLE:
        again = _count(history, last) < INCOMPATIBLE_DIALS
        return Again(now, advice(history)) if again else Stop("final-cause")
    minutes = policy.interval_minutes if policy.interval_minutes is not None else MINUTES[last]
    return Again(now + timedelta(minutes=minutes), advice(history))


def advice(history: Sequence[Tried]) -> Advice:
    """Return how to make the call after `history`: careful from the second, very careful from the third."""
    troubles = sum(tried.cause in LINE_TROUBLE for tried in history)
    last = history[-1].cause if history else None
    rejected = last is Cause.PAGE_REJECTED
    return Advice(
        v17=troubles == 0,
        ecm=troubles < 2 or rejected,
        max_rate=_careful_rate(history, troubles),
        other_line=last in FAULTS,
        redraw=last is Cause.INCOMPATIBLE,
        may_double=last is Cause.NO_RESPONSE_PAGE,
        ecm_asked=rejected,
    )


def _careful_rate(history: Sequence[Tried], troubles: int) -> int | None:
    """Return where to begin: below the rate that spoiled a page, at most at 9600 from the third call on."""
    limits = [9600] if troubles >= 2 else []
    if history and history[-1].cause in SPOILED and history[-1].rate:
        limits.append(slower(history[-1].rate))
    return min(limits, default=None)


def slower(rate: int) -> int:
    """Return the next lower rate, or the lowest."""
    return max((lower for lower in RATES if lower < rate), default=RATES[0])


def merged(*advices: Advice) -> Advice:
    """Return advice that heeds all of these: for one call that several deliveries share, and the memory."""
    rates = [advice.max_rate for advice in advices if advice.max_rate]
    asked = any(advice.ecm_asked for advice in advices)
    return Advice(
        v17=all(advice.v17 for advice in advices),
        ecm=asked or all(advice.ecm for advice in advices),
        max_rate=min(rates, default=None),
        other_line=any(advice.other_line for advice in advices),
        redraw=any(advice.redraw for advice in advices),
        may_double=any(advice.may_double for advice in advices),
        ecm_asked=asked,
    )


def _after_fault(history: Sequence[Tried], now: datetime) -> Again | Stop:
    """Keep trying, but not for ever: the sender is owed an answer."""
    since = now
    for tried in reversed(history):
        if tried.cause not in FAULTS:
            break
        since = tried.at
    if now - since >= FAULT_PATIENCE:
        return Stop("fault-lasts")
    return Again(now, advice(history))


def _count(history: Sequence[Tried], cause: Cause) -> int:
    return sum(tried.cause is cause for tried in history)
