"""Who is at the other end: the 20-octet identity fields and the name in an NSF.

Fields are sent last character first and filled with spaces (T.30 5.3.6.2.4). Real machines put letters and
worse into them: reading keeps what a person may see and never fails; the raw octets stay with the frame.
"""

from __future__ import annotations

FIELD_OCTETS = 20
ALLOWED = frozenset("0123456789+ ")
ADDRESS_ALLOWED = ALLOWED | frozenset("*#")

# T.35 country codes as machines send them, straight and mirrored (both are on the lines), and the makers of
# Japan, whose code is the two octets behind the country.
_COUNTRIES = {
    0x00: "Japan", 0x26: "China", 0x64: "China", 0x3D: "France", 0xBC: "France", 0x42: "Germany",
    0x20: "Germany", 0x59: "Italy", 0x9A: "Italy", 0x61: "Korea", 0x86: "Korea", 0x7B: "Netherlands",
    0xDE: "Netherlands", 0xB4: "United Kingdom", 0x2D: "United Kingdom", 0xB5: "United States",
    0xAD: "United States",
}  # fmt: skip
_JAPANESE_MAKERS = {
    0x0E: "Panasonic", 0x11: "Canon", 0x19: "Xerox", 0x1D: "Hitachi", 0x21: "OKI", 0x25: "Ricoh",
    0x26: "Konica", 0x2D: "Sony", 0x31: "Sharp",
}  # fmt: skip


def encode_ident(text: str) -> bytes:
    """Return the field of a telephone number: digits, `+` and spaces kept, the last 20 of them."""
    return _field("".join(character for character in text if character in ALLOWED))


def encode_address(text: str) -> bytes:
    """Return the field of a sub-address, sender id or password: `*` and `#` are allowed too."""
    return _field("".join(character for character in text if character in ADDRESS_ALLOWED))


def _field(text: str) -> bytes:
    return text[-FIELD_OCTETS:].encode("ascii")[::-1].ljust(FIELD_OCTETS)


def decode_ident(fif: bytes) -> str:
    """Return the readable text of a field of any length and content."""
    text = fif[::-1].decode("latin-1")
    return "".join(character for character in text if character.isprintable()).strip()


def describe_nsf(fif: bytes) -> str:
    """Return country and maker of an NSF where they are known, as `Japan, Ricoh`; else an empty text."""
    if not fif:
        return ""
    country = _COUNTRIES.get(fif[0], "")
    japanese = fif[0] == 0 and len(fif) >= 3 and fif[1] == 0
    maker = _JAPANESE_MAKERS.get(fif[2], "") if japanese else ""
    return ", ".join(part for part in (country, maker) if part)
