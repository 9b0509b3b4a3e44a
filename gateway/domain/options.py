"""The options of a submission: one schema for every door.

A mail writes them into its subject, an API into parameters, a page into a form, an account into its
defaults; all end as the same small mapping in `Fax.options`, checked here. An option that is not in `SCHEMA`,
or a value it does not take, raises `BadOption`: nothing is sent that the sender did not mean
(email-interface section 2.2, rule 7). What an option does is decided where it is used; how a subject spells
it, in `gateway.mailin.subject`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.domain import deferral
from gateway.domain.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Values = dict[str, object]
HEADER: Final = 200
ADDRESS: Final = re.compile(r'[^@\s<>"]+@[^@\s<>"]+')
NO_COVERS: Final = "this gateway has no cover pages"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `check` returns a value as it is kept, or raises; `kept` False: used and forgotten."""

    check: Callable[[object], object]
    meaning: str
    kept: bool = True


def plain(value: object) -> str:
    """Return what a person wrote, full-width letters and digits made narrow, without spaces around."""
    return unicodedata.normalize("NFKC", str("" if value is None else value)).strip()


def one_of(*words: str) -> Callable[[object], object]:
    """Return a check that lets only these words through, in any case."""

    def check(value: object) -> object:
        word = plain(value).lower()
        if word not in words:
            raise BadOption(f"{plain(value)!r} is not one of {', '.join(words)}")
        return word

    return check


def whole(low: int, high: int) -> Callable[[object], object]:
    """Return a check for a whole number between two, both included."""

    def check(value: object) -> object:
        text = plain(value)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise BadOption(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return check


def points(low: float, high: float) -> Callable[[object], object]:
    """Return a check for a size of letters in points, "pt" behind it or not."""

    def check(value: object) -> object:
        text = plain(value).lower().removesuffix("pt").strip()
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", text) or not low <= float(text) <= high:
            raise BadOption(f"{plain(value)!r} is not a size from {low:g} to {high:g} points")
        return int(float(text)) if float(text).is_integer() else float(text)

    return check


def line(most: int) -> Callable[[object], object]:
    """Return a check for one line of text that says something."""

    def check(value: object) -> object:
        text = str("" if value is None else value).strip()
        if not text or len(text) > most or not text.isprintable():
            raise BadOption(f"this takes one line of 1 to {most} characters")
        return text

    return check


def switch(value: object) -> object:
    """Let yes and no through, in the ways that programs and people write them."""
    if isinstance(value, bool):
        return value
    word = plain(value).lower()
    if word not in YES | NO:
        raise BadOption(f"{plain(value)!r} is not one of yes, no")
    return word in YES


YES, NO = frozenset({"yes", "true", "on", "1", "y"}), frozenset({"no", "false", "off", "0", "n"})


def header(value: object) -> object:
    """Let a header template through: None is the account's own, "" no header at all, else a line of text."""
    if value is None:
        return None
    text = str(value)
    if len(text) > HEADER or not text.isprintable():
        raise BadOption(f"this takes one line of 0 to {HEADER} characters")
    return text


def address(value: object) -> object:
    """Let one plain mail address through; whether it may be written to, the account decides."""
    text = plain(value)
    if not ADDRESS.fullmatch(text) or len(text) > 254 or not text.isprintable():
        raise BadOption(f"{text!r} is not a mail address")
    return text


def cover(value: object) -> object:
    """Let only the wish for no cover page through: there are none yet, and none is sent in silence."""
    if value is False or plain(value).lower() in NO:
        return False
    raise BadOption(NO_COVERS)


SCHEMA: Mapping[str, Option] = {
    # with: body and attachments; without: attachments only; only: body only (email-interface section 3.1).
    "body": Option(one_of("with", "without", "only"), "what happens to the text of a mail with attachments"),
    "resolution": Option(one_of("standard", "fine"), "lines per millimetre down the page"),
    "rendering": Option(one_of("bw", "grayscale"), "how shades are drawn: as black or white, or as dots"),
    "paper": Option(one_of("a4", "letter", "legal", "b4"), "the paper that texts are laid out on"),
    "orientation": Option(one_of("portrait", "landscape"), "which way texts lie on the paper"),
    "font": Option(line(64), "the font of plain text"),
    "font_size": Option(points(5, 72), "the size of plain text, in points"),
    "keep_backgrounds": Option(switch, "whether HTML keeps its backgrounds and colours"),
    "fit": Option(switch, "whether pages and pictures are scaled to the paper"),
    "wrap": Option(switch, "whether lines of plain text too long for the paper go on below"),
    "header": Option(header, "the line at the head of each page"),
    "csid": Option(line(20), "what the far machine sees as our identity"),
    "contact": Option(line(200), "who the fax is for"),
    "reference": Option(line(64), "the sender's own mark for the fax: an order, a cost centre"),
    "defer": Option(deferral.written, "when to send"),
    "dials": Option(whole(1, 7), "how many calls are made at most, the first included"),
    "interval_minutes": Option(whole(1, 30), "minutes between two calls"),
    "priority": Option(one_of("low", "normal", "high"), "which waiting faxes go first"),
    "notify": Option(one_of("always", "success", "failure", "never"), "when a result mail is sent"),
    "reply_to": Option(address, "where the result mail goes; an address of the account"),
    "cover": Option(cover, "a cover page"),
    "password": Option(line(128), "the password of a user", kept=False),
}
"""The one list of options. Numbers are whole unless said; a word is kept in lower case."""

PRIORITIES: Final[Mapping[object, int]] = {"low": -1, "normal": 0, "high": 1}
"""What a word of `priority` is in the queue, where the higher number goes first."""


def check(
    values: Mapping[str, object],
    schema: Mapping[str, Option] = SCHEMA,
    labels: Mapping[str, str] | None = None,
) -> Values:
    """Return the values as the schema writes them; raise `BadOption` for the first that it does not know.

    `labels` says how the sender wrote an option ("/pagesize"), for the sentence of a refusal.
    """
    checked: Values = {}
    for name, value in values.items():
        option = schema.get(name)
        if option is None:
            raise BadOption(f"There is no option {name!r}.")
        try:
            checked[name] = option.check(value)
        except BadOption as error:
            label = (labels or {}).get(name, name)
            raise BadOption(f"{label}: {error.text}") from error
    return checked


def kept(values: Mapping[str, object]) -> Values:
    """Return the values that may be stored: a password never is."""
    return {name: value for name, value in values.items() if SCHEMA[name].kept}
