"""Pictures that an HTML text names by address or file name instead of `cid:` (RFC 2557).

Saved web pages and older Japanese mailers write so. Only parts of the same multipart/related are meant, and
nothing is fetched: an address that no part has stays what it is, a picture that is not drawn.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.mailin.leaf import Leaf

SOURCE: Final = re.compile(
    r"""(\s(?:src|background)\s*=\s*)(?:"([^"<>]{1,2000})"|'([^'<>]{1,2000})'|([^\s"'<>]{1,2000}))""",
    re.IGNORECASE,
)


def resolved(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Return the leaves of one multipart/related; its HTML names the pictures beside it by Content-ID."""
    base = next((leaf.location for leaf in leaves if leaf.is_html), "")
    found = [
        replace(leaf, content_id=leaf.content_id or f"location-{at}@related") if _named(leaf) else leaf
        for at, leaf in enumerate(leaves)
    ]
    pictures: dict[str, str] = {}
    for leaf in filter(_named, found):
        for name in filter(None, (leaf.name, leaf.location and _address(base, leaf.location))):
            pictures.setdefault(name, leaf.content_id)
    if not pictures:
        return list(leaves)
    return [_pointing(leaf, base, pictures) if leaf.is_html else leaf for leaf in found]


def _named(leaf: Leaf) -> bool:
    return leaf.content_type.startswith("image/") and bool(leaf.location or leaf.name)


def _address(base: str, location: str) -> str:
    try:
        return unquote(urljoin(base, location.strip()))
    except ValueError:
        return location


def _pointing(leaf: Leaf, base: str, pictures: dict[str, str]) -> Leaf:
    def one(match: re.Match[str]) -> str:
        wanted = match[2] or match[3] or match[4]
        content_id = pictures.get(_address(base, wanted)) or pictures.get(unquote(wanted))
        return f'{match[1]}"cid:{content_id}"' if content_id else match[0]

    return replace(leaf, text=SOURCE.sub(one, leaf.text or ""))
