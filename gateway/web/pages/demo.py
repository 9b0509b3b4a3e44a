"""The demo's overview: the story as it proceeds, each piece as soon as it exists, and buttons to go on.

The buttons do what a user and a far machine do: hand a mail to our own SMTP port, make a far machine call.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Final

import aiosmtplib
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gateway.domain.errors import Unavailable
from gateway.language import N_, translations
from gateway.store.history import Search
from gateway.web import forms, ladder, mailboxes
from gateway.web.languages import chosen
from gateway.web.pages.fax import Ladder
from gateway.web.pages.history import rows_of
from gateway.web.paper import WIDTHS
from gateway.web.site import Demo, site_of
from gateway.web.view import look, page

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

log = structlog.get_logger()

PICTURES: Final = {
    "transmitted": "outbound-transmitted.tif",
    "far-received": "outbound-received-by-far-machine.tif",
    "far-sent": "inbound-sent-by-far-machine.tif",
    "received": "inbound-received.tif",
}
LATEST: Final = 6
SUBJECT: Final = N_("A page from the demo")
TEXT: Final = N_("This text was mailed to the gateway, drawn as a page and faxed over a simulated line.")
LINE: Final = N_("Line %(n)d of a text that needs more than one page.")
LINES: Final = 80
LONG: Final = ("noisy", "cut")
"""Far machines whose trouble comes late in a call: they get a text of two pages."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the story has left so far: the index, the calls' ladders, the mails."""

    index: dict[str, Any]
    outbound: Ladder
    inbound: Ladder
    result: mailboxes.Mail | None
    forwards: list[mailboxes.Mail]

    @property
    def finished(self) -> bool:
        """Whether nothing more will come by itself."""
        return bool(self.index.get("finished"))


async def overview(request: Request) -> Response:
    """Show the story so far."""
    demo = demo_of(request)
    rows = await look(request, rows_of, Search(), None)
    story = await asyncio.to_thread(read, demo)
    engaged = "engaged" in request.query_params
    shown: dict[str, Any] = {
        "story": story,
        "rows": rows[:LATEST],
        "numbers": demo.numbers,
        "engaged": engaged,
    }
    return page(request, "demo.html", "demo", **shown)


async def picture(request: Request) -> Response:
    """Return a page of the evidence as PNG."""
    name, size = request.path_params["name"], request.query_params.get("size", "page")
    if name not in PICTURES or size not in WIDTHS:
        raise HTTPException(404)
    png = await demo_of(request).paper.png(PICTURES[name], 1, size)
    if png is None:
        raise HTTPException(404)
    return Response(png, media_type="image/png")


async def send(request: Request) -> Response:
    """Mail a page to one of the far machines, and go to its fax."""
    form = await forms.received(request)
    demo = demo_of(request)
    number = demo.numbers.get(str(form.get("to", "")))
    if number is None:
        raise HTTPException(400)
    speak = translations(chosen(request)).ugettext
    text = speak(TEXT) if form.get("to") not in LONG else long_text(speak(TEXT), speak(LINE))
    answer = await handed_in(demo, letter(demo, number, speak(SUBJECT), text))
    queued = re.search(r"queued as (\d+)", answer)
    return RedirectResponse(f"/fax/{queued[1]}" if queued else "/history", 303)


async def call_in(request: Request) -> Response:
    """Let the far machine call us, and go back to where it will be seen, or told that it heard busy."""
    await forms.received(request)
    demo = demo_of(request)
    taken = await asyncio.to_thread(demo.call_in, demo.numbers["fax"])
    return RedirectResponse("/demo#latest" if taken else "/demo?engaged=1#try-title", 303)


def long_text(text: str, line: str) -> str:
    """Return a text of two pages: a sentence, and numbered lines."""
    return "\n".join([text, "", *(line % {"n": n} for n in range(1, LINES + 1))])


def letter(demo: Demo, number: str, subject: str, text: str) -> EmailMessage:
    """Return a mail as a user of the demo would write it."""
    mail = EmailMessage()
    mail["From"] = demo.sender
    mail["To"] = f"{number}@{demo.domain}"
    mail["Subject"] = subject
    mail["Message-ID"] = make_msgid(domain=demo.sender.partition("@")[2])
    mail.set_content(f"{text}\n", charset="utf-8")
    return mail


async def handed_in(demo: Demo, mail: EmailMessage) -> str:
    """Hand a mail to our own door; return the answer to it. Raises `Unavailable`."""
    host, port = demo.smtp
    try:
        _, answer = await aiosmtplib.send(mail, hostname=host, port=port, start_tls=False, timeout=30)
    except (aiosmtplib.SMTPException, OSError) as error:
        log.warning("demo.mail_refused", error=str(error))
        raise Unavailable("The mail door did not take the mail.", detail=str(error)) from error
    return answer


def read(demo: Demo) -> Story:
    """Return the story so far from the files it left."""
    index = index_of(demo.evidence)
    boxes = mailboxes.boxes(demo.mailboxes)
    own = boxes.get(demo.sender, [])
    forwards = [mail for box in boxes.values() for mail in box if is_kept(index, "forward", mail)]
    return Story(
        index=index,
        outbound=ladder_of(demo.evidence, index, "outbound"),
        inbound=ladder_of(demo.evidence, index, "inbound"),
        result=next((mail for mail in own if is_kept(index, "result", mail)), None),
        forwards=forwards,
    )


def index_of(folder: Path) -> dict[str, Any]:
    """Return the index of the evidence, empty before there is one."""
    try:
        index: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return index


def is_kept(index: dict[str, Any], kind: str, mail: mailboxes.Mail) -> bool:
    """Say whether a mail is one of the story's."""
    return f"mails/{kind}-{mail.address}-{mail.n:04d}.eml" in index.get("mails", {}).get(kind, ())


def ladder_of(folder: Path, index: dict[str, Any], way: str) -> Ladder:
    """Return the ladder of a kept log, empty before it is there."""
    if way not in index:
        return Ladder([], live=False)
    log = (folder / f"{way}-trace.jsonl").read_bytes()
    return Ladder(ladder.of_log(log), live=False, line_seconds=float(index[way].get("line_seconds", 0.0)))


def demo_of(request: Request) -> Demo:
    """Return the demo we are in."""
    demo = site_of(request).demo
    if demo is None:
        raise HTTPException(404)
    return demo
