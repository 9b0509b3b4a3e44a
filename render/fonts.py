"""Which fonts draw what, so that a page looks the same on every host with the packages we name.

`fonts.conf` beside this module replaces the host's fontconfig: it maps the families people's documents ask
for (Arial, MS Gothic, SimSun, ...) to free ones of the same widths. The stacks here are for what we lay out
ourselves. Chinese and Japanese share code points but not shapes, so the language picks the first font.
"""

from __future__ import annotations

import os
import re
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("fonts.conf")

_LATIN_MONO = ("Liberation Mono", "DejaVu Sans Mono")
_LATIN = ("Liberation Sans", "DejaVu Sans")
_MONO = {
    "ja": ("IPAGothic", "Noto Sans Mono CJK JP"),
    "zh-cn": ("Noto Sans Mono CJK SC", "IPAGothic"),
    "zh-tw": ("Noto Sans Mono CJK TC", "IPAGothic"),
    "ko": ("Noto Sans Mono CJK KR", "IPAGothic"),
}
_SANS = {
    "ja": ("IPAPGothic", "Noto Sans CJK JP"),
    "zh-cn": ("Noto Sans CJK SC", "IPAPGothic"),
    "zh-tw": ("Noto Sans CJK TC", "IPAPGothic"),
    "ko": ("Noto Sans CJK KR", "IPAPGothic"),
}


def install() -> None:
    """Make this process use our fontconfig file; must run before Pango is loaded. An operator's own wins."""
    os.environ.setdefault("FONTCONFIG_FILE", str(CONFIGURATION))


def monospaced(wanted: str, language: str) -> str:
    """Return a CSS font-family list for fixed-pitch text.

    East Asian text uses a font whose Latin letters are exactly half as wide as its characters, so columns
    made with spaces stay columns.
    """
    east = _MONO.get(language.lower(), ())
    last = () if east else _MONO["ja"]
    return _stack((wanted, *east, *_LATIN_MONO, *last, "monospace"))


def proportional(wanted: str, language: str) -> str:
    """Return a CSS font-family list for running text."""
    east = _SANS.get(language.lower(), ())
    last = () if east else _SANS["ja"]
    return _stack((wanted, *_LATIN, *east, *last, "sans-serif"))


def _stack(families: tuple[str, ...]) -> str:
    return ", ".join(_quoted(family) for family in families if family.strip())


def _quoted(family: str) -> str:
    if family in {"monospace", "sans-serif"}:
        return family
    return '"' + "".join(c for c in family if c.isprintable() and c not in '"\\') + '"'


def known(family: str) -> bool:
    """Say whether a font, or one that stands in for it, is here; yes where nobody can tell."""
    return not _families() or _folded(family) in _families()


@cache
def _families() -> frozenset[str]:
    install()
    try:
        named = Path(os.environ["FONTCONFIG_FILE"]).read_text(encoding="utf-8")
        listed = subprocess.run(
            ["fc-list", "--format=%{family}\n"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    families = [*re.findall(r"<family>([^<]+)</family>", named), *re.split(r"[,\n]", listed)]
    return frozenset(_folded(family) for family in families if family.strip())


def _folded(family: str) -> str:
    return unicodedata.normalize("NFKC", family).strip().casefold()


def pair(language: str) -> tuple[str, str]:
    """Return the families for East Asian characters, in the shapes of `language`, and for all others."""
    return ",".join(_SANS.get(language.lower(), _SANS["ja"])), ",".join(_LATIN)


@cache
def file_of(families: str) -> tuple[str, int]:
    """Return the file, and the index in it, of the first of these comma-separated families there is.

    Our fontconfig file decides, as for Pango. ("", 0) where there is no `fc-match` or no such font.
    """
    install()
    try:
        found = subprocess.run(
            ["fc-match", "--format=%{file}\n%{index}", families], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "", 0
    file, _, index = found.stdout.partition("\n")
    return file, int(index or 0)
