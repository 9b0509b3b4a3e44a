"""TIFF for the command line: documents into a `PageSource`, received pages into files.

Only `modem.cli` and tests use it; the engine knows coded streams and no TIFF. Pillow (libtiff) does the T.4
coding both ways. It scales nothing but the emergency step from fine to standard; pages of other widths
are padded with white to the next width of T.4. TIFF 6.0 sections 10 and 11, T.4 clause 4.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageSequence

from modem.coding import WIDTHS, Coding, Compression, PageShape, Resolution
from modem.fcf import reverse_bits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modem.coding import ReceivedPage

DOTS = {
    Resolution.STANDARD: (204.0, 98.0),
    Resolution.FINE: (204.0, 196.0),
    Resolution.SUPERFINE: (204.0, 391.0),
    Resolution.R300: (300.0, 300.0),
    Resolution.ULTRAFINE: (408.0, 391.0),
}
"""Pels and lines an inch of a TIFF."""
STRIP, STRIP_BYTES, ROWS_PER_STRIP, T4_OPTIONS = 273, 279, 278, 292
PELS, LINES, UNIT, INCHES = 282, 283, 296, 2


class BadDocumentError(ValueError):
    """A document cannot be sent: the sentence names the file and says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page: a mode "1" image of a T.4 width, black = 0 as Pillow has it."""

    image: Image.Image
    resolution: Resolution

    def at(self, resolution: Resolution) -> Image.Image:
        """Return the page at its own resolution, or with every other line left out."""
        if resolution is self.resolution:
            return self.image
        width, height = self.image.size
        return self.image.resize((width, max(1, height // 2)), Image.Resampling.NEAREST)


def read_document(path: Path) -> list[Picture]:
    """Read every page of a TIFF (or other image); raises BadDocumentError."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as file:
            return [_picture(frame, path) for frame in ImageSequence.Iterator(file)]
    except (OSError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise BadDocumentError(f"{path}: {error}") from error


def _picture(frame: Image.Image, path: Path) -> Picture:
    resolution = _nearest(*frame.info.get("dpi", DOTS[Resolution.FINE]))
    image = frame.convert("1")
    widths = WIDTHS[resolution]
    width = next((width for width in widths if width >= image.width), None)
    if width is None:
        raise BadDocumentError(f"{path}: {image.width} pels a line; a fax line has {widths[-1]} at most")
    if width != image.width:
        page = Image.new("1", (width, image.height), 1)
        page.paste(image, ((width - image.width) // 2, 0))
        image = page
    return Picture(image, resolution)


def _nearest(across: float, down: float) -> Resolution:
    """Return the resolution most like these dots an inch; a TIFF that gives none of its own is fine."""
    if not (across > 0 and down > 0):
        return Resolution.FINE
    wanted = math.log(across), math.log(down)
    return min(
        DOTS, key=lambda one: sum(abs(math.log(a) - b) for a, b in zip(DOTS[one], wanted, strict=True))
    )


class PreparedPages:
    """A `PageSource` over pictures, every coding made beforehand."""

    def __init__(self, pictures: Sequence[Picture], compressions: Sequence[Compression]) -> None:
        self._shapes: list[PageShape] = []
        self._coded: dict[tuple[int, int, Resolution, Compression], bytes] = {}
        for n, picture in enumerate(pictures, 1):
            self._prepare(n, picture, compressions)

    @property
    def count(self) -> int:
        """Number of pages."""
        return len(self._shapes)

    def shape(self, n: int) -> PageShape:
        """Return what page `n` can be sent as."""
        return self._shapes[n - 1]

    def size(self, n: int, coding: Coding) -> int:
        """Return the octets of page `n` in this coding; raises KeyError where it was not prepared."""
        return len(self.page(n, coding))

    def page(self, n: int, coding: Coding) -> bytes:
        """Return the stream of page `n`; raises KeyError where it was not prepared."""
        return self._coded[n, coding.width, coding.resolution, coding.compression]

    def _prepare(self, n: int, picture: Picture, compressions: Sequence[Compression]) -> None:
        resolutions = {picture.resolution}
        if picture.resolution is Resolution.FINE:
            resolutions.add(Resolution.STANDARD)
        rows = {resolution: picture.at(resolution).height for resolution in resolutions}
        width = picture.image.width
        self._shapes.append(PageShape((width,), rows))
        for resolution in resolutions:
            image = picture.at(resolution)
            for compression in {Compression.MH, *compressions}:
                self._coded[n, width, resolution, compression] = encode(image, compression, resolution)


def encode(
    image: Image.Image, compression: Compression, resolution: Resolution = Resolution.STANDARD
) -> bytes:
    """Code a mode "1" image: MH or MR lines, each behind its EOL, no RTC; or MMR with its EOFB. LSB first.

    libtiff takes the K of MR from the lines an inch: 2 up to 150, else 4 (T.4 4.2.1).
    """
    across, down = DOTS[resolution]
    tags: dict[int, float] = {ROWS_PER_STRIP: image.height, PELS: across, LINES: down, UNIT: INCHES}
    kind = "group4"
    if compression is not Compression.MMR:
        kind, tags[T4_OPTIONS] = "group3", int(compression is Compression.MR)
    file = io.BytesIO()
    white = Image.new("1", image.size, 255)
    # not Pillow's invert, which mistakes a white of 1 for black
    ImageChops.logical_xor(image, white).save(file, "TIFF", compression=kind, tiffinfo=tags)
    data = file.getvalue()
    with Image.open(io.BytesIO(data)) as written:
        start, length = written.tag_v2[STRIP], written.tag_v2[STRIP_BYTES]  # type: ignore[attr-defined]
    return reverse_bits(data[start[0] : start[0] + length[0]])


def decode(page: ReceivedPage) -> Image.Image:
    """Draw a received page; lines libtiff cannot read come out as it repairs them."""
    with Image.open(io.BytesIO(_wrap(page))) as file:
        return file.convert("1")


class PageFolder:
    """A `PageSink` that writes each page to `page-001.tif`, ... of a folder as it comes.

    `failed` says why a page could not be written, "" while all could: such a page must not be confirmed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed = ""
        self.files: dict[int, Path] = {}
        self.pages: dict[int, ReceivedPage] = {}

    def store(self, page: ReceivedPage) -> None:
        """Write the page, in Group 4 coding with the true resolution."""
        path = self.folder / f"page-{page.n:03d}.tif"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            decode(page).save(path, "TIFF", compression="group4", dpi=DOTS[page.coding.resolution])
        except OSError as error:
            self.failed = f"page {page.n} cannot be written: {error}"
            return
        self.pages[page.n] = page
        self.files[page.n] = path


def _wrap(page: ReceivedPage) -> bytes:
    """Put a coded stream into a one-strip TIFF: white = 0, least significant bit first."""
    scheme = 4 if page.coding.compression is Compression.MMR else 3
    entries = [
        (256, 4, page.coding.width),
        (257, 4, page.rows),
        (258, 3, 1),
        (259, 3, scheme),
        (262, 3, 0),
        (266, 3, 2),
        (STRIP, 4, 0),
        (277, 3, 1),
        (ROWS_PER_STRIP, 4, page.rows),
        (STRIP_BYTES, 4, len(page.data)),
    ]
    if scheme == 3:
        entries.append((T4_OPTIONS, 4, 1 if page.coding.compression is Compression.MR else 0))
    offset = 8 + 2 + 12 * len(entries) + 4
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, kind, value in entries:
        head += struct.pack("<HHII", tag, kind, 1, offset if tag == STRIP else value)
    return head + struct.pack("<I", 0) + page.data
