"""Frames in words, for the log of a call and for the person who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.capabilities import Dcs, Dis
from modem.fcf import Fcf
from modem.ident import decode_ident, describe_nsf

if TYPE_CHECKING:
    from modem.fcf import Frame

_IDENTITIES = frozenset({Fcf.CSI, Fcf.TSI, Fcf.CIG, Fcf.SUB, Fcf.SEP, Fcf.SID, Fcf.PSA})


def describe(frame: Frame) -> str:
    """Return the frame's name and what its field says. A password is never printed."""
    said = _content(frame)
    return f"{frame.fcf.label}: {said}" if said else frame.fcf.label


def _content(frame: Frame) -> str:
    if frame.fcf in _IDENTITIES:
        return decode_ident(frame.fif)
    if frame.fcf in (Fcf.DIS, Fcf.DTC):
        return str(Dis(frame.fif))
    if frame.fcf is Fcf.DCS:
        return str(Dcs(frame.fif))
    return describe_nsf(frame.fif) if frame.fcf is Fcf.NSF else ""
