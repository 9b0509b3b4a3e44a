"""libspandsp as it is wrapped: a missing library says what to install; the objects do what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modem.sim.audio import is_silent
from modem.sim.disguise import Disguise
from modem.sim.libspandsp import MissingLibraryError, load
from modem.sim.spandsp import (
    Abilities,
    Burst,
    CallDone,
    CallEvent,
    FaxMachine,
    Op,
    SoftModem,
    Wiretap,
    block,
    frame_name,
)

if TYPE_CHECKING:
    from pathlib import Path


def text(modem: SoftModem) -> str:
    return b"".join(modem.take_output()).decode("latin-1")


def test_a_missing_library_names_the_debian_package() -> None:
    with pytest.raises(MissingLibraryError, match="libspandsp2"):
        load("libspandsp-that-nobody-has.so.2")


def test_the_library_is_opened_once() -> None:
    assert load() is load()


def test_a_new_modem_has_said_nothing_and_asked_for_nothing() -> None:
    modem = SoftModem()
    assert modem.take_output() == []
    assert modem.take_requests() == []
    modem.close()


def test_a_result_code_is_a_piece_of_its_own() -> None:
    modem = SoftModem()
    modem.write(b"AT+FCLASS=1\r")
    assert modem.take_output()[1:] == [b"\r\n", b"OK", b"\r\n"]
    modem.close()


def test_dialling_answering_and_hanging_up_become_requests() -> None:
    modem = SoftModem()
    modem.write(b"AT+FCLASS=1\rATDT03,1234\r")
    (call,) = modem.take_requests()
    assert (call.op, call.digits) == (Op.CALL, "03,1234")
    modem.write(b"ATH\r")
    assert [request.op for request in modem.take_requests()] == [Op.HANG_UP]
    modem.write(b"ATA\r")
    assert [request.op for request in modem.take_requests()] == [Op.ANSWER]
    modem.close()


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (CallEvent.BUSY, "BUSY"),
        (CallEvent.NO_ANSWER, "NO ANSWER"),
        (CallEvent.NO_DIALTONE, "NO DIALTONE"),
        (CallEvent.ALERTING, "RING"),
    ],
)
def test_call_progress_reaches_the_host_as_its_result_code(event: CallEvent, code: str) -> None:
    modem = SoftModem()
    modem.event(event)
    assert text(modem) == f"\r\n{code}\r\n"
    modem.close()


def test_caller_id_is_shown_once_and_only_if_asked_for() -> None:
    silent, asked = SoftModem(), SoftModem()
    asked.write(b"AT+VCID=1\r")
    asked.take_output()
    for modem in (silent, asked):
        modem.announce("+81399998888", "+81344772288")
        modem.event(CallEvent.ALERTING)
    assert text(silent) == "\r\nRING\r\n"
    assert text(asked) == "\r\nNMBR=+81399998888\r\n\r\nNDID=+81344772288\r\n\r\nRING\r\n"
    asked.event(CallEvent.ALERTING)
    assert text(asked) == "\r\nRING\r\n"
    for modem in (silent, asked):
        modem.close()


def test_a_called_machine_answers_with_csi_and_dis(tmp_path: Path) -> None:
    machine = FaxMachine(
        caller=False, ident="+81 3 1234", document=tmp_path / "x.tif", abilities=Abilities(ecm=False)
    )
    tap, samples, silence = Wiretap(), block(), block()
    frames = []
    for _ in range(300):
        machine.transmit(samples)
        frames += tap.hear(samples)
        machine.receive(silence)
    assert [frame_name(frame) for frame in frames[:2]] == ["CSI", "DIS"]
    assert bytes(reversed(frames[0][3:])).decode().strip() == "+81 3 1234"
    assert not frames[1][6] & 0x04, "bit 27: no ECM"
    machine.close()
    tap.close()


def test_a_dropped_line_ends_a_machines_call_with_code_49(tmp_path: Path) -> None:
    machine = FaxMachine(caller=False, ident="1", document=tmp_path / "x.tif", abilities=Abilities())
    machine.transmit(block())
    machine.line_dropped()
    (done,) = machine.take_events()
    assert isinstance(done, CallDone)
    assert done.code == 49
    assert machine.take_events() == []
    machine.close()


def test_a_short_or_empty_frame_has_no_name() -> None:
    assert frame_name(b"\xff\x13") == ""
    assert frame_name(bytes.fromhex("ff138c")) == "MCF"


def test_a_burst_of_ours_is_one_good_frame_on_the_line() -> None:
    burst, tap, samples = Burst(bytes.fromhex("ff134f")), Wiretap(), block()
    frames = []
    for _ in range(100):
        burst.transmit(samples)
        frames += tap.hear(samples)
    assert frames == [bytes.fromhex("ff134f")]
    burst.close()
    tap.close()


def test_a_disguise_covers_bursts_and_leaves_silence_alone() -> None:
    disguise, tap, samples = Disguise(), Wiretap(), block()
    frames = []
    for _ in range(2):
        disguise.cover(samples, silent=True)
        assert is_silent(samples)
        for _ in range(55):
            disguise.cover(samples, silent=False)
            frames += tap.hear(samples)
        samples = block()
    disguise.take_off()
    assert frames == [bytes.fromhex("ff134f")] * 2
    tap.close()
