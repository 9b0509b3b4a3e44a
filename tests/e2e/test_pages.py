"""A running demo in a real browser: what shows by itself, the keyboard, other widths, no script, Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import signal
import smtplib
import subprocess
import sys
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from waiting import wait_until

from gateway.demo import settings
from render.coding import image
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STORY_MS = 90_000
PATHS = (
    "/demo",
    "/history",
    "/fax/1",
    "/fax/2",
    "/lines",
    "/mails",
    "/mails/alice@demo.example/1",
    "/nothing",
)


@dataclass
class Demo:
    """A running `postline demo`: its output, the address of its pages, the port of its mail door."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, pattern: str) -> str:
        """Return what the first group of a pattern matches in the output, once it is there."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log.read_text()
            return re.search(pattern, self.log.read_text())

        match = wait_until(found, 60, f"{pattern}\n{self.log.read_text()}")
        assert match
        return match[1]

    @property
    def url(self) -> str:
        """Where the pages are."""
        return self.said(r"(http://127\.0\.0\.1:\d+)")

    def mail(self, text: str) -> int:
        """Mail a fax to the far machine; return its number."""
        letter = EmailMessage()
        letter["From"], letter["To"] = settings.SENDER, f"{settings.FAX}@{settings.DOMAIN}"
        letter["Subject"] = "Long letter"
        letter.set_content(text)
        port = int(self.said(r"listening\s+ports=\[(\d+)\]"))
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as door:
            door.ehlo()
            door.mail(settings.SENDER)
            door.rcpt(str(letter["To"]))
            _, answer = door.data(letter.as_bytes())
        return int(answer.decode().rsplit(" ", 1)[1])


def started(folder: Path) -> Demo:
    log = folder / "demo.log"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "demo",
        "--fast",
        "--verbose",
        "--keep",
        str(folder / "evidence"),
    ]
    with log.open("wb") as output:
        environ = os.environ | {"BROWSER": "true", "TMPDIR": str(folder)}
        return Demo(subprocess.Popen(command, env=environ, stdout=output, stderr=output), log)


def ended(demo: Demo) -> int:
    """End the demo as Ctrl-C does; return its exit code."""
    if demo.process.poll() is None:
        demo.process.send_signal(signal.SIGINT)
    return demo.process.wait(60)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = started(tmp_path_factory.mktemp("demo"))
    yield running
    ended(running)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise AssertionError("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page that notes what a browser complains of: refused scripts, styles or pictures, and errors."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the browser's console says."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def open_tab(demo: Demo, chromium: Browser) -> Iterator[Callable[..., Tab]]:
    contexts = []

    def make(**options: Any) -> Tab:
        context = chromium.new_context(base_url=demo.url, **{"locale": "en-US", **options})
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.set_default_timeout(30_000)
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on(
            "console",
            lambda message: (
                tab.complaints.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        return tab

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab()


def whole_story(page: Page) -> None:
    """Wait until the overview has everything."""
    page.goto("/")
    expect(page.locator(".step .n.done")).to_have_count(7, timeout=STORY_MS)


def test_the_first_screen_shows_the_whole_story_without_a_click(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    whole_story(page)
    expect(page.get_by_text("250 2.0.0 queued as 1")).to_be_visible()
    expect(page.get_by_text("Equal pixel for pixel")).to_have_count(2)
    expect(page.locator("#ladder-out tr.frame").filter(has_text="MCF")).to_be_visible()
    expect(page.locator("#note-ladder-out")).to_contain_text("Replayed at reading speed")
    expect(page.locator(".s4")).to_contain_text("Result: OK")
    for address in settings.INBOX:
        expect(page.locator(".s6")).to_contain_text(address)
    page.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth > 100)")
    page.screenshot(path=tmp_path / "overview.png", full_page=True)
    assert tab.complaints == []


def test_the_first_link_skips_to_the_content(tab: Tab) -> None:
    tab.page.goto("/history")
    tab.page.keyboard.press("Tab")
    expect(tab.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "main"


def test_a_slash_leads_to_the_search_and_a_fax_is_found_by_keys_alone(tab: Tab) -> None:
    whole_story(tab.page)
    tab.page.goto("/history")
    tab.page.keyboard.press("/")
    expect(tab.page.locator("#number")).to_be_focused()
    tab.page.keyboard.type("3 1234 5678")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**number=*")
    expect(tab.page.locator("table.faxes tbody tr").first).to_be_visible()


def test_arrow_keys_turn_pages_and_plus_and_minus_zoom(demo: Demo, tab: Tab) -> None:
    number = demo.mail("\n".join(f"line {n}" for n in range(90)))
    page = tab.page
    page.goto(f"/fax/{number}")
    picture = page.locator(".paper img")
    expect(page.locator(".thumbs img")).to_have_count(2, timeout=60_000)
    expect(picture).to_have_attribute("alt", re.compile("Page 1 of 2"))
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("alt", re.compile("Page 2 of 2"))
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("alt", re.compile("Page 2 of 2"))
    page.keyboard.press("ArrowLeft")
    expect(picture).to_have_attribute("alt", re.compile("Page 1 of 2"))
    page.keyboard.press("+")
    expect(page.locator(".paper")).to_have_class(re.compile("zoom-2"))
    page.keyboard.press("-")
    expect(page.locator(".paper")).to_have_class(re.compile("zoom-1"))
    assert tab.complaints == []


def test_a_button_is_pressed_by_key_and_the_fax_fills_live(tab: Tab) -> None:
    whole_story(tab.page)
    tab.page.get_by_role("button", name="Send to a fax machine").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/fax/*")
    expect(tab.page.locator("#head")).to_contain_text("1 of 1 pages confirmed", timeout=60_000)
    expect(tab.page.locator("#calls .ladder tr.frame").filter(has_text="MCF")).to_be_visible()
    expect(tab.page.locator("#announce")).to_have_text(re.compile(r"Fax \d+ sent, 1 page"))
    expect(tab.page.locator("#timeline")).to_contain_text("Result mailed to", timeout=60_000)
    assert tab.complaints == []


def test_the_same_page_keeps_a_ticked_box_while_it_is_redrawn(demo: Demo, tab: Tab) -> None:
    number = demo.mail("a short letter")
    tab.page.goto(f"/fax/{number}")
    expect(tab.page.locator("#timeline")).to_contain_text("Result mailed to", timeout=60_000)
    tab.page.locator(".show-at").check()
    expect(tab.page.locator("tr.at").filter(has_text="ATDT")).to_be_visible()


def test_a_call_that_was_cut_says_where_what_comes_next_and_shows_the_page_as_sent(tab: Tab) -> None:
    whole_story(tab.page)
    page = tab.page
    page.get_by_role("button", name="Send over a line that is cut in page 2").click()
    page.wait_for_url("**/fax/*")
    expect(page.locator("#head")).to_contain_text("The call was cut at page 2.", timeout=60_000)
    expect(page.locator("#head")).to_contain_text("Next call at")
    expect(page.locator("#head")).to_contain_text("It does without V.17")
    expect(page.locator("#calls")).to_contain_text("yes (ECM)")
    expect(page.locator("#calls table.pages tbody tr").nth(1)).to_contain_text("Broken off")
    expect(page.locator(".viewer .as")).to_contain_text("As transmitted")
    with page.expect_download() as kept:
        page.get_by_role("link", name="TIFF").click()
    first = read_tiff(kept.value.path().read_bytes())[0]
    top = image(first).crop((0, 0, first.width, 32))
    assert top.getextrema() == (0, 255), "the header line stands on the page"
    assert tab.complaints == []


BEYOND = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth)
  .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`)"""


