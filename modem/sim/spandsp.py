"""Thin objects around libspandsp: the soft modem, the fax machine, the wiretap and line noise.

Each takes and gives blocks of 160 samples (20 ms, signed 16 bit, 8000 a second) as the library's own
buffers. The library calls back in the middle of a call into it, where it must not be called again and where
an exception would be lost; so callbacks only note what happened, and the owner collects it afterwards
(`take_output`, `take_requests`, `take_events`). Nothing here knows of numbers, clocks or files of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from modem.sim.libspandsp import BLOCK, ffi, load

if TYPE_CHECKING:
    from pathlib import Path

Samples = Any
"""A cffi `int16_t[160]`."""

FEED = 512
"""Most octets the modem takes at once without risk for its 4096 octet buffer."""


class CallEvent(IntEnum):
    """What an exchange tells a modem (`at_call_event`)."""

    ALERTING = 1
    CONNECTED = 2
    ANSWERED = 3
    BUSY = 4
    NO_DIALTONE = 5
    NO_ANSWER = 6
    HANG_UP = 7


class Op(IntEnum):
    """What a modem asks of its line, as far as a line cares."""

    CALL = 0
    ANSWER = 1
    HANG_UP = 2
    OFF_HOOK = 3
    ON_HOOK = 4
    CTS = 7


class Modems(IntFlag):
    """Fast modems a fax machine may use."""

    V27TER = 1
    V29 = 2
    V17 = 4


class Compressions(IntFlag):
    """Line codings a fax machine may use."""

    MH = 2
    MR = 4
    MMR = 8


class Resolutions(IntFlag):
    """Resolutions a fax machine may use: 204 pels an inch and three heights of line, 300 dpi, 408 by 391."""

    STANDARD = 1
    FINE = 2
    SUPERFINE = 4
    ULTRAFINE = 0x40000
    R300 = 0x100000


class PageSizes(IntFlag):
    """Widths and lengths of pages a fax machine may take."""

    A4 = 1
    B4 = 2
    A3 = 4
    LENGTH_UNLIMITED = 0x10000
    LENGTH_A4 = 0x20000
    LENGTH_B4 = 0x40000


ALL_SIZES = reduce(or_, PageSizes)


def block() -> Samples:
    """Return a new silent block."""
    return ffi.new("int16_t[]", BLOCK)


@dataclass(frozen=True, slots=True)
class Request:
    """A modem's wish: `op`, and the digits of a CALL or the level of CTS."""

    op: Op
    digits: str = ""
    level: int = 0


