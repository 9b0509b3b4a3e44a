"""The watch over a call's frames: which page is on the carrier, what was confirmed, what completes a fax."""

from __future__ import annotations

import pytest

from modem.sim.watch import PageWatch, is_v27ter

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
