"""faximo: a subject that begins with `===` leaves the body out; attachments go in the order of their names.

There only To counts; here every address that the mail was handed over for gets its fax, or a colleague in Cc
would be dropped in silence.
"""

from __future__ import annotations

from gateway.domain.modifiers import Wish
from gateway.mailin.conventions.base import Family, Heard, fixed

MARK = "==="
NO_BODY = fixed("body", "without")


def subject(text: str) -> Heard:
    """Return the subject without its mark."""
    if not text.startswith(MARK):
        return Heard(text)
    return Heard(text.lstrip("=").strip(), (Wish(MARK, NO_BODY, ""),))


FAMILY = Family("faximo", subject=subject)
