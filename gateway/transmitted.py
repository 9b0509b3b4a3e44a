"""The pages of a fax as the far machine got them: which call brought a page, from which master, set how.

What a call did to the pages of a master is kept with its attempt as a `Look`. From these the line makes the
pages it sends, and whoever shows a page afterwards (web pages, downloads, the image in a result mail, the
demo's evidence) makes the same page again: one way to draw, so that nobody shows what was not sent. A page no
call has carried yet has no `Look`; it is shown as it was drawn, and called so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.header import Header, Look
from render import sheet
from render.sheet import Setting
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.models import Attempt, Delivery
    from render.tiff import TiffPage

BEST_FIRST = ("ultrafine", "300", "superfine", "fine", "standard")
"""Resolutions, the finest first, by the names of masters."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where page `n` of a fax is found: the blob of its master, that master's resolution, the call, its look.

    `attempt` is the last call that carried the page; None, and no `setting`, where none did or where nobody
    knows how: then the page is as drawn.
    """

    n: int
    key: str
    resolution: str
    attempt: Attempt | None = None
    setting: Setting | None = None

    @property
    def transmitted(self) -> bool:
        """Whether the page is shown as a call sent it."""
        return self.setting is not None


def setting_of(look: Look, n: int) -> Setting:
    """Return how page `n` of a fax (from 1) is set in a call of this look."""
    if look.header is None:
        return Setting(a4=look.a4, cut_white=look.cut_white)
    return Setting(look.header.columns(n), look.header.language, look.a4, look.cut_white)


def look_of(attempt: Attempt) -> Look:
    """Return how a call set its pages."""
    header = Header(attempt.header, attempt.first_page, attempt.header_note, attempt.header_language)
    return Look(header if attempt.header else None, attempt.a4, attempt.cut_white)


def origins(delivery: Delivery) -> list[Origin]:
    """Return where each page of a delivery is found, none before they are drawn; its calls loaded."""
    masters = delivery.fax.masters
    best = next((name for name in BEST_FIRST if name in masters), "")
    return [_origin(delivery, n, best) for n in range(1, delivery.fax.pages + 1 if best else 1)]


def _origin(delivery: Delivery, n: int, best: str) -> Origin:
    masters, attempt = delivery.fax.masters, carrier(delivery, n)
    if attempt is None or attempt.resolution not in masters:
        return Origin(n, masters[best], best, attempt)
    name = attempt.resolution
    return Origin(n, masters[name], name, attempt, setting_of(look_of(attempt), n))


def carrier(delivery: Delivery, n: int) -> Attempt | None:
    """Return the last call that carried page `n`, None if none did."""
    calls = [call for call in delivery.attempts if any(page.n == n for page in call.pages)]
    return calls[-1] if calls else None


def pages_of(delivery: Delivery, read: Callable[[str], bytes]) -> list[TiffPage]:
    """Return all pages of a delivery, those that went out as sent; `read` gets a blob.

    Raises what `read` raises, and `UnreadableDocument`.
    """
    return found(origins(delivery), read)


def found(pages: list[Origin], read: Callable[[str], bytes]) -> list[TiffPage]:
    """Return the pages of these origins, as `pages_of` does."""
    masters = {key: read_tiff(read(key)) for key in {page.key for page in pages}}
    return [drawn(masters[page.key][page.n - 1], page.setting) for page in pages]


def drawn(page: TiffPage, setting: Setting | None) -> TiffPage:
    """Return a page of a master as it was sent, or as it is where there is no setting."""
    return page if setting is None else sheet.as_sent(page, setting)
