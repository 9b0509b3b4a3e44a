"""How other fax systems spell what we call options, each behind its switch (email-interface section 8).

An account names the families it wants (`conventions`); their tables are the modules here. They are asked in
the order of the list below. What they take becomes wishes before those of the subject's own modifiers, so
that a modifier has the last word. Numbers never come from a subject or a body: the address counts, which
was checked while the sender could still be told (`gateway.mailin.transaction`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import TYPE_CHECKING

from gateway.domain.conventions import DEFAULT
from gateway.domain.errors import BadNumber
from gateway.mailin.conventions import (
    courier,
    facsys,
    faxfinder,
    faximo,
    gfi,
    hylafax,
    interpage,
    relayfax,
    rfc3191,
    rightfax,
    satisfaxtion,
)
from gateway.mailin.conventions.base import Family, Heard, Written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from email.message import Message

    from gateway.domain.modifiers import Wish

__all__ = ["DEFAULT", "FAMILIES", "Heard", "Spoken", "Written", "addressed", "hear", "in_body", "place_of"]

FAMILIES: Mapping[str, Family] = {
    one.FAMILY.name: one.FAMILY
    for one in (
        rfc3191,
        faxfinder,
        satisfaxtion,
        courier,
        hylafax,
        gfi,
        rightfax,
        relayfax,
        faximo,
        facsys,
        interpage,
    )
}
NUMBER_LABEL = re.compile(r"[0-9][0-9-]{2,}\Z")
UNSEEN = re.compile(r"<(!--|style\b|script\b|head\b)", re.IGNORECASE)
ENDS = {"!--": "-->", "style": "</style", "script": "</script", "head": "</head"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the families of an account found: the subject that is left, wishes, warnings."""

    subject: str
    wishes: tuple[Wish, ...] = ()
    warnings: tuple[str, ...] = ()


def families(names: Collection[str]) -> list[Family]:
    """Return the families of these names, in the order they are asked."""
    return [family for name, family in FAMILIES.items() if name in names]


def place_of(domain: str, ours: Collection[str]) -> str | None:
    """Return what a domain adds to one of ours: "", a number, "-lowres"; None for a foreign domain."""
    if domain in ours:
        return ""
    for own in ours:
        head = domain.removesuffix(f".{own}")
        if head != domain and NUMBER_LABEL.match(head):
            return head
        label, dot, rest = own.partition(".")
        for place in courier.PLACES:
            if domain == f"{label}{place}{dot}{rest}":
                return place
    return None


def addressed(local: str, place: str, names: Collection[str]) -> Written:
    """Return what an address means by the first family that knows its form, else the local part as it is.

    Raises `BadNumber` where only a family that is off would know it, `BadOption` for an impossible option.
    """
    for family in families(names):
        found = family.address(local, place) if family.address else None
        if found is not None:
            return found
    if place:
        raise BadNumber(f"{place!r} before our domain means nothing here.")
    return Written(local)


def hear(mail: Message, subject: str, names: Collection[str]) -> Spoken:
    """Return what the header fields and the subject of a mail wish."""
    spoken = Spoken(subject)
    for family in families(names):
        if family.headers:
            spoken = _with(spoken, family.headers(mail), spoken.subject)
        if family.subject:
            heard = family.subject(spoken.subject)
            spoken = _with(spoken, heard, heard.rest)
    return spoken


def in_body(text: str, names: Collection[str], *, html: bool) -> Heard:
    """Return a body without the lines and codes that were taken from it, and what they wish.

    In HTML, what stands between two tags is a line.
    """
    wishes: list[Wish] = []
    warnings: list[str] = []
    subject = None
    for family in (one for one in families(names) if one.line):
        heard = _over_html(text, family) if html else _over_lines(text, family)
        text, subject = heard.rest, heard.subject or subject
        wishes += heard.wishes
        warnings += heard.warnings
    return Heard(text, tuple(wishes), tuple(warnings), subject)


def _over_lines(text: str, family: Family) -> Heard:
    kept, heard = _each(text.split("\n"), family)
    return Heard("\n".join(line for line in kept if line is not None), *heard)


def _over_html(text: str, family: Family) -> Heard:
    pieces = list(pieces_of(text))
    lines = [unescape(piece) for piece in pieces[::2]]
    kept, heard = _each(lines, family)
    for n, line in enumerate(kept):
        if line != lines[n]:
            pieces[2 * n] = "" if line is None else escape(line, quote=False)
    return Heard("".join(pieces), *heard)


def pieces_of(html: str) -> Iterator[str]:
    """Yield text, tag, text, tag, ..., text; what is never seen counts as a tag. One pass, whatever it is."""
    start, folded = 0, html.lower() if html.isascii() else _folded(html)
    while (opening := html.find("<", start)) >= 0:
        unseen = UNSEEN.match(html, opening)
        end = ENDS[unseen[1].lower()] if unseen else ">"
        closing = folded.find(end, opening)
        if closing < 0:
            break
        at = html.find(">", closing + len(end) - 1) + 1 or len(html)
        yield html[start:opening]
        yield html[opening:at]
        start = at
    yield html[start:]


def _folded(text: str) -> str:
    """Return text in lower case letter by letter, so that places stay places (a Turkish I becomes two)."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _each(
    lines: Iterable[str], family: Family
) -> tuple[list[str | None], tuple[tuple[Wish, ...], tuple[str, ...], str | None]]:
    """Read line by line; a line that was nothing but commands is None in what is returned."""
    assert family.line is not None  # noqa: S101  (the caller chose families with one)
    kept: list[str | None] = []
    wishes: list[Wish] = []
    warnings: list[str] = []
    subject, over = None, False
    for line in lines:
        heard = None if over else family.line(line)
        if heard is None:
            over = over or (family.top and bool(line.strip()))
            kept.append(line)
            continue
        kept.append(heard.rest if heard.rest.strip() else None)
        wishes += heard.wishes
        warnings += heard.warnings
        subject = heard.subject or subject
    return kept, (tuple(wishes), tuple(warnings), subject)


def _with(spoken: Spoken, heard: Heard, subject: str) -> Spoken:
    return Spoken(subject, (*spoken.wishes, *heard.wishes), (*spoken.warnings, *heard.warnings))
