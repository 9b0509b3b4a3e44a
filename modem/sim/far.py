"""The far ends of the exchange: fax machines, called or calling, and a person who says hello.

A far machine is a whole libspandsp T.30 terminal (`FaxMachine`); `FarNumber` is its telephone number with
its behaviour and what it has done so far. It judges nothing: success is what the wiretap saw confirmed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modem.sim.abilities import abilities
from modem.sim.leaving import Exit
from modem.sim.libspandsp import BLOCK_SECONDS, SILENCE, ffi
from modem.sim.spandsp import CallDone, CallEvent, FaxMachine, PageDone, noise

if TYPE_CHECKING:
    from pathlib import Path

    from modem.sim.call import Call
    from modem.sim.settings import FarSettings, How, Recovers
    from modem.sim.spandsp import Samples


class FarNumber:
    """One listed number: its settings now, and how often it has dropped, rejected, left or hung already."""

    def __init__(self, settings: FarSettings) -> None:
        self.settings = settings
        self.spent: Counter[str] = Counter()

    def _may(self, what: str, times: int) -> bool:
        return not times or self.spent[what] < times

    def rejects(self, page: int) -> bool:
        """Whether this page is to be spoilt."""
        settings = self.settings
        return page in settings.reject_pages and self._may("reject", settings.reject_times)

    def drops_at(self, page: int, seconds: float, since_answer: float) -> bool:
        """Whether the call is to be cut now, `seconds` into `page`."""
        drop = self.settings.drop
        if drop is None or not self._may("drop", drop.times):
            return False
        if drop.answer_s is not None:
            return since_answer >= drop.answer_s
        return page == drop.page and seconds >= drop.after_s

    def leaves_after(self, moment: str, page: int) -> How | None:
        """How the machine leaves now that `moment` of `page` has passed; None: it stays."""
        leaves = self.settings.leaves
        if leaves is None or leaves.after != moment or not self._may("leave", leaves.times):
            return None
        return leaves.how if leaves.page in (None, page) else None

    def hangs_at(self, since_answer: float) -> Recovers | None:
        """How the line's own modem recovers from hanging now; None: it goes on."""
        hangs = self.settings.hangs
        if hangs is None or since_answer < hangs.after_s or not self._may("hang", hangs.times):
            return None
        return hangs.recovers


class FarEnd:
    """What every far end shares: it has no host to wait for and does not ring."""

    host_acts = False
    host_is_behind = False

    def __init__(self, far: FarNumber) -> None:
        self.far = far
        self.number = far.settings.number
        self.answers_after: float | None = far.settings.slow_answer_s
        self.call: Call | None = None
        self.refusal: CallEvent | None = None

    def alert(self, caller: str, *, first: bool) -> None:
        """Ring; it answers by its own clock."""

    def refused(self, event: CallEvent) -> None:
        """Note that nobody took the call this machine made."""
        self.refusal = event


class FarFax(FarEnd):
    """A fax machine. With `caller` it sends `document`, else it stores what it receives there."""

    def __init__(self, far: FarNumber, document: Path, *, caller: bool, ident: str = "") -> None:
        super().__init__(far)
        self.document = document
        self.done: CallDone | None = None
        self.page_octets: list[int] = []
        self._pages = 0
        self._exit: Exit | None = None
        settings = far.settings
        self._machine = FaxMachine(
            caller=caller,
            ident=ident or settings.ident or settings.number,
            document=document,
            abilities=abilities(settings),
        )

    @property
    def finished(self) -> bool:
        """True once its T.30 is through, or it has left."""
        return self.done is not None if self._exit is None else self._exit.finished

    @property
    def left(self) -> bool:
        """True once it has begun to leave rudely."""
        return self._exit is not None

    def leave(self, how: How) -> None:
        """Leave the call rudely; what it has received so far is stored."""
        if not self.finished:
            self._machine.line_dropped()
            self._exit = self._exit or Exit(how)

    def connected(self) -> None:
        """Start as the caller."""

    def answered(self) -> None:
        """Start as the called machine."""

    def transmit(self, samples: Samples) -> None:
        """Fill a block with what the machine sends."""
        (self._exit or self._machine).transmit(samples)

    def receive(self, samples: Samples) -> None:
        """Let the machine hear a block; one that leaves does not listen."""
        if self._exit is None:
            self._machine.receive(samples)

    def take_pages(self) -> list[PageDone]:
        """Return the pages that went through since the last call; a rejected one did not."""
        pages = []
        for event in self._machine.take_events():
            if isinstance(event, CallDone):
                self.done = self.done or event
            elif event.n > self._pages:
                self._pages = event.n
                self.page_octets.append(event.octets)
                pages.append(event)
        return pages

    def hung_up(self) -> None:
        """End the machine's call where it is not over yet."""
        if not self.finished:
            self._machine.line_dropped()

    def close(self) -> None:
        """Free the machine and close its file."""
        self._machine.close()
        if self._exit is not None:
            self._exit.close()


class FarVoice(FarEnd):
    """A person: says something, waits, says it again, and hangs up after `voice_s` seconds."""

    def __init__(self, far: FarNumber) -> None:
        super().__init__(far)
        self.done: CallDone | None = None
        self._left = far.settings.voice_s
        self._at = 0
        samples = ffi.new("int16_t[]", [sample // 2 for sample in noise(-16.0, 8000, seed=7)])
        self._babble = bytes(ffi.buffer(samples))

    @property
    def finished(self) -> bool:
        """True once the person had enough."""
        return self._left <= 0

    def connected(self) -> None:
        """Persons do not call here; nothing to do."""

    def answered(self) -> None:
        """Pick up."""

    def transmit(self, samples: Samples) -> None:
        """Speak: bursts of shaped noise, 0.2 s on and 0.1 s off, for 2 s of every 4."""
        self._left -= BLOCK_SECONDS
        self._at = (self._at + 1) % 200
        speaking = self._at < 100 and self._at % 15 < 10
        start = (self._at % 50) * len(SILENCE)
        ffi.buffer(samples)[:] = self._babble[start : start + len(SILENCE)] if speaking else SILENCE

    def receive(self, samples: Samples) -> None:
        """Listen without understanding."""

    def take_pages(self) -> list[PageDone]:
        """Return nothing: no pages here."""
        return []

    def hung_up(self) -> None:
        """Put the receiver down."""
        self._left = 0.0

    def close(self) -> None:
        """Nothing to free."""
