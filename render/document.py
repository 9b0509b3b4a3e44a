"""What goes in and what comes out: parts of a message, the wishes for the page, and the finished pages.

Values only. A part arrives with its transfer encoding removed; everything else about it (kind, charset)
may be wrong, for it was written by a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["body", "attachment"]


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a submission.

    `name` is for people and for the kind of file; `content_type` is "type/subtype" without parameters;
    `charset` as declared, or None; `related` maps Content-ID (no angle brackets) to (content type, bytes)
    of the pictures an HTML body refers to by `cid:`.
    """

    name: str
    content_type: str
    data: bytes
    charset: str | None = None
    role: Role = "body"
    related: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """How pages are to look.

    `paper` is a key of `geometry.PAPERS`; `orientation` "portrait" or "landscape" (text, CSV and HTML; other
    documents bring their own). `font` and `font_size` (points, None = 10) are for text and CSV. `wrap` False
    cuts long text lines at the right edge. `fit` True also enlarges pages and pictures to the paper, False
    leaves them at their own size and cuts what hangs over, None only makes them smaller. `rendering`
    "grayscale" draws every shade as dots, "bw" none, "" only where a photograph lies. `language` is a tag
    such as "ja" that chooses between Chinese and Japanese shapes where the text itself does not tell.
    `default_charset` is for text without a charset.
    `unsupported` says what becomes of kinds of files that are not drawn: "fail" or "ignore".
    """

    paper: str = "a4"
    orientation: str = "portrait"
    font: str = ""
    font_size: float | None = None
    keep_backgrounds: bool = False
    images: bool = True
    wrap: bool = True
    fit: bool | None = None
    rendering: str = ""
    language: str = ""
    default_charset: str = ""
    unsupported: str = "fail"
    max_pages: int = 200


@dataclass(frozen=True, slots=True)
class Rendering:
    """The pages of a fax: `masters` maps resolution ("standard", "fine") to a Class F TIFF of MMR pages.

    Both were drawn from the same source, so both have `pages` pages. `warnings` are sentences about what was
    left out or guessed.
    """

    masters: dict[str, bytes]
    pages: int
    warnings: list[str] = field(default_factory=list)
