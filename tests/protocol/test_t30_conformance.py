"""Our sessions through conversations of our own for each of the ten groups of TSB-85.

The conversations lie in `t30_scripts/conformance`, a file for a group: what the far machine does, what must
come of it, and the limits as numbers. `LEAST` is the number of procedures the recommendation has in a group;
we have as many cases of our own at least. The published procedures themselves are run from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from t4_fixtures import all_runs, coded
from t30_cases import ScriptCase, read_file
from t30_fixtures import ANSWERER, CALLER, Document, Sheet, Tray, pages, stream
from t30_script import FULL_DIS, Script

from modem import t4
from modem.actions import SendFrames, SendPage
from modem.capabilities import Dcs
from modem.coding import Compression, Resolution
from modem.fcf import WITHOUT_X, Fcf, Frame
from modem.polling import session
from modem.result import PageState
from modem.simline import Line

if TYPE_CHECKING:
    from modem.job import CallJob
    from modem.rates import Rate
    from modem.result import CallResult

FOLDER = Path(__file__).parent / "t30_scripts" / "conformance"
LEAST = {"a": 18, "b": 3, "c": 10, "d": 15, "e": 3, "f": 28, "g": 22, "h": 6, "i": 23, "j": 10}
RECEIVING, SENDING, WITHOUT_DOCUMENT = "abcdj", "efghi", "abcde"
CALLED = "> CSI DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400"
CALLING = "< DIS\n> TSI DCS\n> TCF 14400\n< CFR"
PLAIN_DCS = Frame(Fcf.DCS, x=True, fif=bytes.fromhex("002270"))  # 14400, MH, standard, no fill
THEIR_DCS = replace(PLAIN_DCS, x=False)
THEIR_DTC = Frame(Fcf.DTC, fif=FULL_DIS)
ROWS = 1000


def group(letter: str) -> list[ScriptCase]:
    """Return the cases of a group."""
    calling = letter in RECEIVING
    opening = CALLING if calling else CALLED
    paths = sorted(FOLDER.glob(f"{letter}-*.script"))
    found = [case for path in paths for case in read_file(path, opening, receiving=calling)]
    return [replace(case, document="none") for case in found] if letter in WITHOUT_DOCUMENT else found


def cases(letters: str) -> list[object]:
    return [pytest.param(case, id=f"{letter}: {case}") for letter in letters for case in group(letter)]


@pytest.mark.parametrize("letter", LEAST)
def test_each_group_has_as_many_cases_as_the_recommendation_has_procedures(letter: str) -> None:
    names = [case.name for case in group(letter)]
    assert len(names) >= LEAST[letter]
    assert len(set(names)) == len(names)


# -- the pages of a scripted caller ------------------------------------------------------------------------


class Carriers(dict[str, bytes]):
    """What a caller puts on the fast carrier, by the names of the scripts; made when asked for."""

    def __init__(self, dcs: Dcs) -> None:
        super().__init__()
        assert dcs.rate
        self._rate = dcs.rate
        self._coding = dcs.coding

    def __missing__(self, word: str) -> bytes:
        made = self[word] = self._make(word)
        return made

    def _make(self, word: str) -> bytes:
        kind, _, figure = word.partition("-")
        compression, width = self._coding.compression, self._coding.width
        if kind == "bad":
            return _spoilt(float(figure) / 100)
        if kind == "line":
            return _long_line(self._rate, float(figure.removesuffix("s")))
        if kind == "half":
            return _half(compression, width)
        rows, seed = (200, int(word)) if word.isdigit() else (800, 1)
        page = (
            coded(all_runs(width), compression) if kind == "codes" else stream(compression, width, rows, seed)
        )
        return page if compression is Compression.MMR else t4.finish(page, compression)


def _half(compression: Compression, width: int) -> bytes:
    whole = t4.finish(stream(compression, width, 60, 1), compression)
    return whole[: len(whole) // 2]


@cache
def _spoilt(share: float) -> bytes:
    """Return a page with the first bit behind the EOL turned in this share of its lines, evenly spread."""
    head, *lines = t4.to_bits(stream(Compression.MH, 1728, ROWS, 3)).split(t4.EOL)
    bad = {round(i / share) for i in range(round(share * ROWS))}
    turned = [_turned(line) if i in bad else line for i, line in enumerate(lines)]
    return t4.finish(t4.to_octets(t4.EOL.join([head, *turned])), Compression.MH)


def _turned(line: str) -> str:
    return ("0" if line[0] == "1" else "1") + line[1:]


def _long_line(rate: Rate, seconds: float) -> bytes:
    """Return a page whose tenth line is filled up to so many seconds."""
    lines = t4.to_bits(stream(Compression.MH, 1728, 60, 1)).split(t4.EOL)
    lines[10] = lines[10].ljust(round(seconds * rate.bits) - len(t4.EOL), "0")
    return t4.finish(t4.to_octets(t4.EOL.join(lines)), Compression.MH)


# -- the calls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases(RECEIVING))
def test_a_receiver(case: ScriptCase) -> None:
    frames = {"DCS": PLAIN_DCS, "DTC": THEIR_DTC} | case.frames
    carriers = Carriers(Dcs(frames["DCS"].fif))
    played = play(case, Script(case.text, answers=False, frames=frames, pages=carriers), ANSWERER)
    confirmed = {page.n for page in played.result.pages if page.state is PageState.CONFIRMED}
    sent = [carrier.rstrip(b"\0") for carrier in carriers.values()]
    received = [page for page in played.tray.pages if page.n in confirmed and not page.bad_lines]
    assert all(page.data.rstrip(b"\0") in sent for page in received)


@pytest.mark.parametrize("case", cases(SENDING))
def test_a_sender(case: ScriptCase) -> None:
    carriers = Carriers(Dcs(PLAIN_DCS.fif))
    played = play(case, Script(case.text, frames={"DCS": THEIR_DCS} | case.frames, pages=carriers), CALLER)
    stated = [Dcs(frame.fif) for frame in played.frames if frame.fcf is Fcf.DCS]
    for key, value in case.dcs.items():
        assert getattr(stated[-1], key) == value
    _check_fill(played.line, stated)


@dataclass(frozen=True)
class Played:
    """A call that is over: what we said in it and how it ended for us."""

    line: Line
    tray: Tray
    frames: list[Frame]
    result: CallResult


def play(case: ScriptCase, script: Script, job: CallJob) -> Played:
    """Run the call of a case and check what holds on either side."""
    tray = Tray()
    job = replace(job, compressions=tuple(Compression), ecm=True)
    ours = session(replace(job, **case.job), _document(case.document), tray)
    parties = (ours, script) if script.answers else (script, ours)
    conditions = replace(script.conditions(), storing=lambda _side, _notice: case.stores)
    line = Line(*parties, conditions)
    line.run()
    assert script.done, script.where
    end = line.caller if script.answers else line.answerer
    result = end.party.result
    assert result
    assert (result.reason, _outcome(result)) == (case.reason, case.outcome), result.t30
    assert result.success == (result.reason in ("sent", "received"))
    assert case.says in result.t30
    return Played(line, tray, _check_what_we_said(case, line, end.side), result)


def _outcome(result: CallResult) -> str:
    return "".join(page.state.value[0] for page in result.pages)


def _document(words: str) -> Document:
    kind, *numbers = words.split()
    if kind == "none":
        return Document(())
    if kind == "mixed":
        return Document((Sheet(), Sheet(resolutions=(Resolution.STANDARD,))))
    count, rows = [*map(int, numbers), 30][:2]
    return pages(count, rows=rows)


def _check_fill(line: Line, stated: list[Dcs]) -> None:
    """Every line of a page without ECM lasts as long as the far machine needs."""
    carriers = [one.action for one in line.said if one.side == "caller" and isinstance(one.action, SendPage)]
    if not stated or stated[-1].ecm or len({dcs.min_scan_ms for dcs in stated}) != 1:
        return
    for carrier in carriers:
        lines = t4.to_bits(carrier.data).split(t4.EOL)[1:-7]
        least = stated[-1].min_scan_ms * carrier.rate.bits / 1000
        assert all(len(t4.EOL) + len(one) >= least for one in lines)


# -- what holds on either side ------------------------------------------------------------------------------


def _check_what_we_said(case: ScriptCase, line: Line, side: str) -> list[Frame]:
    """Check final bits, X bits, fields and the length of the call; return our frames in order."""
    bursts: dict[SendFrames, float] = {}
    for one in line.said:
        if one.side == side and isinstance(one.action, SendFrames):
            bursts[one.action] = one.at
    for burst, at in bursts.items():
        assert [frame.final for frame in burst.frames] == [False] * (len(burst.frames) - 1) + [True]
        x = any(one.what == "DIS" and one.side != side and one.at < at for one in line.said)
        assert all(frame.x == x for frame in burst.frames if frame.fcf not in WITHOUT_X)
    frames = [frame for burst in bursts for frame in burst.frames]
    for word, fif in case.said.items():
        assert [frame.fif for frame in frames if frame.fcf.label == word][-1] == fif
    least, most = case.lasts
    assert least <= line.now - line.conditions.answer_after <= most
    return frames
