"""What stands before every page: the names we answer to, and the headers every answer carries.

The name check keeps a foreign page from reaching a loopback service through a name of its own that points
here (DNS rebinding). Nothing may be framed, guessed at by type, loaded from elsewhere or kept on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": with it browsers say `Origin: null` in our own forms, and the origin check fails.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def host_names(public_url: str) -> frozenset[str]:
    """Return the names a request may call us by: loopback's and the public one."""
    public = urlsplit(public_url).hostname
    return LOOPBACK | {public} if public else LOOPBACK


def host_name(authority: str) -> str:
    """Return the name in `host:port`, in lower case and without an IPv6 address's brackets; "" if none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


class Guard:
    """ASGI middleware; pure, so that streams pass through it untouched."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a name that is not ours; else answer, with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        known = host_name(Headers(scope=scope).get("host", "")) in self.hosts
        answer = self.app if known else PlainTextResponse("This is not our name.\n", 421)
        await answer(scope, receive, with_headers)
