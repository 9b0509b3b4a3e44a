"""What can go wrong when a document is drawn. Every error names the document and says one sentence about it.

RenderError
+-- NothingToSend        no part gave a page
+-- UnsupportedDocument  a kind of file we do not draw
+-- UnreadableDocument   a damaged file
+-- EncryptedDocument    a file that asks for a password
+-- TooManyPages         more pages than a fax may have
+-- TooLarge             a picture or text beyond the limits
+-- RenderFailed         our own drawing ended: out of time, out of memory, crashed

`code` equals a value of the gateway's `Cause`; this package does not import it. None is worth a retry:
the same bytes give the same error.
"""

from __future__ import annotations


class RenderError(Exception):
    """Base: `code` is stable, `name` the document as its sender called it (may be ""), `text` a sentence."""

    code = "render-failed"
    retry = "never"

    def __init__(self, name: str, text: str, detail: str = "") -> None:
        super().__init__(name, text, detail)
        self.name = name
        self.text = text
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" if self.name else self.text


class NothingToSend(RenderError):  # noqa: N818  (reads as what happened)
    """No part gave a page."""

    code = "nothing-to-send"


class UnsupportedDocument(RenderError):  # noqa: N818
    """A kind of file we do not draw."""

    code = "unsupported-document"


class UnreadableDocument(RenderError):  # noqa: N818
    """A damaged file."""

    code = "unreadable-document"


class EncryptedDocument(RenderError):  # noqa: N818
    """A file that asks for a password."""

    code = "encrypted-document"


class TooManyPages(RenderError):  # noqa: N818
    """More pages than a fax may have."""

    code = "too-many-pages"


class TooLarge(RenderError):  # noqa: N818
    """Beyond the limits of size."""

    code = "too-large"


class RenderFailed(RenderError):  # noqa: N818
    """Drawing ended before it was done: out of time, out of memory, or crashed."""
