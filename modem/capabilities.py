"""What a machine can do (DIS, DTC) and what is going to be done (DCS): named bits over the FIF octets.

Bit n of T.30 table 2 lives in octet (n-1)//8, mask 1 << (n-1)%8 of the DTE form; bits 24, 32, 40 ... say that
one more octet follows. Octets beyond those named here are kept as they came; absent ones read as zero, so no
FIF of any length raises. Only what the engine can do is ever set in our own frames; a DCS is made from the
far end's DIS and can state nothing that the DIS did not offer (`negotiate` refuses).

Widths are pels at the resolution they stand with (`modem.coding.WIDTHS`). The inch and the metric form of a
resolution are one picture but for 2 % of size: bit 44 is stated only of pages that were drawn so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modem.coding import WIDTHS, Coding, Compression, Length, Resolution
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LEAST_OCTETS = 3

RECEIVE, FINE, MR, ECM, MMR, SUPERFINE, R300, ULTRAFINE = 10, 15, 16, 27, 31, 41, 42, 43
SHORT_FRAMES, SHORT_FRAMES_USED = 7, 28  # 64 octets an ECM frame: preferred (DIS), used (DCS)
INCH, METRIC, SUB_ADDRESS, PASSWORD, LETTER, LEGAL = 44, 45, 49, 50, 76, 77
POLL, SELECTIVE_POLLING = 9, 47
HALF_SCAN_SUPERFINE = 46
# Uncompressed mode, T.43, JPEG, JBIG, colour, 600 dots and more: never offered.
FOREIGN = (26, 36, 68, 78, 79, 97, 98, *range(105, 112))
RESOLUTIONS = {
    FINE: Resolution.FINE,
    SUPERFINE: Resolution.SUPERFINE,
    R300: Resolution.R300,
    ULTRAFINE: Resolution.ULTRAFINE,
}

_V27 = frozenset(rate for rate in Rate if rate.modulation is Modulation.V27TER)
_V29 = frozenset(rate for rate in Rate if rate.modulation is Modulation.V29)
_V17 = frozenset(rate for rate in Rate if rate.modulation is Modulation.V17)
# Bits 11-14 of a DIS, in print order, -> families; any other pattern counts as V.27ter + V.29.
_MODEMS = {
    "0000": frozenset({Rate.V27_2400}),
    "0100": _V27,
    "1000": _V29,
    "1100": _V27 | _V29,
    "1110": _V27 | _V29,
    "1101": _V27 | _V29 | _V17,
}
_RATES = {rate.value.dcs: rate for rate in Rate}

# Bits 21-23 -> milliseconds at (3.85, 7.7) lines a mm in a DIS.
_DIS_SCAN = {
    "000": (20, 20), "001": (40, 40), "010": (10, 10), "100": (5, 5),
    "011": (10, 5), "110": (20, 10), "101": (40, 20), "111": (0, 0),
}  # fmt: skip
_DCS_SCAN = {20: "000", 40: "001", 10: "010", 5: "100", 0: "111"}
_DCS_SCAN_MS = {bits: ms for ms, bits in _DCS_SCAN.items()}

_WIDTHS = {"00": 1, "10": 2, "01": 3, "11": 3}  # how many of the three widths of `WIDTHS`
_DCS_WIDTHS = {
    pels: bits for row in WIDTHS.values() for pels, bits in zip(row, ("00", "10", "01"), strict=True)
}
_LENGTHS = {
    "00": (Length.A4,),
    "10": (Length.A4, Length.B4),
    "01": (Length.A4, Length.B4, Length.UNLIMITED),
    "11": (Length.A4, Length.B4, Length.UNLIMITED),
}
_DCS_LENGTHS = {Length.A4: "00", Length.LEGAL: "00", Length.B4: "10", Length.UNLIMITED: "01"}


class _Bits:
    """A FIF being written: bits by number, extend bits added at the end."""

    def __init__(self) -> None:
        self._set: set[int] = set()

    def on(self, *numbers: int, when: bool = True) -> None:
        if when:
            self._set.update(numbers)

    def field(self, first: int, pattern: str) -> None:
        self._set.update(first + i for i, bit in enumerate(pattern) if bit == "1")

    def fif(self) -> bytes:
        octets = max(LEAST_OCTETS, *((number + 7) // 8 for number in self._set), 0)
        data = bytearray(octets)
        extend = {8 * octet for octet in range(LEAST_OCTETS, octets)}
        for number in self._set | extend:
            data[(number - 1) // 8] |= 1 << (number - 1) % 8
        return bytes(data)


def with_bit(fif: bytes, number: int) -> bytes:
    """Return the field with one bit set, as long as it takes."""
    octet = (number - 1) // 8
    data = bytearray(fif.ljust(octet + 1, b"\x00"))
    data[octet] |= 1 << (number - 1) % 8
    return bytes(data)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A FIF of DIS, DTC or DCS kind."""

    fif: bytes

    def bit(self, number: int) -> bool:
        """Read one bit; False where the octet was not sent."""
        octet = (number - 1) // 8
        return octet < len(self.fif) and bool(self.fif[octet] >> (number - 1) % 8 & 1)

    def bits(self, first: int, last: int) -> str:
        """Read a run of bits in print order."""
        return "".join("01"[self.bit(number)] for number in range(first, last + 1))

    @property
    def ecm(self) -> bool:
        """ECM is on offer, or in use."""
        return self.bit(ECM)


