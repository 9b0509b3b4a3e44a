"""Lines, mailboxes, the demo's overview and buttons, health."""

from __future__ import annotations

import json
import shutil
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from web_fixtures import LOG, document, letter

from gateway.demo.settings import Ports
from gateway.domain.errors import StorageFull, Unavailable
from gateway.domain.outcome import Cause
from gateway.store import lines
from gateway.web.pages import demo as demo_page
from gateway.web.pages.demo import handed_in
from gateway.web.site import LineFacts
from render.document import Part, Settings
from render.pages import render_parts

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session
    from web_fixtures import Pages


async def test_lines_show_what_they_do_and_their_last_calls(pages: Pages) -> None:
    number = pages.sent()
    pages.line("calling", number=number)
    page = await pages.text("/lines")
    for told in ("usb0", "Calling", f'<a href="/fax/{number}">', "confirmed every page", "9,600"):
        assert told in page
    assert 'class="sim"' not in page


async def test_a_simulated_line_and_its_calls_say_so(pages: Pages) -> None:
    pages.received()
    pages.line("idle", "simulated", "sim")
    assert (await pages.text("/lines")).count('class="sim"') == 2


async def test_a_line_out_of_service_says_what_is_wrong(pages: Pages) -> None:
    pages.line("out_of_service", detail="/dev/ttyACM0 is not there")
    page = await pages.text("/lines")
    assert "Out of service" in page
    assert "/dev/ttyACM0 is not there" in page


async def test_mails_that_are_owed_are_counted_and_listed(pages: Pages) -> None:
    assert "every mail was handed over" in await pages.text("/lines")
    pages.failed(Cause.BUSY)
    page = await pages.text("/lines")
    assert "1 mail waits for the next hop." in page
    assert "alice@acme.example" in page


async def test_health_is_alive_without_a_line_and_ready_with_one(pages: Pages) -> None:
    assert (await pages.get("/healthz")).text == "ok\n"
    answer = await pages.get("/readyz")
    assert (answer.status_code, answer.json()["lines"]) == (503, False)
    pages.line("out_of_service")
    assert (await pages.get("/readyz")).status_code == 503
    pages.line("idle")
    answer = await pages.get("/readyz")
    assert answer.json() == {"ready": True, "database": True, "lines": True, "storage": True}


async def test_a_full_disk_is_not_ready(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_size: int = 0) -> None:
        raise StorageFull("The disk is full.")

    pages.line()
    monkeypatch.setattr(pages.blobs, "check_space", full)
    assert (await pages.get("/readyz")).json()["storage"] is False


async def test_a_database_that_does_not_answer_is_not_ready(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> None:
        raise Unavailable("busy")

    monkeypatch.setattr(pages.store, "read", busy)
    answer = await pages.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, False)


async def test_a_mail_is_shown_decoded_with_its_source_and_attachments(demo: Pages) -> None:
    mail = letter("FAX受信 <b>2</b>", "Grüße & <i>more</i>\n")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="受信 <1>.pdf")
    n = demo.mail("alice@acme.example", mail)
    listing = await demo.text("/mails")
    assert "FAX受信 &lt;b&gt;2&lt;/b&gt;" in listing
    page = await demo.text(f"/mails/alice@acme.example/{n}")
    for told in ("Grüße &amp; &lt;i&gt;more&lt;/i&gt;", "受信 &lt;1&gt;.pdf", "application/pdf"):
        assert told in page
    assert "<i>" not in page
    source = await demo.get(f"/mails/alice@acme.example/{n}/source")
    assert source.headers["content-type"].startswith("text/plain")
    assert source.content == mail.as_bytes()


async def test_an_attachment_is_kept_and_never_shown_in_place(demo: Pages) -> None:
    mail = letter("Bad")
    mail.add_attachment(b"<script>1</script>", maintype="text", subtype="html", filename="NAME")
    hostile = b"filename*=utf-8''a%22%0D%0AX-Bad:%20b.html"
    mail = message_from_bytes(mail.as_bytes().replace(b'filename="NAME"', hostile), policy=policy.default)
    n = demo.mail("alice@acme.example", mail)
    answer = await demo.get(f"/mails/alice@acme.example/{n}/part/1")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "x-bad" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/mails/nobody@acme.example/1",
        "/mails/alice@acme.example/0",
        "/mails/alice@acme.example/2",
        "/mails/alice@acme.example/1/part/1",
        "/mails/..%2f..%2fevidence/1",
        "/mails/../evidence/1/source",
        "/demo/evidence/index.png",
        "/demo/evidence/received.png",
        "/demo/evidence/..%2findex.png",
    ],
)
async def test_only_mails_and_pictures_that_are_there_can_be_had(demo: Pages, path: str) -> None:
    demo.mail("alice@acme.example", letter("One"))
    assert (await demo.get(path)).status_code == 404


