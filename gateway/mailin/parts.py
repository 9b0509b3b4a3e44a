"""The parts of a mail in the order they come, with alternatives decided and wrappings taken off.

HTML wins in multipart/alternative (email-interface section 3.1). What is never a page (signatures, calendar
entries) leaves no part behind; winmail.dat, uuencoded files and attached messages are opened, these to the
depth of design.md 5a. Sealed parts are refused, for ciphertext must not be faxed. Nothing is parsed before
its skeleton was looked at as the door looks at a mail, also when it comes out of an encoding. Which of the
parts are body or attachment, and which are faxed, is decided in `selection.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email import message_from_bytes
from html import escape
from typing import TYPE_CHECKING, Final

from gateway.intake.reading import ReadError
from gateway.mailin import headers, inline_files, locations, tnef, transfer
from gateway.mailin.leaf import HTML, Leaf, content_type, text_of
from gateway.mailin.prescan import Rejected, check_structure

if TYPE_CHECKING:
    from email.message import Message

    from gateway.mailin.headers import Value

NO_PAGE: Final = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pkcs7-mime",  # certificates only: what is sealed was refused before
        "application/x-pkcs7-mime",
        "application/pgp-signature",
        "application/pgp-keys",
        "application/applefile",
        "text/calendar",
        "application/ics",
    }
)
NO_PAGE_NAMES: Final = frozenset({"smime.p7s", "invite.ics"})
TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
SEALED: Final = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
PGP: Final = "-----BEGIN PGP MESSAGE-----"
HEADER_LINES: Final = ("From", "To", "Cc", "Date", "Subject")
MAX_DEPTH: Final = 25
LINE_END: Final = re.compile(rb"\r\n?|\n")
TOO_MUCH: Final = "The mail has too many parts, or they are nested too deep."
SEALED_TEXT: Final = "Signed or encrypted mail cannot be read by this gateway."


@dataclass(slots=True)
class Budget:
    """What one mail may come to in all (design.md 5a), counted over every container in it."""

    parts: int = 500
    octets: int = 100 * 1024 * 1024
    messages: int = 3  # how deep attached messages may lie in each other

    def spend(self, octets: int) -> None:
        """Count one part; raise `ReadError` beyond the limits."""
        self.parts -= 1
        self.octets -= octets
        if self.parts < 0:
            raise ReadError("unreadable-document", TOO_MUCH)
        if self.octets < 0:
            raise ReadError("too-large", "The parts of the mail are too large when they are unpacked.")


def parsed(raw: bytes, budget: Budget) -> Message:
    """Return a mail as a tree; raise `ReadError` where its skeleton breaks the limits of parts and depth."""
    lines = LINE_END.sub(b"\r\n", raw) if b"\r" not in raw or raw.count(b"\r\n") != raw.count(b"\n") else raw
    try:
        check_structure(lines, messages=budget.messages)
    except Rejected as error:
        raise ReadError("unreadable-document", TOO_MUCH) from error
    return message_from_bytes(raw)


class Walk:
    """Goes through a message and collects its leaves and warnings; `default` is the account's charset."""

    def __init__(self, budget: Budget | None = None, default: str = "") -> None:
        self.leaves: list[Leaf] = []
        self.warnings: list[str] = []
        self._budget = budget or Budget()
        self._default = default

    def part(self, part: Message, *, depth: int = 0, related: bool = False, attached: int = 0) -> None:
        """Add the leaves of a part; `attached` counts the attached messages it lies in."""
        kind = headers.structured(part, "Content-Type")
        if depth > MAX_DEPTH:
            raise ReadError("unreadable-document", TOO_MUCH)
        if kind.word in SEALED and kind.parameters.get("smime-type", "").lower() != "certs-only":
            raise ReadError("unsupported-document", SEALED_TEXT)
        children = self._children(part, kind)
        if kind.word in MESSAGES and children:
            self._message(part, children[0], depth=depth, attached=attached + 1)
        elif children:
            self._budget.spend(0)
            inside = related or kind.word == "multipart/related"
            before = len(self.leaves)
            for child in _wanted(kind.word, children):
                self.part(child, depth=depth + 1, related=inside, attached=attached)
            if kind.word == "multipart/related":
                self.leaves[before:] = locations.resolved(self.leaves[before:])
        else:
            self._leaf(part, kind, related=related, attached=attached)

    def _children(self, part: Message, kind: Value) -> list[Message]:
        """Return the parts of a part, read out of a transfer encoding where one is (wrongly) around them."""
        payload = part.get_payload() if part.is_multipart() else []
        children = [p for p in payload if not isinstance(p, str)] if isinstance(payload, list) else []
        encoding = transfer.method(_field(part, "Content-Transfer-Encoding"))
        if encoding not in {"base64", "quoted-printable"}:
            return children
        if kind.word in MESSAGES:
            inner = children[0].as_bytes() if children else transfer.decoded(part, "")
            return [parsed(transfer.decode(inner.lstrip(), encoding), self._budget)]
        if kind.word.startswith("multipart/") and not children:
            head = b"Content-Type: " + next(iter(headers.raw(part, "Content-Type"))) + b"\r\n\r\n"
            whole = parsed(head + transfer.decoded(part, encoding), self._budget)
            return self._children(whole, kind) if whole.is_multipart() else []
        return children

    def _message(self, part: Message, inner: Message, *, depth: int, attached: int) -> None:
        """Add an attached message: a block of its header lines in front of its text, then its parts."""
        if attached > self._budget.messages:
            raise ReadError("unreadable-document", TOO_MUCH)
        self._budget.spend(0)
        inside = Walk(self._budget, self._default)
        inside.part(inner, depth=depth + 1, attached=attached)
        self.warnings += inside.warnings
        shown = ((name, headers.text(inner, name)) for name in HEADER_LINES)
        block = "\n".join(f"{name}: {value}" for name, value in shown if value)
        leaves = inside.leaves
        first = leaves.pop(0) if leaves and leaves[0].inline and leaves[0].text is not None else None
        title = headers.file_name(_name(part) or headers.text(inner, "Subject")) or "message"
        self.leaves += [with_header(block, first, f"{title.removesuffix('.eml')}.eml"), *leaves]

    def _leaf(self, part: Message, kind: Value, *, related: bool, attached: int) -> None:
        name = headers.file_name(_name(part))
        if name.lower().endswith(".p7m"):
            raise ReadError("unsupported-document", SEALED_TEXT)
        if kind.word in NO_PAGE or name.lower() in NO_PAGE_NAMES:
            return
        data = transfer.decoded(part, _field(part, "Content-Transfer-Encoding"))
        self._budget.spend(len(data))
        if kind.word in TNEF or name.lower() == "winmail.dat":
            self._unpack(data, related=related, attached=attached)
            return
        media_type = content_type(kind, name, data)
        if name.lower().endswith(".eml") and media_type not in HTML and data.strip():
            self._message(part, parsed(data.lstrip(), self._budget), depth=attached, attached=attached + 1)
            return
        text, codec = text_of(media_type, name, kind, data, self._default)
        inline = headers.structured(part, "Content-Disposition").word != "attachment"
        cid = _content_id(part)
        found = Leaf(
            media_type, name, data, inline, cid, text, codec, related=related, attached=bool(attached)
        )
        self._add(replace(found, location=_field(part, "Content-Location").strip()))

    def _add(self, leaf: Leaf) -> None:
        """Add a leaf; files written into its text become leaves of their own."""
        if leaf.text is None or leaf.is_html:
            self.leaves.append(leaf)
            return
        if leaf.is_unnamed_text and leaf.text.lstrip().startswith(PGP):
            raise ReadError("unsupported-document", SEALED_TEXT)
        text, files, warnings = inline_files.taken_out(leaf.text)
        self.warnings += warnings
        self.leaves.append(replace(leaf, text=text))
        for name, data in files:
            self._file(name, data, attached=leaf.attached)

    def _file(
        self, name: str, data: bytes, *, mime: str = "", content_id: str = "", attached: bool = False
    ) -> None:
        """Add a file that came out of a container."""
        self._budget.spend(len(data))
        shown = headers.file_name(name) or "attachment"
        if shown.lower().endswith(".p7m"):
            raise ReadError("unsupported-document", SEALED_TEXT)
        kind = headers.Value(mime.lower() if "/" in mime else "application/octet-stream")
        media_type = content_type(kind, shown, data)
        text, codec = text_of(media_type, shown, kind, data, self._default)
        shows = bool(content_id)  # a picture of an HTML body
        self.leaves.append(
            Leaf(media_type, shown, data, shows, content_id, text, codec, related=shows, attached=attached)
        )

    def _unpack(self, data: bytes, *, related: bool, attached: int) -> None:
        """Add what a winmail.dat holds; its body only where the mail has brought no text of its own."""
        found = tnef.unpack(data)
        inside = bool(attached)
        body = (found.html or found.text).replace("\r\n", "\n").replace("\r", "\n")
        has_text = any(leaf.is_unnamed_text and (leaf.text or "").strip() for leaf in self.leaves)
        if body.strip() and not has_text:
            kind = "text/html" if found.html else "text/plain"
            self.leaves.append(Leaf(kind, "", b"", inline=True, text=body, related=related, attached=inside))
        for file in found.files:
            self._file(file.name, file.data, mime=file.mime, content_id=file.content_id, attached=inside)
        self.warnings += [
            f"winmail.dat: {what} was left out: send it as plain mail" for what in found.left_out
        ]
        if not (found.files or body.strip() or found.left_out):
            self.warnings.append("winmail.dat was left out: ask the sender for the attachments themselves")