class SoftModem:
    """A Class 1 fax modem: AT bytes on one side, audio on the other.

    `take_output` gives the octets for the host in the pieces the modem made: a result code is always a
    piece of its own between two CR LF.
    """

    def __init__(self) -> None:
        self._lib = load()
        self._output: list[bytes] = []
        self._requests: list[Request] = []
        self._at = ffi.NULL
        self._at_tx = ffi.callback("at_tx_t", self._on_output)
        self._control = ffi.callback("modem_control_t", self._on_control)
        null = ffi.NULL
        self._state = self._lib.t31_init(null, self._at_tx, null, self._control, null, null, null)
        self._lib.t31_set_transmit_on_idle(self._state, 1)
        self.write(b"AT\r")  # its echo shows where the AT interpreter lives, which caller id needs
        self._output.clear()
        self._requests.clear()

    def _on_output(self, at: Any, _user: Any, buffer: Any, length: int) -> int:
        self._at = at
        self._output.append(bytes(ffi.buffer(buffer, length)))
        return 0

    def _on_control(self, _state: Any, _user: Any, op: int, argument: Any) -> int:
        if op == Op.CALL:
            digits = ffi.string(ffi.cast("char *", argument)).decode("latin-1")
            self._requests.append(Request(Op.CALL, digits=digits))
        elif op == Op.CTS:
            self._requests.append(Request(Op.CTS, level=int(ffi.cast("intptr_t", argument))))
        elif op in (Op.ANSWER, Op.HANG_UP, Op.OFF_HOOK, Op.ON_HOOK):
            self._requests.append(Request(Op(op)))
        return 0

    def write(self, data: bytes) -> None:
        """Give the modem octets from the host, at most `FEED` of them."""
        self._lib.t31_at_rx(self._state, data, len(data))

    def event(self, event: CallEvent) -> None:
        """Tell the modem what the exchange did."""
        self._lib.t31_call_event(self._state, event)

    def announce(self, caller: str, called: str) -> None:
        """Set what the modem shows with the next first RING, if the host asked for it with AT+VCID=1."""
        self._lib.at_reset_call_info(self._at)
        self._lib.at_set_call_info(self._at, b"NMBR", caller.encode("latin-1", "replace"))
        self._lib.at_set_call_info(self._at, b"NDID", called.encode("latin-1", "replace"))

    def transmit(self, samples: Samples) -> None:
        """Fill a block with what the modem sends."""
        self._lib.t31_tx(self._state, samples, BLOCK)

    def receive(self, samples: Samples) -> None:
        """Hear a block. This is the modem's clock: its timers count samples heard."""
        self._lib.t31_rx(self._state, samples, BLOCK)

    def take_output(self) -> list[bytes]:
        """Return and forget the pieces for the host since the last call."""
        taken = self._output[:]
        self._output.clear()
        return taken

    def take_requests(self) -> list[Request]:
        """Return and forget what the modem asked of the line since the last call."""
        taken = self._requests[:]
        self._requests.clear()
        return taken

    def close(self) -> None:
        """Free the library's state; the object is of no use afterwards."""
        self._lib.t31_free(self._state)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a fax machine offers; `min_scan_ms`: minimum scan line time, `not_ready`: RNR it sends (ECM)."""

    ecm: bool = True
    modems: Modems = Modems.V27TER | Modems.V29 | Modems.V17
    compressions: Compressions = Compressions.MH | Compressions.MR | Compressions.MMR
    resolutions: Resolutions = Resolutions.STANDARD | Resolutions.FINE | Resolutions.SUPERFINE
    sizes: PageSizes = ALL_SIZES
    min_scan_ms: int = 0
    not_ready: int = 0


@dataclass(frozen=True, slots=True)
class PageDone:
    """A page went through: `n` pages so far, in either direction; rows, bad rows and octets of this one."""

    n: int
    rows: int
    bad_rows: int
    octets: int = 0


@dataclass(frozen=True, slots=True)
class CallDone:
    """The machine is through with the call: T.30 phase E. `code` 0 is the library's "OK".

    `compression` is the line's, of the last page.
    """

    code: int
    text: str
    remote_ident: str
    pages: int
    rate: int
    ecm: bool
    compression: str = ""

    def report(self) -> dict[str, Any]:
        """Return it for a ledger."""
        return {
            "pages": self.pages,
            "code": self.code,
            "text": self.text,
            "remote_ident": self.remote_ident,
            "rate": self.rate,
            "ecm": self.ecm,
            "compression": self.compression,
        }


_STATISTICS = 15
_RATE, _ECM, _TX, _RX, _ROWS, _OCTETS, _CODING, _BAD = 0, 1, 2, 3, 8, 9, 10, 11
_CODINGS = {1: "MH", 2: "MR", 3: "MMR"}


class FaxMachine:
    """A whole T.30 terminal. `caller` sends `document`; otherwise it answers and stores to `document`."""

    def __init__(self, *, caller: bool, ident: str, document: Path, abilities: Abilities) -> None:
        self._lib = load()
        self._caller = caller
        self._events: list[PageDone | CallDone] = []
        self._on_page_done = ffi.callback("phase_t", self._on_page)
        self._on_call_done = ffi.callback("phase_e_t", self._on_end)
        self._state = self._lib.fax_init(ffi.NULL, int(caller))
        self._lib.fax_set_transmit_on_idle(self._state, 1)
        self._t30 = self._lib.fax_get_t30_state(self._state)
        self._lib.t30_set_phase_d_handler(self._t30, self._on_page_done, ffi.NULL)
        self._lib.t30_set_phase_e_handler(self._t30, self._on_call_done, ffi.NULL)
        self._lib.t30_set_tx_ident(self._t30, ident.encode("latin-1", "replace")[:20])
        self._set(abilities)
        if caller:
            self._lib.t30_set_tx_file(self._t30, bytes(document), -1, -1)
        else:
            self._lib.t30_set_rx_file(self._t30, bytes(document), -1)

    def _set(self, abilities: Abilities) -> None:
        lib, t30 = self._lib, self._t30
        lib.t30_set_ecm_capability(t30, int(abilities.ecm))
        lib.t30_set_supported_modems(t30, int(abilities.modems))
        lib.t30_set_supported_compressions(t30, int(abilities.compressions))
        lib.t30_set_supported_resolutions(t30, int(abilities.resolutions))
        lib.t30_set_supported_image_sizes(t30, int(abilities.sizes))
        lib.t30_set_minimum_scan_line_time(t30, abilities.min_scan_ms)
        lib.t30_set_receiver_not_ready(t30, abilities.not_ready)

    def _statistics(self) -> list[int]:
        room = ffi.new("int[]", 4 * _STATISTICS)  # other builds of the library may write more
        self._lib.t30_get_transfer_statistics(self._t30, room)
        return list(room[0:_STATISTICS])

    def _pages(self, figures: list[int]) -> int:
        return figures[_TX] if self._caller else figures[_RX]

    def _on_page(self, _t30: Any, _user: Any, _result: int) -> int:
        figures = self._statistics()
        page = PageDone(self._pages(figures), figures[_ROWS], figures[_BAD], figures[_OCTETS])
        self._events.append(page)
        return 0

    def _on_end(self, _t30: Any, _user: Any, code: int) -> None:
        figures = self._statistics()
        text = ffi.string(self._lib.t30_completion_code_to_str(code)).decode("latin-1")
        ident = self._lib.t30_get_rx_ident(self._t30)
        remote = ffi.string(ident).decode("latin-1") if ident else ""
        pages, coding = self._pages(figures), _CODINGS.get(figures[_CODING], "")
        done = CallDone(code, text, remote, pages, figures[_RATE], bool(figures[_ECM]), coding)
        self._events.append(done)

    def transmit(self, samples: Samples) -> None:
        """Fill a block with what the machine sends."""
        self._lib.fax_tx(self._state, samples, BLOCK)

    def receive(self, samples: Samples) -> None:
        """Hear a block; the machine's timers count samples."""
        self._lib.fax_rx(self._state, samples, BLOCK)

    def line_dropped(self) -> None:
        """Tell the machine that the line is gone; it ends its call (phase E follows)."""
        self._lib.t30_terminate(self._t30)

    def take_events(self) -> list[PageDone | CallDone]:
        """Return and forget what happened since the last call."""
        taken = self._events[:]
        self._events.clear()
        return taken

    def close(self) -> None:
        """Free the library's state and close its files; the object is of no use afterwards."""
        self._lib.fax_free(self._state)


