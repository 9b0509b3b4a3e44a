"""Letters that mean a sign only in Wingdings: Outlook and Word write bullets, arrows and smileys so.

No free font stands in for it, and without it a list shows `l` for every bullet and a smiley is a `J`. Only
what stands directly in an element of that font is changed.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = dict(
    zip(
        "lnuvqopJKLFØüûþýàßáâè§¨(*\x9f",
        "●■◆❖❑□□☺😐☹☞➢✓✗☑☒→←↑↓➔▪□☎✉•",
        strict=True,
    )
)
_OPEN: Final = (
    r"<(?:span|font|p|li)\b[^>]{0,200}?(?:font-family\s*:|face\s*=)[\s\"']*(?:&quot;)?wingdings\b[^>]{0,200}>"
)
_RUN: Final = re.compile(rf"({_OPEN}(?:\s*<span\b[^>]{{0,300}}>)*\s*)([^<\s&]{{1,8}})", re.IGNORECASE)


def signs(html: str) -> str:
    """Return HTML in which letters in Wingdings are the signs they were to show."""
    if "ingdings" not in html and "INGDINGS" not in html:
        return html
    return _RUN.sub(lambda m: m[1] + "".join(_SIGNS.get(letter, letter) for letter in m[2]), html)
