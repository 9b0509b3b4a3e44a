"""The parts of a mail in the order they come, with alternatives decided and wrappings taken off.

HTML wins in multipart/alternative (email-interface section 3.1). What is never a page (signatures, calendar
entries, winmail.dat) leaves no part behind; sealed parts are refused, for ciphertext must not be faxed. Which
of the parts are body or attachment, and which are faxed, is decided in `selection.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.intake.reading import ReadError
from gateway.mailin import charsets, headers

if TYPE_CHECKING:
    from email.message import Message

    from gateway.mailin.headers import Value

NO_PAGE = {
    "application/pkcs7-signature": "",
    "application/x-pkcs7-signature": "",
    "application/pgp-signature": "",
    "application/pkcs7-mime": "",  # certificates only: what is sealed was refused before
    "application/x-pkcs7-mime": "",
    "application/pgp-keys": "",
    "application/applefile": "",
    "text/calendar": "",
    "application/ics": "",
    "application/ms-tnef": "winmail.dat was left out: ask the sender for the attachments themselves",
    "application/vnd.ms-tnef": "winmail.dat was left out: ask the sender for the attachments themselves",
}
NO_PAGE_NAMES = {"winmail.dat": NO_PAGE["application/ms-tnef"], "smime.p7s": "", "invite.ics": ""}
SEALED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
META_CHARSET = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
MAX_DEPTH = 25
HEADER_LINES = ("From", "To", "Cc", "Date", "Subject")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part without parts. `text` is decoded where the part is text, else None; `codec` says how."""

    content_type: str
    name: str
    data: bytes
    inline: bool
    content_id: str = ""
    text: str | None = None
    codec: str = ""
    related: bool = False
    attached: bool = False  # came inside an attached message

    @property
    def is_html(self) -> bool:
        """Whether this is HTML text."""
        return self.text is not None and self.content_type in {"text/html", "application/xhtml+xml"}

    @property
    def is_unnamed_text(self) -> bool:
        """Whether this may be the body, or belong to it."""
        readable = self.content_type in {"text/plain", "text/html", "application/xhtml+xml"}
        return readable and self.inline and not self.name and not self.attached


class Walk:
    """Goes through a message once and collects its leaves and warnings."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.warnings: list[str] = []

    def part(self, part: Message, *, depth: int = 0, related: bool = False, attached: bool = False) -> None:
        """Add the leaves of a part."""
        kind = headers.structured(part, "Content-Type")
        if depth > MAX_DEPTH:
            raise ReadError("unreadable-document", "The parts of the mail are nested too deep.")
        if kind.word in SEALED and kind.parameters.get("smime-type", "").lower() != "certs-only":
            raise ReadError(
                "unsupported-document", "Signed or encrypted mail cannot be read by this gateway."
            )
        children = part.get_payload() if part.is_multipart() else []
        if not isinstance(children, list) or not children:
            self._leaf(part, kind, related=related, attached=attached)
        elif kind.word == "message/rfc822":
            self._message(part, children[0], depth=depth)  # type: ignore[arg-type]  # a list of messages
        else:
            inside = related or kind.word == "multipart/related"
            for child in _wanted(kind.word, children):  # type: ignore[arg-type]  # a list of messages
                self.part(child, depth=depth + 1, related=inside, attached=attached)

    def _message(self, part: Message, inner: Message, *, depth: int) -> None:
        """Add an attached message: a block of its header lines in front of its text, then its parts."""
        inside = Walk()
        inside.part(inner, depth=depth + 1, attached=True)
        self.warnings += inside.warnings
        shown = ((name, headers.text(inner, name)) for name in HEADER_LINES)
        block = "\n".join(f"{name}: {value}" for name, value in shown if value)
        leaves = inside.leaves
        first = leaves.pop(0) if leaves and leaves[0].inline and leaves[0].text is not None else None
        title = headers.file_name(_name(part) or headers.text(inner, "Subject")) or "message"
        self.leaves += [with_header(block, first, f"{title.removesuffix('.eml')}.eml"), *leaves]

    def _leaf(self, part: Message, kind: Value, *, related: bool, attached: bool) -> None:
        name = headers.file_name(_name(part))
        content_type = _content_type(kind)
        reason = NO_PAGE.get(content_type, NO_PAGE_NAMES.get(name.lower()))
        if reason is not None:
            self.warnings += [reason] if reason else []
            return
        if name.lower().endswith(".p7m"):
            raise ReadError(
                "unsupported-document", "Signed or encrypted mail cannot be read by this gateway."
            )
        data = _payload(part)
        text, codec = _text(content_type, kind, data)
        disposition = headers.structured(part, "Content-Disposition").word
        content_id = next(iter(headers.raw(part, "Content-ID")), b"").decode("ascii", "replace").strip("<> ")
        inline = disposition != "attachment"
        self.leaves.append(
            Leaf(
                content_type, name, data, inline, content_id, text, codec, related=related, attached=attached
            )
        )


def with_header(block: str, first: Leaf | None, title: str) -> Leaf:
    """Return the text of an attached message with its header lines on top."""
    if first is not None and first.is_html and first.text is not None:
        html = f"<pre>{_escaped(block)}</pre><hr>{first.text}"
        return Leaf("text/html", title, b"", inline=False, text=html, codec=first.codec, attached=True)
    text = f"{block}\n\n{first.text if first else ''}"
    codec = first.codec if first else ""
    return Leaf("text/plain", title, b"", inline=False, text=text, codec=codec, attached=True)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _wanted(kind: str, children: list[Message]) -> list[Message]:
    """Return the parts of a multipart that count."""
    if kind != "multipart/alternative":
        return children
    for wanted in (("text/html", "application/xhtml+xml"), ("text/plain",)):
        holding = [child for child in children if _holds(child, wanted)]
        if holding:
            return holding[-1:]
    return children[-1:]


def _holds(part: Message, kinds: tuple[str, ...], depth: int = 0) -> bool:
    payload = part.get_payload() if part.is_multipart() else []
    if isinstance(payload, list) and payload:
        return depth < MAX_DEPTH and any(_holds(child, kinds, depth + 1) for child in payload)  # type: ignore[arg-type]
    return headers.structured(part, "Content-Type").word in kinds


def _name(part: Message) -> str:
    given = headers.structured(part, "Content-Disposition").parameters.get("filename", "")
    return given or headers.structured(part, "Content-Type").parameters.get("name", "")


def _content_type(kind: Value) -> str:
    # A multipart without parts is text by mistake; so is a part that says nothing (RFC 2045 section 5.2).
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", kind.word) or kind.word.startswith(("multipart/", "message/")):
        return "text/plain"
    return kind.word


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(content_type: str, kind: Value, data: bytes) -> tuple[str | None, str]:
    if not content_type.startswith("text/") and content_type != "application/xhtml+xml":
        return None, ""
    label = kind.parameters.get("charset", "")
    if "html" in content_type and charsets.codec_of(label) is None:
        meta = META_CHARSET.search(data[:4096])
        label = meta[1].decode("ascii") if meta else label
    text, codec = charsets.decode(data, label)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if kind.parameters.get("format", "").lower() == "flowed":
        text = _unstuffed(text, delete_space=kind.parameters.get("delsp", "").lower() == "yes")
    return text, codec


def _unstuffed(text: str, *, delete_space: bool) -> str:
    """Undo the space stuffing of RFC 3676; the line breaks stay, they fit the page."""
    lines = (line.removeprefix(" ") for line in text.split("\n"))
    return "\n".join(line.removesuffix(" ") if delete_space and line != "-- " else line for line in lines)
