"""Forms that change something: only from our own pages, only with the token of this browser's session.

The session cookie is random and means nothing but "the same browser"; the token is its HMAC under a key of
this process. Both must fit, and the browser must say that the form came from us.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from gateway.web.site import site_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE: Final = "postline"
MOST_FIELDS: Final = 20


def session_of(request: Request) -> str:
    """Return this browser's session: that of its cookie, or a new one that `keep` will set."""
    if not hasattr(request.state, "session"):
        request.state.session = request.cookies.get(COOKIE) or site_of(request).new_token()
    session: str = request.state.session
    return session


def token_of(request: Request) -> str:
    """Return what a form of this session must carry."""
    secret = site_of(request).secret
    return hmac.new(secret, session_of(request).encode(), "sha256").hexdigest()


def keep(request: Request, response: Response) -> None:
    """Set the session cookie where the browser has none yet."""
    if COOKIE not in request.cookies:
        secure = site_of(request).https
        response.set_cookie(COOKIE, session_of(request), httponly=True, samesite="lax", secure=secure)


async def received(request: Request) -> FormData:
    """Return the fields of a form of ours; raises HTTPException 403 for anybody else's."""
    if not same_origin(request):
        raise HTTPException(403, "origin")
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    if not hmac.compare_digest(str(form.get("token", "")).encode(), token_of(request).encode()):
        raise HTTPException(403, "token")
    return form


def same_origin(request: Request) -> bool:
    """Say whether the browser says that this came from a page of ours. No word is no."""
    origin = request.headers.get("origin") or request.headers.get("referer", "")
    try:
        return urlsplit(origin).netloc == request.headers.get("host", "") != ""
    except ValueError:
        return False
