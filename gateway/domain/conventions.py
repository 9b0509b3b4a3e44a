"""The names under which an account may switch on the spellings of other fax systems.

Email-interface section 8. Names only: what each family writes and how it maps to our options is in
`mailin/conventions`.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "rfc3191",
    "hylafax",
    "gfi",
    "rightfax",
    "relayfax",
    "faxfinder",
    "courier",
    "satisfaxtion",
    "faximo",
    "facsys",
    "interpage",
)
DEFAULT: Final = ("rfc3191",)
"""What holds for an account that says nothing."""
