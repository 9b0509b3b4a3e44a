"""The choice of a language, kept in a cookie of this browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from gateway.language import LANGUAGES
from gateway.web import forms
from gateway.web.languages import COOKIE
from gateway.web.site import site_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

A_YEAR = 365 * 24 * 3600


async def choose(request: Request) -> Response:
    """Keep the choice and go back to the page it was made on."""
    form = await forms.received(request)
    answer = RedirectResponse(inside(str(form.get("back", ""))), 303)
    if (language := str(form.get("language", ""))) in LANGUAGES:
        answer.set_cookie(COOKIE, language, A_YEAR, samesite="lax", secure=site_of(request).https)
    return answer


def inside(path: str) -> str:
    """Return a path of this site; `/` for anything that could lead elsewhere."""
    ours = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if ours else "/"
