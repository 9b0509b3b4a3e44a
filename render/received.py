"""A received page to a clean one: bad lines repaired, coded anew as MMR, the damage on record.

The line-by-line reader of the receiver has said which lines are bad (T.30 copy quality); nothing is judged
again here. A bad line shows the last good one (white at the top). Its code is cut out of the stream before
libtiff sees it: in MR every line from a bad one to the next one-dimensional line is bad, so what is left
always decodes. The counts go into TIFF tags 326 to 328. MMR comes from error correction and is not repaired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from render.coding import DENSITIES, INCH_DENSITIES, decode, encode
from render.errors import UnreadableDocument
from render.tiff import TiffPage

if TYPE_CHECKING:
    from collections.abc import Collection

_ZEROS = "0" * 11
_EOL = _ZEROS + "1"


def received_page(
    data: bytes,
    compression: str,
    width: int,
    *,
    resolution: str,
    rows: int,
    bad_lines: Collection[int] = (),
    longest_bad_run: int = 0,
    inch: bool = False,
) -> TiffPage:
    """Return the page as MMR. `data` as it came off the line: LSB first, fill and RTC included.

    `rows` counts all lines, bad ones too; `bad_lines` are their numbers from 0; `inch` says that the sender
    counts in inches (200 x 100 and so on). Raises UnreadableDocument for a page without any line.
    """
    if rows < 1:
        raise UnreadableDocument("", "The received page has no lines.")
    bad = frozenset(bad_lines)
    x_dpi, y_dpi = (INCH_DENSITIES if inch else DENSITIES)[resolution]
    if compression == "MMR":
        # Where libtiff meets nonsense it leaves the rest of the page white.
        pixels = decode(data, compression, width, rows).tobytes()
    else:
        pixels = b"".join(_repaired(data, compression, width, rows, bad))
    return TiffPage(
        data=encode(Image.frombytes("1", (width, rows), pixels), "MMR"),
        width=width,
        rows=rows,
        compression="MMR",
        x_dpi=x_dpi,
        y_dpi=y_dpi,
        bad_rows=len(bad),
        worst_run=longest_bad_run,
    )


def _repaired(data: bytes, compression: str, width: int, rows: int, bad: frozenset[int]) -> list[bytes]:
    lines = _lines(data)[:rows]
    good = [line for number, line in enumerate(lines) if number not in bad]
    return _filled(_decoded(good, compression, width), b"\xff" * ((width + 7) // 8), rows, bad)


def _decoded(lines: list[str], compression: str, width: int) -> list[bytes | None]:
    """Return the pels of each line, None for one that libtiff refuses: it gives up a whole strip for it."""
    if not lines:
        return []
    try:
        pixels = decode(_octets(_EOL + "".join(lines)), compression, width, len(lines)).tobytes()
    except UnreadableDocument:
        cut = _cut(lines, compression)
        if not cut:
            return [None] * len(lines)
        return _decoded(lines[:cut], compression, width) + _decoded(lines[cut:], compression, width)
    stride = (width + 7) // 8
    return [pixels[at : at + stride] for at in range(0, len(pixels), stride)]


def _cut(lines: list[str], compression: str) -> int:
    """Return where to halve a refused strip: a line that stands alone (MR: tag bit 1); 0 for nowhere."""
    middle = len(lines) // 2
    if compression == "MH":
        return middle
    alone = (n for n in (*range(middle, len(lines)), *range(middle, 0, -1)) if n and lines[n].startswith("1"))
    return next(alone, 0)


def _filled(decoded: list[bytes | None], white: bytes, rows: int, bad: frozenset[int]) -> list[bytes]:
    """Return `rows` rows: the decoded ones in order, and in place of each bad one the row above it."""
    out: list[bytes] = []
    above, left = white, iter(decoded)
    for number in range(rows):
        if number not in bad:
            above = next(left, None) or above
        out.append(above)
    return out


def _lines(data: bytes) -> list[str]:
    """Return the code of every line with the EOL that ends it, as '0' and '1' in order of transmission."""
    bits = format(int.from_bytes(data, "little"), f"0{8 * len(data)}b")[::-1] + _EOL
    lines: list[str] = []
    start = -1
    zeros = bits.find(_ZEROS)
    while zeros >= 0 and (one := bits.find("1", zeros)) >= 0:
        if start >= 0:
            lines.append(bits[start : one + 1])
        start = one + 1
        zeros = bits.find(_ZEROS, start)
    return lines


def _octets(bits: str) -> bytes:
    return int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")
