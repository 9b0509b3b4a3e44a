"""The pages of a fax for the viewer: which document shows page n as it was transmitted or received.

A retry may be agreed in another resolution than the call before it, so each page is shown from the master
of the last call that carried it, with the header line it had there (`gateway.transmitted`). A page no call
has carried yet is shown as it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from gateway import transmitted
from gateway.domain.states import PageState
from gateway.language import N_
from gateway.web import words
from gateway.wording import RESOLUTIONS

if TYPE_CHECKING:
    from gateway.store.models import Attempt, Delivery, Reception
    from gateway.transmitted import Origin
    from gateway.web.words import Word
    from render.sheet import Setting

AS_TRANSMITTED: Final = N_("As transmitted")
AS_DRAWN: Final = N_("As drawn, not transmitted yet")
BROUGHT_BEFORE: Final = N_("As drawn; the fax before this one brought it")
AS_RECEIVED: Final = N_("As received")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page. `key` and `place`: the blob and the page in it (from 1); `label`, `quality` are msgids.

    `setting` is how the call that sent it set it, None where it is shown as it is in the document.
    """

    n: int
    key: str
    place: int
    label: str
    quality: str
    word: Word | None = None
    bad_lines: int = 0
    setting: Setting | None = None

    @property
    def version(self) -> str:
        """Changes when another picture shows this page."""
        return sha256(repr((self.key, self.place, self.setting)).encode()).hexdigest()[:12]


def of_delivery(delivery: Delivery) -> list[Sheet]:
    """Return the pages of a delivery, none before they are drawn."""
    return [of_origin(delivery, origin) for origin in transmitted.origins(delivery)]


def of_origin(delivery: Delivery, origin: Origin) -> Sheet:
    """Return one page of a delivery."""
    call = origin.attempt
    return Sheet(
        n=origin.n,
        key=origin.key,
        place=origin.n,
        label=label_of(delivery, origin),
        quality=RESOLUTIONS[origin.resolution],
        word=words.PAGE[PageState(page_of(call, origin.n))] if call else None,
        setting=origin.setting,
    )


def label_of(delivery: Delivery, origin: Origin) -> str:
    """Return what the picture of a page shows."""
    if origin.transmitted:
        return AS_TRANSMITTED
    return BROUGHT_BEFORE if origin.n < delivery.first_page else AS_DRAWN


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
