"""What is remembered of a number from call to call. Pure: values in, values out.

A machine and the line to it stay what they were for a while: one that never trained on V.17 will not today,
and each try costs six seconds. So every call leaves facts, the next one begins from them, and each fact is
forgotten thirty days after the call that showed it (t30-class1.md section 11). Only that a fax was ever
reached is kept: a number where one answered is no wrong number. A rate that had to be lowered is tried again
one step higher after three clean calls, and so is V.17 after its first failure: one bad day must not cost
line time for a month. It refuses to judge
a single fax: which call follows is `domain.retry`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.outcome import Cause
from gateway.domain.retry import RATES, Advice

KEPT = timedelta(days=30)
CLEAN_CALLS = 3
LONGEST_IDENT = 40
"""T.30 has 20 characters; a machine may send any number of them."""
ECM_FAILURES = 2
V17_FAILURES = 2
"""So many show that it is the machine; a single one may have been the line."""
UNTRAINED = frozenset({Cause.TRAINING_FAILED, Cause.NO_RESPONSE_DCS, Cause.REMOTE_DISCONNECT})
"""Ends of a call without a page that mean: they did not like our training."""


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of a number we call. Times are aware; None = nothing of the kind happened.

    `dis` is the FIF of the far machine's last DIS; `rate`, `ecm`, `compression`, `resolution` are those of
    the last call that brought a page over; `cap` in bits/s is where the next call begins, 0 = at the top;
    `clean` counts calls without trouble; `v17_again` says that V.17 is tried once more.
    """

    reached: bool = False
    used_at: datetime | None = None
    ident: str = ""
    dis: bytes = b""
    rate: int = 0
    ecm: bool = False
    compression: str = ""
    resolution: str = ""
    cap: int = 0
    capped_at: datetime | None = None
    clean: int = 0
    v17_at: datetime | None = None
    v17_failures: int = 0
    v17_again: bool = False
    ecm_failures: int = 0
    ecm_at: datetime | None = None
    no_eom_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """One call as the memory sees it. `v17`: both sides allowed it; `no_reopening`: silence after EOM.

    `confirmed` counts pages; `ftt` and `rtn` the times the rate had to be lowered.
    """

    cause: Cause
    at: datetime
    confirmed: int = 0
    rate: int = 0
    ecm: bool = False
    compression: str = ""
    resolution: str = ""
    ident: str = ""
    dis: bytes = b""
    ftt: int = 0
    rtn: int = 0
    v17: bool = False
    no_reopening: bool = False


def after(known: Known, call: Called) -> Known:
    """Return what is known once this call is over."""
    now = replace(
        fresh(known, call.at),
        used_at=call.at,
        reached=known.reached or bool(call.dis),
        ident=(call.ident or known.ident)[:LONGEST_IDENT],
    )
    if call.dis:
        now = replace(now, dis=call.dis)
    if call.confirmed:
        now = _worked(now, call)
    if call.v17 and _v17_failed(call):
        now = replace(now, v17_at=call.at, v17_failures=now.v17_failures + 1, v17_again=False, clean=0)
    if call.cause is Cause.ECM_FAILED:
        now = replace(now, ecm_failures=now.ecm_failures + 1, ecm_at=call.at)
    return replace(now, no_eom_at=call.at) if call.no_reopening else now


def _worked(known: Known, call: Called) -> Known:
    """Keep the parameters that brought pages over, and learn the rate to begin with."""
    known = replace(
        known, rate=call.rate, ecm=call.ecm, compression=call.compression, resolution=call.resolution
    )
    if call.ftt or call.rtn:
        return replace(known, cap=call.rate, capped_at=call.at, clean=0)
    if call.cause is not Cause.SENT:
        return known
    if call.ecm:
        known = replace(known, ecm_failures=0, ecm_at=None)
    if not known.cap and known.v17_at is None:
        return known
    if known.clean + 1 < CLEAN_CALLS:
        return replace(known, clean=known.clean + 1)
    again = known.v17_at is not None and known.v17_failures < V17_FAILURES
    known = replace(known, clean=0, v17_again=again)
    if not known.cap:
        return known
    higher = min((rate for rate in RATES if rate > known.cap), default=RATES[-1])
    return replace(known, cap=0 if higher == RATES[-1] else higher)


def _v17_failed(call: Called) -> bool:
    if not call.dis:
        return False
    return (not call.confirmed and call.cause in UNTRAINED) or (call.ftt >= 2 and 0 < call.rate <= 9600)


def fresh(known: Known, now: datetime) -> Known:
    """Return what of it still counts at this time."""
    if is_old(known.used_at, now):
        return Known(reached=known.reached, used_at=known.used_at)
    if is_old(known.capped_at, now):
        known = replace(known, cap=0, capped_at=None, clean=0)
    if is_old(known.v17_at, now):
        known = replace(known, v17_at=None, v17_failures=0, v17_again=False)
    if is_old(known.ecm_at, now):
        known = replace(known, ecm_failures=0, ecm_at=None)
    return replace(known, no_eom_at=None) if is_old(known.no_eom_at, now) else known


def is_old(at: datetime | None, now: datetime) -> bool:
    """Say whether what happened then is forgotten by now."""
    return at is not None and now - at > KEPT


def advice(known: Known, now: datetime) -> Advice:
    """Return how to begin the next call to this number."""
    known = fresh(known, now)
    v17 = known.v17_at is None or known.v17_again
    return Advice(v17=v17, ecm=known.ecm_failures < ECM_FAILURES, max_rate=known.cap or None)
