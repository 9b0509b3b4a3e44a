"""MIME on raw octets: just enough to find the signed part without changing one of its bytes.

A part is a slice of the message (smime.md section 2.1): nothing is decoded and written again. Bare line
feeds become CRLF once, because mail programs sign that form. Fields come as they stand, unfolded for
reading only. It refuses what two readers could read differently: two Content-Type fields, a missing
boundary, a closing line that never comes. It decodes no words and knows no charset (RFC 2045, 2046, 8551).
"""

from __future__ import annotations

import binascii
import quopri
import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smime.errors import LimitError, MalformedError
from smime.policy import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD = re.compile(
    rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r(?!\n))*(?:\r?\n[ \t](?:[^\r\n]|\r(?!\n))*)*)(?:\r?\n|\Z)"
)
BLANK = re.compile(rb"\r?\n")
DELIMITER_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
BARE_LF = re.compile(rb"(?<!\r)\n")
COMMENT = re.compile(r"\([^()\\]*\)")
TYPE = re.compile(r"\s*([!#$&^_.+\w-]+)\s*/\s*([!#$&^_.+\w-]+)\s*")
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')
QUOTED = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))')  # one that never ends reaches the end, read once
STRUCTURE = re.compile("multipart|message|pkcs|octet|boundary|p7", re.IGNORECASE)
LONGEST_VALUE = 8192
MESSAGE = "message/rfc822"


@dataclass(frozen=True, slots=True)
class ContentType:
    """Type in lower case ("text/plain") and parameters, names in lower case."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)

    def get(self, parameter: str) -> str:
        """Return a parameter's value, "" when absent."""
        return self.parameters.get(parameter, "")


TEXT = ContentType("text/plain")


