"""What a far machine's settings mean to the library's fax machine. Nothing named means everything usual."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, TypeVar

from modem.sim.spandsp import Abilities, Compressions, Modems, PageSizes, Resolutions

if TYPE_CHECKING:
    from enum import IntFlag

    from modem.sim.settings import FarSettings

_MODEMS: dict[str, Modems] = {"V.27ter": Modems.V27TER, "V.29": Modems.V29, "V.17": Modems.V17}
_COMPRESSIONS: dict[str, Compressions] = {
    "MH": Compressions.MH,
    "MR": Compressions.MR,
    "MMR": Compressions.MMR,
}
_RESOLUTIONS: dict[str, Resolutions] = {
    "standard": Resolutions.STANDARD,
    "fine": Resolutions.FINE,
    "superfine": Resolutions.SUPERFINE,
    "r300": Resolutions.R300,
    "ultrafine": Resolutions.ULTRAFINE,
}
_SIZES: dict[str, PageSizes] = {"A4": PageSizes.A4, "B4": PageSizes.B4, "A3": PageSizes.A3}
_LENGTHS: dict[str, PageSizes] = {
    "A4": PageSizes.LENGTH_A4,
    "B4": PageSizes.LENGTH_B4,
    "unlimited": PageSizes.LENGTH_UNLIMITED,
}
USUAL_RESOLUTIONS = ("standard", "fine", "superfine")
Flag = TypeVar("Flag", bound="IntFlag")


def abilities(far: FarSettings) -> Abilities:
    """Return what this machine offers."""
    return Abilities(
        ecm=far.ecm,
        modems=_flags(far.modems, _MODEMS),
        compressions=_flags(far.compressions, _COMPRESSIONS),
        resolutions=_flags(far.resolutions or USUAL_RESOLUTIONS, _RESOLUTIONS),
        sizes=_flags(far.sizes, _SIZES) | _flags(far.lengths, _LENGTHS),
        min_scan_ms=far.min_scan_ms,
        not_ready=far.not_ready,
    )


def _flags(names: tuple[str, ...], table: dict[str, Flag]) -> Flag:
    return reduce(or_, (table[name] for name in names or table))
