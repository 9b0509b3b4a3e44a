"""A message's parts to fax pages: every part drawn and coded at each resolution from the same source.

Each part starts on a new page; the order is the caller's. A page is drawn anew for each resolution rather
than resampled. Refuses, naming the part, what cannot be drawn; never leaves a part out in
silence. Kinds of files that are not drawn may be left out if the settings say so and something else is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from render import bilevel, geometry
from render.coding import coded_page
from render.document import Rendering, Settings
from render.errors import NothingToSend, TooManyPages, UnsupportedDocument
from render.parts import open_part
from render.patience import Patience
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.document import Part
    from render.geometry import Canvas
    from render.parts import Sheets


RESOLUTIONS = ("standard", "fine")
DEFAULTS = Settings()


def render_parts(
    parts: Sequence[Part], settings: Settings = DEFAULTS, resolutions: Sequence[str] = RESOLUTIONS
) -> Rendering:
    """Return the pages of `parts` as one multi-page MMR master for each resolution.

    Raises a RenderError: a part that cannot be drawn, more than `settings.max_pages`, or no page at all.
    """
    warnings: list[str] = []
    patience = Patience()
    sheets: list[Sheets] = []
    pages = 0
    refused: UnsupportedDocument | None = None
    for part in parts:
        try:
            opened = open_part(part, settings, warnings, patience)
        except UnsupportedDocument as error:
            if settings.unsupported != "ignore":
                raise
            refused = refused or error
            warnings.append(f"{part.name or part.content_type}: this kind of file was left out.")
            continue
        if opened is None:
            continue
        pages += opened.count
        if pages > settings.max_pages:
            raise TooManyPages(part.name, f"The fax would have more than {settings.max_pages} pages.")
        sheets.append(opened)
    if not pages:
        if refused is not None:
            raise refused
        if names := ", ".join(part.name for part in parts if part.name):
            raise NothingToSend(names, "The file is blank.")
        raise NothingToSend("", "There is nothing to send: no page was found in the message.")
    masters = {
        name: _master(sheets, geometry.canvas(settings.paper, name), settings.rendering)
        for name in resolutions
    }
    return Rendering(masters, pages, warnings)


def _master(sheets: list[Sheets], canvas: Canvas, shades: str) -> bytes:
    drawn = (source.draw(number, canvas) for source in sheets for number in range(source.count))
    pictures = (bilevel.to_bilevel(drawing, y_dpi=canvas.y_dpi, shades=shades) for drawing in drawn)
    return write_tiff([coded_page(picture, canvas.resolution) for picture in pictures])
