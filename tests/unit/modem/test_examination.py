"""What `probe-modem` makes of modems: each thing found has its level, each fault its remedy."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from modem.examination import FAIL, NOTE, OK, SPEEDS, WARN, Examination, Finding, examine
from modem.port import MemoryPort

if TYPE_CHECKING:
    from collections.abc import Mapping

CONEXANT = {
    "AT+FMI?": "CONEXANT",
    "AT+FMM?": "CX93001-EIS_V0.2013-V92",
    "AT+FCLASS=?": "0,1,1.0,8",
    "AT+FTM=?": "+FTM: 24,48,72,73,74,96,97,98,121,122,145,146",
    "AT+FRM=?": "+FRM: 24,48,72,73,74,96,97,98,121,122,145,146",
}


class Desk(MemoryPort):
    """A modem on the examiner's desk: `says` maps commands to answers, None means silence."""

    def __init__(
        self,
        says: Mapping[str, str | None],
        *,
        answers_at: int | None = None,
        echo: bool = False,
        lines: Mapping[str, bool] | None = None,
        remark: str = "",
        dies_at: str = "",
    ) -> None:
        super().__init__("/dev/ttyACM0")
        self.remark = remark
        self._says, self._answers_at, self._echo, self._lines = says, answers_at, echo, lines
        self._dies_at, self._dead = dies_at, False

    def write(self, data: bytes) -> int:
        command = data.decode("ascii", "replace").rstrip("\r").rpartition("\r")[2]
        self._dead = self._dead or command == self._dies_at
        if not self._dead and (self._answers_at is None or (self.settings or (0,))[0] == self._answers_at):
            if self._echo:
                self.say(f"{command}\r\n".encode())
            answer = self._says.get(command, "")
            if answer is not None:
                text = f"\r\n{answer}\r\n" if answer else "\r\n"
                self.say(f"{text}OK\r\n".replace("ERROR\r\nOK", "ERROR").encode())
        return super().write(data)

    def signals(self) -> Mapping[str, bool] | None:
        return self._lines


def found(desk: Desk, device: str = "/dev/ttyACM0", *, patient: bool = False) -> Examination:
    ticks = itertools.count(0, 2)
    clock = (lambda: float(next(ticks))) if patient else time.monotonic
    return examine(device, clock=clock, opened=lambda _device, _profile: desk)


def finding(made: Examination, subject: str) -> Finding:
    return next(one for one in made.findings if one.subject == subject)


def test_a_good_modem_is_named_with_the_reason_and_all_it_can() -> None:
    desk = Desk(CONEXANT, lines={"CTS": True, "DSR": True, "DCD": False})
    made = found(desk)
    assert made.usable
    assert made.profile is not None
    assert (made.profile.name, made.profile.service_class) == ("conexant", "1.0")
    assert (made.speed, made.rates[0], made.identity) == (115200, 14400, "CONEXANT CX93001-EIS_V0.2013-V92")
    assert finding(made, "profile").text == "conexant, because it says 'CONEXANT'"
    assert finding(made, "speed").text == "up to 14400 bit/s by V.27ter, V.29, V.17"
    assert finding(made, "flow control").text == "rtscts by AT&K3"
    assert finding(made, "port") == Finding(OK, "port", "CTS on, DSR on, DCD off")
    assert finding(made, "DTR").level == finding(made, "reset").level == OK
    assert desk.pulses == 1
    assert desk.closed
    assert not [one for one in made.findings if one.level in (WARN, FAIL)]


def test_a_soft_modem_is_not_asked_for_a_test_on_hardware() -> None:
    made = found(Desk(CONEXANT | {"AT+FMI?": "www.soft-switch.org", "AT+FMM?": "spandsp"}))
    assert made.profile is not None
    assert made.profile.name == "softmodem"
    assert finding(made, "hardware") == Finding(OK, "hardware", "none: this is a soft modem")


def test_hardware_nobody_tried_is_said_to_be_so() -> None:
    assert finding(found(Desk(CONEXANT)), "hardware") == Finding(
        NOTE, "hardware", "nobody has tested this family on hardware yet", "send us this report"
    )


def test_the_speed_a_modem_answers_at_is_found() -> None:
    made = found(Desk(CONEXANT, answers_at=57600), patient=True)
    assert made.speed == 57600


def test_a_silent_modem_is_tried_at_every_speed() -> None:
    desk = Desk({}, answers_at=-1)
    made = found(desk, patient=True)
    assert not made.usable
    (fault,) = [one for one in made.findings if one.level == FAIL]
    assert fault.text == f"no answer at {', '.join(map(str, SPEEDS))} bit/s"
    assert fault.remedy
    assert (made.profile, made.answers) == (None, {})


