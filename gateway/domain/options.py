"""The options of a submission: one schema for every door.

A mail writes them into its subject, an API into parameters, a page into a form; all end as the same small
mapping in `Fax.options`, checked here. An option that is not in `SCHEMA`, or a value it does not take, raises
`BadOption`: nothing is sent that the sender did not mean (email-interface section 2.2, rule 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain import deferral
from gateway.domain.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Values = dict[str, object]
HEADER = 200


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what a value must be, and what it is called in a refusal."""

    check: Callable[[object], object]
    meaning: str


def one_of(*words: str) -> Callable[[object], object]:
    """Return a check that lets only these words through, in any case."""

    def check(value: object) -> object:
        word = str(value).lower()
        if word not in words:
            raise BadOption(f"{value!r} is not one of {', '.join(words)}")
        return word

    return check


def header(value: object) -> object:
    """Let a header template through: None is the account's own, "" no header at all, else a line of text."""
    if value is None:
        return None
    text = str(value)
    if len(text) > HEADER or not text.isprintable():
        raise BadOption(f"a template is one line of at most {HEADER} characters")
    return text


SCHEMA: Mapping[str, Option] = {
    # with: body and attachments; without: attachments only; only: body only (email-interface section 3.1).
    "body": Option(one_of("with", "without", "only"), "what happens to the text of a mail with attachments"),
    "resolution": Option(one_of("standard", "fine"), "lines per millimetre down the page"),
    "header": Option(header, "the line at the head of each page"),
    "defer": Option(deferral.written, "when to send"),
}


def check(values: Mapping[str, object], schema: Mapping[str, Option] = SCHEMA) -> Values:
    """Return the values as the schema writes them; raise `BadOption` for the first that it does not know."""
    checked: Values = {}
    for name, value in values.items():
        option = schema.get(name)
        if option is None:
            raise BadOption(f"There is no option {name!r}.")
        try:
            checked[name] = option.check(value)
        except BadOption as error:
            raise BadOption(f"{option.meaning}: {error.text}") from error
    return checked
