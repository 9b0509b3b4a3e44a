"""The pages of a fax for the viewer: which document shows page n as it was transmitted or received.

A retry may be agreed in another resolution than the call before it, so each page is shown from the master
of the last call that carried it. A page no call has carried yet is shown as it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.domain.states import PageState
from gateway.language import N_
from gateway.web import words

if TYPE_CHECKING:
    from gateway.store.models import Attempt, Delivery, Reception
    from gateway.web.words import Word

AS_TRANSMITTED: Final = N_("As transmitted")
AS_DRAWN: Final = N_("As drawn, not transmitted yet")
AS_RECEIVED: Final = N_("As received")
RESOLUTIONS: Final = {
    "standard": N_("standard resolution"),
    "fine": N_("fine resolution"),
    "superfine": N_("superfine resolution"),
    "300": N_("300 dots an inch"),
    "ultrafine": N_("ultrafine resolution"),
}
"""Every resolution a fax page can have, by the name the store keeps; a test holds it to the engine's list."""
BEST_FIRST: Final = tuple(reversed(RESOLUTIONS))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page. `key` and `place`: the blob and the page in it (from 1); `label`, `quality` are msgids."""

    n: int
    key: str
    place: int
    label: str
    quality: str
    word: Word | None = None
    bad_lines: int = 0

    @property
    def version(self) -> str:
        """Changes when another document shows this page."""
        return self.key[-12:]


def of_delivery(delivery: Delivery) -> list[Sheet]:
    """Return the pages of a delivery, none before they are drawn."""
    masters = delivery.fax.masters
    best = next((name for name in BEST_FIRST if name in masters), "")
    sheets = []
    for n in range(1, delivery.fax.pages + 1 if best else 1):
        attempt = carrier(delivery, n)
        name = attempt.resolution if attempt and attempt.resolution in masters else best
        sheets.append(
            Sheet(
                n=n,
                key=masters[name],
                place=n,
                label=AS_TRANSMITTED if attempt and attempt.resolution else AS_DRAWN,
                quality=RESOLUTIONS[name],
                word=words.PAGE[PageState(page_of(attempt, n))] if attempt else None,
            )
        )
    return sheets


def carrier(delivery: Delivery, n: int) -> Attempt | None:
    """Return the last call that carried page `n`, None if none did."""
    calls = [call for call in delivery.attempts if any(page.n == n for page in call.pages)]
    return calls[-1] if calls else None


def page_of(attempt: Attempt, n: int) -> str:
    """Return the state of page `n` in a call that carried it."""
    return next(page.state for page in attempt.pages if page.n == n)


def of_reception(reception: Reception) -> list[Sheet]:
    """Return the pages of a reception, each in a document of its own."""
    return [
        Sheet(
            n=page.n,
            key=page.blob,
            place=1,
            label=AS_RECEIVED,
            quality=RESOLUTIONS[page.resolution],
            bad_lines=page.bad_lines,
        )
        for page in reception.pages
    ]
