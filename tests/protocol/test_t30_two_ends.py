"""Our sender and our receiver on one simulated line: every mix, and lines that lose, damage, echo, delay."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest
from t30_fixtures import ANSWERER, CALLER, Call, Document, Sheet, call, pages, stream

from modem import t4
from modem.coding import Compression, Length, Resolution
from modem.fcf import Fcf
from modem.job import CallJob
from modem.notices import (
    Answered,
    Dialling,
    Finished,
    Negotiated,
    Notice,
    PageAwaiting,
    PageConfirmed,
    PageSending,
    PageStored,
)
from modem.rates import Modulation, Rate
from modem.receiver import T30Receiver
from modem.result import PageState, Reason
from modem.sender import T30Sender
from modem.simline import Conditions, Line

if TYPE_CHECKING:
    from modem.fcf import Frame

MH, MR = Compression.MH, Compression.MR
V17, V29, V27 = Modulation.V17, Modulation.V29, Modulation.V27TER
STANDARD, FINE, SUPERFINE = Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE


def expect_success(done: Call, count: int) -> None:
    assert done.sent.success, done.sent
    assert done.received.success, done.received
    assert [page.state for page in done.sent.pages] == [PageState.CONFIRMED] * count
    assert [page.n for page in done.tray.pages] == list(range(1, count + 1))
    assert not any(page.bad_lines for page in done.tray.pages)


@pytest.mark.parametrize(
    ("modulations", "max_rate", "compression", "resolution", "count"),
    [
        mix
        for mix in product(
            ((V17, V29, V27), (V29, V27), (V27,)),
            (14400, 12000, 9600, 7200, 4800, 2400),
            (MH, MR),
            (STANDARD, FINE, SUPERFINE),
            (1, 3),
        )
        if not (V17 not in mix[0] and mix[1] > 9600) and not (mix[0] == (V27,) and mix[1] > 4800)
    ],
)
def test_every_mix_arrives(
    modulations: tuple[Modulation, ...],
    max_rate: int,
    compression: Compression,
    resolution: Resolution,
    count: int,
) -> None:
    document = pages(count, rows=20, resolutions=tuple(Resolution))
    answerer = replace(
        ANSWERER,
        modulations=modulations,
        compressions=(compression,),
        receive_resolutions={
            STANDARD: (STANDARD,),
            FINE: (STANDARD, FINE),
            SUPERFINE: tuple(Resolution),
        }[resolution],
    )
    done = call(document, replace(CALLER, max_rate=max_rate, compressions=(compression,)), answerer)
    expect_success(done, count)
    page = done.tray.pages[0]
    assert (page.coding.compression, page.coding.resolution) == (compression, resolution)
    assert page.rate == min(max_rate, {V17: 14400, V29: 9600, V27: 4800}[modulations[0]])


@pytest.mark.parametrize("scan_ms", [0, 5, 10, 20, 40])
@pytest.mark.parametrize("compression", [MH, MR])
def test_fill_for_a_slow_printer_changes_no_line(scan_ms: int, compression: Compression) -> None:
    answerer = replace(ANSWERER, min_scan_ms=scan_ms, compressions=(compression,))
    done = call(pages(2), answerer=answerer)
    expect_success(done, 2)
    page = done.tray.pages[0]
    assert len(page.data) >= page.rows * page.rate * scan_ms // 8000


def test_the_octets_between_the_ends_are_those_of_the_source() -> None:
    done = call(Document((Sheet(compressions=(MH,), resolutions=(STANDARD,)),)))
    source = stream(MH, 1728, 60, 1)
    assert done.tray.pages[0].data == source + t4.to_octets(t4.EOL * 6)


def test_the_smaller_compression_wins_over_the_whole_document() -> None:
    document = pages(3)
    sizes = {one: sum(len(stream(one, 1728, 120, seed)) for seed in (1, 2, 3)) for one in (MH, MR)}
    done = call(document)
    assert {page.coding.compression for page in done.tray.pages} == {min(sizes, key=sizes.__getitem__)}


def test_a_coding_that_was_not_prepared_is_not_chosen() -> None:
    done = call(pages(2, compressions=(MH,)))
    expect_success(done, 2)
    assert {page.coding.compression for page in done.tray.pages} == {MH}


def test_pages_of_other_formats_follow_after_eom() -> None:
    document = Document(
        (
            Sheet(),
            Sheet(resolutions=(STANDARD,)),
            Sheet(resolutions=(STANDARD,)),
            Sheet(rows=1300),
        )
    )
    done = call(document, replace(CALLER, compressions=(MH,)))
    expect_success(done, 4)
    commands = [what for what in done.said("caller") if what in ("MPS", "EOM", "EOP")]
    assert commands == ["EOM", "MPS", "EOM", "EOP"]
    assert {page.coding.length for page in done.tray.pages} == {Length.UNLIMITED}


def test_a_wide_page_is_sent_wide_where_that_is_possible() -> None:
    wide = Document((Sheet(widths=(1728, 2048)),))
    assert (
        call(wide, answerer=replace(ANSWERER, receive_widths=(1728, 2048))).tray.pages[0].coding.width == 2048
    )
    assert call(wide).tray.pages[0].coding.width == 1728


def test_nothing_to_suit_the_far_machine_is_incompatible_not_an_accident() -> None:
    done = call(pages(1, resolutions=(FINE,)), answerer=replace(ANSWERER, receive_resolutions=(STANDARD,)))
    assert done.sent.reason is Reason.INCOMPATIBLE
    assert done.received.reason is Reason.REMOTE_DISCONNECT


@pytest.mark.parametrize(
    ("most", "rate"), [(14400, 14400), (12000, 9600), (9600, 9600), (7200, 4800), (2400, 2400)]
)
def test_a_receiver_with_a_cap_offers_no_modem_that_goes_beyond_it(most: int, rate: int) -> None:
    done = call(pages(1), answerer=replace(ANSWERER, max_rate=most))
    expect_success(done, 1)
    assert done.sent.rate == rate
    assert "FTT" not in done.said("answerer")


def test_sub_reaches_the_receiver() -> None:
    done = call(pages(1), replace(CALLER, sub="4711"))
    told = [one for one in done.line.notices["answerer"] if hasattr(one, "sub")]
    assert [one.sub for one in told] == ["4711"]
    assert done.received.remote_id == CALLER.ident


# -- bad lines -------------------------------------------------------------------------------------------


@dataclass
class Loss:
    """Damages the nth frame of a kind from one side, counted from 1."""

    wanted: set[tuple[str, str, int]]
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def __call__(self, side: str, frame: Frame) -> Frame | None:
        key = (side, frame.fcf.label)
        self.seen[key] = self.seen.get(key, 0) + 1
        return None if (*key, self.seen[key]) in self.wanted else frame


@pytest.mark.parametrize(
    ("side", "label", "nth"),
    [
        ("answerer", "DIS", 1), ("answerer", "CSI", 1), ("answerer", "CFR", 1), ("answerer", "MCF", 1),
        ("answerer", "MCF", 2), ("answerer", "MCF", 3), ("caller", "DCS", 1), ("caller", "TSI", 1),
        ("caller", "MPS", 1), ("caller", "MPS", 2), ("caller", "EOP", 1), ("caller", "DCN", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 2])
def test_a_frame_damaged_once_or_twice_costs_time_and_no_page(
    side: str, label: str, nth: int, times: int
) -> None:
    loss = Loss({(side, label, nth + i) for i in range(times)})
    done = call(pages(3, rows=30), conditions=Conditions(frame=loss))
    expect_success(done, 3)


@pytest.mark.parametrize("label", ["MPS", "EOP"])
def test_a_command_never_heard_leaves_its_page_awaiting_at_both_ends(label: str) -> None:
    loss = Loss({("caller", label, nth) for nth in range(1, 9)})
    done = call(pages(2, rows=30), conditions=Conditions(frame=loss))
    assert done.sent.reason is Reason.NO_RESPONSE_PAGE
    assert done.sent.pages[-1].state is PageState.AWAITING
    assert done.received.pages[-1].state is PageState.AWAITING
    assert not done.received.success


def test_a_confirmation_never_heard_is_the_case_nobody_can_settle() -> None:
    loss = Loss({("answerer", "MCF", nth) for nth in range(1, 9)})
    done = call(pages(1, rows=30), conditions=Conditions(frame=loss))
    assert done.sent.reason is Reason.NO_RESPONSE_PAGE
    assert done.sent.pages[0].state is PageState.AWAITING
    assert [page.n for page in done.tray.pages] == [1]
    assert done.received.success


def test_the_training_check_decides_the_speed() -> None:
    def noisy(_side: str, data: bytes) -> bytes:
        return b"\x24" * len(data) if len(data) in (2700, 2250) and not any(data) else data

    done = call(pages(2), conditions=Conditions(data=noisy))
    expect_success(done, 2)
    assert done.sent.rate == 9600
    assert [what for what in done.said("caller") if what.startswith("TCF")] == [
        "TCF 14400",
        "TCF 12000",
        "TCF 9600",
    ]


def test_a_page_spoiled_once_is_sent_again_and_stored_once() -> None:
    spoiled: list[bytes] = []

    def noisy(_side: str, data: bytes) -> bytes:
        if any(data) and not spoiled:
            spoiled.append(data)
            return bytes(octet ^ (0x10 if i % 50 == 0 else 0) for i, octet in enumerate(data))
        return data

    done = call(pages(2), conditions=Conditions(data=noisy))
    expect_success(done, 2)
    assert (done.sent.rtn, done.received.rtn) == (1, 1)
    assert done.said("caller").count("page 14400") == 1
    assert done.said("caller").count("page 12000") == 2


def test_a_page_spoiled_every_time_is_rejected_and_kept_as_what_it_is() -> None:
    def noisy(_side: str, data: bytes) -> bytes:
        return (
            bytes(octet ^ (0x10 if i % 50 == 0 else 0) for i, octet in enumerate(data)) if any(data) else data
        )

    done = call(pages(2), conditions=Conditions(data=noisy))
    assert done.sent.reason is Reason.PAGE_REJECTED
    assert (done.sent.rtn, done.sent.confirmed) == (3, 0)
    assert [page.state for page in done.received.pages] == [PageState.REJECTED]
    assert len(done.tray.pages) == 1
    assert done.tray.pages[0].bad_lines


def test_a_page_whose_carrier_is_lost_whole_is_never_confirmed() -> None:
    count = 0

    def lossy(_side: str, data: bytes) -> bytes:
        nonlocal count
        count += any(data)
        return b"" if any(data) and count == 2 else data

    done = call(pages(3, rows=200), conditions=Conditions(data=lossy))
    assert not done.sent.success
    assert [page.n for page in done.tray.pages] == [1]
    assert done.sent.confirmed == 1


@pytest.mark.parametrize("delay", [0.25, 0.6, 1.5])
def test_a_satellite_between_the_ends_changes_nothing(delay: float) -> None:
    expect_success(call(pages(3, rows=40), conditions=Conditions(delay=delay)), 3)


@pytest.mark.parametrize("echo", [0.3, 0.6, 1.0, 1.45, 2.0, 2.6, 4.0])
def test_ends_that_hear_themselves_do_not_answer_themselves(echo: float) -> None:
    expect_success(call(pages(2, rows=30), conditions=Conditions(echo=echo)), 2)


# -- storing, cancelling, limits -------------------------------------------------------------------------


def slow(kind: type[Notice], seconds: float, n: int = 1) -> Conditions:
    """Return a line whose receiver's owner needs this long to store page `n`."""

    def storing(_side: str, notice: Notice) -> float:
        return seconds if isinstance(notice, kind) and getattr(notice, "n", 0) == n else 0.0

    return Conditions(storing=storing)


