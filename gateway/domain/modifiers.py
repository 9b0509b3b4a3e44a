"""The modifiers of a subject line: how each option is spelt there (email-interface section 2.1).

A table over `domain.options.SCHEMA`, and nothing else: subjects are read by `gateway.mailin.subject`. Rows
up to `/rf` are the original's; it has more whose spelling is not known, so those below are ours, and an
operator may add names (`[options] aliases`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from gateway.domain.errors import BadConfig, BadOption
from gateway.domain.options import SCHEMA, Values, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NAME = re.compile(r"/\w{1,32}\Z")


class Argument(Enum):
    """What follows a modifier: nothing, one word, or text up to the next modifier (rule 4).

    A time (`/d`) is read as text too: words after it would otherwise make the fax leave at once, unasked.
    """

    NONE = auto()
    WORD = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Modifier:
    """One row: the option it sets, the value where it has no argument, the shape of its argument.

    `read` turns an argument into the option's value where they differ; it may raise `BadOption`.
    """

    option: str
    value: object = None
    argument: Argument = Argument.NONE
    read: Callable[[str], object] | None = None


def more_dials(text: str) -> object:
    """Return how often to dial in all for so many retries (design 4: N more after the first)."""
    return int(str(whole(0, 6)(text))) + 1


def template(text: str) -> object:
    """Return a header template; `Y` means the account's own, as no text does."""
    return None if text.upper() == "Y" else text


MODIFIERS: Mapping[str, Modifier] = {
    "/b": Modifier("body", "with"),
    "/bn": Modifier("body", "without"),
    "/bb": Modifier("body", "only"),
    "/ib": Modifier("keep_backgrounds", value=True),
    "/h": Modifier("header", None, Argument.TEXT, template),
    "/hn": Modifier("header", ""),
    "/d": Modifier("defer", None, Argument.TEXT),
    "/fonttype": Modifier("font", None, Argument.TEXT),
    "/fontsize": Modifier("font_size", None, Argument.WORD),
    "/rs": Modifier("resolution", "standard"),
    "/rf": Modifier("resolution", "fine"),
    # Ours from here on.
    "/retries": Modifier("dials", None, Argument.WORD, more_dials),
    "/interval": Modifier("interval_minutes", None, Argument.WORD),
    "/pagesize": Modifier("paper", None, Argument.WORD),
    "/portrait": Modifier("orientation", "portrait"),
    "/landscape": Modifier("orientation", "landscape"),
    "/csid": Modifier("csid", None, Argument.TEXT),
    "/contact": Modifier("contact", None, Argument.TEXT),
    "/ref": Modifier("reference", None, Argument.TEXT),
    "/reply": Modifier("reply_to", None, Argument.WORD),
    "/noreply": Modifier("notify", "never"),
    "/bw": Modifier("rendering", "bw"),
    "/grayscale": Modifier("rendering", "grayscale"),
    "/fit": Modifier("fit", value=True),
    "/nofit": Modifier("fit", value=False),
    "/priority": Modifier("priority", None, Argument.WORD),
    "/pw": Modifier("password", None, Argument.TEXT),
}


def with_aliases(aliases: Mapping[str, str]) -> Mapping[str, Modifier]:
    """Return the modifiers with an operator's own spellings beside ours; raise `BadConfig`."""
    rows = dict(MODIFIERS)
    for alias, name in aliases.items():
        word = alias.lower()
        if not NAME.match(word) or word in MODIFIERS:
            raise BadConfig(f"{alias!r} is not a free name; write a slash and letters, such as /retry")
        if name.lower() not in MODIFIERS:
            raise BadConfig(f"{alias!r} stands for {name!r}, which is not one of {', '.join(MODIFIERS)}")
        rows[word] = MODIFIERS[name.lower()]
    return rows


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish of a sender: the word as it stood there, its row, its argument ("" for none)."""

    word: str
    modifier: Modifier
    argument: str

    @property
    def value(self) -> object:
        """What it asks for, not yet held against the schema."""
        return self.argument or self.modifier.value


def granted(wish: Wish) -> object:
    """Return what a wish sets its option to; raise `BadOption` with the word it was written as."""
    row = wish.modifier
    try:
        value = row.read(wish.argument) if row.read and wish.argument else wish.value
        return SCHEMA[row.option].check(value)
    except BadOption as error:
        raise BadOption(f"{label(wish)}: {error.text}") from error


def label(wish: Wish) -> str:
    """Return how a wish is named in a sentence: modifiers of a subject in lower case, others as written."""
    return wish.word.lower() if wish.word.startswith("/") else wish.word.rstrip(":=")


def settled(wishes: Iterable[Wish], *, ignore_errors: bool = False) -> tuple[Values, tuple[str, ...]]:
    """Hold wishes against the schema; return the options, and what could not be granted.

    Of several for one option the last counts. One that cannot be granted raises `BadOption`; with
    `ignore_errors` it is a warning, and an earlier one that it meant to replace sets nothing either.
    """
    values: Values = {}
    complaints: list[str] = []
    for wish in {wish.modifier.option: wish for wish in wishes}.values():
        try:
            values[wish.modifier.option] = granted(wish)
        except BadOption as error:
            if not ignore_errors:
                raise
            complaints.append(error.text)
    return values, tuple(complaints)


def spelt(options: Mapping[str, object]) -> str:
    """Return options as a subject would write them, for people to see; what has no modifier is left out."""
    return " ".join(filter(None, (_spelt(name, value) for name, value in options.items())))


def _spelt(option: str, value: object) -> str:
    rows = [(word, row) for word, row in MODIFIERS.items() if row.option == option]
    for word, row in rows:
        if row.value == value and (row.argument is Argument.NONE or value is None):
            return word
    for word, row in rows:
        if row.argument is not Argument.NONE and value not in {None, ""}:
            text = str(int(str(value)) - 1) if row.read is more_dials else str(value)
            return f'{word} "{text}"' if "/" in text else f"{word} {text}"
    return ""
