"""Large colour PNGs, some lines at a time: Pillow holds four octets a pixel, 400 MB at the limit.

The lines of a PNG are one stream, each its difference from the line above. A band of them is made
a picture of its own, with the last line of the band before on top, whole, and Pillow draws that. Interlaced
pictures and those of 16 bits a sample are left to Pillow as they are.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SAMPLES: Final = {2: 3, 6: 4}


def fits(data: bytes) -> bool:
    """Whether a file is a PNG that can be drawn so: colour, 8 bits a sample, not interlaced."""
    return (
        len(data) > 32
        and data.startswith(_SIGNATURE)
        and data[12:16] == b"IHDR"
        and data[24] == 8
        and data[25] in _SAMPLES
        and data[28] == 0
    )


def bands(data: bytes, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield (top, picture) of each `rows` lines; raises OSError of a damaged file."""
    width, height = struct.unpack(">II", data[16:24])
    octets = width * _SAMPLES[data[25]]
    lines = _Lines(data)
    above = b""
    for top in range(0, height, rows):
        count = min(rows, height - top)
        coded = lines.take(count * (1 + octets))
        with_above = above + coded
        head = struct.pack(">II", width, count + bool(above)) + data[24:29]
        file = b"".join(
            (
                _SIGNATURE,
                _chunk(b"IHDR", head),
                lines.transparent,
                _chunk(b"IDAT", zlib.compress(with_above, 0)),
                _chunk(b"IEND", b""),
            )
        )
        with Image.open(io.BytesIO(file), formats=("PNG",)) as picture:
            picture.load()
            last = picture.crop((0, picture.height - 1, width, picture.height))
            shown = picture.crop((0, int(bool(above)), width, picture.height))
            shown.info = dict(picture.info)
        above = b"\0" + last.tobytes()
        yield top, shown


class _Lines:
    """The unpacked lines of a PNG, as many octets at a time as are asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = len(_SIGNATURE)
        self._packed = zlib.decompressobj()
        self._ready = bytearray()
        self.transparent = b""

    def take(self, octets: int) -> bytes:
        """Return so many octets; raises OSError at the end of the file."""
        while len(self._ready) < octets:
            self._more(octets - len(self._ready))
        taken = bytes(self._ready[:octets])
        del self._ready[:octets]
        return taken

    def _more(self, octets: int) -> None:
        try:
            if self._packed.unconsumed_tail:
                self._ready += self._packed.decompress(self._packed.unconsumed_tail, octets)
                return
            kind, body = self._chunk()
            if kind == b"tRNS":
                self.transparent = _chunk(kind, body)
            elif kind == b"IDAT":
                self._ready += self._packed.decompress(body, octets)
        except zlib.error as error:
            raise OSError(f"broken PNG: {error}") from error

    def _chunk(self) -> tuple[bytes, bytes]:
        if self._at + 12 > len(self._data):
            raise OSError("the PNG ends too soon")
        (length,) = struct.unpack_from(">I", self._data, self._at)
        kind = self._data[self._at + 4 : self._at + 8]
        body = self._data[self._at + 8 : self._at + 8 + length]
        self._at += 12 + length
        if kind == b"IEND":
            raise OSError("the PNG ends too soon")
        return kind, body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
