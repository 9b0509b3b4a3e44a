"""Makes a fork server ready to draw: imports the drawers and draws one page, so that caches are filled.

A page with each script fills what Pango, fontconfig and WeasyPrint keep; children inherit it.
"""

from __future__ import annotations

from render.document import Part
from render.pages import render_parts

_SAMPLE = "Hello\nПривет\nこんにちは 漢字\n你好 汉字\n"  # noqa: RUF001  (Cyrillic is meant)


def warm() -> None:
    """Draw one page and throw it away."""
    body = _SAMPLE.encode()
    render_parts([Part("", "text/plain", body, "utf-8"), Part("", "text/html", b"<p>Hello</p>", "utf-8")])
