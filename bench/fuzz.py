"""A million random events: calls meet contrary modems, contrary far machines and plain noise.

Three kinds of disorder, drawn from one seed: *octets* (the modem says random bytes), *answers* (it obeys most
commands, but result codes, frames and data are drawn), *moments* (the owner forgets to store notices, wakes
the call late or cancels it). A call must never raise, must end by its own clock within its limit, and must
not keep more memory than its pages. Run with a seed it repeats to the octet; a failure prints that seed.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from modem import hdlc
from modem.atparser import shield
from modem.call import FaxCall
from modem.coding import Compression, Resolution
from modem.fcf import Fcf, Frame
from modem.job import CallJob
from modem.notices import WRITE_AHEAD
from modem.profiles import named
from modem.tiff import Picture, PreparedPages

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.coding import ReceivedPage

EVENTS = 1_000_000
CALL_SECONDS = 120.0
LATEST = CALL_SECONDS + 60.0 + 240.0  # its own limit, the grace of FaxCall, one transmission under way
MOST_ROUNDS = 5000

RESULTS = (b"OK", b"OK", b"CONNECT", b"ERROR", b"NO CARRIER", b"+FRH:3", b"+FCERROR", b"BUSY", b"RING")
CAPABLE = bytes.fromhex("00ee7b44801888")
COMMANDED = tuple(map(bytes.fromhex, ("002270", "0022f004", "0022f044", "0022f00c", "006a70", "0002f004")))
FIFS = {
    Fcf.DIS: (CAPABLE,),
    Fcf.DTC: (CAPABLE,),
    Fcf.PPR: (bytes(32), b"\x05" + bytes(31)),
    Fcf.DCS: COMMANDED,
}
PAGE_ENDS = (Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.PPS)
VERDICTS = (Fcf.MCF, Fcf.MCF, Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PPR, Fcf.PPR, Fcf.RNR)
LIKELY = {
    Fcf.DIS: (Fcf.DCS, Fcf.DCS, Fcf.DCS, Fcf.DTC),
    Fcf.DTC: (Fcf.DCS,),
    Fcf.DCS: (Fcf.CFR, Fcf.CFR, Fcf.CFR, Fcf.FTT, Fcf.DIS),
    **dict.fromkeys(PAGE_ENDS, VERDICTS),
    Fcf.RR: VERDICTS,
    Fcf.CTC: (Fcf.CTR,),
    Fcf.EOR: (Fcf.ERR,),
    **dict.fromkeys((Fcf.CFR, Fcf.MCF, Fcf.PPR, Fcf.CTR, Fcf.RNR), (*PAGE_ENDS, Fcf.PPS, Fcf.RR, Fcf.CTC)),
}
"""What we sent last, and what a far machine in its right mind may say to it."""


class Nowhere:
    """A sink that counts."""

    def __init__(self) -> None:
        self.octets = 0

    def store(self, page: ReceivedPage) -> None:
        """Take a page."""
        self.octets += len(page.data)


class ContraryModem:
    """Answers of a modem and a far machine that obey when they like to: `obedience` of 0 to 1."""

    def __init__(self, chance: Random, obedience: float) -> None:
        self._chance, self._obedience = chance, obedience
        self._last = Fcf.DCN

    def says(self, octets: bytes) -> bytes:
        """Return what comes back for what the call wrote; often what a good modem would say."""
        self._notice(octets)
        if octets and not octets.startswith(b"AT") and not octets.endswith(b"\x10\x03"):
            return b""
        if self._chance.random() > self._obedience:
            return self._nonsense()
        if b"+FRH" in octets:
            return b"\r\nCONNECT\r\n" + self._frame()
        if b"+FRM" in octets:
            return b"\r\nCONNECT\r\n" + shield(self._data()) + b"\x10\x03\r\nNO CARRIER\r\n"
        if b"ATD" in octets:
            self._last = Fcf.DCN
            return b"\r\nCONNECT\r\n" + self._frame(Fcf.DIS)
        more = octets.startswith(b"\xff\x03") or any(word in octets for word in (b"ATA", b"+FTH", b"+FTM"))
        return b"\r\nCONNECT\r\n" if more else b"\r\nOK\r\n"

    def _notice(self, octets: bytes) -> None:
        frame = Frame.decode(octets[:3]) if octets.startswith(b"\xff") else None
        self._last = frame.fcf if frame else self._last

    def _nonsense(self) -> bytes:
        if self._chance.random() < 0.3:
            return self._chance.randbytes(self._chance.randrange(1, 40))
        if self._chance.random() < 0.3:
            return b"\r\nCONNECT\r\n" + self._frame(self._chance.choice(tuple(Fcf)))
        return b"\r\n" + self._chance.choice(RESULTS) + b"\r\n"

    def _frame(self, fcf: Fcf | None = None) -> bytes:
        fcf = fcf or self._chance.choice(LIKELY.get(self._last, tuple(Fcf)))
        wild = self._chance.random() > self._obedience
        fif = self._chance.randbytes(4) if wild else self._chance.choice(FIFS.get(fcf, (b"", bytes(4))))
        frame = Frame(fcf, self._chance.random() < 0.5, self._chance.random() < 0.95, fif)
        end = (
            b"OK"
            if self._chance.random() < self._obedience
            else self._chance.choice((b"ERROR", b"NO CARRIER"))
        )
        return shield(frame.encode() + b"\xaa\xbb") + b"\x10\x03\r\n" + end + b"\r\n"

    def _data(self) -> bytes:
        """Return a good check, a block of frames, half a page or noise."""
        match self._chance.randrange(4) if self._last is not Fcf.DIS else 0:
            case 0:
                return bytes(2700)
            case 1:
                numbers = self._chance.sample(range(256), self._chance.randrange(1, 6))
                frames = [bytes((0xFF, 0x03, Fcf.FCD, n)) + self._chance.randbytes(256) for n in numbers]
                return hdlc.transmission([*frames, *[bytes((0xFF, 0x03, Fcf.RCP))] * 3], flags=60)
            case 2:
                return self._chance.randbytes(600)
            case _:
                return b"\x00\x80" * 300


class Contest:
    """One call against one modem; `events` counts what the call was given."""

    def __init__(self, seed: int, pages: PreparedPages) -> None:
        self._chance = Random(seed)
        self._modem = ContraryModem(self._chance, self._chance.choice((0.7, 0.95, 0.99, 0.995)))
        self._noise = self._chance.random() < 0.05
        self._stores = self._chance.random() < 0.95
        self.call = FaxCall(
            self._job(),
            pages,
            Nowhere(),
            named(self._chance.choice(("generic", "softmodem", "lucent", "usrobotics"))),
        )
        self.events = 0
        self.now = 0.0

    def _job(self) -> CallJob:
        return CallJob(
            role=self._chance.choice(("call", "answer")),
            number="1",
            ecm=self._chance.random() < 0.7,
            ecm_octets=self._chance.choice((256, 64)),
            poll=self._chance.random() < 0.2,
            pwd=self._chance.choice((None, "1234")),
            max_seconds=CALL_SECONDS,
        )

    def play(self) -> str:
        """Run the call to its end; returns how it ended."""
        self.call.start(self.now)
        for _ in range(MOST_ROUNDS):
            if self.call.done:
                break
            self._turn()
        if self.call.result is None or self.now > LATEST:
            raise AssertionError(f"no end after {self.now:.0f} s")
        if self.call.result.success and not self.call.result.confirmed:
            raise AssertionError("success without a page")
        return self.call.result.reason

    def _turn(self) -> None:
        self._store()
        wrote = self.call.data_to_send()
        if self._chance.random() < 0.0005:
            self._count(lambda: self.call.cancel(self.now))
        if wrote or self._noise or self._chance.random() < 0.01:
            said = self._chance.randbytes(9) if self._noise else self._modem.says(wrote)
            self.now += self._chance.random() * 0.3
            self._count(lambda: self.call.receive_data(said, self.now))
            self.call.handle_timeout(self.now)
        elif (deadline := self.call.next_deadline()) is not None:
            late = self._chance.choice((0.0, 0.0, 0.5))
            self.now = max(self.now, deadline) + late
            self._count(lambda: self.call.handle_timeout(self.now))

    def _store(self) -> None:
        for notice in self.call.notices():
            if isinstance(notice, WRITE_AHEAD) and (self._stores or self._chance.random() < 0.7):
                self._count(lambda notice=notice: self.call.stored(notice.id, self.now))

    def _count(self, act: Callable[[], None]) -> None:
        act()
        self.events += 1


def drawing() -> PreparedPages:
    """Return two small pages, all codings prepared."""
    from PIL import Image  # noqa: PLC0415  (only here: the engine under test loads without it)

    paper = Image.effect_noise((1728, 40), 90).convert("1")
    return PreparedPages([Picture(paper, Resolution.STANDARD)] * 2, tuple(Compression))


def disorder(events: int = EVENTS, first_seed: int = 1) -> dict[str, Any]:
    """Play contests until so many events were given; returns the figures."""
    pages, ends, seed, given = drawing(), Counter[str](), first_seed, 0
    began, kept = time.perf_counter(), 0
    while given < events:
        contest = Contest(seed, pages)
        try:
            ends[contest.play()] += 1
        except Exception:
            print(f"seed {seed} after {contest.events} events")
            raise
        given += contest.events
        seed += 1
        if seed == first_seed + 200:
            kept = _memory()
    return {
        "what": "random events without an exception or a hang",
        "events": given,
        "calls": seed - first_seed,
        "us_an_event": round((time.perf_counter() - began) / given * 1e6),
        "grew_mib_after_200_calls": round((_memory() - kept) / 1024, 1),
        "ends": dict(ends.most_common()),
    }


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(disorder(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))
