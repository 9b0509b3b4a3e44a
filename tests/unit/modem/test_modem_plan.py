"""How a document is sent: coding, command, speed; and how long things take on the line."""

from __future__ import annotations

from typing import ClassVar

import pytest
from t30_fixtures import Document, Sheet, pages

from modem import airtime, plan
from modem.actions import HangUp, ListenFrames, SendFrames, SendPage, SendTraining, Silence, WaitSilence
from modem.capabilities import Dis, offer
from modem.coding import Coding, Compression, Length, Resolution
from modem.fcf import Fcf, Frame
from modem.rates import Modulation, Rate

MH, MR, MMR = Compression.MH, Compression.MR, Compression.MMR
STANDARD, FINE, SUPERFINE, R300, ULTRAFINE = tuple(Resolution)
FULL = offer(rates=Rate, compressions=tuple(Compression), resolutions=tuple(Resolution), ecm=True)
SLOW = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution), min_scan_ms=40)
IN_ECM = plan.Carriage(ecm_octets=256)
PLAIN = Dis(bytes.fromhex("00 02 00"))
ALL = frozenset(Rate)


class Weighed(Document):
    """A document whose sizes are given, not made."""

    sizes: ClassVar[dict[Compression, tuple[int, ...]]] = {MH: (10, 40, 10), MR: (20, 20, 19)}

    def size(self, n: int, coding: Coding) -> int:
        return self.sizes[coding.compression][n - 1]


class Heavy(Weighed):
    """One whose pages fill an ECM block, or just not."""

    sizes: ClassVar[dict[Compression, tuple[int, ...]]] = {
        MH: (60000, 66000),
        MR: (60000, 66000),
        MMR: (64000, 65000),
    }


def test_the_total_over_the_document_decides_not_the_first_page() -> None:
    three = (Sheet(), Sheet(), Sheet())
    assert {one.compression for one in plan.codings(FULL, Weighed(three), (MH, MR))} == {MR}
    assert {one.compression for one in plan.codings(FULL, Weighed(three), (MH,))} == {MH}


def test_only_the_pages_still_to_be_sent_are_weighed() -> None:
    three = (Sheet(), Sheet(), Sheet())
    assert [one.compression for one in plan.codings(FULL, Weighed(three), (MH, MR), first=3)] == [MH]


def test_the_finest_resolution_both_know_is_taken() -> None:
    document = pages(1, resolutions=tuple(Resolution))
    assert plan.codings(FULL, document, (MH,))[0].resolution is SUPERFINE
    fine = offer(rates=Rate, compressions=(MH,), resolutions=(STANDARD, FINE))
    assert plan.codings(fine, document, (MH,))[0].resolution is FINE
    assert plan.codings(PLAIN, document, (MH,))[0].resolution is STANDARD


def test_a_document_of_standard_pages_stays_standard() -> None:
    assert plan.codings(FULL, pages(1, resolutions=(STANDARD,)), (MH,))[0].resolution is STANDARD


def test_no_coding_in_common_gives_no_plan() -> None:
    assert plan.codings(PLAIN, pages(1, resolutions=(FINE,)), (MH, MR)) == ()
    assert plan.codings(PLAIN, pages(1, compressions=(MR,)), (MH, MR)) == ()
    assert plan.codings(PLAIN, pages(1, widths=(2048,)), (MH, MR)) == ()
    assert plan.codings(PLAIN, pages(1, rows=3000), (MH,)) == ()


def test_one_page_that_cannot_go_stops_the_compression_for_all() -> None:
    document = Document((Sheet(), Sheet(compressions=(MR,))))
    assert {one.compression for one in plan.codings(FULL, document, (MH, MR))} == {MR}


def test_mmr_goes_only_in_ecm() -> None:
    ecm = Dis(bytes.fromhex("00 C2 80 44"))
    assert MMR in ecm.compressions
    assert plan.codings(ecm, pages(1, compressions=(MMR,)), (MMR,)) == ()
    assert plan.codings(ecm, pages(1, compressions=(MMR,)), (MMR,), carriage=IN_ECM)[0].compression is MMR


def test_a_block_too_many_weighs_more_than_some_octets() -> None:
    document = Heavy((Sheet(compressions=tuple(Compression)),) * 2)
    plain = plan.codings(FULL, document, (MH, MMR))
    in_ecm = plan.codings(FULL, document, (MH, MMR), carriage=IN_ECM)
    assert {one.compression for one in plain} == {MH}
    assert {one.compression for one in in_ecm} == {MMR}


def test_lines_that_must_be_filled_up_weigh_alike() -> None:
    assert plan.Carriage(14400).octets(20, rows=100, scan_ms=40) == 100 * 72
    assert plan.Carriage(2400).octets(5000, rows=100, scan_ms=40) == 5000
    sheets = (Sheet(rows=100), Sheet(rows=100), Sheet(rows=100))
    assert plan.codings(SLOW, Weighed(sheets), (MH, MR)) == plan.codings(SLOW, Weighed(sheets), (MH,))


@pytest.mark.parametrize(("width", "resolution"), [(3456, ULTRAFINE), (2592, R300), (1728, SUPERFINE)])
def test_every_resolution_goes_with_its_own_width(width: int, resolution: Resolution) -> None:
    document = pages(1, resolutions=(STANDARD, resolution), widths=(1728, width), rows=8)
    assert plan.codings(FULL, document, (MH,)) == (Coding(MH, width, resolution, Length.UNLIMITED),)
    assert plan.codings(PLAIN, document, (MH,)) == (Coding(MH),)


