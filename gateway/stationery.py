"""The templates that mails are drawn from: ours, or an operator's in their place.

Ours are in `templates/mail`. An operator may put files of the same names in a folder (`[mail] templates`),
for all languages (`notice.txt`) or for one (`notice.ja.txt`). An operator's template that cannot be drawn is
logged and ours is used: the news matters more than its dress. `check-config` draws them all beforehand with
sample data (`gateway.notify.samples`), so that this is not found out by a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from jinja2 import TemplateError

from gateway.language import environment

NAMES: Final = (
    "subject.txt",
    "notice.txt",
    "notice.html",
    "batch.txt",
    "batch.html",
    "result.xml",
    "batch.xml",
    "report.html",
)
"""What a mail is made of; each may be replaced."""

# What an expression in a template can raise besides: the operator's words, not our fault.
BROKEN: Final = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError)

log = structlog.get_logger("mail")


@dataclass(frozen=True, slots=True)
class Stationery:
    """Where templates come from; `folder` is the operator's, None for ours alone."""

    folder: Path | None = None

    def draw(self, name: str, language: str, **values: Any) -> str:
        """Return one of `NAMES`, drawn in one of our languages; ours where the operator's is broken."""
        own = self.own(name, language)
        if own is not None:
            try:
                return self.drawn(own, language, **values)
            except BROKEN as error:
                log.warning("template.broken", template=str(own), error=said(error))
        return environment(language).get_template(f"mail/{name}").render(language=language, **values)

    def own(self, name: str, language: str) -> Path | None:
        """Return the operator's file for a template: the language's own before the common one; or None."""
        if self.folder is None:
            return None
        stem, _, suffix = name.rpartition(".")
        files = (self.folder / f"{stem}.{language}.{suffix}", self.folder / name)
        return next((file for file in files if file.is_file()), None)

    def drawn(self, own: Path, language: str, **values: Any) -> str:
        """Return a file of the operator's, drawn; raise one of `BROKEN` where it cannot be."""
        template = environment(language, str(self.folder)).get_template(own.name)
        return template.render(language=language, **values)


OURS: Final = Stationery()


def said(error: Exception) -> str:
    """Return what is wrong with a template, with the line where Jinja knows it."""
    line = getattr(error, "lineno", None)
    return f"line {line}: {error}" if line else f"{type(error).__name__}: {error}"


def source(name: str) -> str:
    """Return the text of one of our own templates."""
    return (Path(environment("en").get_template(f"mail/{name}").filename or "")).read_text(encoding="utf-8")
