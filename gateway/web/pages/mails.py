"""The demo's mailboxes: what the next hop was given, decoded and as it came. Only in the demo."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from gateway.store import events
from gateway.web import mailboxes
from gateway.web.site import site_of
from gateway.web.view import look, page

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request


async def boxes(request: Request) -> Response:
    """List the mails by address."""
    await look(request, events.last_id)
    found = await asyncio.to_thread(mailboxes.boxes, folder_of(request))
    return page(request, "mails.html", "mails", boxes=found)


async def mail(request: Request) -> Response:
    """Show one mail."""
    return page(request, "mail.html", "mails", mail=await one(request))


async def source(request: Request) -> Response:
    """Return a mail as it came, as plain text."""
    return PlainTextResponse((await one(request)).source)


async def part(request: Request) -> Response:
    """Return an attached file, to keep, never to be shown in place."""
    found = (await one(request)).attachments
    n = request.path_params["part"]
    if not 0 < n <= len(found):
        raise HTTPException(404)
    file = found[n - 1]
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return Response(file.data, media_type=file.kind, headers=headers)


async def one(request: Request) -> mailboxes.Mail:
    """Return the mail that the address of the request names; HTTPException 404 if there is none."""
    wanted = request.path_params["address"], request.path_params["n"]
    found = await asyncio.to_thread(mailboxes.find, folder_of(request), *wanted)
    if found is None:
        raise HTTPException(404)
    return found


def folder_of(request: Request) -> Path:
    """Return the demo's folder of mailboxes."""
    demo = site_of(request).demo
    if demo is None:
        raise HTTPException(404)
    return demo.mailboxes