@pytest.mark.parametrize("seconds", [0.5, 1.9, 2.1, 2.9, 3.5, 4.2, 5.0, 6.0])
@pytest.mark.parametrize("n", [1, 2])
def test_a_page_stored_late_is_confirmed_once_and_nobody_talks_over_the_other(seconds: float, n: int) -> None:
    done = call(pages(2, rows=30), conditions=slow(PageStored, seconds, n))
    expect_success(done, 2)
    assert done.said("answerer").count("MCF") == 2
    ours = [one for one in done.line.said if one.what in ("MCF", "MPS", "EOP")]
    for earlier, later in pairwise(ours):
        assert later.at - earlier.at > 1.1, (earlier, later)


def test_a_page_stored_far_too_late_is_not_confirmed() -> None:
    done = call(pages(1, rows=30), conditions=slow(PageStored, 30.0))
    assert done.sent.reason is Reason.NO_RESPONSE_PAGE
    assert "MCF" not in done.said("answerer")
    assert [page.state for page in done.received.pages] == [PageState.AWAITING]


def test_each_write_ahead_notice_stands_before_what_it_announces() -> None:
    done = call(pages(2, rows=30))
    kinds = [type(one) for one in done.line.notices["caller"]]
    assert kinds[:2] == [Dialling, Answered]
    assert kinds[-1] is Finished
    rest = [kind for kind in kinds if kind in (PageSending, PageAwaiting, PageConfirmed)]
    assert rest == [PageSending, PageAwaiting, PageConfirmed] * 2
    assert [one.id for one in done.line.notices["caller"]] == list(range(1, len(kinds) + 1))


