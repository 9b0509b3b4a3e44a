"""FACSys: `/none` in the subject for no cover page; `/cover=NAME` and `/default=NAME` are refused."""

from __future__ import annotations

import re

from gateway.domain.modifiers import Wish
from gateway.mailin.conventions.base import Family, Heard, fixed, given

WORD = re.compile(r"(?:(?<=\s)|\A)/(?:(none)|(cover|default)=(\S*))(?=\s|\Z)", re.IGNORECASE)
NONE, COVER = fixed("cover", value=False), given("cover")


def subject(text: str) -> Heard:
    """Return the subject without such words."""
    wishes: list[Wish] = []

    def out(found: re.Match[str]) -> str:
        named = found[1] is None
        wishes.append(
            Wish(f"/{found[2] if named else found[1]}".lower(), COVER if named else NONE, found[3] or "")
        )
        return ""

    rest = WORD.sub(out, text)
    return Heard(rest.strip() if wishes else text, tuple(wishes))


FAMILY = Family("facsys", subject=subject)
