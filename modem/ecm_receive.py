"""The receiving half of error correction: the frames of a block that came, the missing ones, the page.

A block is 256 frames at most; each names itself, so order and repetition do not matter (T.30 Annex A.3).
`BlockReceiver` takes the octets of carriers and says what to ask for again; `PageReceiver` joins blocks that
follow one another, and knows a block it has confirmed when its PPS comes once more. Nothing here raises on
what came off a line, knows timers, or sends.

How many frames a block has is told twice: by the largest number seen and by I3 of the PPS (frames less one).
Senders disagree whether I3 of a repetition counts the burst or the block, so the largest of all wins. I3 = FF
behind a carrier that closed in good order without a frame means none, not 256.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from modem.fcf import ADDRESS, PLAIN_POST_PAGE, X_BIT, Fcf
from modem.hdlc import Deframer

MOST_FRAMES = 256
MOST_FRAME_OCTETS = 256
LEAST_FULL_BLOCK = MOST_FRAMES * 64  # octets of 256 frames on the line, whatever their size
PPR_OCTETS = MOST_FRAMES // 8

_HEAD = 4  # address, control, FCF, frame number
_COMMANDS: dict[int, Fcf | None] = {0: None} | {int(fcf): plain for fcf, plain in PLAIN_POST_PAGE.items()}


@dataclass(frozen=True, slots=True)
class PartialPage:
    """What a PPS says: `command` is None where more blocks of the page follow; `last` is I3."""

    command: Fcf | None
    page: int
    block: int
    last: int

    @classmethod
    def read(cls, fif: bytes) -> PartialPage | None:
        """Read the field of a PPS; None where it is too short or names no command."""
        if len(fif) < 4 or not is_command(fif):
            return None
        return cls(command_of(fif), *fif[1:4])

    @property
    def counters(self) -> tuple[Fcf | None, int, int]:
        """What a repetition has in common with the first: I3 may differ."""
        return self.command, self.page, self.block


def is_command(fif: bytes) -> bool:
    """Tell whether the field of a PPS or an EOR begins with a post-page command or NULL."""
    return bool(fif) and fif[0] & ~X_BIT in _COMMANDS


def command_of(fif: bytes) -> Fcf | None:
    """Return the post-page command of a PPS or EOR, the operator-interrupt forms as plain; None for NULL."""
    return _COMMANDS[fif[0] & ~X_BIT]


class BlockReceiver:
    """One block, over as many carriers as it takes."""

    def __init__(self) -> None:
        self._frames: dict[int, bytes] = {}
        self._count = 0
        self._asked = 0
        self.carrier()

    def carrier(self) -> None:
        """Begin a new carrier; what came in earlier ones stays."""
        self._deframer = Deframer()
        self._octets = 0
        self._fresh = 0  # frames of the block in this carrier
        self.ended = False  # an RCP came: one is enough, the other two may be lost

    def feed(self, octets: bytes) -> None:
        """Take octets of the carrier."""
        self._octets += len(octets)
        for frame in self._deframer.feed(octets):
            if frame.fcs_ok and frame.octets[0] == ADDRESS:
                self._take(frame.octets)

    def _take(self, octets: bytes) -> None:
        if octets[2] == Fcf.RCP:
            self.ended = True
        elif octets[2] == Fcf.FCD and _HEAD < len(octets) <= _HEAD + MOST_FRAME_OCTETS:
            number = octets[3]
            self._fresh += 1
            self._count = max(self._count, number + 1)
            if len(octets) - _HEAD >= len(self._frames.get(number, b"")):
                self._frames[number] = octets[_HEAD:]

    def repeats(self, earlier: BlockReceiver) -> bool:
        """Tell whether every frame here was in `earlier`, so that this is no other block."""
        return all(earlier._frames.get(number) == octets for number, octets in self._frames.items())

    def announced(self, last: int, *, more_follows: bool = False) -> None:
        """Take I3 of a PPS; a block that others follow is never one without frames."""
        empty = last == 0xFF and self.ended and not self._fresh and self._octets < LEAST_FULL_BLOCK
        if not empty or (more_follows and not self._count):
            self._count = max(self._count, last + 1)

    @property
    def empty(self) -> bool:
        """No frame has come."""
        return not self._frames

    def gained(self) -> bool:
        """Tell whether frames have come since this was asked last."""
        before, self._asked = self._asked, len(self._frames)
        return self._asked > before

    @property
    def complete(self) -> bool:
        """Every frame known of is here."""
        return not self._missing()

    def _missing(self) -> list[int]:
        """Return the numbers to ask for; a frame shorter than others may only be the last."""
        size = self._size()
        wanted = [n for n in range(self._count - 1) if len(self._frames.get(n, b"")) != size]
        return [*wanted, self._count - 1] if self._count and self._count - 1 not in self._frames else wanted

    def _size(self) -> int:
        return max(map(len, self._frames.values()), default=MOST_FRAME_OCTETS)

    def ppr(self) -> bytes:
        """Return the field of a PPR: a bit for each frame, 1 = send it; those beyond the last are 1 too."""
        wanted = sum(1 << number for number in self._missing())
        beyond = (1 << MOST_FRAMES) - (1 << self._count)
        return (wanted | beyond).to_bytes(PPR_OCTETS, "little")

    def octets(self) -> tuple[bytes, int | None]:
        """Return the octets in order, zeros for a missing frame, and where the first gap is, if any."""
        missing, size = set(self._missing()), self._size()
        pieces = [bytes(size) if n in missing else self._frames[n] for n in range(self._count)]
        return b"".join(pieces), min(missing) * size if missing else None


class Place(Enum):
    """Where a PPS stands to what came before."""

    NEXT = "next"
    REPEATED = "confirmed before"
    BEYOND = "behind one we never had"


class PageReceiver:
    """A page as it is joined from blocks; lives for a call and begins anew with each page."""

    def __init__(self) -> None:
        self.block = BlockReceiver()
        self._blocks: list[bytes] = []
        self._gap: int | None = None
        self.counts_anew = False  # two blocks had the same numbers: they tell nothing of this sender
        self._last = BlockReceiver()  # the one confirmed last
        self._confirmed: tuple[Fcf | None, int, int] | None = None
        self._done: tuple[Fcf | None, int, int] | None = None  # outlives the page, for who asks once more
        self._expected: tuple[int, int] | None = None

    def place(self, pps: PartialPage) -> Place:
        """Tell a repeated PPS from the next one, and from one that tells of a lost block or page.

        Where nothing is expected, and for numbers that went back, the sender counts as it likes: there are
        some that give two pages one number, and then the frames tell.
        """
        if pps.counters == self._confirmed and self.block.repeats(self._last):
            return Place.REPEATED
        if self._expected is None:
            return Place.NEXT
        page, block = self._expected
        pages, blocks = (pps.page - page) % 256, (pps.block - block) % 256
        ahead = 0 < pages < 128 or (pages == 0 and 0 < blocks < 128)
        return Place.BEYOND if ahead else Place.NEXT

    def confirm(self, pps: PartialPage) -> None:
        """Join the complete block of this PPS to the page."""
        self._last = self.block
        self._join()
        if self._confirmed and pps.counters[1:] == self._confirmed[1:]:
            self.counts_anew = True
        self._confirmed = self._done = pps.counters
        same = pps.command is None
        self._expected = (pps.page, (pps.block + 1) % 256) if same else ((pps.page + 1) % 256, 0)

    def was_last(self, pps: PartialPage) -> bool:
        """Tell whether this PPS is the one confirmed last, in this page or the one before it."""
        return pps.counters == self._done

    def give_up(self) -> None:
        """Join the block as it is (EOR). What numbers follow differs from sender to sender."""
        if self.block.empty and self._gap is None:
            self._gap = sum(map(len, self._blocks))
        self._join()
        self._confirmed = self._expected = None

    def forget_block(self) -> None:
        """Drop what came of a block that was confirmed before."""
        self.block = BlockReceiver()

    def forget_page(self) -> None:
        """Drop the page: it was handed on."""
        self.forget_block()
        self._blocks, self._gap = [], None

    def begin_again(self) -> None:
        """Expect the page from its first block, in another coding, however it is counted."""
        self.forget_page()
        self._confirmed = self._expected = None

    @property
    def empty(self) -> bool:
        """Nothing of the page has come."""
        return not self._blocks and self.block.empty

    def octets(self) -> tuple[bytes, int | None]:
        """Return what there is of the page, and where its first gap begins, None for a whole one."""
        before = b"".join(self._blocks)
        rest, gap = self.block.octets()
        first = self._gap if self._gap is not None else None if gap is None else len(before) + gap
        return before + rest, first

    def _join(self) -> None:
        before = sum(map(len, self._blocks))
        octets, gap = self.block.octets()
        if self._gap is None and gap is not None:
            self._gap = before + gap
        self._blocks.append(octets)
        self.forget_block()