@pytest.mark.parametrize("kind", [PageAwaiting, PageConfirmed])
def test_a_slow_store_of_the_sender_holds_the_line_and_loses_nothing(kind: type[Notice]) -> None:
    expect_success(call(pages(2, rows=30), conditions=slow(kind, 3.0)), 2)


def test_the_agreed_parameters_are_told_once_for_each_change() -> None:
    done = call(pages(3, rows=30))
    for side in ("caller", "answerer"):
        told = [one for one in done.line.notices[side] if isinstance(one, Negotiated)]
        assert [(one.rate, one.compression, one.ecm) for one in told] == [(14400, "MR", False)]


@pytest.mark.parametrize("after", [0.0, 4.0, 9.0, 11.0, 13.5, 15.0, 17.5, 19.5, 21.0, 40.0])
def test_cancelling_at_any_moment_ends_the_call_at_both_ends(after: float) -> None:
    sender, receiver = T30Sender(CALLER, pages(4, rows=300)), T30Receiver(ANSWERER, _Nowhere())
    line = Line(sender, receiver)
    line.at(after, lambda: line.caller.perform(sender.cancel(line.now)))
    line.run()
    assert sender.result
    assert sender.result.reason is Reason.CANCELLED
    assert sender.result.line_seconds <= after
    assert receiver.done or after < 5


