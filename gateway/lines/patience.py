"""What to do about a modem that hangs: reset it, then leave it alone ever longer, and tell somebody. Pure.

A modem that answers nothing is reset at once (DTR, the port opened anew, ATZ): that cures most. One that
hangs again goes out of service and is tried again after 3 s, 6 s, 12 s and so on up to 5 min. A port that is
missing is looked for every 3 s: looking costs nothing, and a plug comes back when it comes back. An outage
that lasts becomes an alarm, once; the end of an outage that was alarmed is told too. So do calls that a line
fails one after the other although its modem answers, as one whose telephone plug is out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modem.result import Reason

LONGEST_SECONDS = 300.0
ALARM_SECONDS = 120.0

FAULTS: Final = frozenset({Reason.NO_DIALTONE, Reason.MODEM_ERROR})
NO_VERDICT: Final = frozenset({Reason.MODEM_BLACKLIST, Reason.CANCELLED})
FAULTS_TO_TELL: Final = 3


@dataclass(slots=True)
class Faults:
    """The calls out, one after the other, that ended by the line's own fault."""

    count: int = 0
    told: bool = False

    def alarm_due(self, reason: Reason) -> bool:
        """Note how a call ended; say, once until it works again, that it is time to tell the operator."""
        if reason not in FAULTS:
            return False
        self.count += 1
        due = self.count >= FAULTS_TO_TELL and not self.told
        self.told = self.told or due
        return due

    def over(self, reason: Reason) -> bool:
        """Say whether a call that ended so takes an alarm back."""
        if reason in FAULTS | NO_VERDICT:
            return False
        told, self.told, self.count = self.told, False, 0
        return told


@dataclass(slots=True)
class Patience:
    """The recent troubles of one line. `first` is the wait between tries, in seconds; times are monotonic."""

    first: float
    hangs: int = 0
    out_since: float | None = None
    alarmed: bool = False

    def hung(self) -> bool:
        """Note that the modem hangs; say whether a reset is worth trying before anything else."""
        self.hangs += 1
        return self.hangs == 1

    def out(self, now: float) -> float:
        """Note that the line is out of service; return how long to wait before the next try."""
        if self.out_since is None:
            self.out_since = now
        return min(LONGEST_SECONDS, self.first * 2.0 ** max(0, self.hangs - 2))

    def alarm_due(self, now: float) -> bool:
        """Say, once an outage, that it is time to tell the operator."""
        if self.alarmed or self.out_since is None or now - self.out_since < ALARM_SECONDS:
            return False
        self.alarmed = True
        return True

    def well(self) -> bool:
        """Note that the modem works; say whether an alarm is to be taken back."""
        told, self.alarmed = self.alarmed, False
        self.hangs, self.out_since = 0, None
        return told
