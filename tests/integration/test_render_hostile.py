"""Documents that attack: they read no file, reach no network, and end at their limits."""

from __future__ import annotations

import base64
import http.server
import threading
from typing import TYPE_CHECKING

import pytest
from render_fixtures import ink, part, pictures, render

from render.document import Settings
from render.errors import RenderError, RenderFailed, TooManyPages
from render.sandbox import MIB, Limits, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRAW = "render.pages:render_parts"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(preload=["render.warm"]) as box:
        yield box


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """Serve on loopback and note every request."""
    asked: list[str] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


FETCHERS = [
    '<img src="{}">',
    '<img srcset="{} 1x" src="{}">',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<link rel=stylesheet href="{}">',
    '<link rel=attachment href="{}">',
    '<a rel=attachment href="{}">x</a>',
    '<style>@import url("{}");</style>',
    '<style>@font-face {{ font-family: f; src: url("{}") }} p {{ font-family: f }}</style><p>x</p>',
    '<p style="background-image: url({})">x</p>',
    "<style>p::before {{ content: url({}) }}</style><p>x</p>",
    '<ul style="list-style-image: url({})"><li>x</ul>',
    '<base href="{}"><img src="x.png">',
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{}" width="9" height="9"/></svg>',
    '<iframe src="{}"></iframe>',
]


@pytest.mark.parametrize("markup", FETCHERS)
def test_nothing_is_fetched_from_the_network(markup: str, web: tuple[str, list[str]]) -> None:
    address, asked = web
    rendering = render(
        part(markup.replace("{}", address + "/leak") + "<p>words</p>", "text/html"), keep_backgrounds=True
    )
    assert rendering.pages == 1
    assert asked == []


@pytest.mark.parametrize("markup", FETCHERS)
def test_no_file_of_the_host_is_drawn_or_attached(markup: str, tmp_path: Path) -> None:
    # A picture black all over would show, had it been read.
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect width="99" height="99"/></svg>'
    )
    shown = pictures(
        render(
            part(markup.replace("{}", secret.as_uri()) + "<p>words</p>", "text/html"), keep_backgrounds=True
        )
    )
    assert ink(shown[0]) < 5_000


def test_the_password_file_is_not_in_the_pdf() -> None:
    from render.typeset import typeset

    pdf = typeset(
        '<link rel=attachment href="file:///etc/passwd"><a rel=attachment href="file:///etc/passwd">x</a>', ""
    )
    assert b"EmbeddedFile" not in pdf


def test_a_picture_inside_a_picture_fetches_nothing_either(web: tuple[str, list[str]]) -> None:
    address, asked = web
    inner = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/leak" width="9" height="9"/></svg>'
    )
    source = "data:image/svg+xml;base64," + base64.b64encode(inner.encode()).decode()
    assert render(part(f'<img src="{source}"><p>x</p>', "text/html")).pages == 1
    assert asked == []


def test_a_cid_cannot_name_a_file() -> None:
    assert ink(pictures(render(part('<img src="cid:/etc/passwd"><p>.</p>', "text/html")))[0]) < 2_000


def test_html_that_never_ends_laying_out_is_stopped(sandbox: Sandbox) -> None:
    floats = "<div style='float:left;width:31%'>x</div>" * 30_000
    with pytest.raises(RenderFailed, match="too long"):
        sandbox.run(DRAW, [part(floats, "text/html")], limits=Limits(cpu_seconds=1, wall_seconds=20))


def test_a_picture_that_needs_too_much_memory_is_stopped_or_left_out(sandbox: Sandbox) -> None:
    from PIL import Image
    from render_fixtures import file_of

    large = file_of(Image.new("RGB", (9000, 9000)), "TIFF", compression="tiff_lzw")  # unpacked whole
    with pytest.raises(RenderError):
        sandbox.run(DRAW, [part(large, "image/tiff")], limits=Limits(memory=400 * MIB))


def test_a_pdf_of_endless_pages_is_refused_before_drawing(sandbox: Sandbox) -> None:
    kids = b" ".join(b"3 0 R" for _ in range(5000))
    pdf = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Count 5000/Kids[" + kids + b"]>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    with pytest.raises(TooManyPages):
        sandbox.run(DRAW, [part(pdf, "application/pdf", "long.pdf")], Settings())


def test_after_all_that_a_letter_is_still_drawn(sandbox: Sandbox) -> None:
    assert sandbox.run(DRAW, [part("still here")]).pages == 1


def test_a_page_that_pdfium_cannot_finish_ends_its_child_soon(sandbox: Sandbox) -> None:
    import zlib

    stream = zlib.compress(b"0 0 m 595 842 l S " * 2_000_000, 9)
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>endobj\n"
    body = b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\n" % (len(stream), stream)
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    kids = b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    pdf = head + kids + page + body + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    with pytest.raises(RenderFailed, match="too long"):
        sandbox.run(DRAW, [part(pdf, "application/pdf", "bomb.pdf")], limits=Limits(wall_seconds=90))
