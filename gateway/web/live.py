"""Live pages: the store's events as a stream of server-sent events.

The ids are those of `Event`, so a browser that lost its stream says where it was and misses nothing. One
task asks the store whether there is news while anybody listens; each stream then reads its own. Streams end
when the process does: an open page never holds up a shutdown. A stream says that something changed and a
sentence for people who do not see the page; what changed, the page asks for by itself.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import PlainTextResponse, StreamingResponse

from gateway.domain.errors import Unavailable
from gateway.language import translations
from gateway.store import events
from gateway.web.languages import chosen
from gateway.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.store.database import AsyncStore
    from gateway.store.models import Event
    from gateway.web.site import Site

LOOK_SECONDS: Final = 0.2
HEARTBEAT_SECONDS: Final = 15.0
MOST_STREAMS: Final = 200


class Feed:
    """Wakes streams when the store has newer events. `look` runs as a task beside the server."""

    def __init__(self, store: AsyncStore, stop: asyncio.Event) -> None:
        self._store, self._stop = store, stop
        self._news = asyncio.Event()
        self.streams = 0

    async def look(self) -> None:
        """Watch for news until the process stops; then wake everybody a last time."""
        newest = -1
        while not self._stop.is_set():
            if self.streams:
                with suppress(Unavailable):
                    newest = await self._look_once(newest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), LOOK_SECONDS)
        self._wake()

    async def news(self, seconds: float) -> bool:
        """Wait for news or the end, at most so long; say whether there may be news."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
            return True
        return False

    async def _look_once(self, newest: int) -> int:
        found = await self._store.read(events.last_id)
        if found != newest:
            self._wake()
        return found

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
        if self._stop.is_set():
            self._news.set()


async def stream(request: Request) -> Response:
    """Answer `/events?after=ID&number=N` with the events after that id, of one fax or of all."""
    site = site_of(request)
    if site.feed.streams >= MOST_STREAMS:
        return PlainTextResponse("Too many live pages.\n", 503, {"retry-after": "60"})
    after = whole(request.headers.get("last-event-id")) or whole(request.query_params.get("after"))
    number = whole(request.query_params.get("number")) or None
    return StreamingResponse(
        lines(site, after, number, chosen(request)), media_type="text/event-stream; charset=utf-8"
    )


async def lines(site: Site, after: int, number: int | None, language: str) -> AsyncIterator[str]:
    """Yield the stream: news as they come, a heartbeat in between."""
    site.feed.streams += 1
    try:
        yield "retry: 1000\n\n"
        while not site.stop.is_set():
            found: Sequence[Event] = await site.store.read(events.since, after, number=number)
            for event in found:
                after = event.id
                yield record(event, language)
            if not found and not await site.feed.news(HEARTBEAT_SECONDS):
                yield ": still here\n\n"
    finally:
        site.feed.streams -= 1


def record(event: Event, language: str) -> str:
    """Return one event as the stream writes it."""
    data: dict[str, Any] = {"kind": event.kind, "number": event.number}
    if said := sentence(event, language):
        data["say"] = said
    return f"id: {event.id}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def sentence(event: Event, language: str) -> str:
    """Return what is announced about an event, "" for one that is not."""
    spoken = translations(language)
    facts = {"number": event.number or 0, "num": pages_of(event)}
    match event.kind:
        case "fax.accepted":
            text = spoken.ugettext("Fax %(number)d accepted")
        case "delivery.sent":
            text = spoken.ungettext(
                "Fax %(number)d sent, %(num)d page", "Fax %(number)d sent, %(num)d pages", facts["num"]
            )
        case "delivery.failed" | "fax.refused":
            text = spoken.ugettext("Fax %(number)d failed")
        case "delivery.retry":
            text = spoken.ugettext("Fax %(number)d waits for the next call")
        case "delivery.uncertain":
            text = spoken.ugettext("Fax %(number)d is uncertain")
        case "reception.closed":
            text = spoken.ungettext(
                "Fax %(number)d received, %(num)d page",
                "Fax %(number)d received, %(num)d pages",
                facts["num"],
            )
        case _:
            return ""
    return text % facts


def pages_of(event: Event) -> int:
    """Return how many pages an event speaks of."""
    return int(event.data.get("pages_confirmed") or event.data.get("pages") or 0)


def whole(text: str | None) -> int:
    """Return a whole number that fits a database, 0 for anything else."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 19 else 0
