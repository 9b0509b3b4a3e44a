"""What no font here can draw is said in words, or by a mark that says so; never by an empty box.

Telephones write emoji by the hundred, and a fax has no font for most of them: they become their names in
brackets, flags their country's letters; words of a script without a font become the script's name and how
many letters are missing. Letters of private rows become the geta mark, by which Japanese gateways show what
they could not pass on. Which characters the fonts have is asked of fontconfig once.
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Final

from render import fonts

IN_WORDS: Final = "pictures, signs and letters that no font here has were put in words."
GETA: Final = "\u3013"
_UNSURE = re.compile(
    "[\u0530-\u1dff\u2190-\u2dff\u3000-\u303f\u3100-\u31ef\ua000-\uabff\ue000-\uf8ff\ufb00-\ufdff"
    "\ufe0e\ufe0f\ufe70-\ufefe\U00010000-\U0010ffff\u20e3\u200d]"
)
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{3,6})|(\d{4,7}));", re.IGNORECASE)
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
# Skin tones, tags and the signs that choose or join a picture: nothing to see by themselves.
_SILENT = re.compile("[\U0001f3fb-\U0001f3ff\U000e0000-\U000e007f\u200d\ufe0e\ufe0f]")
# Words of other scripts than these: Latin, Greek, Cyrillic, Chinese, Japanese and Korean are always there.
_WORDS = re.compile(
    "[\u0530-\u1dff\u2c00-\u2dff\ua000-\uabff\ufb00-\ufdff\ufe70-\ufefe\U00010000-\U0001afff]+"
)
_NO_LETTERS = frozenset({"So", "Sm", "Sk", "Co", "Cn", "Cs"})
_IDEOGRAPHIC_VARIANT = range(0xE0100, 0xE01F0)


def drawable(text: str) -> tuple[str, bool]:
    """Return text that the fonts can draw, and whether something in it was replaced."""
    if not _UNSURE.search(text):
        return text, False
    flat = _FLAG.sub(_letters, text)
    plain = _UNSURE.sub(_drawn, _WORDS.sub(_script, flat)).replace("]\u200d", "]")
    return plain, _SILENT.sub("", plain) != _SILENT.sub("", text)


def resolved(html: str) -> str:
    """Return HTML with its numeric references to such characters written out, so that they are seen here."""
    return _REFERENCE.sub(_referred, html)


def _referred(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    return chr(number) if 0x530 <= number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]


def _letters(match: re.Match[str]) -> str:
    return "[" + "".join(chr(ord(sign) - 0x1F1E6 + 0x41) for sign in match[0]) + "]"


def _script(match: re.Match[str]) -> str:
    """Return words, or the name of their script and their length where a letter of them has no shape."""
    words = match[0]
    missing = next((c for c in words if not has(c) and unicodedata.category(c) not in _NO_LETTERS), "")
    if not missing or _SILENT.fullmatch(words):
        return words
    script = unicodedata.name(missing, "unknown script").split()[0]
    return f"[{script.capitalize()}, {len(words)} letter{'s' * (len(words) > 1)}]"


def _drawn(match: re.Match[str]) -> str:
    sign = match[0]
    if ord(sign) in _IDEOGRAPHIC_VARIANT or has(sign):
        return sign
    if _SILENT.match(sign):
        return ""
    category = unicodedata.category(sign)
    name = unicodedata.name(sign, "")
    return f"[{name.lower()}]" if name and category in {"So", "Sm", "Sk"} else GETA


def has(sign: str) -> bool:
    """Whether some font has a shape for a character; True where fontconfig cannot be asked."""
    starts, ends = _covered()
    at = bisect_right(starts, ord(sign)) - 1
    return not starts or (at >= 0 and ord(sign) <= ends[at])


@cache
def _covered() -> tuple[list[int], list[int]]:
    """Return the characters all fonts have together, as sorted ranges that do not overlap."""
    fonts.install()
    try:
        listed = subprocess.run(
            ["fc-list", "--format=%{charset}\n"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return [], []
    spans = sorted(
        (int(first, 16), int(last or first, 16))
        for first, _, last in (piece.partition("-") for piece in set(listed.split()))
    )
    starts: list[int] = []
    ends: list[int] = []
    for first, last in spans:
        if ends and first <= ends[-1] + 1:
            ends[-1] = max(ends[-1], last)
        else:
            starts.append(first)
            ends.append(last)
    return starts, ends
