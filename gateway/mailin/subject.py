"""The subject line: the text people see, and the modifiers at its end (email-interface section 2).

Modifiers are rows of `MODIFIERS`; the parser knows none of them by name. It never swallows a word it does not
know: an unknown `/word` ends the tail to its left and stays visible (rule 5). It does not decode mail
headers, `headers.py` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from gateway.domain.options import Values, check

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD = re.compile(r"[^ ]+")
LOOKS_LIKE_MODIFIER = re.compile(r"/[A-Za-z]+\Z")
QUOTED = re.compile(r'"([^"]*)"')
SPACES = str.maketrans({"\u3000": " ", "\t": " ", "\u00a0": " "})


class Argument(Enum):
    """What follows a modifier: nothing, one word, or text up to the next modifier (rule 4).

    A time (`/d`) is read as text too: words after it would otherwise make the fax leave at once, unasked.
    """

    NONE = auto()
    WORD = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Modifier:
    """One row: the option it sets, the value where it has no argument, the shape of its argument."""

    option: str
    value: object = None
    argument: Argument = Argument.NONE


MODIFIERS: Mapping[str, Modifier] = {
    "/b": Modifier("body", "with"),
    "/bn": Modifier("body", "without"),
    "/bb": Modifier("body", "only"),
    "/rs": Modifier("resolution", "standard"),
    "/rf": Modifier("resolution", "fine"),
    "/h": Modifier("header", None, Argument.TEXT),
    "/hn": Modifier("header", ""),
    "/d": Modifier("defer", None, Argument.TEXT),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject taken apart: `visible` for people, `options` for us (unchecked), `warnings` for the log."""

    visible: str
    options: Values
    warnings: tuple[str, ...] = ()


def parse(text: str, modifiers: Mapping[str, Modifier] = MODIFIERS) -> Subject:
    """Split a decoded subject into visible text and options; the last of two contradicting ones wins."""
    text = text.translate(SPACES).strip(" ")
    words = [(m.start(), m.group()) for m in WORD.finditer(text)]
    start, found = _tail(text, words, modifiers)
    options: Values = {}
    for modifier, argument in found:
        options[modifier.option] = argument or modifier.value
    unknown = [w for _, w in words if LOOKS_LIKE_MODIFIER.match(w) and w.lower() not in modifiers]
    return Subject(text[:start].rstrip(" "), options, tuple(f"{w} is not a modifier" for w in unknown))


def read_options(text: str) -> tuple[Subject, Values]:
    """Parse a subject and check its options against the schema; raise `BadOption` (rule 7)."""
    subject = parse(text)
    return subject, check(subject.options)


def _tail(
    text: str, words: list[tuple[int, str]], modifiers: Mapping[str, Modifier]
) -> tuple[int, list[tuple[Modifier, str]]]:
    """Return where the longest suffix of modifiers begins, and the modifiers in it (rule 3).

    One pass from the left: whether a word fits depends only on the modifier before it, so a word that
    does not fit ends every suffix that began before it.
    """
    found: list[tuple[Modifier, str]] = []
    start, i = len(text), 0
    while i < len(words):
        at, word = words[i]
        modifier = modifiers.get(word.lower())
        i += 1
        if modifier is None:
            start, found = len(text), []
            continue
        end = _argument_end(text, words, i, modifier, modifiers)
        argument = text[words[i][0] : words[end - 1][0] + len(words[end - 1][1])] if end > i else ""
        start = start if found else at
        found.append((modifier, QUOTED.sub(r"\1", argument)))
        i = end
    return start, found


def _argument_end(
    text: str,
    words: list[tuple[int, str]],
    i: int,
    modifier: Modifier,
    modifiers: Mapping[str, Modifier],
) -> int:
    """Return the index of the first word after `i` that is not the modifier's argument."""
    if modifier.argument is Argument.NONE:
        return i
    quoted_until = -1
    first = i
    while i < len(words):
        at, word = words[i]
        if at >= quoted_until and word.lower() in modifiers:
            break
        if modifier.argument is Argument.WORD and i > first and at >= quoted_until:
            break
        quoted_until = _quotes_end(text, at, len(word), quoted_until)
        i += 1
    return i


def _quotes_end(text: str, at: int, length: int, quoted_until: int) -> int:
    """Return where the quotation that this word is in, or opens, ends; an unclosed quote is a plain sign."""
    position = max(at, quoted_until)
    while (opening := text.find('"', position, at + length)) >= 0:
        closing = text.find('"', opening + 1)
        if closing < 0:
            break
        position = quoted_until = closing + 1
    return quoted_until