class Wiretap:
    """Listens to one direction: its V.21 control frames, good ones only, FCS removed."""

    def __init__(self) -> None:
        self._lib = load()
        self._frames: list[bytes] = []
        self._on_hdlc = ffi.callback("hdlc_frame_t", self._on_frame)
        self._hdlc = self._lib.hdlc_rx_init(ffi.NULL, 0, 0, 5, self._on_hdlc, ffi.NULL)
        put_bit = ffi.cast("put_bit_t", ffi.addressof(self._lib, "hdlc_rx_put_bit"))
        v21_channel_2 = ffi.addressof(self._lib.preset_fsk_specs[1])
        self._fsk = self._lib.fsk_rx_init(ffi.NULL, v21_channel_2, 1, put_bit, self._hdlc)

    def _on_frame(self, _user: Any, message: Any, length: int, ok: int) -> None:
        if ok and length > 0:  # negative lengths report carrier changes
            self._frames.append(bytes(ffi.buffer(message, length)))

    def hear(self, samples: Samples) -> list[bytes]:
        """Hear a block; return the frames it completed, from the address octet on."""
        self._lib.fsk_rx(self._fsk, samples, BLOCK)
        taken = self._frames[:]
        self._frames.clear()
        return taken

    def close(self) -> None:
        """Free the library's states."""
        self._lib.fsk_rx_free(self._fsk)
        self._lib.hdlc_rx_free(self._hdlc)


class Burst:
    """One V.21 burst of ours: 0.8 s of flags, one frame (from the address octet, no FCS), flags again."""

    PREAMBLE_OCTETS = 30  # 0.8 s at 300 bit/s: shorter than any burst it stands in for

    def __init__(self, frame: bytes) -> None:
        self._lib = load()
        self._hdlc = self._lib.hdlc_tx_init(ffi.NULL, 0, 2, 0, ffi.NULL, ffi.NULL)
        get_bit = ffi.cast("get_bit_t", ffi.addressof(self._lib, "hdlc_tx_get_bit"))
        v21_channel_2 = ffi.addressof(self._lib.preset_fsk_specs[1])
        self._fsk = self._lib.fsk_tx_init(ffi.NULL, v21_channel_2, get_bit, self._hdlc)
        self._lib.hdlc_tx_flags(self._hdlc, self.PREAMBLE_OCTETS)
        self._lib.hdlc_tx_frame(self._hdlc, frame, len(frame))

    def transmit(self, samples: Samples) -> None:
        """Fill a block."""
        self._lib.fsk_tx(self._fsk, samples, BLOCK)

    def close(self) -> None:
        """Free the library's states."""
        self._lib.fsk_tx_free(self._fsk)
        self._lib.hdlc_tx_free(self._hdlc)


def noise(level_dbm0: float, samples: int, seed: int) -> list[int]:
    """Make white noise of that power; the same seed gives the same noise."""
    lib = load()
    state = lib.awgn_init_dbm0(ffi.NULL, seed, level_dbm0)
    made = [lib.awgn(state) for _ in range(samples)]
    lib.awgn_free(state)
    return made


def frame_name(frame: bytes) -> str:
    """Name a control frame (FF 03|13 FCF ...) as T.30 does: "DIS", "MCF"."""
    return str(ffi.string(load().t30_frametype(frame[2])).decode("ascii")) if len(frame) > 2 else ""
