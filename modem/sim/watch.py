"""Follows the V.21 frames of a call: which page is on the carrier, and which were confirmed.

A page counts as sent only where the receiving side's MCF (or RTP, PIP) was on the line: the sending machine's
own completion code says "OK" after RTN and DCN too. T.30 5.3.6, Annex A. The MCF of a partial page, and one
said again because it was not heard, confirm no page.
"""

from __future__ import annotations

from modem.sim.libspandsp import BLOCK_SECONDS

POST_PAGE = frozenset({"MPS", "EOM", "EOP", "PRI-MPS", "PRI-EOM", "PRI-EOP", "PPS", "EOR"})
RESPONSES = frozenset({"CFR", "FTT", "MCF", "RTP", "RTN", "PIP", "PIN", "PPR", "RNR", "CTR", "ERR", "DCN"})
CONFIRMATIONS = frozenset({"MCF", "RTP", "PIP"})
_SECOND_FIELD = {0x00: "NULL", 0x4E: "MPS", 0x8E: "EOM", 0x2E: "EOP", 0x5E: "MPS", 0x9E: "EOM", 0x3E: "EOP"}
_SHORTEST_PAGE = 0.3
_LEAST_PPS = 4


def is_v27ter(dcs: bytes) -> bool:
    """Whether a DCS frame (FF 13 FCF FIF...) names V.27ter: bits 11, 13 and 14 are zero (T.30 Table 2)."""
    return len(dcs) > 4 and not dcs[4] & 0x34


def page_command(name: str, frame: bytes) -> str:
    """Name what follows the page: MPS, EOM or EOP, of PRI and ECM forms too; NULL for a partial page."""
    if name in ("PPS", "EOR"):
        return _SECOND_FIELD.get(frame[3] & 0xFE, "") if len(frame) >= _LEAST_PPS else ""
    return name.removeprefix("PRI-") if name in POST_PAGE else ""


class PageWatch:
    """`page`: number (from 1) of the page on the fast carrier now, 0 for none; `seconds` since its start.

    `confirmed` counts pages; `complete` is True after the confirmation of a final EOP. `ecm` is bit 27 of the
    last DCS. `current` is the page that goes on now or comes next.
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
        self._continues = False
        self._came = False
        self._speaks = False
        self._training = 0.0

    @property
    def trained(self) -> bool:
        """Whether the carrier of `page` is past its training."""
        return self.page > 0 and self.seconds > self._training

    @property
    def current(self) -> int:
        """Number of the page that is going on or comes next."""
        return self.confirmed + 1

    def frame(self, side: int, name: str, octets: bytes) -> bool:
        """Take a frame sent by `side` (0 caller, 1 called); return True where it confirms a page."""
        if name == "DCS":
            self._sender = side
            self._training = 1.2 if is_v27ter(octets) else 0.4
            self.ecm = len(octets) > 6 and bool(octets[6] & 0x04)
        if side == self._sender:
            self._spoken(name, octets)
            return False
        self._speaks = False
        if name in ("CFR", "CTR"):
            self._armed = True
        elif name == "ERR":
            self._armed, self._came = self._command == "MPS", False
        return name in CONFIRMATIONS and self._confirms(name)

    def _spoken(self, name: str, octets: bytes) -> None:
        """Note a frame of the sender: what seemed to be a page's carrier was its preamble."""
        self._command = page_command(name, octets) or self._command
        self._speaks = True
        if self.page:
            self.page, self._armed, self._came = 0, True, False

    def _confirms(self, name: str) -> bool:
        partial = self._command == "NULL"
        confirms = self._came and not partial
        self._armed = partial or (name == "MCF" and self._command == "MPS")
        self._continues, self._came = partial, False
        if confirms:
            self.confirmed += 1
            self.complete = self._command == "EOP"
        return confirms

    def block(self, *, silent: tuple[bool, bool]) -> None:
        """Count a block of line time; `silent` tells for each side whether it sent nothing."""
        if self._sender is None:
            return
        quiet = silent[self._sender]
        self._speaks = self._speaks and not quiet
        if self._armed and not quiet and not self._speaks:
            self._begin()
        elif self.page and quiet and self.seconds > _SHORTEST_PAGE:
            self.page = 0
        self.seconds += BLOCK_SECONDS

    def _begin(self) -> None:
        self.seconds = self.seconds if self._continues else 0.0
        self._armed, self._continues, self._came, self.page = False, False, True, self.current
