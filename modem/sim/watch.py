"""Follows the V.21 frames of a call: which page is on the carrier, and which were confirmed.

A page counts as sent only where the receiving side's MCF (or RTP) was on the line: the sending machine's
own completion code says "OK" after RTN and DCN too. T.30 5.3.6; ECM partial pages are counted as pages.
"""

from __future__ import annotations

from modem.sim.libspandsp import BLOCK_SECONDS

POST_PAGE = frozenset({"MPS", "EOM", "EOP", "PRI-MPS", "PRI-EOM", "PRI-EOP", "PPS", "EOR"})
RESPONSES = frozenset({"CFR", "FTT", "MCF", "RTP", "RTN", "PIP", "PIN", "PPR", "RNR", "CTR", "ERR", "DCN"})
_SHORTEST_PAGE = 0.3


def is_v27ter(dcs: bytes) -> bool:
    """Whether a DCS frame (FF 13 FCF FIF...) names V.27ter: bits 11, 13 and 14 are zero (T.30 Table 2)."""
    return len(dcs) > 4 and not dcs[4] & 0x34


class PageWatch:
    """`page`: number (from 1) of the page on the fast carrier now, 0 for none; `seconds` since its start.

    `confirmed` counts MCF and RTP; `complete` is True after the confirmation of a final EOP.
    `ecm` is bit 27 of the last DCS.
    """

    def __init__(self) -> None:
        self.page = 0
        self.seconds = 0.0
        self.confirmed = 0
        self.complete = False
        self.ecm = False
        self._sender: int | None = None
        self._command = ""
        self._armed = False
        self._training = 0.0

    @property
    def trained(self) -> bool:
        """Whether the carrier of `page` is past its training."""
        return self.page > 0 and self.seconds > self._training

    def frame(self, side: int, name: str, octets: bytes) -> bool:
        """Take a frame sent by `side` (0 caller, 1 called); return True where it confirms a page."""
        if name == "DCS":
            self._sender = side
            self._training = 1.2 if is_v27ter(octets) else 0.4
            self.ecm = len(octets) > 6 and bool(octets[6] & 0x04)
        if side == self._sender:
            self._command = name if name in POST_PAGE else self._command
            return False
        if name == "CFR":
            self._armed = True
        return name in ("MCF", "RTP") and self._confirm(name)

    def _confirm(self, name: str) -> bool:
        self.confirmed += 1
        self._armed = name == "MCF" and self._command == "MPS"
        self.complete = self._command == "EOP"
        return True

    def block(self, *, silent: tuple[bool, bool]) -> None:
        """Count a block of line time; `silent` tells for each side whether it sent nothing."""
        if self._sender is None:
            return
        quiet = silent[self._sender]
        if self._armed and not quiet:
            self._armed, self.page, self.seconds = False, self.confirmed + 1, 0.0
        elif self.page and quiet and self.seconds > _SHORTEST_PAGE:
            self.page = 0
        self.seconds += BLOCK_SECONDS
