"""Whether an operator's templates can be drawn, found out before a customer does.

Each is drawn in every language with made-up data of every kind it may meet. What is XML must read as XML; a
file whose name no template has is pointed out, for it would lie there unused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING
from xml.parsers.expat import ExpatError, ParserCreate

from gateway.language import LANGUAGES
from gateway.notify import samples
from gateway.notify.report import html_of
from gateway.stationery import BROKEN, NAMES, OURS, Stationery, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

FORMATS = ("text", "html", "xml")


def faults(stationery: Stationery, more: Callable[[str, Stationery], object] | None = None) -> list[str]:
    """Return one sentence for each fault of the operator's templates; none if all can be drawn.

    `more` draws mails in a language that this package does not know of.
    """
    folder = stationery.folder
    if folder is None:
        return []
    if not folder.is_dir():
        return [f"mail.templates: {folder} is no folder"]
    watched = _Watched(folder)
    for language in LANGUAGES:
        for form in FORMATS:
            for _ in samples.mails(language, form, watched):
                pass  # drawing is all that is asked of it
        html_of(samples.report(language), language, watched)
        if more is not None:
            more(language, watched)
    return [*unknown(folder), *watched.found]


def unknown(folder: Path) -> list[str]:
    """Return a sentence for each file that is no template's."""
    known = {*NAMES, *(f"{stem}.{tag}.{suffix}" for stem, suffix in map(_split, NAMES) for tag in LANGUAGES)}
    files = sorted(file.name for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    return [
        f"{folder / name}: no template has this name{nearest(name, known)}"
        for name in files
        if name not in known
    ]


def nearest(name: str, known: set[str]) -> str:
    """Return `; did you mean ...?`, or nothing."""
    match = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""


def _split(name: str) -> tuple[str, str]:
    stem, _, suffix = name.rpartition(".")
    return stem, suffix


@dataclass(frozen=True, slots=True)
class _Watched(Stationery):
    """A stationery that keeps what went wrong, each fault once, and draws on."""

    found: dict[str, None] = field(default_factory=dict)

    def draw(self, name: str, language: str, **values: Any) -> str:
        own = self.own(name, language)
        if own is None:
            return OURS.draw(name, language, **values)
        try:
            text = self.drawn(own, language, **values)
            if name.endswith(".xml"):
                ParserCreate().Parse(text.encode(), True)  # noqa: FBT003  (expat's "this is all")
        except ExpatError as error:
            self.found[f"{own}: not XML: {error}"] = None
        except BROKEN as error:
            self.found[f"{own}: {said(error)}"] = None
        else:
            return text
        return OURS.draw(name, language, **values)
