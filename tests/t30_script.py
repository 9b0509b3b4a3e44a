"""Far ends of a T.30 call written down as text, one line a step.

    > CSI DIS            the far end sends a burst; `!MCF` sends a frame with a damaged FCS
    > TCF 14400          ... a training check, which may arrive in another form (`CHECKS`): `TCF 14400 bad`
    > page 1             ... page 1 of the script's `pages`, at the rate of its TCF; `page 1 lost`: unheard
    > ?00 DIS            ... a frame with an FCF that T.30 does not know
    > flags              ... flags without a frame
    < DCS                it hears a burst that closes with this frame, else the test fails
    < EOP in 2.5-3.5     ... whose carrier begins so many seconds after the far end did or heard the last
    < TCF 14400          it hears a training check at this rate; `< page 14400` a page
    < nothing 3          it listens for 3 s and hears no frame
    wait 30              it neither sends nor hears for 30 s
    hang up              it goes on hook without a word

The words of ECM stand in `t30_ecm_words`; `< PPS` hears any PPS. After its last step the far end hangs up.
Words of `frames` stand for frames of one's own making.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import t30_ecm_words as ecm

from modem import tcf
from modem.actions import (
    Action,
    Answer,
    Dial,
    HangUp,
    ListenData,
    ListenFrames,
    SendFrames,
    SendPage,
    SendTraining,
    Silence,
    WaitSilence,
)
from modem.capabilities import Dcs, offer
from modem.coding import Compression, Resolution
from modem.events import (
    BurstEnded,
    CarrierSeen,
    Connected,
    DataEnded,
    DataReceived,
    Event,
    FrameReceived,
    Sent,
)
from modem.fcf import ADDRESS, CONTROL_FINAL, CONTROL_NOT_FINAL, Fcf, Frame
from modem.ident import encode_ident
from modem.rates import Rate
from modem.simline import Conditions

if TYPE_CHECKING:
    from modem.notices import Notice

RATES = {"14400": Rate.V17_14400, "12000": Rate.V17_12000, "9600": Rate.V29_9600, "7200": Rate.V29_7200,
         "4800": Rate.V27_4800, "2400": Rate.V27_2400,
         "V17-9600": Rate.V17_9600, "V17-7200": Rate.V17_7200}  # fmt: skip
CHECKS = {
    "": lambda octets: octets,
    "bad": lambda octets: b"\x55" * len(octets),
    "tenth-shorter": lambda octets: octets[len(octets) // 10 :],
    "tenth-longer": lambda octets: octets + octets[: len(octets) // 10],
    "half": lambda octets: octets[len(octets) // 2 :],
    "dirty-start": lambda octets: b"\xa5" * (len(octets) // 5) + octets,
    "one-in-twenty-wrong": lambda octets: _every(octets, 20, len(octets) // 4),
    "one-in-five-wrong": lambda octets: _every(octets, 5, len(octets)),
}

FULL_DIS = offer(
    rates=Rate,
    compressions=(Compression.MH, Compression.MR),
    resolutions=(Resolution.STANDARD, Resolution.FINE),
).fif
USUAL = {
    "DIS": Frame(Fcf.DIS, fif=FULL_DIS),
    "CSI": Frame(Fcf.CSI, fif=encode_ident("+81 3 1111 2222")),
    "TSI": Frame(Fcf.TSI, x=True, fif=encode_ident("+81 3 3333 4444")),
    "NSF": Frame(Fcf.NSF, fif=b"\x00\x00\x25"),
}


def _every(octets: bytes, nth: int, most: int) -> bytes:
    """Return the octets with every nth of the first `most` turned."""
    return bytes(one ^ 0x81 if i % nth == 0 and i < most else one for i, one in enumerate(octets))


class Strange(Frame):
    """A frame whose FCF, `fif[0]`, no T.30 names."""

    def encode(self) -> bytes:
        return bytes((ADDRESS, CONTROL_FINAL if self.final else CONTROL_NOT_FINAL)) + self.fif


@dataclass
class Script:
    """A far end that follows `text`. `answers` tells whether it is called or calls."""

    text: str
    answers: bool = True
    frames: dict[str, Frame] = field(default_factory=dict)
    pages: Sequence[bytes] | Mapping[str, bytes] = ()
    done: bool = False

    def __post_init__(self) -> None:
        lines = (line.strip() for line in self.text.splitlines())
        self._steps = [line for line in lines if line]
        self._at = 0
        self._deadline: float | None = None
        self._sending = False
        self._damaged: list[Frame] = []
        self._lost: list[bytes] = []
        self._rate = Rate.V17_14400
        self._octets = b""
        self._since = self._carrier_at = 0.0

    # -- conditions of the line the script asks for ----------------------------------------------------

    def conditions(self) -> Conditions:
        """Return a line that damages what the script says is damaged."""
        return Conditions(frame=self._frame, data=self._data)

    def _frame(self, _side: str, frame: Frame) -> Frame | None:
        return None if any(frame is bad for bad in self._damaged) else frame

    def _data(self, _side: str, data: bytes) -> bytes:
        if any(data is lost for lost in self._lost):
            return b""
        return data if any(data) else CHECKS[self._check](data)

    _check = ""
    _word = "14400"

    # -- the far end -----------------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return [Answer()] if self.answers else [Dial("1")]

    def stored(self, notice_id: int, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return []

    def take_notices(self) -> list[Notice]:
        return []

    def next_deadline(self) -> float | None:
        return None if self.done else self._deadline

    def timeout(self, now: float) -> list[Action]:
        self._deadline = None
        self._at += 1
        return self._go_on(now)

    def handle(self, event: Event, now: float) -> list[Action]:
        match event:
            case Connected():
                return self._go_on(now)
            case CarrierSeen():
                self._carrier_at = now
            case Sent() if self._sending:
                self._sending = False
                self._since = now
                return self._go_on(now) if not self._hears() else self._bound(now)
            case FrameReceived(frame, fcs_ok) if fcs_ok and frame and frame.final:
                return self._heard(ecm.heard_frame(frame), now)
            case DataReceived(data):
                self._octets += data
            case DataEnded():
                return self._heard(self._heard_carrier(), now)
            case BurstEnded() if self._waiting_for_burst():
                return [ListenFrames()]
            case _:
                pass
        return self._next_after_burst(event, now)

    def _heard_carrier(self) -> str:
        kind, *_ = self._step().removeprefix("< ").split()
        if kind in ecm.CARRIERS:
            return f"{kind} {self._word} {ecm.heard_block(self._octets)}"
        what = "TCF" if tcf.judge(self._octets, self._rate).good else "page"
        return f"{what} {self._word}"

    _after_burst = False

    def _next_after_burst(self, event: Event, now: float) -> list[Action]:
        if isinstance(event, BurstEnded) and self._after_burst:
            self._after_burst = False
            return self._go_on(now)
        return []

    def _waiting_for_burst(self) -> bool:
        return not self._after_burst and self._hears()

    def _step(self) -> str:
        return self._steps[self._at] if self._at < len(self._steps) else "hang up"

    @property
    def where(self) -> str:
        """Where the far end was left."""
        return f"the far end was left at step {self._at + 1}: {self._step()}"

    def _hears(self) -> bool:
        return self._step().startswith("<")

    def _heard(self, what: str, now: float) -> list[Action]:
        wanted, _, limits = self._step().removeprefix("< ").partition(" in ")
        known = wanted == what or what.startswith((f"{wanted}-", f"{wanted} "))
        assert known, f"step {self._at + 1}: wanted {wanted}, heard {what}"
        if limits:
            least, most = map(float, limits.split("-"))
            took = self._carrier_at - self._since
            assert least <= took <= most, f"step {self._at + 1}: {what} began after {took:.3f} s"
        self._at += 1
        self._octets = b""
        if what.startswith(("TCF", "page", *ecm.CARRIERS)):
            return self._go_on(now)
        self._after_burst = True
        return []

    def _go_on(self, now: float) -> list[Action]:
        """Do the next steps: everything to be sent in one list, then listen, wait or leave."""
        self._since = now
        sending: list[Action] = []
        while self._step().startswith(">"):
            sending += [Silence(70) if sending else WaitSilence(70), self._transmission(self._step()[2:])]
            self._at += 1
        self._sending = bool(sending)
        step = self._step()
        if step == "hang up":
            self.done = True
            return [*sending, HangUp()]
        if step.startswith("<"):
            if not sending:
                self._bound(now)
            return [*sending, self._ear(step[2:])]
        if not sending:
            self._deadline = now + float(step.split()[1])
        return sending

    def _bound(self, now: float) -> list[Action]:
        if self._step().startswith("< nothing"):
            self._deadline = now + float(self._step().split()[2])
        return []

    def _ear(self, what: str) -> Action:
        kind, *words = what.split()
        if kind not in ("TCF", "page", *ecm.CARRIERS):
            return ListenFrames()
        self._word, self._rate = words[0], RATES[words[0]]
        return ListenData(self._rate, long=kind in ("TCF", "long-block"))

    def _transmission(self, what: str) -> SendFrames | SendTraining | SendPage:
        words = what.split()
        if words[0] == "TCF":
            self._rate = RATES[words[1]]
            self._check = " ".join(words[2:])
            return SendTraining(self._rate)
        if words[0] == "page":
            data = bytes(bytearray(self._page(words[1])))
            if words[-1] == "lost":
                self._lost.append(data)
            return SendPage(self._rate, data)
        if words[0] in ecm.CARRIERS:
            return SendPage(self._rate, self._block(*words[1:]), long=words[0] == "long-block")
        return SendFrames(self._burst(what))

    def _burst(self, what: str) -> tuple[Frame, ...]:
        words = what.split()
        if words == ["flags"]:
            return ()
        if what.startswith("CTC "):
            self._rate = RATES[words[1]]
        if what.startswith("CTC "):
            self._rate = RATES[words[1]]
        if what.startswith(ecm.COMMANDS):
            return (ecm.command(what, x=not self.answers),)
        if words[0] == "PPR" and len(words) > 1:
            return (Frame(Fcf.PPR, x=not self.answers, fif=ecm.request(words[1])),)
        return tuple(self._make(word, final=word is words[-1]) for word in words)

    def _page(self, word: str) -> bytes:
        return self.pages[word] if isinstance(self.pages, Mapping) else self.pages[int(word) - 1]

    def _block(self, which: str, frames: str) -> bytes:
        page, _, number = which.partition(".")
        size = Dcs(self.frames["DCS"].fif).ecm_octets
        return ecm.block(self._page(page), int(number or 0), frames, size)

    def _make(self, word: str, *, final: bool) -> Frame:
        name = word.removeprefix("!")
        strange = Strange(Fcf.DCN, fif=bytes.fromhex(name[1:])) if name.startswith("?") else None
        known = strange or self.frames.get(name) or USUAL.get(name)
        frame = replace(known or Frame(Fcf[name.replace("-", "_")], x=not self.answers), final=final)
        if word.startswith("!"):
            self._damaged.append(frame)
        return frame
