"""A tiny Class 1 host, pages, and exchanges to call through: what the tests of the simulated line share.

`Host` is deliberately not the product's driver: a second, straightforward reading of T.31 and T.30 (MH, no
ECM, 14400) that runs in simulated time (`host_on`) or over a pty (`host_at`).
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops, ImageDraw
from waiting import wait_until

from modem.sim.control import Control
from modem.sim.exchange import Exchange
from modem.sim.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE = "+81344772288"
FAR = "+81312345678"
WIDTH = 1728
RTC = bytes.fromhex("001001001001001001")  # six EOL, most significant bit first
REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
DIS = bytes.fromhex("ff1380006e78")
DCS = bytes.fromhex("ff1383002278")
MPS, EOM, EOP = bytes.fromhex("ff134f"), bytes.fromhex("ff138f"), bytes.fromhex("ff132f")
DCN = bytes.fromhex("ff13fb")
RATES = {0x20: 145, 0x28: 121}
SHORT = {145: 146, 121: 122}


# -- pages


def letter(lines: int = 6, rows: int = 600, mark: str = "letter") -> Image.Image:
    """A page of a few typed lines at standard resolution."""
    page = Image.new("1", (WIDTH, rows), 255)
    draw = ImageDraw.Draw(page)
    for line in range(lines):
        draw.text((120, 60 + 40 * line), f"{mark}, line {line}, over a simulated line", fill=0, font_size=26)
    return page


def write_tiff(path: Path, pages: list[Image.Image], compression: str = "group4") -> Path:
    """Store pages as one TIFF with the tags of a standard resolution fax, one strip a page, white = 0."""
    first, *rest = [ImageChops.invert(page.convert("L")).convert("1") for page in pages]
    rows = max(page.height for page in pages)
    first.save(
        path,
        format="TIFF",
        save_all=True,
        append_images=rest,
        compression=compression,
        dpi=(204, 98),
        strip_size=1 << 22,
        tiffinfo={278: rows},
    )
    retag(path, {262: 0})
    return path


def retag(path: Path, values: dict[int, int]) -> None:
    """Overwrite numbers in every directory of a little-endian TIFF."""
    raw = bytearray(path.read_bytes())
    (directory,) = struct.unpack_from("<I", raw, 4)
    while directory:
        (count,) = struct.unpack_from("<H", raw, directory)
        for at in range(directory + 2, directory + 2 + 12 * count, 12):
            (tag,) = struct.unpack_from("<H", raw, at)
            if tag in values:
                struct.pack_into("<HII", raw, at + 2, 4, 1, values[tag])
        (directory,) = struct.unpack_from("<I", raw, directory + 2 + 12 * count)
    path.write_bytes(raw)


def read_tiff(path: Path) -> list[Image.Image]:
    """Every page of a TIFF, black is 0."""
    with Image.open(path) as tiff:
        pages = []
        for n in range(getattr(tiff, "n_frames", 1)):
            tiff.seek(n)
            pages.append(tiff.convert("1"))
        return pages


def mh(page: Image.Image, folder: Path) -> bytes:
    """A page as the T.4 one-dimensional stream of the line, RTC included, least significant bit first."""
    path = write_tiff(folder / "coded.tif", [page], "group3")
    with Image.open(path) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return (path.read_bytes()[start : start + length] + RTC).translate(REVERSED)


def decode_mh(stream: bytes, rows: int, folder: Path) -> Image.Image:
    """The first `rows` lines of a received stream."""
    path = write_tiff(folder / "decoded.tif", [Image.new("1", (WIDTH, rows), 255)], "group3")
    coded = stream.translate(REVERSED)
    retag(path, {273: path.stat().st_size, 279: len(coded)})
    path.write_bytes(path.read_bytes() + coded)
    return read_tiff(path)[0]


def same(ours: list[Image.Image], theirs: list[Image.Image]) -> bool:
    """Whether two lists of pages are equal, pixel by pixel."""
    return [page.tobytes() for page in ours] == [page.tobytes() for page in theirs]


# -- a host


class NoAnswerError(AssertionError):
    """The modem said nothing more in time."""


@dataclass
class Host:
    """A Class 1 host. `write` takes octets, `read` returns what came (it also lets time pass)."""

    write: Callable[[bytes], None]
    read: Callable[[], bytes]
    said: list[str] = field(default_factory=list)
    _buffer: bytes = b""

    def line(self) -> str:
        """The next non-empty line of text."""
        while True:
            text, found, rest = self._buffer.partition(b"\r\n")
            if found:
                self._buffer = rest
                if text.strip():
                    self.said.append(text.strip().decode("latin-1"))
                    return self.said[-1]
            else:
                self._buffer += self.read()

    def until(self, *texts: str) -> str:
        """The first line that is one of these."""
        while (text := self.line()) not in texts:
            pass
        return text

    def command(self, text: str) -> str:
        """Give a command; return its final result code."""
        self.write(b"AT" + text.encode() + b"\r")
        return self.until(
            "OK", "ERROR", "CONNECT", "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "+FCERROR"
        )

    def data(self) -> bytes:
        """Octets after CONNECT up to DLE ETX, shielding removed."""
        out = bytearray()
        while True:
            escape = self._buffer.find(b"\x10")
            while escape < 0 or escape + 1 >= len(self._buffer):
                self._buffer += self.read()
                escape = self._buffer.find(b"\x10")
            out += self._buffer[:escape]
            code = self._buffer[escape + 1]
            self._buffer = self._buffer[escape + 2 :]
            if code == 0x03:
                return bytes(out)
            out += bytes([code]) if code == 0x10 else b""

    def send(self, data: bytes) -> str:
        """Send data after CONNECT, shielded and ended; return the result code."""
        self.write(data.replace(b"\x10", b"\x10\x10") + b"\x10\x03")
        return self.until("OK", "CONNECT", "ERROR", "NO CARRIER")

    def frames(self, *, connected: bool = False) -> list[bytes]:
        """One burst of frames, FCS removed; empty where the carrier did not come."""
        frames: list[bytes] = []
        while connected or self.command("+FRH=3") == "CONNECT":
            connected = False
            frame = self.data()[:-2]
            if self.until("OK", "ERROR", "NO CARRIER") != "OK":
                break
            frames.append(frame)
            if frame[1] & 0x10:
                break
        return frames

    def burst(self, *frames: bytes) -> None:
        """Send frames as one V.21 burst."""
        assert self.command("+FTH=3") == "CONNECT"
        for frame in frames:
            self.send(frame)

    # -- a whole fax

    def call(self, number: str) -> str:
        """Prepare the modem and dial."""
        assert self.command("E0") == "OK"
        assert self.command("+FCLASS=1") == "OK"
        return self.command(f"DT{number}")

    def send_fax(self, number: str, pages: list[bytes], dcs: bytes = DCS) -> list[int]:
        """Send coded pages; return the answer (FCF) to each, [] where the far end never trained."""
        assert self.call(number) == "CONNECT"
        assert self.frames(connected=True)[-1][2] == 0x80
        self.burst(dcs)
        if not self.train(dcs):
            self.command("H0")
            return []
        commands = [MPS] * (len(pages) - 1) + [EOP]
        answers = [self.page(page, command) for page, command in zip(pages, commands, strict=True)]
        if answers and answers[-1]:
            self.burst(DCN)
        self.command("H0")
        return answers

    def train(self, dcs: bytes = DCS) -> bool:
        """Send a TCF; return whether CFR came."""
        self.command("+FTS=7")
        assert self.command(f"+FTM={RATES[dcs[4] & 0x28]}") == "CONNECT"
        self.send(bytes(2700))
        frames = self.frames()
        return bool(frames) and frames[-1][2] in (0x84, 0x85)

    def page(self, coded: bytes, command: bytes = EOP) -> int:
        """Send a page and its command; return the FCF of the answer, X bit cleared, 0 for none."""
        if self.command("+FTM=146") != "CONNECT" or self.send(coded) != "OK":
            return 0
        self.command("+FTS=7")
        if self.command("+FTH=3") != "CONNECT":
            return 0
        self.send(command)
        frames = self.frames()
        return frames[-1][2] & 0xFE if frames else 0

    def receive_fax(self) -> list[bytes]:
        """Wait for RING, answer, take every page; return the coded pages."""
        self.until("RING")
        return self.answer()

    def answer(self) -> list[bytes]:
        """ATA and everything after it."""
        assert self.command("A") == "CONNECT"
        self.send(DIS)
        dcs = self.frames()[-1]
        rate = RATES[dcs[4] & 0x28]
        assert self.command(f"+FRM={rate}") == "CONNECT"
        assert self.data().count(0) > 1800
        self.until("NO CARRIER")
        self.burst(bytes.fromhex("ff1384"))
        pages = []
        while self.command(f"+FRM={SHORT[rate]}") == "CONNECT":
            pages.append(self.data())
            self.until("NO CARRIER")
            command = self.frames()[-1][2] & 0xFE
            self.burst(bytes.fromhex("ff138c"))
            if command == 0x2E:
                break
        self.frames()
        self.command("H0")
        return pages


def host_on(exchange: Exchange, name: str = "sim", most_seconds: float = 400.0) -> Host:
    """A host in simulated time: each read lets 20 ms pass on every line."""
    line = exchange.lines[name]
    left = [round(most_seconds / 0.02)]

    def read() -> bytes:
        if data := line.to_host():
            return data
        left[0] -= 1
        if left[0] < 0:
            raise NoAnswerError(f"nothing from the modem in {most_seconds} s of line time")
        exchange.step_all()
        return line.to_host()

    return Host(write=lambda data: exchange.host_wrote(line, data), read=read)


@contextmanager
def host_at(port: Path, patience: float = 60.0) -> Iterator[Host]:
    """A host at the other end of a pty; the one before it may have left this very moment."""
    device = os.open(port, os.O_RDWR | os.O_NOCTTY)
    wake(device)

    def read() -> bytes:
        if not select.select([device], [], [], patience)[0]:
            raise NoAnswerError(f"nothing from the modem in {patience} s")
        return os.read(device, 4096)

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(device, data) :]

    try:
        yield Host(write=write, read=read)
    finally:
        os.close(device)


def wake(device: int) -> None:
    """Say AT until the modem answers, as every program does: what a reset swallowed is said again."""
    for _ in range(10):
        os.write(device, b"AT\r")
        if select.select([device], [], [], 2.0)[0]:
            break
    while select.select([device], [], [], 0.1)[0]:
        os.read(device, 4096)


# -- exchanges


@dataclass
class Diary:
    """A ledger in memory."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def write(self, event: str, call: Any, **data: Any) -> None:
        """Keep an entry."""
        self.entries.append({"event": event, "call": call.n, "line_s": call.seconds, **data})

    def of(self, event: str) -> list[dict[str, Any]]:
        """Entries of one kind."""
        return [entry for entry in self.entries if entry["event"] == event]


