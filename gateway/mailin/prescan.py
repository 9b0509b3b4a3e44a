"""What is looked at in a mail before the 250: its header block and the skeleton of its parts, as bytes.

Nothing is decoded and no tree is built, so that no mail can make this slow: a parser of the full language
meets the mail later, in a child with limits. Here only the limits of design.md 5a are held (they keep known
parser bombs out, threats.md section 3), the fields the door itself needs are read, and mails are turned away
that must not become faxes: automatic answers and loops (threats.md section 4). Whether anything in it is
signed or encrypted, however deep it lies, is only found out: `sealed.py` judges it. Of all values only file
names are decoded: what is sealed stays sealed under an encoded name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.domain.errors import Refused
from gateway.mailin import headers
from gateway.mailin.settings import SmtpLimits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    Bytes = bytes | mmap

FIELD_END = re.compile(rb"\r\n(?![ \t])")
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)\Z", re.DOTALL)
FOLD = re.compile(rb"\r\n(?=[ \t])")
COMMENT = re.compile(rb"\([^()]*\)")
BOUNDARY = re.compile(rb"\bboundary\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+))", re.IGNORECASE)
CONTINUATION = re.compile(rb"\*\d+\*?\s*=")
MESSAGE_ID = re.compile(rb"<[^<>\s]{1,990}>")
SEALED = frozenset(
    {
        b"multipart/signed",
        b"multipart/encrypted",
        b"application/pkcs7-mime",
        b"application/x-pkcs7-mime",
    }
)
MAX_DASH_LINES = 100_000
MAX_CONTINUATIONS = 200
MAX_PART_HEADER = 64 * 1024
MAX_PARAMETERS = 4096  # bytes looked at for a name; one behind so much else is left to the reader


class Rejected(Refused):
    """The mail cannot become a fax; `status` is the enhanced status code of the 550 reply."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.args = (status, text)  # it travels out of sandbox children
        self.status = status


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: the Message-ID with its brackets, or ""; where the header block ends.

    `sealed`: the mail or something in it is signed or encrypted (S/MIME, OpenPGP).
    """

    message_id: str
    header_end: int
    sealed: bool = False


def media_type(value: bytes) -> bytes:
    """Return the "type/subtype" of a Content-Type in lower case; white space around the slash is legal."""
    return b"".join(COMMENT.sub(b"", value).partition(b";")[0].split()).lower()


@dataclass(frozen=True, slots=True)
class Header:
    """A header block: (name in lower case, unfolded raw value) in order."""

    fields: tuple[tuple[bytes, bytes], ...]
    end: int

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of a field."""
        return [value for n, value in self.fields if n == name]

    def first(self, name: bytes) -> bytes:
        """Return the first value of a field, b"" without one."""
        return next(iter(self.all(name)), b"")

    @property
    def content_type(self) -> bytes:
        """The media type in lower case, without parameters and comments."""
        return media_type(self.first(b"content-type"))


@dataclass(frozen=True, slots=True)
class Open:
    """A multipart the walk is in: its two delimiter lines, and how many attached messages it lies in."""

    next: bytes
    last: bytes
    messages: int


def prescan(mail: Bytes, limits: SmtpLimits, own_domains: frozenset[str] = frozenset()) -> Findings:
    """Look a mail over; raise `Rejected` where it breaks a limit or a rule."""
    header = read_header(mail, 0, limits.header_bytes)
    _check_fields(mail, header, limits)
    _check_automatic(header, limits, own_domains)
    sealed = _check_parts(mail, header, limits)
    found = MESSAGE_ID.search(header.first(b"message-id"))
    return Findings(found[0].decode("ascii", "replace") if found else "", header.end, sealed)


def check_structure(mail: Bytes, limits: SmtpLimits | None = None, messages: int = 3) -> None:
    """Look at the skeleton of what came out of an encoding, which no door has seen; raise `Rejected`."""
    held = replace(limits or SmtpLimits(), message_depth=messages)
    header = read_header(mail, 0, held.header_bytes)
    _check_fields(mail, header, held)
    _check_parts(mail, header, held)


def read_header(mail: Bytes, start: int, longest: int) -> Header:
    """Read the header block at `start`; raise `Rejected` if it is longer than `longest` bytes."""
    if mail[start : start + 2] == b"\r\n":
        return Header((), start + 2)
    end = mail.find(b"\r\n\r\n", start, start + longest + 4)
    if end < 0:
        if len(mail) - start > longest:
            raise Rejected("5.6.0", "The header block is too long")
        end = len(mail)
    block = mail[start:end]
    matches = (FIELD.match(field) for field in FIELD_END.split(block))
    fields = tuple((m[1].lower(), FOLD.sub(b"", m[2]).strip()) for m in matches if m)
    return Header(fields, min(end + 4, len(mail)))


