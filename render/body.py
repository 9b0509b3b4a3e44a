"""What of a page goes out whatever the call: the page below its header line, coded in every way.

A header line takes the first lines of a page. Where these are white they are cut away; otherwise the page
moves down into the white at its foot, and where there is none it is pressed together by that height, down
the page only, which nobody sees at 1 %. Nothing is ever printed over. Cutting white off the foot is the
account's choice and stays moderate: some machines jam on slips, or cut them badly. What a body costs is paid
once: MMR is moved as bits, MH and MR are coded when first asked for. Callers share bodies between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from PIL import Image

from render import coding, strips
from render.bilevel import THRESHOLD
from render.tiff import TiffPage

SHORTEST_MM, FOOT_MM = 100.0, 10.0
"""What a page keeps when its white foot is cut: this length in all, this much below the last mark."""
_TABLE = [0] * THRESHOLD + [255] * (256 - THRESHOLD)


@dataclass(frozen=True, slots=True)
class Cut:
    """How a page is fitted: lines kept free on top, the most lines it may have (0 = any), foot cut or not."""

    top: int = 0
    longest: int = 0
    foot: bool = False


class Body:
    """One page at one resolution below the `cut.top` lines that its header takes. Safe for threads."""

    def __init__(self, page: TiffPage, cut: Cut = Cut()) -> None:
        """Fit the page; raises `UnreadableDocument` where it has to be decoded and cannot."""
        fitted = _cut_foot(_lowered(_shortened(page, cut.longest), cut.top), cut)
        self.width, self.x_dpi, self.y_dpi = page.width, page.x_dpi, page.y_dpi
        self.rows = fitted.rows - cut.top
        self._streams = {"MMR": strips.without_top(fitted.data, cut.top)}
        self._coding = Lock()

    @property
    def octets(self) -> int:
        """Octets held."""
        return sum(map(len, self._streams.values()))

    def stream(self, compression: str) -> bytes:
        """Return the coded lines: LSB first, no RTC; MMR with its EOFB."""
        with self._coding:
            if compression not in self._streams:
                self._streams[compression] = coding.encode_in_bands(
                    coding.decode(self._streams["MMR"], "MMR", self.width, self.rows),
                    compression,
                    fine=self.y_dpi > 150,
                )
            return self._streams[compression]


def _coded(picture: Image.Image, page: TiffPage) -> TiffPage:
    data = coding.encode(picture, "MMR")
    return TiffPage(data, picture.width, picture.height, "MMR", page.x_dpi, page.y_dpi)


def _shortened(page: TiffPage, longest: int) -> TiffPage:
    """Return the page as one MMR strip, drawn smaller where it is longer than it may be."""
    if longest and page.rows > longest:
        return _coded(_pressed(coding.image(page), longest), page)
    data = coding.encode(page, "MMR")
    return TiffPage(data, page.width, page.rows, "MMR", page.x_dpi, page.y_dpi)


def _lowered(page: TiffPage, top: int) -> TiffPage:
    """Return the page with at least `top` white lines on top."""
    missing = top - strips.white_top(page.data, page.rows)
    if missing <= 0:
        return page
    picture = coding.image(page)
    lowered = Image.new("1", picture.size, 255)
    if picture.height - coding.used_rows(picture) >= missing:
        lowered.paste(picture, (0, missing))
    else:
        inked = picture.crop((0, top - missing, picture.width, picture.height))
        lowered.paste(_pressed(inked, picture.height - top), (0, top))
    return _coded(lowered, page)


def _pressed(picture: Image.Image, rows: int) -> Image.Image:
    grey = picture.convert("L").resize((picture.width, rows), Image.Resampling.BOX)
    return grey.point(_TABLE, "1")


def _cut_foot(page: TiffPage, cut: Cut) -> TiffPage:
    if not cut.foot:
        return page
    per_mm = page.y_dpi / 25.4
    used = coding.used_rows(coding.image(page))
    kept = max(used + round(FOOT_MM * per_mm), round(SHORTEST_MM * per_mm), cut.top + 1)
    if kept >= page.rows:
        return page
    data = strips.without_bottom(page.data, page.rows - kept)
    return TiffPage(data, page.width, kept, "MMR", page.x_dpi, page.y_dpi)
