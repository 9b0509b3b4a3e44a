"""What every family of spellings is made of: rows over the schema of options, and what was heard with them.

A family reads where its writers wrote: the address, header fields, the subject, lines of the body. What it
takes is removed there and becomes a wish, held against the schema later like any other; what it understands
but this gateway does not do becomes a warning. It never guesses: a word that is not in its table stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.errors import BadOption
from gateway.domain.modifiers import Argument, Modifier, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import Message


@dataclass(frozen=True, slots=True)
class Written:
    """An address taken apart: the number as written, who it is for, what is wished besides."""

    number: str
    wishes: tuple[Wish, ...] = ()
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found in a piece of text: `rest` of it, wishes, warnings, another subject (None: the same)."""

    rest: str
    wishes: tuple[Wish, ...] = ()
    warnings: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One convention. Each reader may be missing.

    `address` gets the local part and what the domain adds to ours ("" mostly), and returns None for forms of
    others. `line` gets one line of the body and returns None for a line it leaves alone; with `top` only the
    lines before the first such one.
    """

    name: str
    address: Callable[[str, str], Written | None] | None = None
    headers: Callable[[Message], Heard] | None = None
    subject: Callable[[str], Heard] | None = None
    line: Callable[[str], Heard | None] | None = None
    top: bool = False


NOT_FOLLOWED = Modifier("")
"""A row that is understood and not done: a warning says so."""


def fixed(option: str, value: object) -> Modifier:
    """Return a row without argument."""
    return Modifier(option, value)


def given(option: str, read: Callable[[str], object] | None = None) -> Modifier:
    """Return a row whose argument is the value, or becomes it by `read`."""
    return Modifier(option, None, Argument.TEXT, read)


def chosen(option: str, words: Mapping[str, object]) -> Modifier:
    """Return a row whose argument is one of these words, in any case."""

    def read(text: str) -> object:
        if text.strip().lower() not in words:
            raise BadOption(f"{text!r} is not one of {', '.join(words)}")
        return words[text.strip().lower()]

    return given(option, read)


def taken(word: str, row: Modifier, argument: str = "") -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """Return a row's wish, or the warning that it is not followed."""
    if not row.option:
        return (), (f"{word} is not followed by this gateway",)
    return (Wish(word, row, argument),), ()


def wishes_of(pairs: list[tuple[str, str]], rows: Mapping[str, Modifier]) -> tuple[Wish, ...] | None:
    """Return the wishes of `NAME=value` pairs of an address; None where a name is in no row."""
    if any(name.upper() not in rows for name, _ in pairs):
        return None
    return tuple(
        Wish(name.upper(), rows[name.upper()], value) for name, value in pairs if rows[name.upper()].option
    )


def slashed(local: str) -> tuple[str, list[tuple[str, str]]] | None:
    """Take `/FAX=number/NAME=value/` apart (RFC 3191 section 2); None for anything else."""
    first, *others = local.strip("/").split("/")
    kind, equals, number = first.partition("=")
    if not equals or kind.upper() != "FAX" or not all("=" in other for other in others):
        return None
    return number, [(name, value) for name, _, value in (other.partition("=") for other in others)]
