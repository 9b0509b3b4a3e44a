"""text/enriched (RFC 1896) and its forerunner text/richtext (RFC 1341): their words, without their marks.

A fax has no colours, and hardly anybody writes these any more; what is bold is not worth a second layout.
"""

from __future__ import annotations

import re
from typing import Final

TYPES: Final = frozenset({"text/enriched", "text/richtext"})
_PARAM: Final = re.compile(r"<param>[^<]*</param>", re.IGNORECASE)
_MARK: Final = re.compile(r"<(?!<)(/?[a-z0-9-]{1,60})>", re.IGNORECASE)
_BREAKS: Final = re.compile(r"\n+")
_RICH: Final = {"nl": "\n", "paragraph": "\n\n", "/paragraph": "\n\n", "np": "\f", "lt": "<"}
_ESCAPED: Final = "\x00"


def words(text: str, kind: str) -> str:
    """Return the words of text of a type of `TYPES`; line ends are LF."""
    if kind == "text/richtext":
        return _MARK.sub(lambda m: _RICH.get(m[1].lower(), ""), text.replace("\n", " "))
    joined = _BREAKS.sub(lambda m: m[0][1:] or " ", text.replace("<<", _ESCAPED))
    return _MARK.sub("", _PARAM.sub("", joined)).replace(_ESCAPED, "<")
