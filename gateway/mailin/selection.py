"""Which parts of a mail are body, attachment or picture, and which of them are faxed.

The tables of email-interface section 3.1, and nothing else: no bytes are decoded here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gateway.intake.reading import Document, ReadError
from gateway.mailin.charsets import JAPANESE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.mailin.leaf import Leaf

CID = re.compile(r"""cid:([^"'\s>)]+)""", re.IGNORECASE)
NOT_SHOWN = re.compile(r"<(?:!--|(head|style|script|title)\b)", re.IGNORECASE)
ENDS = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("head", "style", "script", "title")
} | {"": re.compile("-->")}
TAG = re.compile(r"<[^<>]*>")
DRAWN = re.compile(r"<(img|svg|hr|table)\b", re.IGNORECASE)
BLANKS = re.compile(r"&nbsp;|&#160;|&#xa0;|[\u200b\u2060\ufeff]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A mail's leaves by their role: at most one body, merged; attachments in order."""

    body: Document | None
    attachments: tuple[Document, ...]
    japanese: bool


def sort(leaves: Sequence[Leaf], *, by_name: bool = False) -> Sorted:
    """Tell body, attachments and pictures of the HTML apart; attachments as they come, or by their names."""
    body = _body(leaves)
    others = [leaf for leaf in leaves if not any(leaf is one for one in body)]
    pictures = {leaf.content_id: leaf for leaf in others if leaf.content_id and _is_picture(leaf)}
    wanted = {unquote(cid) for leaf in leaves if leaf.is_html for cid in CID.findall(leaf.text or "")}
    has_html = any(leaf.is_html for leaf in body)
    hidden = [
        leaf for cid, leaf in pictures.items() if cid in wanted or (leaf.related and leaf.inline and has_html)
    ]
    related = {leaf.content_id: (leaf.content_type, leaf.data) for leaf in hidden}
    attachments = tuple(
        _document(leaf, "attachment", related)
        for leaf in others
        if leaf.content_id not in related and not _is_blank(leaf)
    )
    if by_name:
        attachments = tuple(sorted(attachments, key=lambda document: document.name))
    japanese = any(leaf.codec in JAPANESE for leaf in leaves)
    merged = _merged([leaf for leaf in body if not _is_blank(leaf)])
    return Sorted(_document(merged, "body", related) if merged else None, attachments, japanese)


def select(found: Sorted, wish: object, *, include_body: bool) -> tuple[Document, ...]:
    """Return what is faxed: `wish` is "with", "without", "only" or None (then the account's preference)."""
    body: tuple[Document, ...] = (found.body,) if found.body else ()
    if wish == "only":
        chosen = body
    elif not found.attachments or wish == "with" or (wish is None and include_body):
        chosen = body + found.attachments
    else:
        chosen = found.attachments
    if not chosen:
        raise ReadError("nothing-to-send", "The mail holds nothing that could be faxed.")
    return chosen


def _body(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Return the unnamed texts: the first, and what mailers and lists set below it or behind attachments."""
    return [leaf for leaf in leaves if leaf.is_unnamed_text]


def _is_picture(leaf: Leaf) -> bool:
    return leaf.content_type.startswith("image/")


def _is_blank(leaf: Leaf) -> bool:
    if leaf.text is None or leaf.name:
        return False
    return says_nothing(leaf.text, html=leaf.is_html)


def says_nothing(text: str, *, html: bool) -> bool:
    """Say whether a text leaves the page white."""
    if not html:
        return _nothing(text)
    shown = _shown(text)
    return DRAWN.search(shown) is None and _nothing(TAG.sub("", shown))


def _nothing(text: str) -> bool:
    return not BLANKS.sub("", text).strip()


def _shown(html: str) -> str:
    """Return HTML without comments and what a browser keeps to itself; in one pass, whatever is left open."""
    pieces, at, open_ended = [], 0, set()
    for match in NOT_SHOWN.finditer(html):
        name = (match[1] or "").lower()
        if match.start() < at or name in open_ended:
            continue
        end = ENDS[name].search(html, match.end())
        if end is None:
            open_ended.add(name)
            continue
        pieces.append(html[at : match.start()])
        at = end.end()
    pieces.append(html[at:])
    return "".join(pieces)


def _merged(leaves: Sequence[Leaf]) -> Leaf | None:
    """Join the texts of a body into one, so that a footer does not start a page of its own."""
    if not leaves:
        return None
    if not any(leaf.is_html for leaf in leaves):
        return replace(leaves[0], text="\n".join(leaf.text or "" for leaf in leaves))
    html = "\n".join(
        leaf.text or "" if leaf.is_html else f"<pre>{escape(leaf.text or '')}</pre>" for leaf in leaves
    )
    return replace(leaves[0], content_type="text/html", text=html)


def _document(leaf: Leaf, role: str, related: dict[str, tuple[str, bytes]]) -> Document:
    data, charset = (
        (leaf.data, None) if leaf.text is None else (leaf.text.encode("utf-8", "replace"), "utf-8")
    )
    used = {unquote(cid) for cid in CID.findall(leaf.text or "")} if leaf.is_html else set()
    pictures = {cid: picture for cid, picture in related.items() if cid in used}
    kind = "body" if role == "body" else "attachment"
    return Document(leaf.name, leaf.content_type, data, charset, kind, pictures)  # type: ignore[arg-type]