def test_wide_paper_goes_only_where_it_is_on_offer() -> None:
    document = pages(1, resolutions=(FINE,), widths=(1728, 2432), rows=8)
    wide = offer(rates=Rate, compressions=(MH,), resolutions=(FINE,), widths=(2432,))
    assert plan.codings(wide, document, (MH,))[0].width == 2432
    assert plan.codings(FULL, document, (MH,))[0].width == 1728


def test_pages_of_one_format_share_the_longest_paper_and_need_no_eom() -> None:
    cut_sheets = Dis(bytes.fromhex("00 02 44 01 01 01 01 01 01 18"))
    assert cut_sheets.lengths == (Length.A4, Length.B4, Length.LEGAL)
    document = plan.codings(cut_sheets, Document((Sheet(), Sheet(rows=1370), Sheet())), (MH,))
    assert [one.length for one in document] == [Length.LEGAL] * 3
    assert plan.command(document, 0) is Fcf.MPS


def test_legal_paper_is_its_own_offer() -> None:
    assert plan.paper(1369, STANDARD, (Length.A4, Length.B4)) is Length.B4
    assert plan.paper(1369, STANDARD, (Length.A4, Length.LEGAL)) is Length.LEGAL
    assert plan.paper(1369, STANDARD, (Length.A4,)) is None


@pytest.mark.parametrize(
    ("rows", "resolution", "paper"),
    [
        (1143, STANDARD, Length.A4), (1146, STANDARD, Length.A4), (1078, STANDARD, Length.A4),
        (1401, STANDARD, Length.B4), (1372, STANDARD, Length.LEGAL), (1500, STANDARD, None),
        (3508, R300, Length.A4), (4200, R300, Length.LEGAL), (4574, ULTRAFINE, Length.A4),
        (2292, FINE, Length.A4), (2802, FINE, Length.B4), (4584, SUPERFINE, Length.A4),
        (6000, SUPERFINE, None),
    ],
)  # fmt: skip
def test_paper_is_as_long_as_the_page_needs(rows: int, resolution: Resolution, paper: Length | None) -> None:
    assert plan.paper(rows, resolution, (Length.A4, Length.B4, Length.LEGAL)) is paper


def test_paper_without_end_is_announced_where_it_is_on_offer() -> None:
    assert plan.paper(10, FINE, tuple(Length)) is Length.UNLIMITED


def test_commands_follow_the_formats() -> None:
    a, b = Coding(MH), Coding(MH, resolution=FINE)
    assert [plan.command((a, a, b, b), i) for i in range(4)] == [Fcf.MPS, Fcf.EOM, Fcf.MPS, Fcf.EOP]


def test_the_first_rate_is_the_best_in_common() -> None:
    assert plan.first_rate(ALL, ALL) is Rate.V17_14400
    assert plan.first_rate({Rate.V27_4800, Rate.V29_9600}, ALL) is Rate.V29_9600
    assert plan.first_rate({Rate.V29_9600}, {Rate.V27_2400}) is None


def test_falling_back_follows_the_order_of_the_specification() -> None:
    rate, ladder = Rate.V17_9600, []
    while lower := plan.next_rate(rate, ALL, ALL, set()):
        ladder.append(rate := lower)
    assert ladder == [Rate.V29_9600, Rate.V17_7200, Rate.V29_7200, Rate.V27_4800, Rate.V27_2400]


def test_v17_is_left_where_its_three_best_rates_failed() -> None:
    failed = {Rate.V17_14400, Rate.V17_12000, Rate.V17_9600}
    assert plan.next_rate(Rate.V17_9600, ALL, ALL, failed) is Rate.V29_9600
    assert plan.next_rate(Rate.V29_9600, ALL, ALL, failed) is Rate.V29_7200
    assert plan.next_rate(Rate.V17_12000, ALL, ALL, {Rate.V17_12000}) is Rate.V17_9600


def test_a_page_takes_its_bits_and_its_training() -> None:
    page = SendPage(Rate.V17_14400, bytes(1800))
    assert airtime.seconds(page) == pytest.approx(1.0 + 0.142 + 0.05)
    assert airtime.seconds(SendPage(Rate.V17_14400, bytes(1800), long=True)) == pytest.approx(
        1.0 + 1.393 + 0.05
    )
    assert airtime.seconds(SendTraining(Rate.V29_9600)) == pytest.approx(1.5 + 0.253 + 0.05)


def test_a_v21_burst_takes_its_preamble_and_its_frames() -> None:
    burst = SendFrames((Frame(Fcf.CSI, final=False, fif=bytes(20)), Frame(Fcf.DIS, fif=bytes(4))))
    assert 1.9 < airtime.seconds(burst) < 2.2
    assert airtime.total([Silence(70), burst, WaitSilence(30), ListenFrames(), HangUp()]) == pytest.approx(
        airtime.seconds(burst) + 0.1
    )


@pytest.mark.parametrize("rate", Rate)
def test_short_training_is_never_longer(rate: Rate) -> None:
    short, long = airtime.training(rate, long=False), airtime.training(rate, long=True)
    assert short < long if rate.modulation is Modulation.V17 else short == long
