"""One page on its way in ECM: blocks, frames, and what the far end asks for again. T.30 Annex A.

A page is cut into blocks of at most 256 frames of 256 or 64 octets; its last frame is filled with zeros. The
first burst of a block carries all its frames, the others those that a partial page request (PPR) names.
A request reaches past the last frame on many machines: those bits are passed over, and a request for nothing
that exists gets an empty burst, so that the question can be put again. Four requests make a round; then the
sender must settle (CTC) how to go on, and goes on while rounds bring something.

Everything here is counting and framing. Commands, timers and rates are the session's (`modem.sender_ecm`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modem import hdlc
from modem.fcf import ADDRESS, CONTROL_NOT_FINAL, Fcf

if TYPE_CHECKING:
    from modem.rates import Rate

MOST_FRAMES = 256
ROUND = 4  # requests after which T.30 A.4.3 wants CTC or EOR
FLAG_SECONDS = 0.2  # T.30 A.3.1: flags ahead of the first frame

FCD = bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.FCD))
RCP = bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.RCP))
RCPS = (RCP, RCP, RCP)


def burst(frames: list[bytes], rate: Rate) -> bytes:
    """Return the octets of one fast carrier: flags, these frames, and return to control three times."""
    flags = -int(-rate.bits * FLAG_SECONDS // 8)
    return hdlc.transmission([*frames, *RCPS], flags=flags)


class _Ready(NamedTuple):
    """A first burst framed ahead of its time."""

    block: int = -1
    rate: Rate | None = None
    octets: bytes = b""


class BlockSender:
    """A coded page (RTC or EOFB included) and where its sender is in it. `octets` is 256 or 64."""

    def __init__(self, page: bytes, octets: int = 256) -> None:
        self._size = octets
        self._page = page.ljust(1, b"\0")
        self.block = 0
        self.wanted: tuple[int, ...] = ()
        self.requests = 0
        self._at_round = 0
        self._ready = _Ready()
        self._begin_block()

    def _begin_block(self) -> None:
        self.wanted = tuple(range(self.frames))
        self.requests = 0
        self._at_round = self.frames

    # -- where we are -----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Octets of the page, the filling of its last frame left out."""
        return len(self._page)

    @property
    def blocks(self) -> int:
        """Number of blocks of the page."""
        return -(-len(self._page) // (self._size * MOST_FRAMES))

    @property
    def last(self) -> bool:
        """The block at hand is the last of the page."""
        return self.block + 1 == self.blocks

    @property
    def frames(self) -> int:
        """Number of frames of the block at hand."""
        return len(self._frames(self.block))

    @property
    def counts(self) -> bytes:
        """The last two octets of a PPS: block number, and frames of this burst less one.

        Behind an empty burst it is the frames of the block, so that no far end expects frames beyond them.
        """
        return bytes((self.block % 256, (len(self.wanted) or self.frames) - 1))

    # -- what goes out ----------------------------------------------------------------------------------

    def burst(self, rate: Rate) -> bytes:
        """Return the octets of the fast carrier for the frames that are wanted now."""
        whole = len(self.wanted) == self.frames
        if whole and self._is_ready(self.block, rate):
            return self._ready.octets
        frames = self._frames(self.block)
        return burst([self._frame(frames, i) for i in self.wanted], rate)

    def prepare(self, rate: Rate, *, ahead: int) -> None:
        """Frame the first burst `ahead` blocks on while the line is waiting: no work at the turn-round."""
        block = self.block + ahead
        if block < self.blocks and not self._is_ready(block, rate):
            frames = self._frames(block)
            octets = burst([self._frame(frames, i) for i in range(len(frames))], rate)
            self._ready = _Ready(block, rate, octets)

    def _is_ready(self, block: int, rate: Rate) -> bool:
        return (self._ready.block, self._ready.rate) == (block, rate)

    def _frames(self, block: int) -> range:
        """Return where in the page the frames of a block begin."""
        start = block * self._size * MOST_FRAMES
        return range(start, min(start + self._size * MOST_FRAMES, len(self._page)), self._size)

    def _frame(self, frames: range, i: int) -> bytes:
        data = self._page[frames[i] : frames[i] + self._size]
        return FCD + bytes((i,)) + data.ljust(self._size, b"\0")

    # -- what comes back --------------------------------------------------------------------------------

    def ask(self, fif: bytes) -> None:
        """Take a PPR: frame i is wanted where bit i (octet i // 8, least significant first) is set."""
        bits = int.from_bytes(fif, "little")
        self.wanted = tuple(i for i in range(self.frames) if bits >> i & 1)
        self.requests += 1

    @property
    def must_settle(self) -> bool:
        """The round is over: no burst before a CTC."""
        return self.requests >= ROUND

    @property
    def improving(self) -> bool:
        """This round at least halved what was missing: the rate is worth keeping."""
        return 0 < self._at_round >= 2 * len(self.wanted)

    @property
    def hopeless(self) -> bool:
        """This round brought nothing."""
        return len(self.wanted) >= self._at_round

    def new_round(self) -> None:
        """Count requests afresh, after CTR."""
        self.requests = 0
        self._at_round = len(self.wanted)

    def next_block(self) -> None:
        """Go on to the next block: this one was confirmed."""
        self.block += 1
        self._begin_block()
