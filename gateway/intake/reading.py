"""What a door's reader finds in the raw bytes of a submission: documents, wishes, names. Plain values.

A reader is a function `read(raw: bytes, context: dict) -> Reading` that runs in a child with limits, so both
travel between processes. It raises `ReadError`, whose code is a value of `Cause`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from render.kinds import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Document:
    """One document to draw.

    `name` for people, cleaned; `content_type` "type/subtype"; `charset` of text, already UTF-8 where known;
    `related`: Content-ID without brackets -> (content type, bytes) of pictures an HTML text points to.
    """

    name: str
    content_type: str
    data: bytes
    charset: str | None
    role: Literal["body", "attachment"]
    related: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A submission understood.

    `contacts`: canonical number -> name; addresses are as the mail wrote them, `disposition_to` that which
    wants a receipt; `language` is a tag that helps to choose fonts, "" for unknown.
    """

    documents: tuple[Document, ...]
    subject: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    reply_to: str = ""
    from_: str = ""
    disposition_to: str = ""
    language: str = ""
    warnings: tuple[str, ...] = ()


class ReadError(Exception):
    """The submission cannot be sent as it is.

    `subject`, `addresses` (Reply-To and From) and `disposition_to` as far as they were read: who asked for a
    result or a receipt hears of a refusal, too.
    """

    def __init__(
        self,
        code: str,
        text: str,
        subject: str = "",
        addresses: tuple[str, str] = ("", ""),
        disposition_to: str = "",
    ) -> None:
        super().__init__(code, text, subject, addresses, disposition_to)
        self.code = code
        self.text = text
        self.subject = subject
        self.addresses = addresses
        self.disposition_to = disposition_to


def drawn_as_text(name: str, content_type: str, data: bytes) -> str:
    """Return "text", "csv" or "html" for what the renderer will read as text, "" for all else.

    A door that knows charsets better than the renderer decodes what this names.
    """
    kind = kind_of(name, content_type, data)
    return kind.value if kind in {Kind.TEXT, Kind.CSV, Kind.HTML} else ""