@dataclass(frozen=True, slots=True)
class Dis(Capabilities):
    """What a receiver offers (DIS), or what a poller can receive (DTC)."""

    @property
    def can_receive(self) -> bool:
        """It takes documents now."""
        return self.bit(RECEIVE)

    @property
    def can_send(self) -> bool:
        """It holds a document to be polled."""
        return self.bit(POLL)

    @property
    def rates(self) -> frozenset[Rate]:
        """The rates its modem takes."""
        return _MODEMS.get(self.bits(11, 14), _V27 | _V29)

    @property
    def resolutions(self) -> frozenset[Resolution]:
        """Standard is always among them."""
        on_offer = {resolution for bit, resolution in RESOLUTIONS.items() if self.bit(bit)}
        return frozenset(on_offer | {Resolution.STANDARD})

    @property
    def compressions(self) -> frozenset[Compression]:
        """MH always; MMR only together with ECM."""
        on_offer = {Compression.MH}
        if self.bit(MR):
            on_offer.add(Compression.MR)
        if self.bit(MMR) and self.ecm:
            on_offer.add(Compression.MMR)
        return frozenset(on_offer)

    @property
    def widths(self) -> tuple[int, ...]:
        """Pels a line at 204 dots an inch."""
        return self.widths_at(Resolution.STANDARD)

    def widths_at(self, resolution: Resolution) -> tuple[int, ...]:
        """Pels a line at this resolution."""
        return WIDTHS[resolution][: _WIDTHS[self.bits(17, 18)]]

    @property
    def ecm_octets(self) -> int:
        """Octets of an ECM frame it prefers: 256 or 64."""
        return 64 if self.bit(SHORT_FRAMES) else 256

    @property
    def lengths(self) -> tuple[Length, ...]:
        """Paper it takes; A4 always."""
        legal = (Length.LEGAL,) if self.bit(LEGAL) else ()
        return _LENGTHS[self.bits(19, 20)] + legal

    @property
    def sub_address(self) -> bool:
        """SUB may be sent."""
        return self.bit(SUB_ADDRESS)

    @property
    def password(self) -> bool:
        """PWD and SID may be sent."""
        return self.bit(PASSWORD)

    @property
    def selective_polling(self) -> bool:
        """SEP may be sent."""
        return self.bit(SELECTIVE_POLLING)

    def min_scan_ms(self, resolution: Resolution) -> int:
        """Least time of one line in milliseconds."""
        standard, fine = _DIS_SCAN[self.bits(21, 23)]
        if resolution is Resolution.STANDARD:
            return standard
        halved = resolution in (Resolution.SUPERFINE, Resolution.ULTRAFINE) and self.bit(HALF_SCAN_SUPERFINE)
        return {40: 20, 20: 10, 10: 5, 5: 5, 0: 0}[fine] if halved else fine

    def __str__(self) -> str:
        fastest = max((rate.bits for rate in self.rates), default=0)
        parts = [f"up to {fastest} bit/s", "/".join(sorted(self.compressions))]
        parts += [resolution.value for resolution in Resolution if resolution in self.resolutions]
        parts += [f"ECM {self.ecm_octets}"] if self.ecm else []
        parts += [] if self.can_receive else ["cannot receive"]
        parts += ["has a document"] if self.can_send else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Dcs(Capabilities):
    """What the sender is going to do."""

    @property
    def rate(self) -> Rate | None:
        """The rate of the TCF and of the pages; None for V.33 and what is not defined."""
        return _RATES.get(self.bits(11, 14))

    @property
    def resolution(self) -> Resolution:
        """Lines a millimetre of the pages."""
        named = (resolution for bit, resolution in reversed(RESOLUTIONS.items()) if self.bit(bit))
        return next(named, Resolution.STANDARD)

    @property
    def compression(self) -> Compression:
        """Line coding of the pages."""
        if self.bit(MMR):
            return Compression.MMR
        return Compression.MR if self.bit(MR) else Compression.MH

    @property
    def width(self) -> int:
        """Pels a line."""
        return WIDTHS[self.resolution][_WIDTHS[self.bits(17, 18)] - 1]

    @property
    def ecm_octets(self) -> int:
        """Octets of an ECM frame: 256 or 64."""
        return 64 if self.bit(SHORT_FRAMES_USED) else 256

    @property
    def length(self) -> Length:
        """Longest page announced."""
        longest = _LENGTHS[self.bits(19, 20)][-1]
        return Length.LEGAL if longest is Length.A4 and self.bit(LEGAL) else longest

    @property
    def foreign(self) -> bool:
        """It commands a kind of page that the engine cannot read at all."""
        return any(self.bit(number) for number in FOREIGN)

    @property
    def coding(self) -> Coding:
        """All of it that a page store needs."""
        return Coding(self.compression, self.width, self.resolution, self.length, self.bit(INCH))

    @property
    def min_scan_ms(self) -> int:
        """Least time of one line in milliseconds."""
        return _DCS_SCAN_MS.get(self.bits(21, 23), 20)

    def __str__(self) -> str:
        rate = self.rate
        speed = f"{rate.bits} bit/s {rate.modulation}" if rate else "unknown modem"
        parts = [speed, self.compression.value, self.resolution.value, f"{self.width} pels"]
        parts += [f"{self.min_scan_ms} ms a line"] if self.min_scan_ms else []
        parts += [f"ECM {self.ecm_octets}"] if self.ecm else []
        return ", ".join(parts)


