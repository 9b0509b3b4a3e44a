"""Header fields to text: encoded words, raw JIS and 8-bit, parameters of RFC 2231, file names, addresses.

Everything returned is for eyes or for comparing; it holds no control characters and no marks that turn the
direction of writing, so that it can stand in a log, a page or a mail of ours. Python's own reading of these
fields is not used: it does not decode raw Japanese and prefers `filename=` to `filename*=` (threats.md
section 3).
"""

from __future__ import annotations

import binascii
import quopri
import re
import unicodedata
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from gateway.mailin import charsets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message

ENCODED_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?\n]*)\?=")
BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?)")
FOLD = re.compile(rb"\r?\n(?=[ \t])")
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
QUOTED_PAIR = re.compile(
    r'\\(["\\])'
)  # no other sign is quoted in the field, but paths of Windows are written
COMMENT = re.compile(r"\([^()]*\)")
CONTINUED = re.compile(r"(.+?)\*(\d+)(\*?)\Z")
MAX_NAME = 200
MAX_ADDRESSES = 2000


@dataclass(frozen=True, slots=True)
class Value:
    """A structured field: the word before the first semicolon in lower case, and its parameters."""

    word: str
    parameters: dict[str, str] = field(default_factory=dict)


def raw(message: Message, name: str) -> list[bytes]:
    """Return the values of a field as the bytes they came in, unfolded."""
    wanted = name.lower()
    values = (value for key, value in message.raw_items() if key.lower() == wanted)
    return [FOLD.sub(b"", str(v).encode("utf-8", "surrogateescape")).strip() for v in values]


def text(message: Message, name: str) -> str:
    """Return the first value of a field decoded and cleaned, "" without one."""
    return next((decoded(value) for value in raw(message, name)), "")


def decoded(value: bytes) -> str:
    """Return one raw, unfolded value of a text field decoded and cleaned."""
    return clean(decode_words(_unicode(value)))


def structured(message: Message, name: str) -> Value:
    """Return the first value of a field such as Content-Type with its parameters decoded."""
    for value in raw(message, name):
        # Decoded first: the second byte of a JIS letter may be a quote or a semicolon.
        written = _unicode(value)
        word = COMMENT.sub("", written.partition(";")[0]).strip().lower()
        return Value(word, _parameters(written))
    return Value("")


def parameters(value: bytes) -> dict[str, str]:
    """Return the decoded parameters of one raw value of a structured field."""
    return _parameters(_unicode(FOLD.sub(b"", value)))


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Return (display name, address) of all values of an address field."""
    found = mailboxes([_unicode(value) for value in raw(message, name)])[:MAX_ADDRESSES]
    return [(clean(decode_words(shown)), clean(address)) for shown, address in found if address]


def mailboxes(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return (display name, address) of the values of address fields, as they stand there. Never raises."""
    try:
        return getaddresses(list(values))
    except RecursionError:  # comments in comments by the thousand: no address anybody wrote
        return []


def decode_words(value: str) -> str:
    """Replace encoded words (RFC 2047); neighbours are joined first, for mailers cut letters in two."""
    pieces: list[tuple[str, bytes] | str] = []
    value = BETWEEN_WORDS.sub(r"\1", value)
    at = 0
    for match in ENCODED_WORD.finditer(value):
        if match.start() > at:
            pieces.append(value[at : match.start()])
        label = match[1].partition("*")[0].lower()
        data = _word_bytes(match[2], match[3])
        last = pieces[-1] if pieces else ""
        if isinstance(last, tuple) and last[0] == label:
            pieces[-1] = (label, last[1] + data)
        else:
            pieces.append((label, data))
        at = match.end()
    pieces.append(value[at:])
    return "".join(p if isinstance(p, str) else charsets.decode(p[1], p[0])[0] for p in pieces)


def clean(value: str) -> str:
    """Take out what must not reach a header, a log or a page: controls and turning marks."""
    value = re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", " ", value)
    value = TURNING.sub("", value)
    return "".join(sign for sign in value if unicodedata.category(sign) not in {"Cc", "Cs"}).strip()


def file_name(value: str) -> str:
    """Return the last component of a file name, cleaned, 200 letters at most; only for eyes."""
    name = unicodedata.normalize("NFC", clean(value)).replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}" if dot and len(suffix) < 16 else name[:MAX_NAME]


def _unicode(value: bytes) -> str:
    plain = value.isascii() and b"\x1b" not in value
    return value.decode("ascii") if plain else charsets.decode(value)[0]


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return quopri.decodestring(data.replace(b"_", b" "), header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data


def _parameters(value: str) -> dict[str, str]:
    """Read parameters; the extended form of one wins over the plain, as its writers mean it."""
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in PARAMETER.finditer(value):
        name = match[1].lower()
        content = QUOTED_PAIR.sub(r"\1", match[2]) if match[2] is not None else (match[3] or "").strip()
        if continued := CONTINUED.match(name):
            pieces.setdefault(continued[1], {})[int(continued[2][:6])] = (content, bool(continued[3]))
        elif name.endswith("*"):
            extended[name[:-1]] = _extended(content)
        else:
            plain.setdefault(name, decode_words(content))
    joined = {name: _joined([parts[n] for n in sorted(parts)]) for name, parts in pieces.items()}
    return plain | joined | extended


def _joined(parts: Iterable[tuple[str, bool]]) -> str:
    whole, is_extended = "", False
    for content, encoded in parts:
        is_extended = is_extended or encoded
        whole += content
    return _extended(whole) if is_extended else decode_words(whole)


def _extended(content: str) -> str:
    """Decode charset'language'percent-encoded; without the quotes the whole is the value."""
    label, quote, rest = content.partition("'")
    encoded = rest.partition("'")[2] if quote else content
    return charsets.decode(unquote_to_bytes(encoded), label if quote else "")[0]