@pytest.mark.parametrize("device", ["socket://host:4001", "/dev/pts/7"])
def test_where_there_is_no_speed_none_is_tried(device: str) -> None:
    desk = Desk({}, answers_at=-1)
    made = found(desk, device, patient=True)
    assert finding(made, "modem").text == "no answer"
    assert desk.settings is None


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ("0,2,2.0", "Class 2 alone is not spoken"),
        ("0,8", "it is no fax modem: class 0, 8"),
        ("(0,8)", "it is no fax modem"),
    ],
)
def test_a_modem_without_class_1_is_refused_with_what_it_offers(classes: str, says: str) -> None:
    made = found(Desk(CONEXANT | {"AT+FCLASS=?": classes}))
    assert not made.usable
    assert says in finding(made, "modem").text
    assert finding(made, "modem").remedy == "use a modem with Class 1 or 1.0"


def test_a_modem_that_lists_no_class_is_judged_by_its_deeds() -> None:
    assert found(Desk(CONEXANT | {"AT+FCLASS=?": "ERROR"})).usable
    made = found(Desk(CONEXANT | {"AT+FCLASS=?": "ERROR", "AT+FCLASS=1": "ERROR"}))
    assert "no list of classes" in finding(made, "modem").text


def test_an_unknown_family_is_used_as_generic_and_asks_for_a_report() -> None:
    made = found(Desk({"AT+FCLASS=?": "0,1", "AT+FMI?": "ACME"}))
    assert made.usable
    assert finding(made, "profile").level == NOTE
    assert "send us this report" in finding(made, "profile").remedy
    assert "it does not say" in finding(made, "speed").text


def test_what_a_modem_refuses_is_told_with_its_remedy() -> None:
    refuses = dict.fromkeys(("AT&K3", "AT+VCID=1", "ATZ", "AT+FAR=?"), "ERROR")
    made = found(Desk(CONEXANT | refuses))
    assert finding(made, "flow control").level == WARN
    assert "override `flow`" in finding(made, "flow control").remedy
    assert (finding(made, "caller id").level, finding(made, "caller id").text) == (
        NOTE,
        "not shown (AT+VCID=1)",
    )
    assert finding(made, "reset") == Finding(
        WARN, "reset", "ATZ is refused", "override `reset` in the profile"
    )
    assert finding(made, "adaptive reception").level == NOTE
    assert made.usable, "none of this keeps it from sending faxes"


def test_an_echo_that_stays_is_noted() -> None:
    assert finding(found(Desk(CONEXANT, echo=True)), "echo").level == NOTE
    assert not [one for one in found(Desk(CONEXANT)).findings if one.subject == "echo"]


def test_cts_that_is_off_and_a_lock_that_cannot_be_are_warned_of() -> None:
    made = found(Desk(CONEXANT, lines={"CTS": False, "DSR": False, "DCD": False}, remark="no lock file: x"))
    assert finding(made, "port").level == finding(made, "lock").level == WARN
    assert "RTS/CTS would stop us" in finding(made, "port").text


def test_a_modem_that_dies_of_a_lowered_dtr_cannot_be_used() -> None:
    says: dict[str, str | None] = dict(CONEXANT)

    class Fragile(Desk):
        def pulse_dtr(self) -> None:
            self._dead = True

    desk, hurried = Fragile(says, lines={"CTS": True}), itertools.count(0, 2)

    def clock() -> float:
        return time.monotonic() + (next(hurried) if desk._dead else 0)

    made = examine("/dev/ttyACM0", clock=clock, opened=lambda _device, _profile: desk)
    assert finding(made, "DTR").level == FAIL
    assert not made.usable


def test_carriers_without_a_common_one_cannot_be_used() -> None:
    made = found(Desk(CONEXANT | {"AT+FTM=?": "3", "AT+FRM=?": "3"}))
    assert finding(made, "speed").level == FAIL
    assert not made.usable


def test_round_trips_are_judged_by_what_a_turn_round_may_take() -> None:
    for seconds, level in ((0.001, OK), (0.03, NOTE), (0.2, WARN)):
        desk = Desk(CONEXANT)
        now = [0.0]

        def clock(step: float = seconds, now: list[float] = now) -> float:
            now[0] += step / 3  # read three times for each question
            return now[0]

        made = examine("/dev/pts/1", clock=clock, opened=lambda _device, _profile, desk=desk: desk)
        assert finding(made, "round trip").level == level, made.round_trip_ms
        assert bool(finding(made, "round trip").remedy) == (level != OK)
