"""The supervisor with real children: what dies comes back, and signals go where they should."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from gateway.config import parse
from gateway.line_table import LineConfig
from gateway.lines import simulated
from gateway.supervisor import FIRST_WAIT, LONGEST_WAIT, STEADY, Child, Supervisor, children_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = parse(
    '[server]\ndomains=["fax.example.org"]\noperator=["o@example.org"]\n'
    '[mail]\nsmarthost="smtp://mail.example.org"\nsender="fax@fax.example.org"\n'
)
DIARY = """
import os, signal, sys
file = open(sys.argv[1], "a", buffering=1)
mask = {signal.SIGTERM, signal.SIGHUP}
signal.pthread_sigmask(signal.SIG_BLOCK, mask)
print("start", os.getpid(), file=file)
ends = 0
while ends < int(sys.argv[2]):
    number = signal.sigwait(mask)
    print(signal.Signals(number).name, os.getpid(), file=file)
    ends += number == signal.SIGTERM
"""


@pytest.fixture(autouse=True)
def handlers_as_they_were() -> Iterator[None]:
    kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in kinds]
    yield
    for number, handler in zip(kinds, before, strict=True):
        signal.signal(number, handler)


class Diary:
    """What a child wrote down: its starts, and the signals it got."""

    def __init__(self, folder: Path, name: str, ends_after: int = 1) -> None:
        self.file = folder / name
        self.child = Child((name,), [sys.executable, "-c", DIARY, str(self.file), str(ends_after)])

    def lines(self) -> list[tuple[str, int]]:
        text = self.file.read_text() if self.file.exists() else ""
        return [(line.split()[0], int(line.split()[1])) for line in text.splitlines()]

    def words(self) -> list[str]:
        return [word for word, _ in self.lines()]

    def wait_for(self, *words: str) -> None:
        wait_until(lambda: self.words() == list(words), 30.0, f"{words}, not {self.words()}")


def watched(supervisor: Supervisor, *happens: object) -> int:
    """Run the supervisor in this thread while `happens` do in another, one after the other."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for happening in happens:
                happening()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001  (shown by the test's own thread)
            failures.append(error)
        finally:
            if not supervisor.ends:
                supervisor.stop()

    thread = threading.Thread(target=work)
    thread.start()
    code = supervisor.run()
    thread.join(60.0)
    assert not failures, failures
    return code


def us(number: int) -> object:
    return lambda: os.kill(os.getpid(), number)


def test_children_start_and_end_with_the_supervisor(tmp_path: Path) -> None:
    one, two = Diary(tmp_path, "one"), Diary(tmp_path, "two")
    supervisor = Supervisor(CONFIG, [one.child, two.child])
    code = watched(supervisor, lambda: one.wait_for("start"), lambda: two.wait_for("start"), supervisor.stop)
    assert code == 0
    assert one.words() == two.words() == ["start", "SIGTERM"]


def test_a_child_that_is_killed_is_started_again_and_the_other_does_not_notice(tmp_path: Path) -> None:
    one, two = Diary(tmp_path, "one"), Diary(tmp_path, "two")
    supervisor = Supervisor(CONFIG, [one.child, two.child])
    watched(
        supervisor,
        lambda: one.wait_for("start"),
        lambda: os.kill(one.lines()[0][1], signal.SIGKILL),
        lambda: one.wait_for("start", "start"),
        lambda: two.wait_for("start"),
    )
    assert one.lines()[0][1] != one.lines()[1][1]
    assert two.words() == ["start", "SIGTERM"]


def test_sighup_reaches_the_children_and_ends_nobody(tmp_path: Path) -> None:
    one = Diary(tmp_path, "one")
    supervisor = Supervisor(CONFIG, [one.child])
    watched(
        supervisor,
        lambda: one.wait_for("start"),
        us(signal.SIGHUP),
        lambda: one.wait_for("start", "SIGHUP"),
    )
    assert one.words() == ["start", "SIGHUP", "SIGTERM"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_in_order_and_the_second_is_passed_on(tmp_path: Path, number: int) -> None:
    patient = Diary(tmp_path, "patient", ends_after=2)
    supervisor = Supervisor(CONFIG, [patient.child])
    watched(
        supervisor,
        lambda: patient.wait_for("start"),
        us(number),
        lambda: patient.wait_for("start", "SIGTERM"),
        us(number),
    )
    assert patient.words() == ["start", "SIGTERM", "SIGTERM"]


def test_a_child_that_was_just_being_started_when_the_end_came_is_ended_too(tmp_path: Path) -> None:
    """The signal arrives between the start of the first child and that of the second."""
    first, second = Diary(tmp_path, "first"), Diary(tmp_path, "second")
    supervisor = Supervisor(CONFIG, [first.child, second.child])
    start = first.child.start

    def interrupted(now: float) -> None:
        start(now)
        supervisor.on_signal(signal.SIGTERM, None)

    first.child.start = interrupted  # type: ignore[method-assign]
    assert supervisor.run() == 0
    assert not first.child.alive
    assert not second.child.alive


def test_a_child_that_keeps_dying_is_started_more_and_more_slowly() -> None:
    child = Child(("brief",), [sys.executable, "-c", ""])
    waits, now = [], 1000.0
    for _ in range(9):
        child.look_after(now)
        assert child.process is not None
        child.process.wait(30.0)
        child.look_after(now)
        assert child.process is None, "not at once"
        waits.append(child.again_at - now)
        child.look_after(now + waits[-1] / 2)
        assert child.process is None, "nor half-way"
        now = child.again_at
    assert waits[:3] == [2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT


def test_a_child_that_ran_for_long_is_started_again_soon() -> None:
    child = Child(("steady",), [sys.executable, "-c", ""], wait=LONGEST_WAIT)
    child.look_after(1000.0)
    assert child.process is not None
    child.process.wait(30.0)
    child.look_after(1000.0 + STEADY + 1)
    assert child.wait == FIRST_WAIT


def test_the_gateway_is_two_processes_and_lines_are_alone() -> None:
    lines, rest = children_of(Path("postline.toml"), {"A": "B"})
    assert lines.roles == ("lines",)
    assert set(rest.roles) == {"smtp", "mailbox", "http", "render", "outbox"}
    assert lines.argv[-1] == "lines"
    assert lines.environ == {"A": "B"}


def test_an_exchange_that_is_killed_is_started_again(tmp_path: Path) -> None:
    line = LineConfig.model_validate({"name": "sim", "type": "simulated", "number": "+81344772288"})
    config = CONFIG.model_copy(
        update={"server": CONFIG.server.model_copy(update={"data": tmp_path}), "line": [line]}
    )
    folder = simulated.folder_of(tmp_path, "sim")
    pids: list[int] = []

    def comes_up() -> None:
        def another() -> bool:
            if not simulated.answers(folder) or (pid := int((folder / "pid").read_text())) in pids:
                return False
            pids.append(pid)
            return True

        wait_until(another, 30.0, "an exchange that was not there before")

    child = Diary(tmp_path, "child")  # children start when every exchange answers
    watched(
        Supervisor(config, [child.child]),
        lambda: child.wait_for("start"),
        comes_up,
        lambda: os.kill(pids[0], signal.SIGKILL),
        comes_up,
    )
    assert not simulated.answers(folder), "the supervisor ended it at its own end"
