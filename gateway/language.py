"""The languages people read us in: gettext catalogues, and the Jinja environments that speak them.

Catalogues are `.po` files below `templates/locale`, read as they are; there is no compile step that could
be forgotten. Every sentence of a mail or page is a msgid in English, marked `_()` in a template or `N_()`
in a table. Nothing here chooses a language for anyone: accounts do (`notify.language`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, PackageLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES: Final = ("en", "ja", "zh_CN", "ru")
DOMAIN: Final = "postline"


def N_(text: str) -> str:  # noqa: N802  (gettext's own name for "translate this later")
    """Mark a sentence in a table for the catalogues; return it as it is."""
    return text


def language_of(tag: str) -> str:
    """Return the catalogue for a language tag (`zh-CN`, `ja_JP`, `EN`); English where there is none."""
    wanted = tag.replace("-", "_").lower()
    for language in LANGUAGES:
        if wanted == language.lower() or wanted.split("_")[0] == language.split("_")[0]:
            return language
    return "en"


def read_catalogue(language: str) -> Catalog:
    """Read one `.po` file of ours."""
    path = files("templates").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.po")
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


@cache
def translations(language: str) -> Translations:
    """Return the sentences of one of `LANGUAGES`; an untranslated msgid comes back in English."""
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


@cache
def environment(language: str, folder: str = "") -> Environment:
    """Return the template environment of one of `LANGUAGES`; names are paths below `templates/`, or `folder`.

    HTML and XML are escaped by file name, an unknown name in a template is an error, not a blank.
    """
    env = Environment(
        loader=FileSystemLoader(folder) if folder else PackageLoader("templates", ""),
        autoescape=select_autoescape(["html", "xml"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    spoken = translations(language)
    env.install_gettext_callables(spoken.ugettext, spoken.ungettext, newstyle=True)  # type: ignore[attr-defined]
    return env
