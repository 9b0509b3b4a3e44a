"""Pages for tests: the real application over a real SQLite store, called without a socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from datetime import timedelta
from email.message import EmailMessage
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image, ImageDraw
from store_fixtures import Call, House

from gateway.demo import settings
from gateway.domain.outcome import Cause
from gateway.store import events, faxes, lines, receptions
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore
from gateway.web.app import build
from gateway.web.guard import host_names
from gateway.web.live import Feed
from gateway.web.paper import Paper
from gateway.web.site import Demo, Site
from render.coding import coded_page
from render.tiff import read_tiff, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "http://127.0.0.1:8080"
ROWS = {"standard": 1143, "fine": 2286}


@cache
def document(resolution: str = "fine", pages: int = 1, rows: int = 0) -> bytes:
    """Return a Class F TIFF whose page n carries n bars."""
    drawn = []
    for n in range(1, pages + 1):
        picture = Image.new("1", (1728, rows or ROWS[resolution]), 1)
        for bar in range(n):
            ImageDraw.Draw(picture).rectangle((200, 100 + 60 * bar, 1500, 130 + 60 * bar), fill=0)
        drawn.append(coded_page(picture, resolution))
    return write_tiff(drawn)


LOG = [
    {"at": 0.5, "direction": ">", "kind": "at", "text": "ATDT0312345678", "raw": ""},
    {"at": 4.25, "direction": "<", "kind": "frame", "text": "DIS: up to 14400 bit/s, MH/MR", "raw": "ff13"},
    {"at": 6.0, "direction": ">", "kind": "frame", "text": "DCS: 9600 bit/s", "raw": "ff13"},
    {"at": 30.75, "direction": "<", "kind": "frame", "text": "MCF", "raw": "ff138c"},
]


class Pages:
    """The application, its store and a browser. `house` makes the rows."""

    def __init__(self, url: str, folder: Path, *, demo: bool = False, **account: Any) -> None:
        self.house = House(url, **{"timezone": "Asia/Tokyo", **account})
        self.blobs = LocalBlobs(folder / "blobs", floor=Floor(0, 0.0))
        self.folder = folder / "demo"
        self.store = AsyncStore(url)
        self.stop = asyncio.Event()
        self.called: list[str] = []
        self.engaged = False
        tokens = (f"{n:064x}" for n in itertools.count(1))
        self.site = Site(
            store=self.store,
            blobs=self.blobs,
            paper=Paper(self.blobs.read),
            feed=Feed(self.store, self.stop),
            now=lambda: self.house.now,
            new_token=lambda: next(tokens),
            secret=b"a key of this process",
            hosts=host_names(""),
            stop=self.stop,
            demo=self._demo() if demo else None,
        )
        app = build(self.site)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.browser = httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    def _demo(self) -> Demo:
        (self.folder / "evidence").mkdir(parents=True)
        return Demo(
            folder=self.folder,
            smtp=("127.0.0.1", 9),
            sender="alice@acme.example",
            domain="fax.acme.example",
            numbers=dict(settings.FAR),
            paper=Paper(lambda name: (self.folder / "evidence" / name).read_bytes()),
            call_in=self._call_in,
        )

    def _call_in(self, caller: str) -> bool:
        self.called.append(caller)
        return not self.engaged

    async def close(self) -> None:
        """Close browser and stores."""
        await self.browser.aclose()
        await self.store.close()
        self.house.close()

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a page."""
        return await self.browser.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def text(self, path: str, **headers: str) -> str:
        """Return a page that must be there."""
        answer = await self.get(path, **headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    async def token(self, path: str = "/history") -> str:
        """Return the form token of this browser's session."""
        found = re.search(r'name="token" value="(\w+)"', await self.text(path))
        assert found
        return found[1]

    async def post(self, path: str, *, origin: str | None = ORIGIN, **fields: str) -> httpx.Response:
        """Send a form, with the token of this session unless one is given."""
        fields = {"token": await self.token(), **fields}
        return await self.browser.post(path, data=fields, headers={"origin": origin} if origin else {})

    def fax(
        self,
        *numbers: str,
        subject: str = "Order 5521",
        pages: int = 1,
        rows: dict[str, int] | None = None,
        **named: Any,
    ) -> list[int]:
        """Accept and draw a fax with real pages; return its numbers."""
        result = self.house.accept(*(numbers or ("0081312345678",)), subject=subject, **named)
        rows = rows or ROWS
        masters = {name: self.blobs.put("master", document(name, pages, rows[name])) for name in rows}
        lease = self.house.run(faxes.claim_fax, "drawer/1", self.house.now, timedelta(seconds=60))
        drawn = faxes.Drawn(masters, pages)
        self.house.run(faxes.rendered, lease, drawn, self.house.now, new_id=self.house.new_id)
        return result

    def sent(self, *, resolution: str = "fine", **named: Any) -> int:
        """Send a fax of one page over the modem line; return its number."""
        [number] = self.fax(**named)
        call = self.house.call(["confirmed"] * int(named.get("pages", 1)))
        call.finish(
            resolution=resolution,
            compression="MR",
            rate=9600,
            remote_id="+81 3 1234 5678",
            line_seconds=31.0,
            trace_blob=self.log(),
        )
        return number

    def failed(self, cause: Cause, **named: Any) -> int:
        """Let a fax fail for good; return its number."""
        [number] = self.fax(**named)
        for _ in range(4):
            self.house.later(hours=2)
            if (lease := self.house.claim()) is None:
                break
            self._one_call(lease, cause)
        return number

    def _one_call(self, lease: Any, cause: Cause) -> None:
        call = Call(self.house, lease)
        call.dial()
        call.connect()
        call.finish(cause)

    def received(
        self, *, pages: int = 1, complete: bool = True, bad_lines: int = 0, caller: str = "+81398765432"
    ) -> int:
        """Receive a fax over the simulated line; return its number."""
        house = self.house
        number: int = house.run(
            receptions.open_reception,
            line="sim",
            worker="host/sim/1",
            now=house.now,
            simulated=True,
            called="+81344772288",
            caller=caller,
        )
        for n in range(1, pages + 1):
            key = self.blobs.put("received", write_tiff([read_tiff(document("standard", n))[-1]]))
            page = receptions.StoredPage(n, key, 1728, 1143, "standard", "MR", bad_lines=bad_lines)
            house.run(receptions.page_stored, number, page, house.now)
            house.run(receptions.page_confirmed, number, n)
        house.run(
            receptions.close_reception,
            number,
            cause=Cause.RECEIVED if complete else Cause.CALL_DROPPED,
            now=house.now,
            complete=complete,
            trace_blob=self.log(),
        )
        return number

    def received_as(self, resolution: str, width: int, rows: int = 600) -> int:
        """Receive a fax of one page with a bar on it, of this resolution and width; return its number."""
        picture = Image.new("1", (width, rows), 1)
        ImageDraw.Draw(picture).rectangle((width // 4, 100, width // 2, 130), fill=0)
        key = self.blobs.put("received", write_tiff([coded_page(picture, resolution)]))
        house = self.house
        number: int = house.run(
            receptions.open_reception, line="usb0", worker="host/usb0/1", now=house.now, simulated=False
        )
        page = receptions.StoredPage(1, key, width, rows, resolution, "MMR")
        house.run(receptions.page_stored, number, page, house.now)
        house.run(receptions.page_confirmed, number, 1)
        house.run(receptions.close_reception, number, cause=Cause.RECEIVED, now=house.now, complete=True)
        return number

    def forwarded(self, number: int, *addresses: str) -> None:
        """Route a received fax."""
        to = [receptions.ForwardTo(address) for address in addresses]
        self.house.run(
            receptions.route,
            number,
            to,
            rule="any call: account acme",
            now=self.house.now,
            new_id=self.house.new_id,
        )

    def log(self) -> str:
        """Keep a call's log; return its key."""
        return self.blobs.put("trace", "".join(json.dumps(entry) + "\n" for entry in LOG).encode())

    def line(self, state: str = "idle", kind: str = "modem", name: str = "usb0", **named: Any) -> None:
        """Let a line report."""
        self.house.run(lines.report, name, self.house.now, kind=kind, state=state, **named)

    def signal(self, number: int, *entries: dict[str, Any], **data: Any) -> None:
        """Tell live signals of a call."""
        self.house.run(
            events.append, "call.trace", self.house.now, number=number, lines=list(entries), **data
        )

    def mail(self, address: str, mail: EmailMessage) -> int:
        """Put a mail into a demo mailbox; return its number there."""
        box = self.folder / "mailboxes" / address
        box.mkdir(parents=True, exist_ok=True)
        n = len(list(box.iterdir())) + 1
        (box / f"{n:04d}.eml").write_bytes(mail.as_bytes())
        return n


def letter(subject: str, text: str = "Hello\n") -> EmailMessage:
    """Return a mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "fax@acme.example", "alice@acme.example", subject
    mail.set_content(text)
    return mail