def beyond(page: Page, path: str) -> str:
    """Say what may reach beyond the right edge of a page."""
    return f"{path}: {page.evaluate(BEYOND)}"


@pytest.mark.parametrize("language", ["en", "ja", "zh-CN", "ru"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_fits_in_every_language_width_and_scheme(
    open_tab: Callable[..., Tab], tmp_path: Path, language: str, scheme: str, width: int
) -> None:
    tab = open_tab(locale=language, color_scheme=scheme, viewport={"width": width, "height": 800})
    whole_story(tab.page)
    for path in PATHS:
        tab.page.goto(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, beyond(tab.page, path)
        tab.page.screenshot(path=tmp_path / f"{path.strip('/').replace('/', '-')}.png", full_page=True)
    assert [one for one in tab.complaints if "404" not in one] == []


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_against_its_ground(open_tab: Callable[..., Tab], scheme: str) -> None:
    tab = open_tab(color_scheme=scheme)
    whole_story(tab.page)
    for path in PATHS:
        tab.page.goto(path)
        assert tab.page.evaluate(CONTRAST) == [], path


def test_without_a_script_everything_is_there_and_forms_work(open_tab: Callable[..., Tab], tab: Tab) -> None:
    whole_story(tab.page)
    page = open_tab(java_script_enabled=False).page
    page.goto("/demo")
    assert page.get_by_text("Equal pixel for pixel").count() == 2
    assert page.locator("#ladder-out tr.frame").count() >= 8
    page.goto("/fax/1?page=1&zoom=1")
    page.get_by_role("link", name="Larger").click()
    assert "zoom=2" in page.url
    page.get_by_role("button", name="Русский").click()
    assert page.locator("html").get_attribute("lang") == "ru"
    assert "zoom=2" in page.url


def test_a_printed_fax_is_the_page_and_nothing_else(tab: Tab) -> None:
    whole_story(tab.page)
    tab.page.goto("/fax/2")
    tab.page.emulate_media(media="print")
    expect(tab.page.locator(".paper img")).to_be_visible()
    for hidden in (".top", ".banner", "footer", ".side-column", "#calls", ".bar"):
        expect(tab.page.locator(hidden)).to_be_hidden()


def test_ctrl_c_ends_the_demo_though_a_browser_listens(chromium: Browser, tmp_path: Path) -> None:
    demo = started(tmp_path)
    page = chromium.new_page(base_url=demo.url)
    page.goto("/history")
    expect(page.locator("#link")).to_have_text("Live", timeout=30_000)
    assert ended(demo) == 0  # wherever the story had got to
    assert "Traceback" not in demo.log.read_text()
    page.close()