def test_a_call_longer_than_its_limit_is_ended() -> None:
    done = call(pages(30, rows=200), CallJob("call", "1", max_seconds=60, compressions=(MH,)))
    assert done.sent.reason is Reason.CALL_DROPPED
    assert "60 s" in done.sent.t30
    assert 0 < done.sent.confirmed < 30
    assert done.said("caller")[-1] == "DCN"


@pytest.mark.parametrize("lost", range(0, 60, 3))
def test_the_ends_agree_on_what_is_certain_wherever_the_line_is_cut(lost: int) -> None:
    """What the sender calls confirmed the receiver has stored; the receiver may know of one page more."""
    heard = 0

    def cut(_side: str, frame: Frame) -> Frame | None:
        nonlocal heard
        heard += 1
        return None if heard > lost // 3 else frame

    done = call(pages(4, rows=30), conditions=Conditions(frame=cut))
    confirmed = [page.n for page in done.sent.pages if page.state is PageState.CONFIRMED]
    stored = [page.n for page in done.tray.pages]
    assert stored[: len(confirmed)] == confirmed
    assert len(stored) <= len(confirmed) + 1
    assert done.sent.success == (len(confirmed) == 4)


def test_the_same_call_gives_the_same_log_twice() -> None:
    first, second = call(pages(2)), call(pages(2))
    assert first.line.said == second.line.said
    assert first.sent == second.sent


def test_dcn_is_the_last_word_of_every_successful_sender() -> None:
    assert call(pages(1)).said("caller")[-1] == Fcf.DCN.label
    assert Fcf.DCN.label not in call(pages(1)).said("answerer")


def test_three_pages_of_full_size_at_14400_take_the_time_the_line_takes() -> None:
    done = call(pages(3, rows=1146, resolutions=(FINE,)))
    expect_success(done, 3)
    octets = sum(page.bytes for page in done.sent.pages)
    assert done.sent.line_seconds < octets * 8 / 14400 + 11 + 3 * 2.9
    assert done.sent.rate == Rate.V17_14400.bits


class _Nowhere:
    """A sink for pages nobody looks at."""

    def store(self, page: object) -> None:
        """Drop it."""