def offer(
    *,
    rates: Iterable[Rate],
    compressions: Collection[Compression],
    resolutions: Collection[Resolution],
    widths: Iterable[int] = (1728,),
    min_scan_ms: int = 0,
    ecm: bool = False,
    ecm_octets: int = 256,
    document: bool = False,
    selective: bool = False,
) -> Dis:
    """Return our own DIS or DTC: any paper length, sub-address and password, inch and metric alike.

    `widths` in pels at 204 dots an inch. MMR is offered only with `ecm`; `document` says that one may be
    polled, `selective` that it is asked for by SEP.
    """
    bits = _Bits()
    bits.on(RECEIVE, INCH, METRIC, SUB_ADDRESS, PASSWORD, LETTER, LEGAL)
    bits.field(11, _modems(frozenset(rates)))
    bits.on(MR, when=Compression.MR in compressions)
    bits.on(*(bit for bit, resolution in RESOLUTIONS.items() if resolution in resolutions))
    bits.field(17, _DCS_WIDTHS[max(widths)])
    bits.field(19, _DCS_LENGTHS[Length.UNLIMITED])
    bits.field(21, _DCS_SCAN[min_scan_ms])
    bits.on(ECM, when=ecm)
    bits.on(SHORT_FRAMES, when=ecm and ecm_octets == 64)
    bits.on(MMR, when=ecm and Compression.MMR in compressions)
    bits.on(POLL, when=document)
    bits.on(SELECTIVE_POLLING, when=document and selective)
    return Dis(bits.fif())


def _modems(rates: frozenset[Rate]) -> str:
    """Return the richest pattern of bits 11-14 that promises nothing beyond `rates`."""
    promised = {bits: offered for bits, offered in _MODEMS.items() if offered <= rates and bits != "1110"}
    return max(promised, key=lambda bits: len(promised[bits]), default="0000")


def negotiate(
    dis: Dis,
    coding: Coding,
    rate: Rate,
    *,
    ecm_octets: int = 0,
    sub: bool = False,
    password: bool = False,
) -> Dcs:
    """Return the DCS for pages of this coding; ValueError where `dis` does not offer one of its parts.

    `ecm_octets` is the size of the ECM frames, 0 for pages without ECM; with ECM a line has no least time.
    `sub` and `password` tell that SUB, and PWD or SID, go out in the same burst.
    """
    permitted = (
        coding.compression in dis.compressions,
        coding.resolution in dis.resolutions,
        coding.width in dis.widths_at(coding.resolution),
        coding.length in dis.lengths,
        rate in dis.rates,
        not sub or dis.sub_address,
        not password or dis.password,
        not coding.inch or dis.bit(INCH),
        dis.ecm or not ecm_octets,
        ecm_octets or coding.compression is not Compression.MMR,
    )
    if not all(permitted):
        raise ValueError(f"the far machine does not offer {coding} at {rate.name}")
    bits = _coding_bits(coding)
    bits.field(11, rate.value.dcs)
    bits.field(21, _DCS_SCAN[0 if ecm_octets else dis.min_scan_ms(coding.resolution)])
    bits.on(ECM, when=ecm_octets > 0)
    bits.on(SHORT_FRAMES_USED, when=ecm_octets == 64)
    bits.on(SUB_ADDRESS, when=sub)
    bits.on(PASSWORD, when=password)
    return Dcs(bits.fif())


def _coding_bits(coding: Coding) -> _Bits:
    """Return the part of a DCS that tells what the pages are."""
    bits = _Bits()
    bits.on(RECEIVE)
    bits.on(MR, when=coding.compression is Compression.MR)
    bits.on(MMR, when=coding.compression is Compression.MMR)
    bits.on(*(bit for bit, resolution in RESOLUTIONS.items() if resolution is coding.resolution))
    bits.field(17, _DCS_WIDTHS[coding.width])
    bits.field(19, _DCS_LENGTHS[coding.length])
    bits.on(LEGAL, when=coding.length is Length.LEGAL)
    bits.on(INCH, when=coding.inch)
    return bits
