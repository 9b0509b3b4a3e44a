"""Our sender and our receiver in ECM on one line: every mix of parameters, losses, slow stores, cut lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count, product
from typing import TYPE_CHECKING, Literal

import pytest
from t30_ecm_words import block
from t30_fixtures import ANSWERER, CALLER, COMMON, Call, Tray, burst, call, feed, names, pages, stream

from modem import t4
from modem.actions import HangUp, SendFrames, SendPage
from modem.capabilities import Dis, negotiate, offer
from modem.coding import WIDTHS, Coding, Compression, Resolution
from modem.events import Connected, DataEnded, DataReceived, HungUp, Sent
from modem.fcf import Fcf, Frame
from modem.notices import Negotiated, PageStored
from modem.rates import Modulation, Rate
from modem.receiver import T30Receiver
from modem.result import PageState, Reason
from modem.simline import Conditions

if TYPE_CHECKING:
    from modem.notices import Notice

MH, MR, MMR = Compression.MH, Compression.MR, Compression.MMR
V17, V29, V27 = Modulation.V17, Modulation.V29, Modulation.V27TER
ALL = tuple(Compression)
SENDS = replace(CALLER, ecm=True, compressions=ALL)
TAKES = replace(ANSWERER, ecm=True, compressions=ALL)


def ecm(
    document_pages: int = 2, rows: int = 60, conditions: Conditions | None = None, **answerer: object
) -> Call:
    """Run a call of pages in MMR."""
    document = pages(document_pages, rows=rows, compressions=ALL)
    takes = replace(TAKES, **answerer)  # type: ignore[arg-type]
    return call(document, replace(SENDS, compressions=(MMR,)), takes, conditions)


def expect(done: Call, count: int) -> None:
    """Hold that every page arrived, once, whole and without a bad line."""
    assert done.sent.success, done.sent
    assert done.received.success, done.received
    assert [page.n for page in done.tray.pages] == list(range(1, count + 1))
    assert [page.state for page in done.received.pages] == [PageState.CONFIRMED] * count
    for page in done.tray.pages:
        rows = page.rows
        source = stream(page.coding.compression, page.coding.width, rows, page.n)
        assert page.data.startswith(source)
        assert not page.bad_lines
        assert page.ecm


MIXES = [
    mix
    for mix in product(
        ((V17, V29, V27), (V29, V27), (V27,)),
        (14400, 12000, 9600, 7200, 4800, 2400),
        ALL,
        (64, 256),
        (1, 3),
    )
    if not (V17 not in mix[0] and mix[1] > 9600) and not (mix[0] == (V27,) and mix[1] > 4800)
]


@pytest.mark.parametrize(("modulations", "max_rate", "compression", "octets", "count"), MIXES)
def test_every_mix_arrives_octet_for_octet(
    modulations: tuple[Modulation, ...],
    max_rate: int,
    compression: Compression,
    octets: Literal[64, 256],
    count: int,
) -> None:
    document = pages(count, rows=20, compressions=ALL)
    takes = replace(TAKES, modulations=modulations, ecm_octets=octets)
    done = call(document, replace(SENDS, max_rate=max_rate, compressions=(compression,)), takes)
    expect(done, count)
    page = done.tray.pages[0]
    assert page.coding.compression is compression
    assert page.rate == min(max_rate, {V17: 14400, V29: 9600, V27: 4800}[modulations[0]])
    assert (done.sent.ecm, done.received.ecm, done.sent.ppr) == (True, True, 0)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("compression", ALL)
def test_every_resolution_and_width_arrives(
    resolution: Resolution, which: int, compression: Compression
) -> None:
    width = WIDTHS[resolution][which]
    document = pages(1, rows=10, compressions=ALL, resolutions=(resolution,), widths=(width,))
    takes = replace(TAKES, receive_resolutions=tuple(Resolution), receive_widths=(1728, 2048, 2432))
    done = call(document, replace(SENDS, compressions=(compression,)), takes)
    expect(done, 1)
    assert (done.tray.pages[0].coding.resolution, done.tray.pages[0].coding.width) == (resolution, width)


@pytest.mark.parametrize(
    ("sends", "takes", "compression"),
    [
        (SENDS, replace(TAKES, ecm=False), MR),
        (replace(SENDS, ecm=False), TAKES, MR),
        (replace(SENDS, compressions=(MMR, MH)), replace(TAKES, ecm=False), MH),
        (SENDS, replace(TAKES, compressions=(MH,)), MH),
    ],
)  # fmt: skip
def test_what_one_end_does_not_want_is_not_used(
    sends: object, takes: object, compression: Compression
) -> None:
    done = call(pages(1, compressions=ALL), sends, takes)  # type: ignore[arg-type]
    assert done.sent.success
    assert done.received.success
    assert done.tray.pages[0].coding.compression in (compression, MH)
    assert done.sent.ecm == done.received.ecm == done.tray.pages[0].ecm
    assert done.tray.pages[0].coding.compression is not MMR


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"modulations": (V29, V27)}, lambda dis: all(rate.modulation is not V17 for rate in dis.rates)),
        ({"modulations": (V27,)}, lambda dis: {rate.modulation for rate in dis.rates} == {V27}),
        ({"max_rate": 9600}, lambda dis: max(rate.bits for rate in dis.rates) == 9600),
        ({"ecm": False}, lambda dis: not dis.ecm and MMR not in dis.compressions),
        ({"compressions": (MH,)}, lambda dis: dis.compressions == {MH}),
        ({"ecm_octets": 64}, lambda dis: dis.ecm_octets == 64),
        (
            {"receive_resolutions": (Resolution.STANDARD,)},
            lambda dis: dis.resolutions == {Resolution.STANDARD},
        ),
        ({"receive_widths": (1728, 2048)}, lambda dis: dis.widths == (1728, 2048)),
        ({"min_scan_ms": 20}, lambda dis: dis.min_scan_ms(Resolution.STANDARD) == 20),
    ],
)  # fmt: skip
def test_every_field_that_narrows_a_call_narrows_its_dis_and_the_call_goes_through(
    fields: dict[str, object],
    kept: object,
) -> None:
    done = call(pages(1, compressions=ALL), SENDS, replace(TAKES, **fields))  # type: ignore[arg-type]
    assert done.sent.success
    assert kept(Dis(bytes.fromhex(done.sent.dis)))  # type: ignore[operator]


# -- blocks ------------------------------------------------------------------------------------------------


def commands(done: Call) -> list[tuple[str, int, int]]:
    """Return (command, page, block) of every PPS on the line."""
    bursts = [one.action for one in done.line.said if one.what == "PPS"]
    fifs = [one.frames[-1].fif for one in bursts if isinstance(one, SendFrames)]
    names = {0: "NULL", Fcf.MPS: "MPS", Fcf.EOM: "EOM", Fcf.EOP: "EOP"}
    return [(names[fif[0] & ~1], fif[1], fif[2]) for fif in fifs]


def test_a_page_of_several_blocks_is_joined() -> None:
    done = ecm(2, rows=1100, ecm_octets=64)
    expect(done, 2)
    assert ("NULL", 0, 0) in commands(done)
    assert ("NULL", 1, 0) in commands(done)
    assert max(block for _, _, block in commands(done)) >= 1


def test_a_document_that_changes_its_coding_in_the_middle_is_received_whole() -> None:
    document = pages(2, rows=40, compressions=ALL)
    mixed = replace(
        document, sheets=(document.sheets[0], replace(document.sheets[1], resolutions=(Resolution.STANDARD,)))
    )
    done = call(mixed, SENDS, TAKES)
    expect(done, 2)
    assert [page.coding.resolution for page in done.tray.pages] == [Resolution.FINE, Resolution.STANDARD]
    assert "EOM" in [command for command, _, _ in commands(done)]


def lossy(numbers: set[int]) -> Conditions:
    """Return a line that spoils every frame of the fast carriers with these numbers, counted from 0."""
    carriers = count()

    def data(side: str, octets: bytes) -> bytes:
        if side != "caller" or not any(octets) or next(carriers) not in numbers:
            return octets
        return bytes(octet ^ (0x10 if i % 90 == 0 else 0) for i, octet in enumerate(octets))

    return Conditions(data=data)


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_frames_lost_are_sent_again_and_the_page_is_whole(bad: int) -> None:
    done = ecm(2, rows=200, conditions=lossy(set(range(bad))))
    expect(done, 2)
    assert done.sent.ppr == done.received.ppr == bad


def test_a_line_that_spoils_every_burst_at_this_rate_is_corrected_at_another() -> None:
    done = ecm(1, rows=200, conditions=lossy({0, 1, 2, 3}))
    expect(done, 1)
    assert "CTC" in done.said("caller")
    assert "CTR" in done.said("answerer")
    rates = [one.rate for one in done.line.notices["answerer"] if isinstance(one, Negotiated)]
    assert rates[-1] < rates[0]
    trained = [one.action.long for one in done.line.said if isinstance(one.action, SendPage)]
    assert trained == [False] * 4 + [True]


def test_a_block_lost_whole_is_asked_for_again() -> None:
    lost = iter([True])

    def data(side: str, octets: bytes) -> bytes:
        return b"" if side == "caller" and any(octets) and next(lost, False) else octets

    done = ecm(2, conditions=Conditions(data=data))
    expect(done, 2)
    assert done.received.ppr == 1


def test_a_carrier_cut_off_in_a_block_costs_a_correction() -> None:
    cut = iter([True])

    def data(side: str, octets: bytes) -> bytes:
        return octets[: len(octets) // 2] if side == "caller" and any(octets) and next(cut, False) else octets

    done = ecm(1, rows=300, conditions=Conditions(data=data))
    expect(done, 1)
    assert done.received.ppr == 1


# -- answers missed ----------------------------------------------------------------------------------------


def losing(label: str, numbers: set[int]) -> Conditions:
    """Return a line that damages these of the frames of a name, counted from 1."""
    seen: Counter[str] = Counter()

    def frame(_side: str, one: Frame) -> Frame | None:
        seen[one.fcf.label] += 1
        return None if one.fcf.label == label and seen[label] in numbers else one

    return Conditions(frame=frame)


@pytest.mark.parametrize("label", ["PPS", "MCF", "CFR", "DCS"])
@pytest.mark.parametrize("numbers", [{1}, {1, 2}, {2}, {2, 3}, {3}])
def test_frames_of_v21_damaged_once_or_twice_cost_time_and_no_page(label: str, numbers: set[int]) -> None:
    expect(ecm(3, rows=30, conditions=losing(label, numbers)), 3)


@pytest.mark.parametrize("label", ["PPR", "PPS", "CTC", "CTR"])
def test_corrections_survive_the_loss_of_their_own_frames(label: str) -> None:
    spoiled, frames = lossy({0, 1, 2, 3}), losing(label, {1})
    done = ecm(1, rows=200, conditions=Conditions(frame=frames.frame, data=spoiled.data))
    expect(done, 1)
    assert done.received.ppr == 4


def test_a_confirmation_never_heard_leaves_one_page_stored_and_awaiting_at_the_sender() -> None:
    done = ecm(1, conditions=losing("MCF", set(range(1, 9))))
    assert done.sent.reason is Reason.NO_RESPONSE_PAGE
    assert done.sent.pages[0].state is PageState.AWAITING
    assert [page.n for page in done.tray.pages] == [1]


def test_a_command_never_heard_leaves_the_page_awaiting_at_both_ends_and_stored() -> None:
    done = ecm(1, conditions=losing("PPS", set(range(1, 9))))
    assert not done.sent.success
    assert not done.received.success
    assert [page.state for page in done.received.pages] == [PageState.AWAITING]
    assert [page.n for page in done.tray.pages] == [1]
    assert not done.tray.pages[0].bad_lines


@pytest.mark.parametrize("echo", [0.3, 0.6, 1.0, 1.45, 2.0])
def test_ends_that_hear_themselves_do_not_answer_themselves(echo: float) -> None:
    expect(ecm(2, rows=30, conditions=Conditions(echo=echo)), 2)


@pytest.mark.parametrize("delay", [0.25, 0.6, 1.0])
def test_a_satellite_between_the_ends_changes_nothing(delay: float) -> None:
    expect(ecm(2, rows=30, conditions=Conditions(delay=delay)), 2)


# -- storing -----------------------------------------------------------------------------------------------


def storing(seconds: float, n: int = 1) -> Conditions:
    """Return a line whose receiver's owner needs this long to store page `n`."""

    def needed(_side: str, notice: Notice) -> float:
        return seconds if isinstance(notice, PageStored) and notice.n == n else 0.0

    return Conditions(storing=needed)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("seconds", [0.5, 1.9, 2.1, 3.0, 5.0, 9.0, 20.0, 45.0])
