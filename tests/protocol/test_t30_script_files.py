"""Our sessions against the far machines of `t30_scripts`: the rows of TSB-85 groups A, B, D, F, G and I."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from t30_cases import ScriptCase, read_cases
from t30_fixtures import ANSWERER, CALLER, Document, Sheet, Tray, pages, stream
from t30_script import Script

from modem import t4
from modem.actions import SendFrames
from modem.capabilities import Dcs, Dis
from modem.coding import Compression, Resolution
from modem.fcf import Fcf, Frame
from modem.receiver import T30Receiver
from modem.sender import T30Sender
from modem.simline import Line

if TYPE_CHECKING:
    from modem.result import CallResult

SCRIPTS = Path(__file__).parent / "t30_scripts"
SENDING = read_cases(SCRIPTS / "send", "> CSI DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400")
RECEIVING = read_cases(SCRIPTS / "receive", "< DIS\n> TSI DCS\n> TCF 14400\n< CFR", receiving=True)
PLAIN_DCS = Frame(Fcf.DCS, x=True, fif=bytes.fromhex("002270"))  # 14400, MH, standard, no fill
MIXED = Document((Sheet(), Sheet(resolutions=(Resolution.STANDARD,))))


def _document(words: str) -> Document:
    """Return what `pages 2`, `pages 1 300` and `mixed` stand for."""
    kind, *numbers = words.split()
    if kind == "mixed":
        return MIXED
    count, rows = [*map(int, numbers), 30][:2]
    return pages(count, rows=rows)


def play_sender(case: ScriptCase) -> tuple[CallResult, Line]:
    script = Script(case.text, frames=case.frames)
    sender = T30Sender(replace(CALLER, **case.job), _document(case.document))
    line = Line(sender, script, script.conditions())
    line.run()
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    assert sender.result
    return sender.result, line


@pytest.mark.parametrize("case", SENDING, ids=str)
def test_the_sender_does_as_its_script_says(case: ScriptCase) -> None:
    result, line = play_sender(case)
    assert (result.reason, result.confirmed) == (case.reason, int(case.outcome or 0)), result.t30
    assert result.success == (result.reason == "sent")
    assert case.says in result.t30
    sent = [one.action for one in line.said if one.side == "caller"]
    said = [frame for one in sent if isinstance(one, SendFrames) for frame in one.frames]
    stated = [Dcs(frame.fif) for frame in said if frame.fcf is Fcf.DCS]
    for key, value in case.dcs.items():
        assert getattr(stated[-1], key) == value
    offered = [frame for name, frame in case.frames.items() if name == "DIS"]
    if offered and "DIS" in case.text:
        _promises_kept(Dis(offered[0].fif), stated)


def _promises_kept(dis: Dis, stated: list[Dcs]) -> None:
    """A DCS states nothing its DIS did not offer."""
    for dcs in stated:
        assert dcs.rate in dis.rates
        assert dcs.compression in dis.compressions
        assert dcs.resolution in dis.resolutions
        assert dcs.width in dis.widths
        assert dcs.length in dis.lengths
        assert dcs.ecm or dcs.min_scan_ms >= dis.min_scan_ms(dcs.resolution)
        assert dis.ecm or not dcs.ecm


@cache
def _streams(compression: Compression, width: int) -> tuple[bytes, ...]:
    """Return pages 1 and 2, then carriers that are no page: garbage, an RTC alone, half of page 1."""
    good = [t4.finish(stream(compression, width, 60, seed), compression) for seed in (1, 2)]
    return (*good, b"\xff" * 2700, t4.finish(b"", compression), good[0][: len(good[0]) // 2])


@pytest.mark.parametrize("case", RECEIVING, ids=str)
def test_the_receiver_does_as_its_script_says(case: ScriptCase) -> None:
    frames = {"DCS": PLAIN_DCS} | case.frames
    dcs = Dcs((frames.get("ODD") or frames["DCS"]).fif)
    script = Script(case.text, answers=False, frames=frames, pages=_streams(dcs.compression, dcs.width))
    tray = Tray()
    receiver = T30Receiver(replace(ANSWERER, **case.job), tray)
    Line(script, receiver, script.conditions()).run()
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    result = receiver.result
    assert result
    states = "".join(page.state.value[0] for page in result.pages)
    assert (result.reason, states) == (case.reason, case.outcome), result.t30
    assert result.success == (result.reason == "received")
    assert [page.n for page in tray.pages] == list(range(1, len(states) + 1))
    assert all(page.coding == dcs.coding for page in tray.pages if "c" in states)
