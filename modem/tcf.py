"""The training check: 1.5 s of zeros, made by the sender and judged by the receiver.

The verdict forgives noise before and after the zeros and a duration that is a tenth off, as the conformance
procedures demand; it refuses a line that turns more than a tenth of the octets. Follows T.30 5.3.6.2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modem.rates import Rate

LEAST_RUN = 2 / 3  # of the nominal length, in one piece
MOST_DIRT = 0.1  # share of octets that are not zero

_ZEROS = re.compile(rb"\x00+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`run` is the longest run of zero octets, `dirt` the share of others between first and last zero."""

    good: bool
    run: int
    dirt: float

    def __str__(self) -> str:
        return f"{'good' if self.good else 'bad'}, longest run {self.run} octets, {self.dirt:.1%} wrong"


def make(rate: Rate) -> bytes:
    """Return the octets of a training check at `rate`."""
    return bytes(rate.tcf_octets)


def judge(data: bytes, rate: Rate) -> Verdict:
    """Judge what was received as a training check at `rate`."""
    spans = [match.span() for match in _ZEROS.finditer(data)]
    if not spans:
        return Verdict(good=False, run=0, dirt=1.0)
    run = max(end - start for start, end in spans)
    whole = spans[-1][1] - spans[0][0]
    dirt = 1 - sum(end - start for start, end in spans) / whole
    return Verdict(run >= LEAST_RUN * rate.tcf_octets and dirt <= MOST_DIRT, run, dirt)
