"""For machines that watch us: alive (this process answers) and ready (it can do its work)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse

from gateway.domain.errors import Unavailable
from gateway.store.lines import IN_SERVICE, all_lines
from gateway.web.site import site_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.web.site import Site


async def alive(request: Request) -> Response:  # noqa: ARG001  (Starlette's signature)
    """Answer that we answer."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Answer 200 if database, storage and at least one line are there, else 503; each by name."""
    site = site_of(request)
    checks = {**await database_and_lines(site), "storage": has_storage(site)}
    good = all(checks.values())
    return JSONResponse({"ready": good, **checks}, 200 if good else 503)


async def database_and_lines(site: Site) -> dict[str, bool]:
    """Return whether the database answers, and whether a line is in service."""
    try:
        return {"database": True, "lines": await site.store.read(any_line)}
    except Unavailable:
        return {"database": False, "lines": False}


def any_line(session: Session) -> bool:
    """Say whether a line is in service."""
    return any(line.state in IN_SERVICE for line in all_lines(session))


def has_storage(site: Site) -> bool:
    """Say whether a fax could be stored."""
    try:
        site.blobs.check_space()
    except (Unavailable, OSError):
        return False
    return True
