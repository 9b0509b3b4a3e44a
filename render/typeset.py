"""HTML and CSS to PDF with WeasyPrint, which may fetch nothing but `data:` and the message's `cid:` parts.

Files, the network, redirects and relative addresses are all refused: what is missing is simply not drawn.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from render import fonts
from render.geometry import paper_size
from render.image import for_page

fonts.install()

from weasyprint import CSS, HTML  # noqa: E402  (fontconfig reads its file when the library is loaded)
from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    from render.document import Settings

# Its warnings quote the document, which may be private; what matters comes back as warnings of the rendering.
logging.getLogger("weasyprint").setLevel(logging.CRITICAL)


class MessageFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint has no types
    """Serves `cid:` from the message and `data:` from itself; refuses everything else."""

    def __init__(self, related: Mapping[str, tuple[str, bytes]]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self._related = related

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return the part a `cid:` names; raises ValueError for anything that is not in the message."""
        if not url.lower().startswith("cid:"):
            return self._bounded(super().fetch(url, headers))
        found = self._related.get(unquote(url[4:]))
        if found is None:
            raise ValueError(f"no part {url}")
        content_type, data = found
        return self._bounded(URLFetcherResponse(url, io.BytesIO(data), {"Content-Type": content_type}))

    @staticmethod
    def _bounded(found: URLFetcherResponse) -> URLFetcherResponse:
        """Return a picture that a page can show: WeasyPrint hands PNG on undecoded, however large it is."""
        data = found.read()
        smaller = for_page(data)
        if smaller is data:
            return URLFetcherResponse(found.url, io.BytesIO(data), found.headers)
        return URLFetcherResponse(found.url, io.BytesIO(smaller), {"Content-Type": "image/png"})


def typeset(html: str, css: str, related: Mapping[str, tuple[str, bytes]] | None = None) -> bytes:
    """Return a PDF of `html`, with `css` as the reader's own style sheet: its !important wins."""
    fetcher = MessageFetcher(related or {})
    document = HTML(string=html, base_url=None, url_fetcher=fetcher, media_type="print")
    style = CSS(string=css, url_fetcher=fetcher)
    pdf: bytes = document.write_pdf(stylesheets=[style], presentational_hints=True)
    return pdf


def page_css(settings: Settings, orientation: str = "") -> str:
    """Return the @page rule: the paper, and margins with room for the header line on top (12 mm)."""
    width, height = paper_size(settings.paper)
    if (orientation or settings.orientation) == "landscape":
        width, height = height, width
    return f"@page {{ size: {width}mm {height}mm !important; margin: 12mm 15mm !important }}"
