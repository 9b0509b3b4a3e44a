"""One page as a call sends it: its body fitted, its header line drawn and set above it as bits.

What decides is `Setting`, plain values that a caller can keep: the same page with the same setting is the
same picture on any day, so what was sent can be shown again. Who makes calls codes a body once and shares it
between calls; who only looks lets `as_sent` make one. It refuses to know of numbers, calls and machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from render import coding, header, strips
from render.body import Body, Cut
from render.geometry import LINES_PER_INCH, MM, PAPERS
from render.tiff import TiffPage

if TYPE_CHECKING:
    from PIL import Image

A4_MM = PAPERS["a4"][1]
_SMALLEST = 8
"""A page of fewer header heights than this is no page of paper, and gets no header line."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a page is set. `columns`: the parts of its header line from left to right, none for no line.

    `language` picks the shapes of East Asian characters in it. `a4` presses a longer page together, for a
    machine that takes none; `cut_white` leaves out the white at the foot (`render.body`).
    """

    columns: tuple[str, ...] = ()
    language: str = "en"
    a4: bool = False
    cut_white: bool = False

    def has_line(self, page: TiffPage) -> bool:
        """Say whether a header line stands on this page."""
        return bool(self.columns) and page.rows >= _SMALLEST * header.rows(page.y_dpi)

    def cut(self, page: TiffPage) -> Cut:
        """Return how the body of this page is fitted."""
        longest = round(A4_MM / MM * LINES_PER_INCH.get(page.resolution, page.y_dpi)) if self.a4 else 0
        return Cut(header.rows(page.y_dpi) if self.has_line(page) else 0, longest, self.cut_white)


class Sheet:
    """A page at one resolution with its header line; `body` is it fitted by `setting.cut(page)`."""

    def __init__(self, page: TiffPage, setting: Setting, body: Body) -> None:
        self._line = _line(page, setting) if setting.has_line(page) else None
        self._body = body
        self.width = page.width
        self.rows = body.rows + (self._line.height if self._line else 0)

    def stream(self, compression: str) -> bytes:
        """Return the page's lines, coded: LSB first, no RTC; `compression` is "MH", "MR" or "MMR"."""
        below = self._body.stream(compression)
        if self._line is None:
            return below
        above = coding.encode(self._line, compression, fine=self._body.y_dpi > 150)
        return strips.joined(compression, above, below)

    def as_tiff(self) -> TiffPage:
        """Return the page as a page of a TIFF."""
        body = self._body
        return TiffPage(self.stream("MMR"), self.width, self.rows, "MMR", body.x_dpi, body.y_dpi)


def as_sent(page: TiffPage, setting: Setting) -> TiffPage:
    """Return a page of a master as a call with this setting sent it; raises `UnreadableDocument`."""
    return Sheet(page, setting, Body(page, setting.cut(page))).as_tiff()


def _line(page: TiffPage, setting: Setting) -> Image.Image:
    return header.draw(
        setting.columns,
        width=page.width,
        x_dpi=page.x_dpi,
        y_dpi=page.y_dpi,
        language=setting.language,
    )
