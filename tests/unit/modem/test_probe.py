from __future__ import annotations

import pytest

from modem.probe import QUESTIONS, Probe, listed

ANSWERS = {
    b"AT+FMI?\r": b"\r\nwww.soft-switch.org\r\n\r\nOK\r\n",
    b"AT+FCLASS=?\r": b"\r\n0,1,1.0\r\n\r\nOK\r\n",
    b"AT+FTM=?\r": b"\r\n+FTM: 96,146\r\n\r\nOK\r\n",
    b"AT+FRM=?\r": b"\r\n(24,96,145)\r\n\r\nOK\r\n",
    b"AT+FAR=?\r": b"\r\nERROR\r\n",
}


def test_every_question_is_asked_and_its_answer_kept() -> None:
    probe = Probe()
    probe.start(0.0)
    while not probe.done:
        asked = probe.data_to_send()
        probe.receive_data(asked + b"\n" + ANSWERS.get(asked, b"\r\nOK\r\n"), 1.0)
    assert tuple(probe.answers) == QUESTIONS
    assert probe.answers["AT+FMI?"] == ["www.soft-switch.org", "OK"]
    assert probe.answers["AT+FTM=?"] == ["+FTM: 96,146", "OK"]
    assert probe.answers["AT+FAR=?"] == ["ERROR"]
    assert probe.profile.name == "softmodem"
    assert probe.profile.carriers == ("96",)
    assert probe.next_deadline() is None


def test_a_silent_modem_is_asked_twice_and_then_left() -> None:
    probe = Probe()
    probe.start(0.0)
    assert probe.data_to_send() == b"ATE0V1Q0\r"
    probe.timeout(2.9)
    assert probe.data_to_send() == b""
    probe.timeout(3.0)
    assert probe.data_to_send() == b"\x10\x03\x18\rATE0V1Q0\r"
    probe.timeout(6.0)
    assert probe.done
    assert not probe.alive
    assert probe.profile.name == "generic"


def test_one_question_without_an_answer_does_not_end_the_probe() -> None:
    probe = Probe(("AT", "ATI3", "AT+FMI?"))
    probe.start(0.0)
    probe.receive_data(b"OK\r\n", 0.1)
    probe.timeout(3.1)
    probe.receive_data(b"Agere\r\nOK\r\n", 3.2)
    assert probe.answers == {"AT": ["OK"], "ATI3": [], "AT+FMI?": ["Agere", "OK"]}
    assert probe.profile.name == "lucent"
    assert [entry.text for entry in probe.take_trace()] == ["AT", "ATI3", "AT+FMI?"]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("0,1,1.0,2,2.0,2.1,8", ("0", "1", "1.0", "2", "2.0", "2.1", "8")),
        ("+FTM: (24,48,72-74,145)", ("24", "48", "72", "73", "74", "145")),
        ("(0-2,8)", ("0", "1", "2", "8")),
        ("( 0 - 1 , 1.0 )", ("0", "1", "1.0")),
        ("", ()),
        ("OK", ()),
        ("9999999-99999999", ()),
        ("8-0", ()),
    ],
)
def test_ranges_are_written_out(said: str, values: tuple[str, ...]) -> None:
    assert listed(said) == values


def test_a_modem_that_names_its_classes_as_a_range_is_a_fax_modem() -> None:
    probe = Probe()
    probe.answers = {"AT+FCLASS=?": ["(0-2)", "OK"]}
    assert probe.classes == ("0", "1", "2")
    assert probe.is_fax