def test_a_store_that_takes_its_time_says_rnr_and_confirms_once(seconds: float, n: int) -> None:
    done = ecm(2, rows=30, conditions=storing(seconds, n))
    expect(done, 2)
    answers = done.said("answerer")
    assert answers.count("MCF") == 2
    assert ("RNR" in answers) == (seconds > 2.0)
    stored = next(
        one.at for one in done.line.notices["answerer"] if isinstance(one, PageStored) and one.n == n
    )
    confirmed = [one.at for one in done.line.said if one.what == "MCF"][n - 1]
    assert confirmed >= stored + seconds


def test_a_store_slower_than_t5_is_left_by_the_sender_and_nothing_is_confirmed() -> None:
    done = ecm(1, conditions=storing(200.0))
    assert not done.sent.success
    assert done.sent.pages[0].state is PageState.AWAITING
    assert "MCF" not in done.said("answerer")
    assert not done.received.success
    assert [page.state for page in done.received.pages] == [PageState.AWAITING]


def test_a_far_end_that_asks_for_ever_is_left_when_the_store_never_ends() -> None:
    data = t4.finish(stream(MH, 1728, 60, 1), MH)
    dis = offer(rates=Rate, compressions=ALL, resolutions=COMMON, ecm=True)
    dcs = negotiate(dis, Coding(MH), Rate.V17_14400, ecm_octets=64)
    receiver = T30Receiver(TAKES, Tray())
    receiver.start(0.0)
    train = [Connected(), Sent(), *burst(Frame(Fcf.DCS, fif=dcs.fif)), DataReceived(bytes(2700)), DataEnded()]
    page = [Sent(), DataReceived(block(data, 0, "0-14", 64)), DataEnded()]
    feed(receiver, [*train, *page, *burst(Frame(Fcf.PPS, fif=bytes((Fcf.EOP, 0, 0, 14))))], 10.0)
    now, said = 12.0, receiver.timeout(12.0)
    while not isinstance(said[-1], HangUp):
        assert "RNR" in names(said)
        now += 3.0
        said = feed(receiver, [Sent(), *burst(Frame(Fcf.RR))], now)
    assert 90.0 <= now - 12.0 <= 95.0
    receiver.handle(HungUp(), now + 2.0)
    assert receiver.result
    assert (receiver.result.success, receiver.result.reason) == (False, Reason.MODEM_ERROR)


