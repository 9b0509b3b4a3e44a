"""Sizes of paper and of fax pages, and where a document's page goes on a fax page.

T.4 clause 2: 1728 pels over 215 mm; 3.85, 7.7 and 15.4 lines a millimetre. All scaling uses the exact
97.79, 195.58 and 391.16 lines an inch; TIFF tags hold the rounded figures. B4 and A3 are laid out at their
own size and drawn smaller: wider scans are never sent unasked.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 1728
X_DPI = 204.0
MM = 25.4
POINT = 72.0

PAPERS = {
    "a4": (210.0, 297.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "b4": (257.0, 364.0),
    "a3": (297.0, 420.0),
}
LINES_PER_INCH = {"standard": 97.79, "fine": 195.58, "superfine": 391.16}
OVERHANG = 1.015
"""A page this much wider or longer than the scan loses a sliver of its edge instead of being rescaled."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A fax page to draw on: pels wide, scan lines high, and its density along both axes."""

    width: int
    rows: int
    x_dpi: float
    y_dpi: float
    resolution: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a page lies on a canvas, in pels; may overhang. `turned` = rotated 90 degrees clockwise."""

    x: int
    y: int
    width: int
    height: int
    turned: bool


def paper_size(name: str) -> tuple[float, float]:
    """Width and height of a paper in millimetres; unknown names are A4."""
    return PAPERS.get(name.lower(), PAPERS["a4"])


def canvas(paper: str, resolution: str) -> Canvas:
    """Return the fax page a document on `paper` is drawn on. B4 and A3 are reduced to the A4 page."""
    width_mm, height_mm = paper_size(paper)
    if width_mm / MM * X_DPI > WIDTH * OVERHANG:
        height_mm = PAPERS["a4"][1]
    y_dpi = LINES_PER_INCH[resolution]
    return Canvas(WIDTH, round(height_mm / MM * y_dpi), X_DPI, y_dpi, resolution)


def place(width_in: float, height_in: float, on: Canvas, *, fit: bool | None = None) -> Placement:
    """Place a page of this size in inches: centred, at the top, both axes scaled alike.

    A wide page is turned when that lets it be drawn larger. `fit` None never enlarges, True always fills the
    paper, False keeps the size: what hangs over at the right and the bottom is lost.
    """
    if fit is False:
        return _unscaled(width_in, height_in, on)
    upright = _scale(width_in, height_in, on, enlarge=fit is True)
    sideways = _scale(height_in, width_in, on, enlarge=fit is True)
    turned = width_in > height_in and sideways > upright
    if turned:
        width_in, height_in = height_in, width_in
    scale = max(upright, sideways) if turned else upright
    width = max(1, round(width_in * scale * on.x_dpi))
    height = max(1, round(height_in * scale * on.y_dpi))
    return Placement((on.width - width) // 2, 0, width, height, turned)


def _unscaled(width_in: float, height_in: float, on: Canvas) -> Placement:
    """Place a page at its own size, turned where only that lets all of it be seen."""
    overhangs = _scale(width_in, height_in, on) < 1
    turned = overhangs and width_in > height_in and _scale(height_in, width_in, on) == 1
    if turned:
        width_in, height_in = height_in, width_in
    width = max(1, round(width_in * on.x_dpi))
    height = max(1, round(height_in * on.y_dpi))
    aside = (on.width - width) // 2
    return Placement(aside if width <= on.width * OVERHANG else 0, 0, width, height, turned)


def _scale(width_in: float, height_in: float, on: Canvas, *, enlarge: bool = False) -> float:
    across = on.width / on.x_dpi / width_in
    down = on.rows / on.y_dpi / height_in
    whole = min(across, down) * OVERHANG >= 1
    return 1.0 if whole and not (enlarge and min(across, down) > OVERHANG) else min(across, down)


SIDE_MARGIN_MM, TOP_MARGIN_MM, BOTTOM_MARGIN_MM = 8.0, 12.0, 8.0


def place_picture(width_in: float, height_in: float, on: Canvas, *, fit: bool | None = None) -> Placement:
    """Place a picture, which has no margins of its own: below the header line, off the edges a fax loses.

    A picture that is a whole page already (a scan) stays where it is. `fit` is as in `place`.
    """
    natural = place(width_in, height_in, on, fit=fit)
    scale = natural.height / on.y_dpi / (width_in if natural.turned else height_in)
    if 0.999 < scale < OVERHANG or (fit is None and scale > 0.999):
        spare = on.rows - natural.height
        top = min(round(TOP_MARGIN_MM / MM * on.y_dpi), max(0, spare // 2))
        return Placement(natural.x, top, natural.width, natural.height, natural.turned)
    left, top = round(SIDE_MARGIN_MM / MM * on.x_dpi), round(TOP_MARGIN_MM / MM * on.y_dpi)
    bottom = round(BOTTOM_MARGIN_MM / MM * on.y_dpi)
    inner = Canvas(on.width - 2 * left, on.rows - top - bottom, on.x_dpi, on.y_dpi, on.resolution)
    fitted = place(width_in, height_in, inner, fit=fit)
    return Placement(fitted.x + left, fitted.y + top, fitted.width, fitted.height, fitted.turned)