def with_header(block: str, first: Leaf | None, title: str) -> Leaf:
    """Return the text of an attached message with its header lines on top."""
    if first is not None and first.is_html and first.text is not None:
        html = f"<pre>{escape(block)}</pre><hr>{first.text}"
        return Leaf("text/html", title, b"", inline=False, text=html, codec=first.codec, attached=True)
    text = f"{block}\n\n{first.text if first else ''}"
    codec = first.codec if first else ""
    return Leaf("text/plain", title, b"", inline=False, text=text, codec=codec, attached=True)


def _wanted(kind: str, children: list[Message]) -> list[Message]:
    """Return the parts of a multipart that count; of alternatives the best, and files put among them."""
    if kind != "multipart/alternative":
        return children
    chosen = children[-1]
    for wanted in (HTML, frozenset({"text/plain"})):
        if holding := [child for child in children if _holds(child, wanted)]:
            chosen = holding[-1]
            break
    return [child for child in children if child is chosen or _is_file(child)]


def _is_file(part: Message) -> bool:
    """Whether an alternative is a file by its own word: mailers of business systems put theirs there."""
    kind = headers.structured(part, "Content-Type").word
    said = headers.structured(part, "Content-Disposition").word == "attachment"
    return not part.is_multipart() and not kind.startswith("text/") and (said or bool(_name(part)))


def _holds(part: Message, kinds: frozenset[str], depth: int = 0) -> bool:
    payload = part.get_payload() if part.is_multipart() else []
    if isinstance(payload, list) and payload:
        return depth < MAX_DEPTH and any(_holds(child, kinds, depth + 1) for child in payload)  # type: ignore[arg-type]
    return headers.structured(part, "Content-Type").word in kinds


def _name(part: Message) -> str:
    given = headers.structured(part, "Content-Disposition").parameters.get("filename", "")
    return given or headers.structured(part, "Content-Type").parameters.get("name", "")


def _field(part: Message, name: str) -> str:
    return next(iter(headers.raw(part, name)), b"").decode("ascii", "replace")


def _content_id(part: Message) -> str:
    return _field(part, "Content-ID").strip("<> ")
