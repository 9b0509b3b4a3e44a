"""How a document is sent: coding, command, speed; and how long things take on the line."""

from __future__ import annotations

import pytest
from t30_fixtures import Document, Sheet, pages

from modem import airtime, plan
from modem.actions import HangUp, ListenFrames, SendFrames, SendPage, SendTraining, Silence, WaitSilence
from modem.capabilities import Dis, offer
from modem.coding import Coding, Compression, Length, Resolution
from modem.fcf import Fcf, Frame
from modem.rates import Modulation, Rate

MH, MR, MMR = Compression.MH, Compression.MR, Compression.MMR
STANDARD, FINE, SUPERFINE = Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE
FULL = offer(rates=Rate, compressions=(MH, MR), resolutions=tuple(Resolution))
PLAIN = Dis(bytes.fromhex("00 02 00"))
ALL = frozenset(Rate)


class Weighed(Document):
    """A document whose sizes are given, not made."""

    def size(self, n: int, coding: Coding) -> int:
        return {MH: (10, 40, 10), MR: (20, 20, 19)}[coding.compression][n - 1]


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
    assert plan.codings(PLAIN, pages(1, rows=3000, length=Length.UNLIMITED), (MH,)) == ()


def test_one_page_that_cannot_go_stops_the_compression_for_all() -> None:
    document = Document((Sheet(), Sheet(compressions=(MR,))))
    assert {one.compression for one in plan.codings(FULL, document, (MH, MR))} == {MR}


def test_mmr_waits_for_ecm() -> None:
    ecm = Dis(bytes.fromhex("00 C2 80 44"))
    assert MMR in ecm.compressions
    assert plan.codings(ecm, pages(1, compressions=(MMR,)), (MMR,)) == ()


@pytest.mark.parametrize(
    ("rows", "resolution", "paper"),
    [
        (1143, STANDARD, Length.A4), (1146, STANDARD, Length.A4), (1078, STANDARD, Length.A4),
        (1401, STANDARD, Length.B4), (1372, STANDARD, Length.B4), (1500, STANDARD, Length.UNLIMITED),
        (2292, FINE, Length.A4), (2802, FINE, Length.B4), (4584, SUPERFINE, Length.A4),
        (6000, SUPERFINE, Length.UNLIMITED),
    ],
)  # fmt: skip
def test_paper_is_as_long_as_the_page_needs(rows: int, resolution: Resolution, paper: Length) -> None:
    assert plan.paper(rows, resolution) is paper


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


def test_v17_is_left_where_its_two_best_rates_failed() -> None:
    failed = {Rate.V17_14400, Rate.V17_12000}
    assert plan.next_rate(Rate.V17_12000, ALL, ALL, failed) is Rate.V29_9600
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
