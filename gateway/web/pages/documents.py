"""The documents of a fax: a page as a picture, all pages as TIFF or PDF, the log of a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.store import traces
from gateway.store.faxes import get_delivery
from gateway.store.receptions import get_reception
from gateway.web import sheets
from gateway.web.paper import WIDTHS
from gateway.web.site import site_of
from gateway.web.view import look
from render.tiff import write_tiff

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.requests import Request

    from gateway.web.sheets import Sheet
    from render.tiff import TiffPage


async def picture(request: Request) -> Response:
    """Return one page as PNG; `?size=` thumb, page or large."""
    pages = await sheets_of(request)
    n, size = request.path_params["n"], request.query_params.get("size", "page")
    if not 0 < n <= len(pages) or size not in WIDTHS:
        raise HTTPException(404)
    sheet = pages[n - 1]
    png = await site_of(request).paper.png(sheet.key, sheet.place, size, sheet.setting)
    if png is None:
        raise HTTPException(404)
    return Response(png, media_type="image/png")


async def tiff(request: Request) -> Response:
    """Return all pages as one Class F TIFF."""
    pages = await coded(request)
    return download(await asyncio.to_thread(write_tiff, pages), "image/tiff", named(request, "tif"))


async def pdf(request: Request) -> Response:
    """Return all pages as one PDF, their bits unchanged."""
    from render.pdf_out import tiff_to_pdf  # noqa: PLC0415  (pikepdf would slow every start)

    pages = await coded(request)
    title = f"Fax {request.path_params['number']}"
    document = await asyncio.to_thread(tiff_to_pdf, pages, title)
    return download(document, "application/pdf", named(request, "pdf"))


async def call_log(request: Request) -> Response:
    """Return the log of one call as JSON lines; attempt 0 is the call of a reception."""
    key = await look(request, log_key, request.path_params["number"], request.path_params["attempt"])
    if key is None:
        raise HTTPException(404)
    try:
        log = traces.unpack(await asyncio.to_thread(site_of(request).blobs.read, key))
    except OSError as error:
        raise HTTPException(404) from error
    return download(log, "application/x-ndjson", f"call-{request.path_params['number']}.jsonl")


def log_key(session: Session, number: int, attempt: int) -> str | None:
    """Return the blob key of a call's log, None if there is none."""
    if attempt == 0:
        reception = get_reception(session, number)
        return reception.trace_blob if reception else None
    delivery = get_delivery(session, number)
    calls = delivery.attempts if delivery else []
    return next((call.trace_blob for call in calls if call.id == attempt), None)


async def sheets_of(request: Request) -> list[Sheet]:
    """Return the pages of the fax that the address names; HTTPException 404 if there is no such fax."""
    found = await look(request, find, request.path_params["number"])
    if found is None:
        raise HTTPException(404)
    return found


def find(session: Session, number: int) -> list[Sheet] | None:
    """Return the pages of a fax by its public number, None if there is none."""
    if delivery := get_delivery(session, number):
        return sheets.of_delivery(delivery)
    reception = get_reception(session, number)
    return sheets.of_reception(reception) if reception else None


async def coded(request: Request) -> list[TiffPage]:
    """Return all pages, coded, as they were sent or received; HTTPException 404 if one is missing."""
    paper, pages = site_of(request).paper, await sheets_of(request)
    if request.path_params["name"] != request.path_params["number"]:
        raise HTTPException(404)
    found = await paper.pages([(sheet.key, sheet.place, sheet.setting) for sheet in pages])
    if not found:
        raise HTTPException(404)
    return found


def named(request: Request, ending: str) -> str:
    """Return the file name of a download."""
    return f"fax-{request.path_params['number']}.{ending}"


def download(data: bytes, kind: str, name: str) -> Response:
    """Return a file to keep; `name` is ours, plain ASCII."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind, headers=headers)
