"""What one call is asked to do: the order a session works from.

A value and nothing else. Numbers are finished dial strings (dial rules belong to `gateway.lines`); whether
a modem can do what is asked is told to the session by the driver, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modem.coding import Compression, Resolution
from modem.rates import Modulation

Role = Literal["call", "answer"]


@dataclass(frozen=True, slots=True)
class CallJob:
    """One call. Defaults are those of a machine that can do everything the engine can.

    `max_rate` in bits a second caps both directions; `modulations` narrows the fast modems (a second try
    goes without V.17). `compressions` is what we may send or offer to receive; MMR only ever with `ecm`.
    `ecm_octets` is the size of the frames we send and ask for. `sub`, `pwd` and `sid` are sent only where the
    far end's DIS allows them.

    Polling: a calling job with `poll` sends its document, if it has one, and then fetches one; `pwd` and
    `sep` go with the DTC. An answering job with a document offers it (DIS bit 9); `pwd` and `sep` are then
    what a poller must give.

    `max_seconds` ends the call whatever it is doing. The `receive_` fields and `min_scan_ms` (0, 5, 10, 20 or
    40) go into our own DIS; narrowing a DIS for a poor caller is a matter of these fields. `nsf` is a whole
    non-standard facilities field, empty for none.
    """

    role: Role
    number: str = ""
    ident: str = ""
    ecm: bool = True
    max_rate: int = 14400
    compressions: tuple[Compression, ...] = (Compression.MH, Compression.MR, Compression.MMR)
    sub: str | None = None
    pwd: str | None = None
    sid: str | None = None
    sep: str | None = None
    poll: bool = False
    max_seconds: float = 600.0
    modulations: tuple[Modulation, ...] = tuple(Modulation)
    receive_resolutions: tuple[Resolution, ...] = tuple(Resolution)
    receive_widths: tuple[int, ...] = (1728,)
    min_scan_ms: int = 0
    nsf: bytes = b""
    ecm_octets: Literal[256, 64] = 256