@dataclass(frozen=True, slots=True)
class Entity:
    """A message or part: `fields` as (name, raw value), `end` of them and `start` of the body."""

    raw: bytes
    fields: tuple[tuple[str, bytes], ...]
    end: int
    start: int

    @property
    def head(self) -> bytes:
        """The header fields as they stand."""
        return self.raw[: self.end]

    @property
    def body(self) -> bytes:
        """Everything after the first empty line."""
        return self.raw[self.start :]

    def all(self, name: str) -> list[str]:
        """Return every value of a field, unfolded, octets above ASCII kept as surrogates."""
        return [unfold(value) for key, value in self.fields if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """Return the only value of a field, "" when absent.

        :raises MalformedError: the field stands there twice.
        """
        values = self.all(name)
        if len(values) > 1:
            raise MalformedError(f"two {name} fields")
        return values[0] if values else ""

    @property
    def type(self) -> ContentType:
        """The content type; text/plain when absent or no type at all (RFC 2045 5.2).

        :raises MalformedError: it stands there twice, or cannot be read and may mean a structure.
        """
        value = self.one("content-type")
        try:
            return content_type(value) if value else TEXT
        except LimitError:
            raise
        except MalformedError:
            if STRUCTURE.search(value):
                raise
            return TEXT


def unfold(value: bytes) -> str:
    """Return a field's value on one line."""
    return re.sub(rb"\r?\n", b"", value).decode("utf-8", "surrogateescape").strip(" \t")


def entity(raw: bytes, limits: Limits | None = None) -> Entity:
    """Split a message or part at its first empty line; what begins with no field is all body.

    :raises LimitError: the header block is too large.
    """
    limits = limits or Limits()
    fields, position = [], 0
    while match := FIELD.match(raw, position, position + limits.header + 1):
        fields.append((match[1].decode("ascii"), match[2]))
        position = match.end()
        if position > limits.header:
            raise LimitError("the header is too large")
    blank = BLANK.match(raw, position)
    return Entity(raw, tuple(fields), position, blank.end() if blank else position)


def content_type(value: str) -> ContentType:
    """Read the value of a Content-Type field.

    :raises MalformedError: not `type/subtype`, or longer than `LONGEST_VALUE`.
    """
    if len(value) > LONGEST_VALUE:
        raise LimitError("the Content-Type field is too long")
    plain = _without_comments(value)
    start = TYPE.match(plain)
    if not start:
        raise MalformedError("a Content-Type that cannot be read", value)
    return ContentType(f"{start[1]}/{start[2]}".lower(), parameters(plain[start.end() :]))


def parameters(text: str) -> dict[str, str]:
    """Read `; name=value` pairs; the first of a name counts. Continuations (RFC 2231 3) are joined."""
    found: dict[str, str] = {}
    for match in PARAMETER.finditer(text):
        name, value = match[1].lower(), match[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        stem, number, _ = name.partition("*")
        if number and stem in found:
            found[stem] += value
        else:
            found.setdefault(stem if number else name, value)
    return found


def _without_comments(value: str) -> str:
    quoted = QUOTED.split(value)
    return "".join(part if index % 2 else COMMENT.sub(" ", part) for index, part in enumerate(quoted))


def split(body: bytes, boundary: str, most: int = 500) -> list[bytes]:
    """Return the raw parts of a multipart: from after a delimiter line to the line end before the next.

    :raises MalformedError: no boundary or no closing delimiter (RFC 2046 5.1.1).
    :raises LimitError: more than `most` parts.
    """
    if not 0 < len(boundary) <= 70:
        raise MalformedError("a multipart without a usable boundary")
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    parts: list[bytes] = []
    start = None
    for before, after, last in _delimiters(body, mark):
        if start is not None:
            parts.append(body[start : max(start, before)])
        if len(parts) > most:
            raise LimitError("the message has too many parts")
        if last:
            return parts
        start = after
    raise MalformedError("a multipart without its closing line")


def _delimiters(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Give every delimiter line: where the part before it ends, where the next begins, whether it closes."""
    at = body.find(mark)
    while at >= 0:
        rest = DELIMITER_END.match(body, at + len(mark))
        if rest and (at == 0 or body[at - 1 : at] == b"\n"):
            before = at - (2 if body[at - 2 : at] == b"\r\n" else 1)
            yield max(0, before), rest.end(), rest[1] is not None
        at = body.find(mark, at + len(mark))


def canonical(raw: bytes) -> bytes:
    """Return text with every line end as CRLF: the form that is signed (RFC 8551 3.1.1)."""
    return BARE_LF.sub(b"\r\n", raw)


def decoded(part: Entity) -> bytes:
    """Return the body without its transfer encoding.

    :raises MalformedError: base64 that is none, or an unknown encoding.
    """
    encoding = part.one("content-transfer-encoding").partition("(")[0].strip().lower()
    if encoding == "base64":
        try:
            return b64decode(part.body.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error as error:
            raise MalformedError("base64 that cannot be read", str(error)) from None
    if encoding == "quoted-printable":
        return quopri.decodestring(part.body)
    if encoding in {"", "7bit", "8bit", "binary"}:
        return part.body
    raise MalformedError("an unknown transfer encoding", encoding)


@dataclass(frozen=True, slots=True)
class Nested:
    """A part below a message: `attached` says whether an attached message lies between."""

    part: Entity
    attached: bool


def walk(root: Entity, limits: Limits | None = None) -> Iterator[Nested]:
    """Give every part below `root`, not `root` itself; what cannot be split is given unsplit.

    :raises LimitError: too many parts or too deep.
    """
    limits = limits or Limits()
    waiting = [(Nested(root, attached=False), 0)]
    seen = 0
    while waiting:
        parent, depth = waiting.pop()
        for child in _children(parent, limits):
            seen += 1
            if seen > limits.parts or depth + 1 > limits.nesting:
                raise LimitError("the message has too many parts")
            yield child
            waiting.append((child, depth + 1))


def _children(parent: Nested, limits: Limits) -> list[Nested]:
    try:
        kind = parent.part.type
        if kind.name.startswith("multipart/"):
            raw = split(parent.part.body, kind.get("boundary"), limits.parts)
            return [Nested(entity(one, limits), parent.attached) for one in raw]
        if kind.name == MESSAGE:
            return [Nested(entity(decoded(parent.part), limits), attached=True)]
    except LimitError:
        raise
    except MalformedError:
        return []
    return []
