"""What every page shares: headers, names, languages, form tokens, marks for people who cannot see colours."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from web_fixtures import ORIGIN, letter

from gateway.domain.errors import Unavailable
from gateway.domain.outcome import Cause
from gateway.language import LANGUAGES
from gateway.web.guard import HEADERS
from gateway.web.pages.language import inside

if TYPE_CHECKING:
    from web_fixtures import Pages

DEMO_PATHS = [
    "/demo",
    "/history",
    "/fax/1",
    "/fax/2",
    "/fax/3",
    "/lines",
    "/mails",
    "/mails/alice@acme.example/1",
]


@pytest.fixture
def full(demo: Pages) -> Pages:
    """A demo with something on every page."""
    demo.sent()
    demo.forwarded(demo.received(), "alice@acme.example")
    demo.failed(Cause.CALL_DROPPED)
    demo.line("calling", "simulated", "sim", number=1)
    demo.mail("alice@acme.example", letter("Fax sent"))
    return demo


OTHER_PATHS = ["/nothing", "/healthz", "/static/postline.css", "/fax/1/page/1.png"]


async def test_every_answer_carries_the_security_headers(full: Pages) -> None:
    for path in (*DEMO_PATHS, *OTHER_PATHS):
        answer = await full.get(path)
        kept = "no-cache" if path.startswith("/static") else "no-store"
        assert {name: answer.headers[name] for name in HEADERS} == {**HEADERS, "cache-control": kept}, path


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_whole_in_every_language(full: Pages, language: str) -> None:
    tag = language.replace("_", "-")
    for path in (*DEMO_PATHS, "/nothing"):
        answer = await full.get(path, accept_language=tag)
        assert f'<html lang="{tag}">' in answer.text
        assert answer.headers["content-language"] == tag
        assert answer.text.rstrip().endswith("</html>")
        assert "%(" not in answer.text
        check = Balanced()
        check.feed(answer.text)
        assert (check.open, check.faults) == ([], []), path


class Balanced(HTMLParser):
    """Notes elements closed out of order, ids given twice, and scripts or styles in the page."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if (name := given.get("id")) is not None:
            self.faults += [f"id {name} twice"] if name in self.ids else []
            self.ids.add(name)
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.faults.append(f"inline {tag}")
        self.faults += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "img" and not given.get("alt"):
            self.faults.append("img without alt")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and (not self.open or self.open.pop() != tag):
            self.faults.append(f"</{tag}> out of place")


async def test_the_demo_says_simulated_on_every_page(full: Pages) -> None:
    for path in DEMO_PATHS:
        assert "Everything on these pages went over a simulated line." in await full.text(path)


async def test_outside_the_demo_there_is_no_banner(pages: Pages) -> None:
    assert "simulated" not in (await pages.text("/history")).lower()


async def test_every_table_has_a_caption_and_every_heading_cell_a_scope(full: Pages) -> None:
    for path in DEMO_PATHS:
        page = await full.text(path)
        assert page.count("<table") == page.count("<caption"), path
        assert re.findall(r"<th(?! scope)[ >]", page) == [], path


async def test_a_keyboard_finds_the_content_and_a_reader_hears_of_changes(full: Pages) -> None:
    for path in DEMO_PATHS:
        page = await full.text(path)
        assert page.index('href="#main"') < page.index("<nav")
        assert 'role="status" aria-live="polite"' in page
        assert len(re.findall(r"<h1[ >]", page)) == 1, path


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:9", "LOCALHOST"])
async def test_loopback_may_be_called_by_all_its_names(pages: Pages, host: str) -> None:
    assert (await pages.get("/history", host=host)).status_code == 200


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("ja", "ja"),
        ("fr, ru;q=0.8, ja;q=0.9", "ja"),
        ("zh-TW", "zh-CN"),
        ("de, fr", "en"),
        ("de, en-GB;q=0.5, ru;q=0.2", "en"),
        ("ru;q=0, ja;q=oops", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
async def test_the_browsers_wish_decides_the_language(pages: Pages, header: str, tag: str) -> None:
    assert f'<html lang="{tag}">' in await pages.text("/history", accept_language=header)


async def test_the_choice_of_a_language_is_kept_and_wins(pages: Pages) -> None:
    answer = await pages.post("/language", language="ja", back="/history?direction=in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/history?direction=in")
    assert '<html lang="ja">' in await pages.text("/history", accept_language="ru")


async def test_a_language_we_do_not_have_is_not_kept(pages: Pages) -> None:
    answer = await pages.post("/language", language="../../etc", back="/")
    assert "language" not in answer.cookies


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "", "/a\r\nX: y"],
)
def test_a_form_never_leads_to_another_site(elsewhere: str) -> None:
    assert inside(elsewhere) == "/"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://[", None]
)
async def test_a_form_from_elsewhere_is_refused(pages: Pages, origin: str | None) -> None:
    answer = await pages.post("/language", origin=origin, language="ja", back="/")
    assert answer.status_code == 403
    assert "load the page again" in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "\u3042"])
async def test_a_form_without_this_sessions_token_is_refused(pages: Pages, token: str) -> None:
    assert (await pages.post("/language", token=token, language="ja", back="/")).status_code == 403


async def test_a_token_of_another_session_is_refused(pages: Pages) -> None:
    stolen = await pages.token()
    pages.browser.cookies.clear()
    answer = await pages.post("/language", token=stolen, language="ja", back="/")
    assert answer.status_code == 403


async def test_a_referrer_of_ours_counts_where_the_browser_sends_no_origin(pages: Pages) -> None:
    fields = {"token": await pages.token(), "language": "ru", "back": "/"}
    answer = await pages.browser.post("/language", data=fields, headers={"referer": f"{ORIGIN}/history"})
    assert answer.status_code == 303


async def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(pages: Pages) -> None:
    cookie = (await pages.get("/history")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("path", ["/history", "/fax/1", "/events", "/lines"])
async def test_a_page_that_only_shows_takes_no_form(pages: Pages, path: str) -> None:
    assert (await pages.post(path)).status_code == 405


async def test_a_database_that_does_not_answer_is_told_as_a_passing_fault(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise Unavailable("The database does not answer at the moment.")

    monkeypatch.setattr(pages.store, "read", busy)
    answer = await pages.get("/history")
    assert answer.status_code == 503
    assert "Try again in a minute." in answer.text


async def test_a_fault_of_ours_shows_a_sentence_and_no_trace(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(pages.store, "read", broken)
    answer = await pages.get("/history")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "The operator's log says more." in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
