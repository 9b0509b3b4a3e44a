"""DIS and DCS against the bit table of T.30, bit by bit."""

from __future__ import annotations

import pytest

from modem.capabilities import Dcs, Dis, negotiate, offer
from modem.coding import Coding, Compression, Length, Resolution
from modem.rates import Modulation, Rate

MH, MR, MMR = Compression.MH, Compression.MR, Compression.MMR
WITHOUT_V17 = {rate for rate in Rate if rate.modulation is not Modulation.V17}
STANDARD, FINE, SUPERFINE = Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE


def fif(*bits: int, octets: int = 8) -> bytes:
    """Return a FIF with these T.30 bit numbers set."""
    data = bytearray(octets)
    for bit in bits:
        data[(bit - 1) // 8] |= 1 << (bit - 1) % 8
    return bytes(data)


def pattern(first: int, printed: str) -> tuple[int, ...]:
    return tuple(first + i for i, bit in enumerate(printed) if bit == "1")


@pytest.mark.parametrize(
    ("printed", "best", "count"),
    [
        ("0000", Rate.V27_2400, 1), ("0100", Rate.V27_4800, 2), ("1000", Rate.V29_9600, 2),
        ("1100", Rate.V29_9600, 4), ("1110", Rate.V29_9600, 4), ("1101", Rate.V17_14400, 8),
        ("0111", Rate.V29_9600, 4), ("0010", Rate.V29_9600, 4),
    ],
)  # fmt: skip
def test_bits_11_to_14_of_a_dis_name_the_modems(printed: str, best: Rate, count: int) -> None:
    rates = Dis(fif(*pattern(11, printed))).rates
    assert next(rate for rate in Rate if rate in rates) is best
    assert len(rates) == count


@pytest.mark.parametrize(
    ("printed", "rate"),
    [
        ("0000", Rate.V27_2400), ("0100", Rate.V27_4800), ("1000", Rate.V29_9600), ("1100", Rate.V29_7200),
        ("0001", Rate.V17_14400), ("0101", Rate.V17_12000), ("1001", Rate.V17_9600), ("1101", Rate.V17_7200),
        ("0010", None), ("0110", None), ("1111", None),
    ],
)  # fmt: skip
def test_bits_11_to_14_of_a_dcs_name_the_rate(printed: str, rate: Rate | None) -> None:
    assert Dcs(fif(*pattern(11, printed))).rate is rate


@pytest.mark.parametrize(
    ("printed", "standard", "fine"),
    [
        ("000", 20, 20), ("001", 40, 40), ("010", 10, 10), ("100", 5, 5),
        ("011", 10, 5), ("110", 20, 10), ("101", 40, 20), ("111", 0, 0),
    ],
)  # fmt: skip
def test_bits_21_to_23_give_the_scan_time(printed: str, standard: int, fine: int) -> None:
    dis = Dis(fif(*pattern(21, printed)))
    assert dis.min_scan_ms(STANDARD) == standard
    assert dis.min_scan_ms(FINE) == fine
    assert dis.min_scan_ms(SUPERFINE) == fine
    assert (
        Dis(fif(46, *pattern(21, printed))).min_scan_ms(SUPERFINE)
        == {40: 20, 20: 10, 10: 5, 5: 5, 0: 0}[fine]
    )


@pytest.mark.parametrize(
    ("printed", "ms"), [("000", 20), ("001", 40), ("010", 10), ("100", 5), ("111", 0), ("011", 20)]
)
def test_a_dcs_states_one_scan_time(printed: str, ms: int) -> None:
    assert Dcs(fif(*pattern(21, printed))).min_scan_ms == ms


@pytest.mark.parametrize(
    ("bits", "widths", "stated"),
    [
        ((), (1728,), 1728), ((17,), (1728, 2048), 2048), ((18,), (1728, 2048, 2432), 2432),
        ((17, 18), (1728, 2048, 2432), 2432),
    ],
)  # fmt: skip
def test_bits_17_and_18_give_the_width(bits: tuple[int, ...], widths: tuple[int, ...], stated: int) -> None:
    assert Dis(fif(*bits)).widths == widths
    assert Dcs(fif(*bits)).width == stated


@pytest.mark.parametrize(
    ("bits", "longest", "count"),
    [
        ((), Length.A4, 1),
        ((19,), Length.B4, 2),
        ((20,), Length.UNLIMITED, 3),
        ((19, 20), Length.UNLIMITED, 3),
    ],
)
def test_bits_19_and_20_give_the_length(bits: tuple[int, ...], longest: Length, count: int) -> None:
    assert Dis(fif(*bits)).lengths[-1] is longest
    assert len(Dis(fif(*bits)).lengths) == count
    assert Dcs(fif(*bits)).length is longest


def test_single_bits_have_their_names() -> None:
    assert Dis(fif(10)).can_receive
    assert Dis(fif(9)).can_send
    assert not Dis(fif(9)).can_receive
    assert Dis(fif(27)).ecm
    assert Dis(fif(49)).sub_address
    assert Dis(fif(50)).password
    assert Dis(fif()).resolutions == {STANDARD}
    assert Dis(fif(15)).resolutions == {STANDARD, FINE}
    assert Dis(fif(41)).resolutions == {STANDARD, SUPERFINE}
    assert Dis(fif(16)).compressions == {MH, MR}
    assert Dcs(fif(15)).resolution is FINE
    assert Dcs(fif(41)).resolution is SUPERFINE
    assert Dcs(fif(16)).compression is MR
    assert Dcs(fif(31)).compression is MMR


def test_mmr_is_only_on_offer_together_with_ecm() -> None:
    assert MMR not in Dis(fif(31)).compressions
    assert MMR in Dis(fif(27, 31)).compressions


def test_octets_that_were_not_sent_read_as_zero() -> None:
    short = Dis(bytes.fromhex("00 02"))
    assert short.can_receive
    assert not short.bit(49)
    assert short.widths == (1728,)
    assert not Dis(b"").can_receive


def test_octets_we_do_not_know_are_kept() -> None:
    raw = bytes(range(1, 20))
    assert Dis(raw).fif == raw


def test_our_dis_sets_every_extend_bit_but_the_last() -> None:
    dis = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution))
    last = 8 * len(dis.fif)
    assert all(dis.bit(number) for number in range(24, last, 8))
    assert not dis.bit(last)
    assert len(dis.fif) == 10


