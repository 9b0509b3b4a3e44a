"""Calls that can be made again: every input of a `FaxCall` with its time, as JSON lines, and the replay.

A session and a driver are deterministic, so the same inputs at the same times must give the same octets; a
replay that differs shows a change of behaviour. What the call asked of its pages is an input too, so a
recording stands alone: no document is needed to make its call again. The lines share the shape of
`TraceEntry`, with `now` (the clock of the call) added; octets that leave are kept whole when short and by
digest when not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from modem.call import FaxCall
from modem.coding import Coding, Compression, PageShape, Resolution
from modem.job import CallJob
from modem.profiles import Profile
from modem.rates import Modulation
from modem.result import TraceEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modem.coding import PageSink, PageSource
    from modem.result import CallResult

SHORT = 64


class BadRecordingError(ValueError):
    """A file is no recording of a call; the text says why."""


class RecordedCall(FaxCall):
    """A `FaxCall` that keeps what it was given and what it gave; `recorded` puts it behind the trace."""

    def __init__(self, job: CallJob, pages: PageSource, sink: PageSink, profile: Profile) -> None:
        self._lines: list[TraceEntry] = []
        head = {"job": asdict(job), "profile": asdict(profile), "pages": pages.count}
        self._keep(0.0, "job", json.dumps(head, default=bytes.hex))
        super().__init__(job, RecordedSource(pages, self._keep), sink, profile)

    def start(self, now: float) -> None:
        """Record, then begin."""
        self._keep(now, "start")
        super().start(now)

    def receive_data(self, data: bytes, now: float) -> None:
        """Record, then take octets."""
        self._keep(now, "octets", raw=data.hex(), direction="<")
        super().receive_data(data, now)

    def data_to_send(self) -> bytes:
        """Give octets and record them."""
        octets = super().data_to_send()
        if octets:
            self._keep(0.0, "octets", raw=fingerprint(octets), direction=">")
        return octets

    def handle_timeout(self, now: float) -> None:
        """Record the call if it can do anything."""
        deadline = self.next_deadline()
        if deadline is not None and deadline <= now:
            self._keep(now, "timer")
            super().handle_timeout(now)

    def stored(self, notice_id: int, now: float) -> None:
        """Record, then go on."""
        self._keep(now, "stored", str(notice_id))
        super().stored(notice_id, now)

    def cancel(self, now: float) -> None:
        """Record, then end."""
        self._keep(now, "cancel")
        super().cancel(now)

    def port_failed(self, now: float, detail: str) -> None:
        """Record, then end at once."""
        self._keep(now, "port", detail)
        super().port_failed(now, detail)

    def recorded(self) -> CallResult | None:
        """Return the result with the recording behind its trace; None while the call goes on."""
        return self.result and replace(self.result, trace=(*self.result.trace, *self._lines))

    def _keep(self, now: float, kind: str, text: str = "", raw: str = "", direction: str = " ") -> None:
        self._lines.append(TraceEntry(0.0, direction, kind, text, raw, now))


class RecordedSource:
    """A `PageSource` that keeps what was asked of it and what it said, once a question."""

    def __init__(self, pages: PageSource, keep: Callable[[float, str, str, str], None]) -> None:
        self._pages, self._keep = pages, keep
        self._kept: set[str] = set()

    @property
    def count(self) -> int:
        """Number of pages."""
        return self._pages.count

    def shape(self, n: int) -> PageShape:
        """Answer, and record it."""
        shape = self._pages.shape(n)
        self._record(_question("shape", n), [shape.widths, shape.rows])
        return shape

    def size(self, n: int, coding: Coding) -> int:
        """Answer, and record it; a coding that was not prepared is an answer too."""
        question = _question("size", n, coding)
        try:
            octets = self._pages.size(n, coding)
        except KeyError:
            self._record(question, None)
            raise
        self._record(question, octets)
        return octets

    def page(self, n: int, coding: Coding) -> bytes:
        """Answer, and record it."""
        octets = self._pages.page(n, coding)
        self._record(_question("page", n, coding), len(octets), octets)
        return octets

    def _record(self, question: str, answer: object, octets: bytes = b"") -> None:
        if question not in self._kept:
            self._kept.add(question)
            self._keep(0.0, "pages", json.dumps([question, answer]), octets.hex())


class RememberedSource:
    """The `PageSource` of a recording: answers what was answered then, KeyError for anything else."""

    def __init__(self, lines: Iterable[dict[str, Any]], count: int) -> None:
        self.count = count
        said = [(json.loads(line["text"]), line["raw"]) for line in lines if line["kind"] == "pages"]
        self._answers = {question: (answer, raw) for (question, answer), raw in said}

    def shape(self, n: int) -> PageShape:
        """Answer from the recording."""
        widths, rows = self._answers[_question("shape", n)][0]
        return PageShape(tuple(widths), {Resolution(name): count for name, count in rows.items()})

    def size(self, n: int, coding: Coding) -> int:
        """Answer from the recording."""
        octets = self._answers[_question("size", n, coding)][0]
        if octets is None:
            raise KeyError(coding)
        return int(octets)

    def page(self, n: int, coding: Coding) -> bytes:
        """Answer from the recording."""
        return bytes.fromhex(self._answers[_question("page", n, coding)][1])


def _question(what: str, n: int, coding: Coding | None = None) -> str:
    if coding is None:
        return f"{what} {n}"
    family = "inch" if coding.inch else "metric"
    return f"{what} {n} {coding.compression} {coding.width} {coding.resolution} {coding.length} {family}"


def fingerprint(octets: bytes) -> str:
    """Return short octets in hex, longer ones as their number and digest."""
    if len(octets) <= SHORT:
        return octets.hex()
    return f"{len(octets)}:{hashlib.sha256(octets).hexdigest()}"


def read_lines(text: str) -> list[dict[str, Any]]:
    """Read JSON lines; raises BadRecordingError."""
    try:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise BadRecordingError(f"not JSON lines: {error}") from error
    if not all(isinstance(line, dict) and "kind" in line for line in lines):
        raise BadRecordingError("not the trace of a call: a line has no kind")
    return lines


def recorded_call(lines: list[dict[str, Any]], sink: PageSink) -> FaxCall | None:
    """Return the call of a recording, to be made again; None for a trace without octets, only to be read."""
    head = next((json.loads(line["text"]) for line in lines if line["kind"] == "job"), None)
    if head is None:
        return None
    kinds: dict[str, Any] = {
        "compressions": lambda names: tuple(map(Compression, names)),
        "modulations": lambda names: tuple(map(Modulation, names)),
        "receive_resolutions": lambda names: tuple(map(Resolution, names)),
        "receive_widths": tuple,
        "nsf": bytes.fromhex,
    }
    job = {key: kinds.get(key, lambda value: value)(value) for key, value in head["job"].items()}
    profile: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in head["profile"].items()
    }
    known = {field.name for field in fields(Profile)}
    if set(profile) != known:
        raise BadRecordingError("made by another version: its modem profile has other keys")
    pages = RememberedSource(lines, head.get("pages", 0))
    return FaxCall(CallJob(**job), pages, sink, Profile(**profile))


def replay(lines: Iterable[dict[str, Any]], call: FaxCall) -> Iterator[str]:
    """Give a fresh call the recorded inputs; yield a sentence for each output that differs."""
    for number, line in enumerate(lines, 1):
        if line["kind"] == "octets" and line["direction"] == ">":
            given = fingerprint(call.data_to_send())
            if given != line["raw"]:
                yield f"line {number}: recorded {line['raw'][:80]}, now {given[:80] or 'nothing'}"
        else:
            _give(line, call)


def _give(line: dict[str, Any], call: FaxCall) -> None:
    now = line.get("now", 0.0)
    match line["kind"]:
        case "start":
            call.start(now)
        case "octets":
            call.receive_data(bytes.fromhex(line["raw"]), now)
        case "timer":
            call.handle_timeout(now)
        case "stored":
            call.stored(int(line["text"]), now)
        case "cancel":
            call.cancel(now)
        case "port":
            call.port_failed(now, line["text"])
