"""GFI FaxMaker: lines `::` of the body, several on one line by comma: `::H,p=high,B=4711`.

`::A=file` names a file of the server: such a fax is refused, no file is read. A line whose first word is in
no row is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.errors import BadOption
from gateway.mailin.conventions.base import NOT_FOLLOWED, Family, Heard, chosen, fixed, given, taken

if TYPE_CHECKING:
    from gateway.domain.modifiers import Wish

DAY = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{1,2}:\d{2})(?::\d{2})?")
CLOCK = re.compile(r"(\d{1,2}:\d{2})(?::\d{2})?")
DEFER = given("defer")
NO_FILES = "files of this gateway are never sent"


def no_file(_: str) -> object:
    """Refuse to read what the sender cannot see."""
    raise BadOption(NO_FILES)


ROWS = {
    "H": fixed("resolution", "fine"),
    "N": fixed("resolution", "standard"),
    "C=": given("cover"),
    "B=": given("reference"),
    "P=": chosen("priority", {"low": "low", "normal": "normal", "high": "high"}),
    "FH=": given("header"),
    "FR=": NOT_FOLLOWED,
    "LINE=": NOT_FOLLOWED,
    "DL=": NOT_FOLLOWED,
    "A=": given("cover", no_file),
}
SUBJECT = "S="


def line(text: str) -> Heard | None:
    """Return the wishes of a line of commands; None for a line of text."""
    if not text.lstrip().startswith("::"):
        return None
    pieces = _pieces(text.lstrip()[2:])
    if not _known(pieces[0]):
        return None
    wishes: list[Wish] = []
    warnings: list[str] = []
    subject = None
    for piece in pieces:
        if piece.upper().startswith(SUBJECT):
            subject = piece[2:].strip()
            continue
        heard, told = _piece(piece)
        wishes += heard
        warnings += told
    return Heard("", tuple(wishes), tuple(warnings), subject)


def _pieces(text: str) -> list[str]:
    """Split at commas; what is no command of its own belongs to the one before it."""
    first, *others = text.split(",")
    pieces = [first.strip()]
    for other in others:
        if _known(other.strip()):
            pieces.append(other.strip())
        else:
            pieces[-1] += f",{other}"
    return pieces


def _key(piece: str) -> str:
    name, equals, _ = piece.partition("=")
    return name.strip().upper() + equals


def _known(piece: str) -> bool:
    return _key(piece) in {*ROWS, SUBJECT} or bool(DAY.fullmatch(piece) or CLOCK.fullmatch(piece))


def _piece(piece: str) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    if found := DAY.fullmatch(piece):
        return taken(f"::{piece}", DEFER, f"{found[1]} {found[2]}")
    if found := CLOCK.fullmatch(piece):
        return taken(f"::{piece}", DEFER, found[1])
    key = _key(piece)
    return taken(f"::{piece.partition('=')[0]}", ROWS[key], piece.partition("=")[2].strip())


FAMILY = Family("gfi", line=line)
