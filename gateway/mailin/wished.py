"""What a mail wishes, wherever it says so: header fields, lines of its body, its subject. Pure.

The conventions of the account are asked first and take their words away; the subject's own modifiers come
last and have the last word. What was taken from the body is not faxed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.domain.modifiers import settled, with_aliases
from gateway.mailin import conventions, subject
from gateway.mailin.selection import says_nothing

if TYPE_CHECKING:
    from email.message import Message

    from gateway.domain.options import Values
    from gateway.intake.reading import Document
    from gateway.mailin.selection import Sorted


@dataclass(frozen=True, slots=True)
class Wished:
    """The subject people see, the parts without commands, the options, what could not be followed."""

    subject: str
    parts: Sorted
    options: Values
    warnings: tuple[str, ...]


def read(mail: Message, written: str, parts: Sorted, context: dict[str, Any]) -> Wished:
    """Return what a mail wishes; `written` is its decoded subject. Raises `BadOption`.

    Of `context`: conventions, aliases, ignore_errors (`message.read`).
    """
    names = tuple(context.get("conventions", conventions.DEFAULT))
    spoken = conventions.hear(mail, written, names)
    parts, body = _without_commands(parts, names)
    found = subject.parse(spoken.subject, with_aliases(context.get("aliases", {})))
    options, complaints = settled(
        (*spoken.wishes, *body.wishes, *found.wishes), ignore_errors=bool(context.get("ignore_errors"))
    )
    warnings = (*spoken.warnings, *body.warnings, *found.warnings, *complaints)
    return Wished(found.visible if body.subject is None else body.subject, parts, options, warnings)


def _without_commands(parts: Sorted, names: tuple[str, ...]) -> tuple[Sorted, conventions.Heard]:
    """Take the conventions' lines and codes out of the body; a body of nothing else is none."""
    body = parts.body
    if body is None or not any(family.line for family in conventions.families(names)):
        return parts, conventions.Heard("")
    html = body.content_type == "text/html"
    heard = conventions.in_body(body.data.decode("utf-8", "replace"), names, html=html)
    if not (heard.wishes or heard.warnings or heard.subject):
        return parts, conventions.Heard("")
    left = None if says_nothing(heard.rest, html=html) else _with(body, heard.rest)
    return replace(parts, body=left), heard


def _with(body: Document, text: str) -> Document:
    return replace(body, data=text.encode("utf-8", "replace"))
