"""Which fonts draw what, so that a page looks the same on every host with the packages we name.

`fonts.conf` beside this module replaces the host's fontconfig: it maps the families people's documents ask
for (Arial, MS Gothic, SimSun, ...) to free ones of the same widths. The stacks here are for what we lay out
ourselves. Chinese and Japanese share code points but not shapes, so the language picks the first font.
"""

from __future__ import annotations

import os
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
