"""DIS and DCS against the bit table of T.30, bit by bit."""

from __future__ import annotations

import pytest

from modem.capabilities import Dcs, Dis, negotiate, offer
from modem.coding import WIDTHS, Coding, Compression, Length, Resolution
from modem.rates import Modulation, Rate

MH, MR, MMR = Compression.MH, Compression.MR, Compression.MMR
WITHOUT_V17 = {rate for rate in Rate if rate.modulation is not Modulation.V17}
STANDARD, FINE, SUPERFINE = Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE


def fif(*bits: int, octets: int = 10) -> bytes:
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


@pytest.mark.parametrize(
    ("bits", "resolution"),
    [
        ((), STANDARD), ((15,), FINE), ((41,), SUPERFINE), ((42,), Resolution.R300),
        ((43,), Resolution.ULTRAFINE),
        ((15, 41), SUPERFINE), ((15, 43), Resolution.ULTRAFINE), ((15, 41, 42, 43), Resolution.ULTRAFINE),
    ],
)  # fmt: skip
def test_the_finest_bit_of_a_dcs_gives_the_resolution(bits: tuple[int, ...], resolution: Resolution) -> None:
    assert Dcs(fif(*bits)).resolution is resolution
    assert resolution in Dis(fif(*bits)).resolutions


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize(("bits", "which"), [((), 0), ((17,), 1), ((18,), 2)])
def test_a_width_is_as_many_pels_as_the_resolution_gives_the_paper(
    resolution: Resolution, bits: tuple[int, ...], which: int
) -> None:
    named = {FINE: 15, SUPERFINE: 41, Resolution.R300: 42, Resolution.ULTRAFINE: 43}
    fine = (named[resolution],) if resolution in named else ()
    assert Dcs(fif(*bits, *fine)).width == WIDTHS[resolution][which]
    assert Dis(fif(*bits)).widths_at(resolution) == WIDTHS[resolution][: which + 1]


def test_frames_of_64_octets_are_asked_for_in_bit_7_and_used_in_bit_28() -> None:
    assert (Dis(fif(27)).ecm_octets, Dis(fif(7, 27)).ecm_octets) == (256, 64)
    assert (Dcs(fif(27)).ecm_octets, Dcs(fif(27, 28)).ecm_octets) == (256, 64)


def test_a_dcs_of_inches_says_so_in_its_coding() -> None:
    assert Dcs(fif(15, 44)).coding.inch
    assert not Dcs(fif(15)).coding.inch


def test_our_dis_offers_ecm_with_all_that_needs_it_or_none_of_it() -> None:
    everything = {"rates": Rate, "compressions": tuple(Compression), "resolutions": tuple(Resolution)}
    with_ecm = offer(**everything, ecm=True, ecm_octets=64)
    assert with_ecm.ecm
    assert (with_ecm.ecm_octets, MMR in with_ecm.compressions) == (64, True)
    assert offer(**everything, ecm=True).ecm_octets == 256
    without = offer(**everything, ecm_octets=64)
    assert not any(without.bit(number) for number in (7, 27, 28, 31))
    assert MMR not in offer(**everything | {"compressions": (MH, MR)}, ecm=True).compressions


def test_a_document_to_be_polled_is_bit_9_and_one_asked_for_by_sep_bit_47() -> None:
    plain = {"rates": Rate, "compressions": (MH,), "resolutions": (STANDARD,)}
    assert offer(**plain, document=True).can_send
    assert not offer(**plain, document=True).selective_polling
    assert offer(**plain, document=True, selective=True).selective_polling
    assert not offer(**plain, selective=True).selective_polling
    assert "has a document" in str(offer(**plain, document=True))


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
    named = {10, 11, 12, 14, 15, 16, 20, 21, 22, 23, 41, 42, 43, 44, 45, 49, 50, 76, 77}
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
@pytest.mark.parametrize("paper", [0, 1, 2])
@pytest.mark.parametrize("length", Length)
def test_a_dcs_says_back_what_was_asked(
    rate: Rate, resolution: Resolution, compression: Compression, paper: int, length: Length
) -> None:
    dis = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution), widths=(1728, 2432))
    coding = Coding(compression, WIDTHS[resolution][paper], resolution, length)
    dcs = negotiate(dis, coding, rate)
    assert (dcs.coding, dcs.rate, dcs.ecm, dcs.min_scan_ms) == (coding, rate, False, 0)
    assert dcs.bit(10)


@pytest.mark.parametrize("octets", [64, 256])
@pytest.mark.parametrize("compression", Compression)
def test_a_dcs_with_ecm_names_its_frames_and_no_least_time(octets: int, compression: Compression) -> None:
    dis = Dis(fif(10, 16, 27, 31, *pattern(21, "001")))
    dcs = negotiate(dis, Coding(compression), Rate.V27_2400, ecm_octets=octets)
    assert (dcs.ecm, dcs.ecm_octets, dcs.compression, dcs.min_scan_ms) == (True, octets, compression, 0)
    assert str(dcs).endswith(f"ECM {octets}")


def test_without_ecm_the_least_time_of_a_line_is_stated() -> None:
    dis = Dis(fif(10, 27, *pattern(21, "001")))
    assert negotiate(dis, Coding(MH), Rate.V27_2400).min_scan_ms == 40


def test_ecm_and_mmr_without_it_are_refused() -> None:
    with pytest.raises(ValueError, match="does not offer"):
        negotiate(Dis(fif(10, 31)), Coding(MH), Rate.V27_2400, ecm_octets=256)
    with pytest.raises(ValueError, match="does not offer"):
        negotiate(Dis(fif(10, 27, 31)), Coding(MMR), Rate.V27_2400)


def test_legal_paper_is_its_own_bit_and_inches_are_stated_only_where_asked_for() -> None:
    assert Dis(fif(77)).lengths == (Length.A4, Length.LEGAL)
    dcs = negotiate(Dis(fif(10, 77)), Coding(MH, length=Length.LEGAL), Rate.V27_2400)
    assert (dcs.bit(77), dcs.bit(19), dcs.bit(20)) == (True, False, False)
    inches = Coding(MH, resolution=FINE, inch=True)
    assert negotiate(Dis(fif(10, 15, 44)), inches, Rate.V27_2400).bit(44)
    with pytest.raises(ValueError, match="does not offer"):
        negotiate(Dis(fif(10, 15)), inches, Rate.V27_2400)


@pytest.mark.parametrize(
    "asked",
    [
        Coding(MR), Coding(MH, resolution=FINE), Coding(MH, 2048), Coding(MH, length=Length.B4), Coding(MMR),
        Coding(MH, length=Length.LEGAL), Coding(MH, 2592, Resolution.R300),
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
        == "up to 14400 bit/s, MH/MR, standard, fine, ECM 256, cannot receive"
    )
    assert str(Dcs(fif(*pattern(11, "1000"), 15))) == "9600 bit/s V.29, MH, fine, 1728 pels, 20 ms a line"
    assert "unknown modem" in str(Dcs(fif(*pattern(11, "0010"))))
