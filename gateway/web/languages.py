"""Which language a page is in: what the reader chose here, else what their browser asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.language import LANGUAGES, language_of

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE: Final = "language"
NAMES: Final = {"en": "English", "ja": "日本語", "zh_CN": "简体中文", "ru": "Русский"}


def chosen(request: Request) -> str:
    """Return one of `LANGUAGES`."""
    kept = request.cookies.get(COOKIE, "")
    return kept if kept in LANGUAGES else accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """Return the first of our languages in an Accept-Language field, by its weights; English if none."""
    wanted = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        wanted.append((-number(weight), tag))
    for order, tag in sorted(wanted, key=lambda item: item[0]):
        language = language_of(tag)
        if order and (language != "en" or tag.lower().startswith("en")):
            return language
    return "en"


def number(weight: str) -> float:
    """Return a weight; 1 where there is none, 0 where it is nonsense."""
    try:
        return min(max(float(weight), 0.0), 1.0) if weight else 1.0
    except ValueError:
        return 0.0


def tag_of(language: str) -> str:
    """Return a language as HTML writes it."""
    return language.replace("_", "-")
