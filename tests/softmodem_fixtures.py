"""A `FaxCall` on libspandsp's soft modem, libspandsp's fax machine at the other end, in simulated time.

Nothing waits: `SoftLine.run` moves line time on by 20 ms whenever both sides have nothing more to say.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageSequence

from modem.call import FaxCall
from modem.coding import WIDTHS, Compression, Resolution
from modem.job import CallJob
from modem.notices import WRITE_AHEAD
from modem.profiles import Profile, named
from modem.sim.exchange import Exchange
from modem.sim.settings import FarSettings, LineSettings, Settings
from modem.tiff import DOTS, PageFolder, Picture, PreparedPages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from modem.coding import PageSource
    from modem.notices import Notice
    from modem.result import CallResult

FAR = "+81312345678"
OURS = "+81344772288"
BLOCK = 0.02


def drawn_pages(
    count: int, resolution: Resolution = Resolution.STANDARD, height: int = 300, seed: int = 1
) -> list[Picture]:
    """Pages of text, lines and some noise: each different, none trivial to code."""
    return [Picture(_drawing(n, resolution, height, seed), resolution) for n in range(1, count + 1)]


def _drawing(n: int, resolution: Resolution, height: int, seed: int) -> Image.Image:
    width = WIDTHS[resolution][0]
    image = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(image)
    chance = random.Random(seed * 100 + n)
    for row in range(10, height - 20, 16):
        draw.text((40 + 20 * n, row), f"page {n} {resolution} row {row} " * 6, fill=0)
    draw.rectangle((chance.randrange(800), 5, width - 28, height - 5), outline=0)
    for _ in range(60):
        image.putpixel((chance.randrange(width), chance.randrange(height)), 0)
    return image


def save_tiff(pictures: Sequence[Picture], path: Path) -> Path:
    images = [picture.image for picture in pictures]
    dots = DOTS[pictures[0].resolution]
    images[0].save(path, "TIFF", compression="group4", dpi=dots, save_all=True, append_images=images[1:])
    return path


def tiff_images(path: Path) -> list[Image.Image]:
    with Image.open(path) as file:
        return [frame.convert("1") for frame in ImageSequence.Iterator(file)]


def same_pixels(got: Image.Image, sent: Image.Image) -> bool:
    return got.size == sent.size and got.convert("1").tobytes() == sent.convert("1").tobytes()


@dataclass
class SoftLine:
    """An exchange with one line of ours and one far machine; `notices` collects what the call told."""

    received: Path
    far: dict[str, Any] = field(default_factory=dict)
    now: float = 100.0
    notices: list[Notice] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.received.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            lines=(LineSettings(name="sim", number=OURS),),
            far=(FarSettings(**({"number": FAR, "ecm": False} | self.far)),),
        )
        self.exchange = Exchange(settings, self.received, self._log)
        self.line = self.exchange.lines["sim"]

    def _log(self, event: str, _call: Any, **data: Any) -> None:
        self.events.append((event, data))

    def run(
        self,
        call: FaxCall,
        seconds: float = 700.0,
        on_notice: Callable[[Notice], bool] = lambda _notice: True,
    ) -> CallResult:
        """Run the call to its end; `on_notice` says whether a write-ahead notice is stored at once."""
        until = self.now + seconds
        call.start(self.now)
        while call.result is None:
            assert self.now < until, "the call did not end"
            self.step(call, on_notice)
        self.notices += call.notices()
        self._settle(3.0)
        return call.result

    def step(self, call: FaxCall, on_notice: Callable[[Notice], bool] = lambda _notice: True) -> None:
        """Let host and modem say all they have to say, then 20 ms pass."""
        self._exchange_octets(call, on_notice)
        self.now += BLOCK
        self.exchange.step_all()
        call.handle_timeout(self.now)

    def _exchange_octets(self, call: FaxCall, on_notice: Callable[[Notice], bool]) -> None:
        moved = True
        while moved:
            moved = False
            for notice in call.notices():
                self.notices.append(notice)
                if isinstance(notice, WRITE_AHEAD) and on_notice(notice):
                    call.stored(notice.id, self.now)
            if self.line.accepts and (out := call.data_to_send()):
                self.exchange.host_wrote(self.line, out)
                moved = True
            if data := self.line.to_host():
                call.receive_data(data, self.now)
                moved = True

    def _settle(self, seconds: float) -> None:
        """Let the far machine end its call and close its file."""
        for _ in range(round(seconds / BLOCK)):
            self.exchange.step_all()

    def wait_for_ring(self, seconds: float = 30.0) -> None:
        """Let line time pass until RING came."""
        heard = b""
        for _ in range(round(seconds / BLOCK)):
            self.exchange.step_all()
            self.now += BLOCK
            heard += self.line.to_host()
            if b"RING" in heard:
                return
        raise AssertionError("it did not ring")


def sending(pages: PageSource, sink: Any, profile: Profile | None = None, **job: Any) -> FaxCall:
    job = {"compressions": (Compression.MH, Compression.MR), "ident": "+81 3 4477 2288"} | job
    return FaxCall(
        CallJob(role="call", number="0312345678", **job), pages, sink, profile or named("softmodem")
    )


def answering(sink: PageFolder, profile: Profile | None = None, **job: Any) -> FaxCall:
    job = {"compressions": (Compression.MH, Compression.MR), "ident": "+81 3 4477 2288"} | job
    nothing = PreparedPages([], ())
    return FaxCall(CallJob(role="answer", **job), nothing, sink, profile or named("softmodem"))