async def test_the_demos_front_page_is_its_overview(demo: Pages) -> None:
    answer = await demo.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/demo")


def publish(demo: Pages, **index: object) -> None:
    """Leave the story's index as far as it has come."""
    (demo.folder / "evidence" / "index.json").write_text(json.dumps(index), encoding="utf-8")


ACCEPTED = {"subject": "Monday", "answer": "250 2.0.0 queued as 1"}
OUT = {
    "number": 1,
    "destination": "0081312345678",
    "rate": 14400,
    "compression": "MR",
    "equal": True,
}
IN = {"number": 2, "remote_id": "+81 3 1234 5678", "equal": False}


async def test_before_the_story_begins_the_overview_waits(demo: Pages) -> None:
    page = await demo.text("/demo")
    assert "Starting" in page
    assert "Equal pixel for pixel" not in page
    assert 'data-poll="' in page
    assert 'http-equiv="refresh"' in page


async def test_each_piece_shows_as_soon_as_it_exists(demo: Pages) -> None:
    publish(demo, accepted=ACCEPTED)
    page = await demo.text("/demo")
    assert "250 2.0.0 queued as 1" in page
    assert "Equal pixel for pixel" not in page
    evidence = demo.folder / "evidence"
    (evidence / "outbound-transmitted.tif").write_bytes(document())
    (evidence / "outbound-trace.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in LOG))
    publish(demo, accepted=ACCEPTED, outbound=OUT)
    page = await demo.text("/demo")
    assert "Equal pixel for pixel" in page
    assert "The pages differ" not in page
    assert "Replayed at reading speed; the call itself took 30.8 s." in page
    assert (await demo.get("/demo/evidence/transmitted.png")).headers["content-type"] == "image/png"


async def test_pages_that_differ_are_called_different(demo: Pages) -> None:
    (demo.folder / "evidence" / "inbound-trace.jsonl").write_text("")
    publish(demo, inbound=IN)
    page = await demo.text("/demo")
    assert "The pages differ" in page
    assert "Equal pixel for pixel" not in page


async def test_the_mails_of_the_story_are_shown_where_they_belong(demo: Pages) -> None:
    demo.mail("alice@acme.example", letter("Fax sent", "Result: OK\n"))
    demo.mail("alice@acme.example", letter("Fax received"))
    demo.mail("backup@elsewhere.example", letter("Fax received"))
    kept = {
        "result": ["mails/result-alice@acme.example-0001.eml"],
        "forward": [
            "mails/forward-alice@acme.example-0002.eml",
            "mails/forward-backup@elsewhere.example-0001.eml",
        ],
    }
    publish(demo, mails=kept, finished=True)
    page = await demo.text("/demo")
    assert "Result: OK" in page
    assert page.count("Fax received") == 2
    assert "backup@elsewhere.example" in page
    assert "data-poll" not in page


async def test_a_story_that_stopped_says_where(demo: Pages) -> None:
    publish(demo, failure="waited 240 s in vain for <the mail>")
    assert "The demo stopped: waited 240 s in vain for &lt;the mail&gt;" in await demo.text("/demo")


class Door:
    """A mail door that keeps what it is given and answers like ours."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        self.taken.append(envelope)
        return "250 2.0.0 queued as 17"


async def test_a_button_mails_to_the_number_it_names_and_leads_to_the_fax(
    demo: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, door = Ports.pick().smtp, Door()
    controller = Controller(door, hostname="127.0.0.1", port=port)
    controller.start()

    async def here(demo: object, mail: object) -> str:
        moved = type(demo)(
            **{**{f: getattr(demo, f) for f in demo.__dataclass_fields__}, "smtp": ("127.0.0.1", port)}
        )  # type: ignore[attr-defined]
        return await handed_in(moved, mail)  # type: ignore[arg-type]

    monkeypatch.setattr(demo_page, "handed_in", here)
    answer = await demo.post("/demo/send", to="busy")
    controller.stop()
    assert (answer.status_code, answer.headers["location"]) == (303, "/fax/17")
    assert door.taken[0].rcpt_tos == ["+81312345679@fax.acme.example"]
    assert door.taken[0].mail_from == "alice@acme.example"


async def test_a_mail_door_that_is_shut_is_told_as_a_passing_fault(demo: Pages) -> None:
    assert (await demo.post("/demo/send", to="fax")).status_code == 503


async def test_a_number_that_is_not_on_a_button_is_refused(demo: Pages) -> None:
    assert (await demo.post("/demo/send", to="+15551234567")).status_code == 400


async def test_the_far_machine_calls_when_asked(demo: Pages) -> None:
    answer = await demo.post("/demo/call-in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/demo#latest")
    assert demo.called == ["+81312345678"]
    assert "busy tone" not in await demo.text("/demo")


async def test_a_call_to_engaged_lines_says_so_where_the_button_is(demo: Pages) -> None:
    demo.engaged = True
    answer = await demo.post("/demo/call-in")
    assert answer.headers["location"] == "/demo?engaged=1#try-title"
    assert "the far machine heard the busy tone" in await demo.text("/demo?engaged=1")


@pytest.mark.parametrize(("name", "pages"), [("fax", 1), ("noisy", 2), ("cut", 2)])
async def test_trouble_late_in_a_call_gets_a_text_of_two_pages(
    demo: Pages, monkeypatch: pytest.MonkeyPatch, name: str, pages: int
) -> None:
    mailed: list[EmailMessage] = []

    async def keep(_demo: object, mail: EmailMessage) -> str:
        mailed.append(mail)
        return "250 2.0.0 queued as 17"

    monkeypatch.setattr(demo_page, "handed_in", keep)
    await demo.post("/demo/send", to=name)
    text = mailed[0].get_content()
    drawn = render_parts([Part("mail.txt", "text/plain", text.encode(), "utf-8", "body", {})], Settings())
    assert drawn.pages == pages


@pytest.mark.parametrize("path", ["/demo/send", "/demo/call-in"])
async def test_a_button_pressed_by_another_site_does_nothing(demo: Pages, path: str) -> None:
    answer = await demo.post(path, origin="https://evil.example", to="fax")
    assert answer.status_code == 403
    assert demo.called == []


async def test_mailboxes_may_not_be_there_yet(demo: Pages, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "demo" / "mailboxes", ignore_errors=True)
    assert "No mail yet." in await demo.text("/mails")


FACTS = {"usb0": LineFacts("front", "out", "Mon-Fri 08:00-18:00 Asia/Tokyo")}


async def test_a_line_tells_its_modem_its_setup_and_why_it_is_out_of_service(pages: Pages) -> None:
    object.__setattr__(pages.site, "lines", FACTS)
    pages.line("out_of_service", device="/dev/ttyACM0", detail="no answer to <AT>")
    pages.house.run(lines.identified, "usb0", pages.house.now, profile="usr", modem="U.S. Robotics <56K>")
    page = await pages.text("/lines")
    for told in (
        "Out of service",
        "since 2030-06-01 12:00:00",
        "<strong>no answer to &lt;AT&gt;</strong>",
        "/dev/ttyACM0",
        "<dd>usr</dd>",
        "U.S. Robotics &lt;56K&gt;",
        "<dt>Last asked (UTC)</dt><dd><time",
        "calls only",
        "<dd>front</dd>",
        "Mon-Fri 08:00-18:00 Asia/Tokyo",
    ):
        assert told in page


async def test_a_line_that_shall_pause_and_one_of_another_host_say_so(pages: Pages) -> None:
    object.__setattr__(pages.site, "lines", FACTS)
    pages.line("calling", name="usb7")
    pages.house.run(lines.pause, "usb7", pages.house.now, paused=True, actor="ops")
    page = await pages.text("/lines")
    assert "The operator paused it; it stops as soon as it can." in page
    assert "not in the configuration of this host" in page
