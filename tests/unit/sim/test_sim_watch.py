"""The watch over a call's frames: which page is on the carrier, what was confirmed, what completes a fax."""

from __future__ import annotations

import pytest

from modem.sim.watch import PageWatch, is_v27ter, page_command

CALLER, CALLED = 0, 1
V17_14400 = bytes.fromhex("ff1383002278")
V29_9600 = bytes.fromhex("ff1383000678")
V27_4800 = bytes.fromhex("ff1383000a78")
V27_2400 = bytes.fromhex("ff1383000278")


def say(watch: PageWatch, *frames: tuple[int, str]) -> list[bool]:
    return [watch.frame(side, name, V17_14400) for side, name in frames]


def carrier(watch: PageWatch, seconds: float, side: int = CALLER) -> None:
    for _ in range(round(seconds / 0.02)):
        watch.block(silent=(side != CALLER, side != CALLED))


def pause(watch: PageWatch) -> None:
    watch.block(silent=(True, True))


def trained() -> PageWatch:
    watch = PageWatch()
    say(watch, (CALLER, "DCS"))
    carrier(watch, 1.5)
    say(watch, (CALLED, "CFR"))
    return watch


def test_no_page_before_training_was_confirmed() -> None:
    watch = PageWatch()
    say(watch, (CALLER, "DCS"))
    carrier(watch, 5)
    assert watch.page == 0


def test_page_one_begins_with_the_carrier_after_cfr_and_ends_with_it() -> None:
    watch = trained()
    pause(watch)
    assert watch.page == 0
    carrier(watch, 2)
    assert watch.page == 1
    assert watch.seconds == pytest.approx(2.0)
    pause(watch)
    assert watch.page == 0


def test_the_next_page_follows_mps_and_mcf() -> None:
    watch = trained()
    carrier(watch, 2)
    pause(watch)
    assert say(watch, (CALLER, "MPS"), (CALLED, "MCF")) == [False, True]
    carrier(watch, 1)
    assert watch.page == 2


def test_after_eop_and_mcf_the_fax_is_complete_and_dcn_is_no_page() -> None:
    watch = trained()
    carrier(watch, 2)
    pause(watch)
    say(watch, (CALLER, "EOP"), (CALLED, "MCF"))
    assert watch.complete
    carrier(watch, 1)
    assert watch.page == 0


def test_rtn_confirms_nothing_and_the_page_comes_again_after_cfr() -> None:
    watch = trained()
    carrier(watch, 2)
    pause(watch)
    say(watch, (CALLER, "EOP"), (CALLED, "RTN"), (CALLER, "DCS"), (CALLED, "CFR"))
    carrier(watch, 1)
    assert (watch.page, watch.confirmed, watch.complete) == (1, 0, False)


def test_a_fax_that_ends_without_the_confirmation_of_eop_is_not_complete() -> None:
    watch = trained()
    carrier(watch, 2)
    pause(watch)
    say(watch, (CALLER, "MPS"), (CALLED, "MCF"), (CALLER, "EOP"), (CALLER, "DCN"))
    assert (watch.confirmed, watch.complete) == (1, False)


def test_whoever_sends_dcs_is_the_sender() -> None:
    watch = PageWatch()
    say(watch, (CALLED, "DCS"), (CALLER, "CFR"))
    carrier(watch, 1, side=CALLED)
    assert watch.page == 1


@pytest.mark.parametrize(
    ("dcs", "slow"),
    [(V17_14400, False), (V29_9600, False), (V27_4800, True), (V27_2400, True)],
)
def test_v27ter_is_known_by_its_dcs_because_it_trains_longer(dcs: bytes, *, slow: bool) -> None:
    assert is_v27ter(dcs) is slow
    watch = PageWatch()
    watch.frame(CALLER, "DCS", dcs)
    say_cfr = watch.frame(CALLED, "CFR", b"")
    carrier(watch, 1.0)
    assert not say_cfr
    assert watch.trained is not slow


# -- error correction, and commands that are said again


def pps(then: int) -> bytes:
    """A PPS frame: FF 13, PPS, and what follows the page."""
    return bytes([0xFF, 0x13, 0xBF, then, 0, 0, 0])


NULL, ECM_MPS, ECM_EOP = 0x00, 0x4F, 0x2F


def block_of(watch: PageWatch, then: int, *answers: str) -> list[bool]:
    """A block on the carrier, its PPS, and the answers to it."""
    carrier(watch, 2)
    pause(watch)
    watch.frame(CALLER, "PPS", pps(then))
    return [watch.frame(CALLED, answer, b"") for answer in answers]


def test_the_mcf_of_a_partial_page_confirms_no_page() -> None:
    watch = trained()
    assert block_of(watch, NULL, "MCF") == [False]
    assert (watch.confirmed, watch.complete) == (0, False)
    assert block_of(watch, ECM_MPS, "MCF") == [True]
    assert block_of(watch, ECM_EOP, "MCF") == [True]
    assert (watch.confirmed, watch.complete) == (2, True)


def test_the_blocks_of_a_page_are_one_page_whose_seconds_go_on() -> None:
    watch = trained()
    block_of(watch, NULL, "MCF")
    carrier(watch, 1)
    assert watch.page == 1
    assert watch.seconds > 3


def test_an_mcf_said_again_is_not_another_page() -> None:
    watch = trained()
    assert block_of(watch, ECM_MPS, "MCF", "MCF") == [True, False]
    carrier(watch, 1.5)  # the sender did not hear it: its PPS comes again
    watch.frame(CALLER, "PPS", pps(ECM_MPS))
    pause(watch)
    assert watch.frame(CALLED, "MCF", b"") is False
    assert watch.confirmed == 1
    assert block_of(watch, ECM_EOP, "MCF") == [True]
    assert watch.confirmed == 2


def test_a_burst_of_frames_that_seemed_to_be_a_page_is_none() -> None:
    watch = trained()
    block_of(watch, ECM_MPS, "MCF")
    carrier(watch, 1.5)
    assert watch.page == 2
    watch.frame(CALLER, "DCN", b"")
    assert watch.page == 0
    carrier(watch, 0.5)
    assert watch.page == 0, "the burst goes on"


def test_a_page_given_up_is_not_confirmed_and_the_next_one_may_come() -> None:
    watch = trained()
    block_of(watch, ECM_MPS, "PPR", "PPR", "PPR", "PPR")
    watch.frame(CALLER, "EOR", pps(ECM_MPS))
    pause(watch)
    assert watch.frame(CALLED, "ERR", b"") is False
    carrier(watch, 1)
    assert (watch.page, watch.confirmed) == (1, 0)


def test_rtp_and_pip_confirm_too() -> None:
    for answer in ("RTP", "PIP"):
        watch = trained()
        carrier(watch, 2)
        pause(watch)
        assert say(watch, (CALLER, "MPS"), (CALLED, answer)) == [False, True]


@pytest.mark.parametrize(
    ("name", "frame", "command"),
    [
        ("MPS", b"", "MPS"),
        ("PRI-EOP", b"", "EOP"),
        ("PPS", pps(0x8F), "EOM"),
        ("PPS", pps(0x5F), "MPS"),
        ("PPS", pps(0x77), ""),
        ("PPS", b"\xff\x13\xbf", ""),
        ("EOR", pps(ECM_EOP), "EOP"),
        ("MCF", b"", ""),
    ],
)
def test_what_follows_a_page_is_read_from_every_form_of_its_command(
    name: str, frame: bytes, command: str
) -> None:
    assert page_command(name, frame) == command