def test_rnr_begins_two_seconds_after_the_command() -> None:
    done = ecm(1, conditions=storing(10.0))
    asked = next(one for one in done.line.said if one.what == "PPS")
    first = next(one.at for one in done.line.said if one.what == "RNR")
    left = asked.at + 1.0 + 11 * 8 * 1.05 / 300
    assert 2.0 <= first - left <= 2.5


# -- the line goes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("heard", range(2, 16))
def test_the_ends_agree_on_what_is_certain_wherever_the_line_is_cut(heard: int) -> None:
    frames = count()

    def cut(_side: str, frame: Frame) -> Frame | None:
        return frame if next(frames) < heard else None

    done = ecm(3, rows=30, conditions=Conditions(frame=cut))
    confirmed = [page.n for page in done.sent.pages if page.state is PageState.CONFIRMED]
    stored = [page.n for page in done.tray.pages]
    assert stored[: len(confirmed)] == confirmed
    assert len(stored) <= len(confirmed) + 1
    assert done.sent.success == (len(confirmed) == 3)


def test_what_came_of_a_page_whose_line_went_is_stored_unconfirmed() -> None:
    """The second block never comes: what the first one holds is kept, as far as it decodes."""
    carriers = count()

    def data(side: str, octets: bytes) -> bytes:
        return b"" if side == "caller" and any(octets) and next(carriers) >= 1 else octets

    document = pages(1, rows=1100, compressions=ALL)
    takes = replace(TAKES, ecm_octets=64, receive_resolutions=COMMON)
    done = call(document, replace(SENDS, compressions=(MMR,), max_rate=2400), takes, Conditions(data=data))
    assert not done.sent.success
    (page,) = done.tray.pages
    assert 0 < page.rows < 2200
    assert page.bad_lines == (page.rows - 1,)
    assert [one.state for one in done.received.pages] == [PageState.AWAITING]
