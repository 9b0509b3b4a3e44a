"""Ask a modem what it is: maker, model, classes, carriers; choose its profile by the answers.

Sans-IO: `modem.run.ask_modem` drives it. A question that gets ERROR or silence is answered by nothing; it
changes no setting but echo and service class. V.250 6.1, T.31 8.2 and 8.3.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from modem.atparser import Code, Report, Result, Text, Token
from modem.class1_link import CAN, DLE_ETX, Link
from modem.profiles import IDENTIFY, Profile, matching, named, override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modem.result import TraceEntry

CLASSES, SWITCH = "AT+FCLASS=?", "AT+FCLASS=1"
QUESTIONS = ("ATE0V1Q0", *IDENTIFY, CLASSES, SWITCH, "AT+FTM=?", "AT+FRM=?", "AT+FAR=?")
RESULTS = frozenset({Code.OK.value, Code.ERROR.value})
ANSWER_SECONDS = 3.0


def listed(said: str) -> tuple[str, ...]:
    """Return the values a modem lists, its ranges written out: "(0-2,8)" is 0, 1, 2, 8 (V.250 5.7.3.1)."""
    found: list[str] = []
    for first, last in re.findall(
        r"(?<![\d.])(\d{1,4}(?:\.\d)?)(?:\s*-\s*(\d{1,4})(?![\d.]))?(?![\d.])", said
    ):
        found += [first] if not last else map(str, range(int(float(first)), int(last) + 1))
    return tuple(found)


class Probe:
    """Asks `questions` one after the other; `answers` maps each to its lines, "ERROR" or nothing.

    `times` are the seconds from each question to its OK or ERROR, `echoed` the questions that came back.
    """

    def __init__(self, questions: Sequence[str] = QUESTIONS, seconds: float | None = None) -> None:
        """Each question has `seconds` for its answer, `ANSWER_SECONDS` if nothing is said."""
        self._link = Link(named("generic"))
        self._left = deque(questions)
        self._seconds = ANSWER_SECONDS if seconds is None else seconds
        self._asked_at = 0.0
        self.answers: dict[str, list[str]] = {}
        self.times: list[float] = []
        self.echoed: set[str] = set()
        self._asked = ""
        self._rescued = False

    @property
    def done(self) -> bool:
        """Whether every question was dealt with."""
        return not self._left and not self._asked

    @property
    def alive(self) -> bool:
        """Whether the modem answered anything."""
        return any(self.answers.values())

    def obeyed(self, question: str) -> bool:
        """Say whether the modem answered a question or command with OK."""
        return self.answers.get(question, [])[-1:] == [Code.OK.value]

    @property
    def carriers(self) -> tuple[str, ...]:
        """The codes both +FTM=? and +FRM=? list; empty where the modem does not say."""
        sending, receiving = (
            set(listed(" ".join(self.answers.get(question, [])))) for question in ("AT+FTM=?", "AT+FRM=?")
        )
        return tuple(sorted(sending & receiving, key=float))

    @property
    def identity(self) -> str:
        """What the modem says of itself, in one line; "" where it says nothing."""
        said = (line for question in IDENTIFY for line in self.answers.get(question, []))
        lines = (re.sub(r"^\+F\w+:\s*", "", line).strip('"') for line in said if line not in RESULTS)
        return " ".join(dict.fromkeys(lines))

    @property
    def classes(self) -> tuple[str, ...]:
        """The service classes +FCLASS=? lists, in its order; empty where the modem does not say."""
        said = re.sub(r"^\+FCLASS:", "", " ".join(self.answers.get(CLASSES, [])))
        return tuple(name for name in listed(said) if re.fullmatch(r"\d(\.\d)?", name))

    @property
    def is_fax(self) -> bool:
        """Whether the modem offers a class we speak, or obeyed one without saying what it offers."""
        if self.classes:
            return bool({"1", "1.0"} & set(self.classes))
        return self.obeyed(SWITCH)

    @property
    def offers(self) -> str:
        """The classes in words."""
        return f"class {', '.join(self.classes)}" if self.classes else "no list of classes"

    @property
    def profile(self) -> Profile:
        """The profile the answers to `IDENTIFY` fit, with the class and carriers this very modem has."""
        known = matching(self.identity)
        ours = [name for name in (known.service_class, "1", "1.0") if name in self.classes]
        return override(
            known, {"carriers": self.carriers, "service_class": ours[0] if ours else known.service_class}
        )

    def start(self, now: float) -> None:
        """Ask the first question."""
        self._link.now = now
        self._next()

    def receive_data(self, data: bytes, now: float) -> None:
        """Take octets of the modem."""
        self._link.now = now
        self._link.parser.feed(data)
        while (token := self._link.parser.next()) is not None:
            self._take(token)

    def data_to_send(self) -> bytes:
        """Return octets for the modem."""
        return self._link.take()

    def next_deadline(self) -> float | None:
        """Return when `timeout` wants to be called."""
        return None if self.done else self._link.deadline

    def timeout(self, now: float) -> None:
        """Give a question up. The first time, free the modem from a data phase and ask once more."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return
        self._link.now = now
        if not self.alive and not self._rescued:
            self._rescued = True
            self._link.push(DLE_ETX + CAN + b"\r")
            self._link.command(self._asked, within=self._seconds)
        else:
            if not self.alive:
                self._left.clear()
            self._next()

    def take_trace(self) -> list[TraceEntry]:
        """Return the trace lines since the last call."""
        taken, self._link.trace = self._link.trace, []
        return taken

    def _take(self, token: Token) -> None:
        if not self._asked:
            return
        lines = self.answers[self._asked]
        match token:
            case Text(text) if text == self._asked:
                self.echoed.add(text)
            case Text(text):
                lines.append(text)
            case Report(name, value):
                lines.append(f"{name}: {value}")
            case Result(code, _) if code in (Code.OK, Code.ERROR):
                lines.append(code.value)
                self.times.append(self._link.now - self._asked_at)
                self._next()

    def _next(self) -> None:
        self._asked = self._left.popleft() if self._left else ""
        if self._asked:
            self.answers[self._asked] = []
            self._asked_at = self._link.now
            self._link.command(self._asked, within=self._seconds)