def _check_fields(mail: Bytes, header: Header, limits: SmtpLimits) -> None:
    block = mail[: header.end]
    raw = FIELD_END.split(block)
    if len(header.fields) > limits.fields or len(raw) > limits.fields + 2:
        raise Rejected("5.6.0", "Too many header fields")
    if any(len(field) > limits.field_bytes for field in raw):
        raise Rejected("5.6.0", "A header field is too long")
    if any(len(CONTINUATION.findall(value)) > MAX_CONTINUATIONS for _, value in header.fields):
        raise Rejected("5.6.0", "A header field has too many parameters")


def _check_automatic(header: Header, limits: SmtpLimits, own_domains: frozenset[str]) -> None:
    if len(header.all(b"received")) > limits.received_fields:
        raise Rejected("5.4.6", "Routing loop")
    if header.first(b"auto-submitted").lower().startswith(b"auto-replied"):
        raise Rejected("5.7.1", "Automatic replies are not faxed")
    if header.content_type == b"multipart/report":
        raise Rejected("5.7.1", "Delivery reports are not faxed")
    loops = b" ".join(header.all(b"x-loop")).lower().decode("ascii", "replace")
    if any(domain in loops for domain in own_domains):
        raise Rejected("5.4.6", "This mail was sent by this gateway")


def _check_parts(mail: Bytes, header: Header, limits: SmtpLimits) -> bool:
    """Walk along the delimiter lines with a stack of the open multiparts; say whether a part is sealed."""
    stack: list[Open] = []
    parts = 1
    sealed = _enter(mail, header, stack, limits)
    for at, line in _dash_lines(mail, header.end):
        level = _level(stack, line)
        if level < 0:
            continue
        del stack[level + 1 :]
        if line == stack[level].last:
            stack.pop()
            continue
        parts += 1
        if parts > limits.parts:
            raise Rejected("5.6.0", "Too many parts")
        sealed |= _enter(mail, read_header(mail, at, MAX_PART_HEADER), stack, limits)
    return sealed


def _enter(mail: Bytes, header: Header, stack: list[Open], limits: SmtpLimits) -> bool:
    """Open the multipart a header declares, going into attached messages on the way; say if it is sealed."""
    messages = stack[-1].messages if stack else 0
    while header.content_type == b"message/rfc822":
        messages += 1
        if messages > limits.message_depth:
            raise Rejected("5.6.0", "Attached messages are nested too deep")
        header = read_header(mail, header.end, limits.header_bytes)
    found = BOUNDARY.search(header.first(b"content-type"))
    if found and header.content_type.startswith(b"multipart/"):
        delimiter = b"--" + (found[1] or found[2] or b"").rstrip()
        stack.append(Open(delimiter, delimiter + b"--", messages))
    if len(stack) > limits.depth:
        raise Rejected("5.6.0", "Parts are nested too deep")
    return _is_sealed(header)


def _is_sealed(header: Header) -> bool:
    types = header.all(b"content-type")  # a second one is against the rules, and some readers prefer it
    names = [*types, *header.all(b"content-disposition")]
    return any(media_type(value) in SEALED for value in types) or any(map(is_sealed_name, names))


def is_sealed_name(value: bytes) -> bool:
    """Whether a parameter names an S/MIME file, by its plain name or an encoded one."""
    parameters = headers.parameters(value[:MAX_PARAMETERS])
    return any(parameters.get(name, "").strip().lower().endswith(".p7m") for name in ("name", "filename"))


def _dash_lines(mail: Bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield (where the next line begins, the line without its end) of lines that begin with two dashes."""
    at = start - 2  # the header block ends in CRLF, which belongs to a delimiter that follows at once
    for _ in range(MAX_DASH_LINES):
        at = mail.find(b"\r\n--", max(at, 0))
        if at < 0:
            return
        end = mail.find(b"\r\n", at + 2, at + 2 + 998)
        if end < 0:
            at += 2
            continue
        yield end + 2, mail[at + 2 : end].rstrip()
        at = end
    raise Rejected("5.6.0", "Too many lines that look like part boundaries")


def _level(stack: list[Open], line: bytes) -> int:
    """Return the index of the multipart this line delimits, innermost first; -1 for none."""
    for level in range(len(stack) - 1, -1, -1):
        if line in (stack[level].next, stack[level].last):
            return level
    return -1
