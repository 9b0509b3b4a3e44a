"""What comes off a fast carrier, gathered until its command says what it was, and the verdict on it.

Copy quality (T.30 leaves it to the receiver) goes by the share of bad lines, as the conformance procedures
want it: 4.9 % passes, 15.1 % does not. Runs of bad lines decide nothing. A page whose carrier went without an
RTC long before its command was cut off in the middle, however good its lines are; so was one with a line that
lasts longer than any may (T.4 3.1.4: 5 s).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import t4
from modem.coding import ReceivedPage
from modem.fcf import Fcf

if TYPE_CHECKING:
    from modem.capabilities import Dcs
    from modem.rates import Rate

MOST_BAD_FOR_MCF = 0.05
MOST_BAD_FOR_RTP = 0.15
LONGEST_LINE = 5.0  # seconds
CUT_OFF_GAP = 1.0  # seconds between a carrier that went without RTC and the command of its page


class CarrierData:
    """Octets of one carrier and when they came."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._began: float | None = None
        self._last = 0.0

    def carrier(self, now: float) -> None:
        """Take note of a carrier; the first note counts as the beginning."""
        self._began = now if self._began is None else self._began
        self._last = now

    def add(self, data: bytes, now: float) -> None:
        """Take octets."""
        self.carrier(now)
        self._octets += data

    def ended(self, now: float) -> None:
        """Take note that the carrier went."""
        self._last = now

    def clear(self) -> None:
        """Forget everything: another carrier is expected."""
        self._octets.clear()
        self._began = None

    @property
    def data(self) -> bytes:
        """All octets so far."""
        return bytes(self._octets)

    @property
    def began(self) -> float | None:
        """When the carrier was first heard, None where none was."""
        return self._began

    @property
    def seconds(self) -> float:
        """How long the carrier was heard."""
        return 0.0 if self._began is None else self._last - self._began

    def has_lines(self) -> bool:
        """Tell quickly a page, good or bad, from a click on the line."""
        return t4.has_lines(self.data)

    def read(self, n: int, dcs: Dcs, rate: Rate) -> tuple[ReceivedPage, t4.Scan]:
        """Read the page line by line."""
        coding = dcs.coding
        scan = t4.scan(self.data, coding.compression, coding.width)
        page = ReceivedPage(
            n=n,
            coding=coding,
            data=self.data,
            rows=scan.rows,
            bad_lines=scan.bad_lines,
            longest_bad_run=scan.longest_bad_run,
            rate=rate.bits,
            ecm=dcs.ecm,
            seconds=self.seconds,
        )
        return page, scan

    def verdict(self, scan: t4.Scan, rate: Rate, command_at: float) -> Fcf:
        """Return MCF, RTP or RTN for a page with lines, whose command began at `command_at`."""
        cut_off = not scan.ended and command_at - self._last > CUT_OFF_GAP
        cut_off = cut_off or scan.longest_line > LONGEST_LINE * rate.bits
        if cut_off or scan.bad_share >= MOST_BAD_FOR_RTP:
            return Fcf.RTN
        return Fcf.MCF if scan.bad_share < MOST_BAD_FOR_MCF else Fcf.RTP