def test_our_dis_offers_what_the_design_lists_and_no_more() -> None:
    dis = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution))
    named = {10, 11, 12, 14, 15, 16, 20, 21, 22, 23, 41, 44, 45, 49, 50, 76, 77}
    extend = set(range(24, 73, 8))
    assert {number for number in range(1, 81) if dis.bit(number)} == named | extend


def test_a_narrow_machine_offers_little() -> None:
    dis = offer(rates={Rate.V27_2400}, compressions=(MH,), resolutions=(STANDARD,), min_scan_ms=20)
    assert dis.rates == {Rate.V27_2400}
    assert dis.compressions == {MH}
    assert dis.resolutions == {STANDARD}
    assert dis.min_scan_ms(STANDARD) == 20


@pytest.mark.parametrize(
    ("ours", "promised"),
    [
        (set(Rate), set(Rate)),
        ({rate for rate in Rate if rate.bits <= 9600}, WITHOUT_V17),
        ({Rate.V29_9600, Rate.V29_7200}, {Rate.V29_9600, Rate.V29_7200}),
        ({Rate.V27_4800, Rate.V27_2400}, {Rate.V27_4800, Rate.V27_2400}),
        ({Rate.V29_7200, Rate.V27_4800, Rate.V27_2400}, {Rate.V27_4800, Rate.V27_2400}),
        ({Rate.V17_12000}, {Rate.V27_2400}),
    ],
)  # fmt: skip
def test_a_dis_promises_no_modem_we_lack_beyond_the_least_of_all(
    ours: set[Rate], promised: set[Rate]
) -> None:
    assert offer(rates=ours, compressions=(MH,), resolutions=(STANDARD,)).rates == promised


@pytest.mark.parametrize("rate", Rate)
@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("compression", [MH, MR])
@pytest.mark.parametrize("width", [1728, 2048, 2432])
@pytest.mark.parametrize("length", Length)
def test_a_dcs_says_back_what_was_asked(
    rate: Rate, resolution: Resolution, compression: Compression, width: int, length: Length
) -> None:
    dis = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution), widths=(1728, 2432))
    coding = Coding(compression, width, resolution, length)
    dcs = negotiate(dis, coding, rate)
    assert (dcs.coding, dcs.rate, dcs.ecm, dcs.min_scan_ms) == (coding, rate, False, 0)
    assert dcs.bit(10)


@pytest.mark.parametrize(
    "asked",
    [
        Coding(MR), Coding(MH, resolution=FINE), Coding(MH, 2048), Coding(MH, length=Length.B4), Coding(MMR),
    ],
)  # fmt: skip
def test_a_dcs_beyond_the_dis_is_refused(asked: Coding) -> None:
    with pytest.raises(ValueError, match="does not offer"):
        negotiate(Dis(fif(10)), asked, Rate.V27_2400)


def test_rate_sub_and_password_beyond_the_dis_are_refused() -> None:
    dis = Dis(fif(10))
    for extra in ({"sub": True}, {"password": True}):
        with pytest.raises(ValueError, match="does not offer"):
            negotiate(dis, Coding(MH), Rate.V27_2400, **extra)
    with pytest.raises(ValueError, match="does not offer"):
        negotiate(dis, Coding(MH), Rate.V29_9600)


def test_sub_and_password_are_announced() -> None:
    dcs = negotiate(Dis(fif(10, 49, 50)), Coding(MH), Rate.V27_2400, sub=True, password=True)
    assert dcs.bit(49)
    assert dcs.bit(50)
    assert dcs.bit(24)


def test_capabilities_read_as_a_sentence() -> None:
    assert (
        str(Dis(fif(*pattern(11, "1101"), 15, 16, 27)))
        == "up to 14400 bit/s, MH/MR, standard, fine, ECM, cannot receive"
    )
    assert str(Dcs(fif(*pattern(11, "1000"), 15))) == "9600 bit/s V.29, MH, fine, 1728 pels, 20 ms a line"
    assert "unknown modem" in str(Dcs(fif(*pattern(11, "0010"))))
