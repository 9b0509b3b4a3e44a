"""The subject line: the text people see, and the modifiers at its end (email-interface section 2).

Modifiers are rows of a table; the parser knows none of them by name. What may be a password is never
visible and in no warning, even where its modifier is not one. It never swallows a word it does not know: an
unknown `/word` ends the tail to its left and stays visible (rule 5). It does not decode mail headers,
`headers.py` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.modifiers import MODIFIERS, Argument, Modifier, Wish, settled
from gateway.domain.options import SCHEMA, Values

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD = re.compile(r"[^ ]+")
LOOKS_LIKE_MODIFIER = re.compile(r"/[A-Za-z]+\Z")
QUOTED = re.compile(r'"([^"]*)"')
SPACES = str.maketrans({"\u3000": " ", "\t": " ", "\u00a0": " "})
HIDDEN = "\u2022\u2022\u2022"


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject taken apart: `visible` for people, `wishes` in order, `warnings` for the log."""

    visible: str
    wishes: tuple[Wish, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def options(self) -> Values:
        """The wishes by option, unchecked; of two that contradict each other the last."""
        return {wish.modifier.option: wish.value for wish in self.wishes}


def parse(text: str, modifiers: Mapping[str, Modifier] = MODIFIERS) -> Subject:
    """Split a decoded subject into visible text and wishes."""
    text = text.translate(SPACES).strip(" ")
    words = [(m.start(), m.group()) for m in WORD.finditer(text)]
    start, found = _tail(text, words, modifiers)
    visible = _without_passwords(text[:start].rstrip(" "), modifiers)
    told = [visible, *(wish.argument for wish in found if SCHEMA[wish.modifier.option].kept)]
    seen = (word for one in told for word in one.split(" ") if LOOKS_LIKE_MODIFIER.match(word))
    unknown = [word for word in seen if word.lower() not in modifiers]
    return Subject(visible, tuple(found), tuple(f"{word} is not a modifier" for word in unknown))


def read_options(
    text: str, modifiers: Mapping[str, Modifier] = MODIFIERS, *, ignore_errors: bool = False
) -> tuple[Subject, Values]:
    """Parse a subject and check its wishes against the schema.

    A wish that cannot be granted raises `BadOption` (rule 7), or is a warning, as `settled` says.
    """
    subject = parse(text, modifiers)
    values, complaints = settled(subject.wishes, ignore_errors=ignore_errors)
    return Subject(subject.visible, subject.wishes, (*subject.warnings, *complaints)), values


def _without_passwords(visible: str, modifiers: Mapping[str, Modifier]) -> str:
    """Hide what stands behind a `/pw` that is no modifier, for something behind it is none."""
    names = "|".join(re.escape(name) for name, row in modifiers.items() if not SCHEMA[row.option].kept)
    return (
        re.sub(rf'((?:\A| )(?:(?:{names}) +)+)("[^"]*"?|[^ ]+)', rf"\1{HIDDEN}", visible, flags=re.IGNORECASE)
        if names
        else visible
    )


def _tail(
    text: str, words: list[tuple[int, str]], modifiers: Mapping[str, Modifier]
) -> tuple[int, list[Wish]]:
    """Return where the longest suffix of modifiers begins, and the modifiers in it (rule 3).

    One pass from the left: whether a word fits depends only on the modifier before it, so a word that
    does not fit ends every suffix that began before it.
    """
    found: list[Wish] = []
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
        found.append(Wish(word, modifier, QUOTED.sub(r"\1", argument)))
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
