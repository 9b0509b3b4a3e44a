"""BER to definite lengths: one bounded pass over the octets before any ASN.1 library sees them.

Streaming encoders emit indefinite lengths and strings cut into thousands of pieces (X.690 8.1.3.6, 8.7.3).
`definite` rewrites those and leaves every other element byte for byte as it came, so that certificates and
signed attributes keep the octets that were signed. It refuses trailing octets, more elements or levels than
`Limits` allows, and interprets no value.
"""

from __future__ import annotations

from dataclasses import dataclass

from smime.errors import LimitError, MalformedError
from smime.policy import Limits

STRING = 0x04
STRING_IN_PIECES = 0x24
IMPLICIT_STRING = 0x80
IMPLICIT_IN_PIECES = 0xA0
CONSTRUCTED = 0x20
END_OF_CONTENTS = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Element:
    """One element read: first tag octet, where it, its contents and what follows begin.

    `new` is its new encoding and `inside` its new contents when they differ from what came.
    """

    tag: int
    start: int
    contents: int
    end: int
    new: bytes | None = None
    inside: bytes = b""


def definite(data: bytes, limits: Limits | None = None) -> bytes:
    """Return `data`, one BER element, with definite lengths and whole strings.

    :raises MalformedError: not one element. :raises LimitError: too large, too deep, too many.
    """
    limits = limits or Limits()
    if len(data) > limits.cms:
        raise LimitError("the CMS structure is too large")
    reader = _Reader(data, limits)
    element = reader.element(0, len(data), 0)
    if element.end != len(data):
        raise MalformedError("octets follow the CMS structure")
    return data if element.new is None else element.new


def header(tag: bytes, size: int) -> bytes:
    """Return identifier and DER length octets (X.690 10.1)."""
    if size < 0x80:
        return tag + bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(octets)]) + octets


class _Reader:
    """Walks one encoding and counts what it meets."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.left = limits.elements
        self.depth = limits.depth

    def element(self, start: int, end: int, level: int) -> Element:
        """Read the element at `start`, which must end by `end`."""
        self._count(level)
        contents_at = self._after_tag(start, end)
        tag = self.data[start:contents_at]
        size, contents_at = self._length(contents_at, end)
        if size is None:
            return self._indefinite(tag, start, end, level)
        after = contents_at + size
        if after > end:
            raise MalformedError("an ASN.1 element is cut off")
        if not tag[0] & CONSTRUCTED:
            return Element(tag[0], start, contents_at, after)
        children = self._children(contents_at, after, level)
        joins = _string_tag(tag, children) is not None
        if not joins and all(child.new is None for child in children):
            return Element(tag[0], start, contents_at, after)
        return self._rebuilt(tag, children, start, after)

    def _count(self, level: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise LimitError("the CMS structure has too many elements")
        if level > self.depth:
            raise LimitError("the CMS structure is nested too deeply")

    def _indefinite(self, tag: bytes, start: int, end: int, level: int) -> Element:
        if not tag[0] & CONSTRUCTED:
            raise MalformedError("a primitive ASN.1 element of indefinite length")
        children = []
        position = start + len(tag) + 1
        while self.data[position : position + 2] != END_OF_CONTENTS:
            children.append(self.element(position, end, level + 1))
            position = children[-1].end
        if position + 2 > end:
            raise MalformedError("an ASN.1 element is cut off")
        return self._rebuilt(tag, children, start, position + 2)

    def _children(self, start: int, end: int, level: int) -> list[Element]:
        children = []
        while start < end:
            children.append(self.element(start, end, level + 1))
            start = children[-1].end
        return children

    def _rebuilt(self, tag: bytes, children: list[Element], start: int, end: int) -> Element:
        """Join string pieces, else put the children under a definite length."""
        whole = _string_tag(tag, children)
        read = self._encoded if whole is None else self._inside
        inside = b"".join([read(child) for child in children])
        first = tag if whole is None else bytes([whole])
        return Element(first[0], start, start, end, header(first, len(inside)) + inside, inside)

    def _encoded(self, child: Element) -> bytes:
        return self.data[child.start : child.end] if child.new is None else child.new

    def _inside(self, child: Element) -> bytes:
        return self.data[child.contents : child.end] if child.new is None else child.inside

    def _after_tag(self, start: int, end: int) -> int:
        position = start + 1
        if start < end and self.data[start] & 0x1F == 0x1F:
            while position < end and self.data[position] & 0x80:
                position += 1
            position += 1
        if position >= end:
            raise MalformedError("an ASN.1 element is cut off")
        return position

    def _length(self, start: int, end: int) -> tuple[int | None, int]:
        first = self.data[start]
        if first < 0x80:
            return first, start + 1
        if first == 0x80:
            return None, start + 1
        after = start + 1 + (first & 0x7F)
        if first & 0x7F > 8 or after > end:
            raise MalformedError("an ASN.1 length is cut off")
        return int.from_bytes(self.data[start + 1 : after], "big"), after


def _string_tag(tag: bytes, children: list[Element]) -> int | None:
    """Return the tag of the whole string these pieces make, or None.

    A context tag with exactly one string inside may as well be an explicit tag: that one is left alone.
    """
    if tag[0] == STRING_IN_PIECES:
        if any(child.tag != STRING for child in children):
            raise MalformedError("a string in pieces holds something else")
        return STRING
    pieces = len(children) > 1 and all(child.tag == STRING for child in children)
    return IMPLICIT_STRING if tag[0] == IMPLICIT_IN_PIECES and pieces else None
