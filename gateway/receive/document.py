"""The pages of a reception as one document: a Class F TIFF, or the same pages as PDF.

Pages were repaired and coded when they were stored (`render.received`); nothing is drawn or decoded again,
so a forward shows exactly what was confirmed to the sender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.pdf_out import tiff_to_pdf
from render.tiff import read_tiff, write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterable


def assemble(pages: Iterable[bytes]) -> bytes:
    """Return one multi-page Class F TIFF of one-page TIFFs, in their order."""
    return write_tiff([page for data in pages for page in read_tiff(data)])


def in_format(document: bytes, form: str, title: str) -> bytes:
    """Return a Class F TIFF as it is ("tiff") or as a PDF ("pdf") with that title."""
    return tiff_to_pdf(read_tiff(document), title) if form == "pdf" else document
