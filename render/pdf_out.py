"""Fax pages to PDF without decoding them: the coded strips become CCITT images at their true size."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from render.coding import coded_page, image, reversed_bits
from render.geometry import LINES_PER_INCH, POINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from render.tiff import TiffPage

_K = {"MH": 0, "MR": 4, "MMR": -1}
_EXACT = {
    (204, 98): LINES_PER_INCH["standard"],
    (204, 196): LINES_PER_INCH["fine"],
    (204, 391): LINES_PER_INCH["superfine"],
    (408, 391): LINES_PER_INCH["superfine"],
}
"""Densities of the metric family as tags round them, and the lines an inch they stand for."""


def tiff_to_pdf(pages: Sequence[TiffPage], title: str = "") -> bytes:
    """Return a PDF of `pages`, each as large as the paper it was scanned from or printed on."""
    pdf = pikepdf.new()
    for page in pages:
        _add(pdf, page)
    if title:
        pdf.docinfo[Name.Title] = title
    out = io.BytesIO()
    # Without these the bytes would depend on the moment of writing.
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def page_size(page: TiffPage) -> tuple[float, float]:
    """Return width and height in points. Fax densities in tags are rounded; the exact ones are used."""
    y_dpi = _EXACT.get((page.x_dpi, page.y_dpi), float(page.y_dpi))
    return page.width * POINT / page.x_dpi, page.rows * POINT / y_dpi


def _add(pdf: pikepdf.Pdf, page: TiffPage) -> None:
    if page.strips or page.inverted:
        page = replace(coded_page(image(page), page.resolution), x_dpi=page.x_dpi, y_dpi=page.y_dpi)
    width, height = page_size(page)
    picture = Stream(pdf, reversed_bits(page.data))
    picture.stream_dict = Dictionary(
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=page.width,
        Height=page.rows,
        BitsPerComponent=1,
        ColorSpace=Name.DeviceGray,
        Filter=Name.CCITTFaxDecode,
        DecodeParms=Dictionary(
            K=_K[page.compression],
            Columns=page.width,
            Rows=page.rows,
            EndOfLine=page.compression != "MMR",
            EndOfBlock=page.compression == "MMR",
            BlackIs1=False,
        ),
    )
    drawing = Stream(pdf, f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /P Do Q".encode())
    leaf = pikepdf.Page(
        Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, round(width, 3), round(height, 3)]),
            Resources=Dictionary(XObject=Dictionary(P=pdf.make_indirect(picture))),
            Contents=pdf.make_indirect(drawing),
        )
    )
    pdf.pages.append(leaf)
