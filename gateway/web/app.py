"""The application of the pages, built from explicit dependencies (`Site`). One route, one page module."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.domain.errors import Unavailable
from gateway.web import live
from gateway.web.guard import Guard
from gateway.web.pages import certificate, demo, documents, fax, health, history, language, lines, mails
from gateway.web.view import error

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.web.site import Site

log = structlog.get_logger()

ROUTES = (
    Route("/", history.front),
    Route("/history", history.history),
    Route("/fax/{number:int}", fax.fax),
    Route("/fax/{number:int}/page/{n:int}.png", documents.picture),
    Route("/fax/{number:int}/fax-{name:int}.tif", documents.tiff),
    Route("/fax/{number:int}/fax-{name:int}.pdf", documents.pdf),
    Route("/fax/{number:int}/attempt/{attempt:int}/log", documents.call_log),
    Route("/lines", lines.lines),
    Route("/certificate", certificate.about),
    Route("/certificate/postline.{form}", certificate.download),
    Route("/language", language.choose, methods=["POST"]),
    Route("/events", live.stream),
    Route("/healthz", health.alive),
    Route("/readyz", health.ready),
)
DEMO_ROUTES = (
    Route("/demo", demo.overview),
    Route("/demo/evidence/{name}.png", demo.picture),
    Route("/demo/send", demo.send, methods=["POST"]),
    Route("/demo/call-in", demo.call_in, methods=["POST"]),
    Route("/mails", mails.boxes),
    Route("/mails/{address}/{n:int}", mails.mail),
    Route("/mails/{address}/{n:int}/source", mails.source),
    Route("/mails/{address}/{n:int}/part/{part:int}", mails.part),
)


class Static(StaticFiles):
    """Our own style and script; no fax is among them, so a browser may keep them a while."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the file, to be asked for again before it is used again."""
        answer = super().file_response(*args, **kwargs)
        answer.headers["cache-control"] = "no-cache"
        return answer


def build(site: Site) -> Guard:
    """Return the ASGI application, the guard around all of it: a fault's page carries the headers too."""
    static = Mount("/static", Static(directory=str(files("templates").joinpath("static"))), name="static")
    application = Starlette(
        routes=[*ROUTES, *(DEMO_ROUTES if site.demo else ()), static],
        exception_handlers={HTTPException: refused, Unavailable: unavailable, Exception: failed},
    )
    application.state.site = site
    return Guard(application, site.hosts)


async def refused(request: Request, exception: Exception) -> Response:
    """Answer what a page refused."""
    assert isinstance(exception, HTTPException)  # noqa: S101  (Starlette calls us for nothing else)
    if exception.status_code in range(300, 400):
        return RedirectResponse("/", exception.status_code)
    return error(request, exception.status_code)


async def unavailable(request: Request, exception: Exception) -> Response:
    """Answer while the database or the disk cannot."""
    log.warning("page.unavailable", path=request.url.path, detail=getattr(exception, "detail", ""))
    return error(request, 503)


async def failed(request: Request, exception: Exception) -> Response:
    """Answer a fault of ours, and log it."""
    log.error("page.failed", path=request.url.path, exc_info=exception)
    return error(request, 500)