def exchange_with(
    folder: Path, *far: dict[str, Any], lines: int = 1, speed: float | str = 1.0
) -> tuple[Exchange, Diary]:
    """An exchange in this process: lines "sim", "sim2", ..., the far machines given (default one fax)."""
    names = ["sim", *(f"sim{n}" for n in range(2, lines + 1))]
    numbers = [LINE, *(f"+8134477228{n}" for n in range(1, lines))]
    values = {
        "speed": speed,
        "lines": [{"name": name, "number": number} for name, number in zip(names, numbers, strict=True)],
        "far": list(far) or [{"number": FAR}],
    }
    diary = Diary()
    return Exchange(settings(values), folder, diary.write), diary


@dataclass
class Running:
    """An exchange in its own process."""

    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> Path:
        """Where a host opens the line "sim"."""
        return self.directory / "ports" / "sim"

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """What the exchange wrote down so far."""
        lines = (self.directory / "ledger.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def control(self) -> Control:
        """A client of its control socket."""
        return Control(self.directory / "control.sock", timeout=100.0)

    def ended(self, n: int = 1) -> list[dict[str, Any]]:
        """The end records once there are `n` of them."""

        def enough() -> list[dict[str, Any]]:
            ends = [entry for entry in self.ledger if entry["event"] == "end"]
            return ends if len(ends) >= n else []

        return wait_until(enough, 100.0, f"{n} calls to end")


@contextmanager
def running(directory: Path, values: dict[str, Any]) -> Iterator[Running]:
    """`python -m modem.sim`, stopped at the end."""
    directory.mkdir(exist_ok=True)
    config = directory / "config.json"
    config.write_text(json.dumps(values))
    command = [sys.executable, "-m", "modem.sim", "--dir", str(directory), "--config", str(config)]
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    try:
        wait_until((directory / "pid").exists, 30.0, "the exchange to start")
        yield Running(directory, process)
    finally:
        process.terminate()
        process.wait(30.0)


def wall_seconds(work: Callable[[], Any]) -> float:
    """How long `work` took."""
    start = time.monotonic()
    work()
    return time.monotonic() - start
