"""PDF pages to grey fax pages, with PDFium drawing straight into a bitmap of the fax page's own size.

The bitmap is never sized by the document: its pels are not square and PDFium scales each axis itself. Filled
form fields are drawn; scripts and links do nothing. PDFium is not thread-safe and reads hostile input: run
this in a sandbox child.
"""

from __future__ import annotations

import ctypes
import itertools
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pypdfium2.raw as fpdf
from PIL import Image

from render.bilevel import Box, Drawing
from render.errors import EncryptedDocument, UnreadableDocument
from render.geometry import POINT, Placement, place
from render.patience import one_page

if TYPE_CHECKING:
    from render.geometry import Canvas

_PAPER = b"\xff"
_MOST_OBJECTS = 5000


class PdfSheets:
    """The pages of one PDF, drawable on any canvas."""

    def __init__(self, name: str, data: bytes, *, fit: bool | None = None) -> None:
        """Open a PDF; `fit` is as in `geometry.place`."""
        self._name, self._fit = name, fit
        try:
            self._document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            raise _refusal(name, error) from error
        self.count = len(self._document)
        if self._document.get_formtype():
            self._document.init_forms()

    def draw(self, number: int, canvas: Canvas) -> Drawing:
        """Return page `number` (from 0) in grey, as large as the canvas; raises UnreadableDocument."""
        with one_page():
            return self._page(number, canvas)

    def _page(self, number: int, canvas: Canvas) -> Drawing:
        try:
            page = self._document[number]
        except pdfium.PdfiumError as error:
            raise UnreadableDocument(
                self._name, f"Page {number + 1} of the PDF is damaged.", str(error)
            ) from error
        width, height = page.get_size()
        placement = place(max(width, 1) / POINT, max(height, 1) / POINT, canvas, fit=self._fit)
        pels = bytearray(_PAPER * (canvas.width * canvas.rows))
        self._draw(page, pels, canvas, placement)
        pictures = _picture_boxes(page, canvas, placement)
        page.close()
        grey = Image.frombuffer("L", (canvas.width, canvas.rows), pels, "raw", "L", 0, 1)
        return Drawing(grey, pictures)

    def _draw(self, page: pdfium.PdfPage, pels: bytearray, on: Canvas, at: Placement) -> None:
        memory = (ctypes.c_ubyte * len(pels)).from_buffer(pels)
        bitmap = fpdf.FPDFBitmap_CreateEx(on.width, on.rows, fpdf.FPDFBitmap_Gray, memory, on.width)
        box = (at.x, at.y, at.width, at.height, int(at.turned), fpdf.FPDF_ANNOT | fpdf.FPDF_GRAYSCALE)
        fpdf.FPDF_RenderPageBitmap(bitmap, page.raw, *box)
        if self._document.formenv:
            fpdf.FPDF_FFLDraw(self._document.formenv.raw, bitmap, page.raw, *box)
        fpdf.FPDFBitmap_Destroy(bitmap)


def _picture_boxes(page: pdfium.PdfPage, on: Canvas, at: Placement) -> tuple[Box, ...]:
    """Return where pictures lie on the canvas; a picture within a group counts as the whole page."""
    boxes = []
    for thing in itertools.islice(page.get_objects(max_depth=3), _MOST_OBJECTS):
        if thing.type == fpdf.FPDF_PAGEOBJ_IMAGE:
            if thing.level:
                return ((0, 0, on.width, on.rows),)
            left, bottom, right, top = thing.get_bounds()
            boxes.append(_on_canvas(page, on, at, ((left, bottom), (right, top))))
    return tuple(box for box in boxes if box[0] < box[2] and box[1] < box[3])


def _on_canvas(
    page: pdfium.PdfPage, on: Canvas, at: Placement, corners: tuple[tuple[float, float], ...]
) -> Box:
    x, y = ctypes.c_int(), ctypes.c_int()
    found = []
    for corner in corners:
        fpdf.FPDF_PageToDevice(page.raw, at.x, at.y, at.width, at.height, int(at.turned), *corner, x, y)
        found.append((min(max(0, x.value), on.width), min(max(0, y.value), on.rows)))
    (x0, y0), (x1, y1) = found
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _refusal(name: str, error: pdfium.PdfiumError) -> EncryptedDocument | UnreadableDocument:
    if error.err_code == fpdf.FPDF_ERR_PASSWORD:
        return EncryptedDocument(name, "The PDF asks for a password.")
    if error.err_code == fpdf.FPDF_ERR_SECURITY:
        return EncryptedDocument(name, "The PDF is protected in a way we cannot open.")
    return UnreadableDocument(name, "The PDF is damaged.", detail=str(error))
