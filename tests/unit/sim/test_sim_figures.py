"""A call's figures: set-up, pages, tail, counts; and nothing about what did not happen."""

from __future__ import annotations

import pytest

from modem.sim.figures import Figures


def test_a_call_that_was_never_answered_has_no_talk() -> None:
    report = Figures().report(61.0)
    assert (report["line_seconds"], report["frames"]) == (61.0, 0)
    assert not {"answer_s", "talk_s", "setup_s", "page_s", "tail_s"} & set(report)
    assert Figures().since_answer(61.0) == 0.0


def test_a_call_without_training_has_no_pages() -> None:
    figures = Figures()
    figures.answer(2.0)
    figures.frame("DIS", 5.0, confirms=False)
    report = figures.report(30.0)
    assert (report["answer_s"], report["talk_s"], report["frames"]) == (2.0, 28.0, 1)
    assert "setup_s" not in report


def test_setup_ends_with_the_first_cfr_and_a_page_with_its_confirmation() -> None:
    figures = Figures()
    figures.answer(2.0)
    for name, at in (("DCS", 7.0), ("FTT", 11.0), ("DCS", 12.0), ("CFR", 16.0)):
        figures.frame(name, at, confirms=False)
    figures.frame("MCF", 20.5, confirms=True)
    for name, at in (("PPR", 24.0), ("MCF", 25.0), ("CFR", 27.0)):
        figures.frame(name, at, confirms=False)
    figures.frame("MCF", 31.0, confirms=True)
    report = figures.report(33.2)
    assert (report["setup_s"], report["page_s"], report["tail_s"]) == (14.0, [4.5, 10.5], 2.2)
    assert (report["dcs"], report["ftt"], report["ppr"], report["rtn"]) == (2, 1, 1, 0)
    assert report["setup_s"] + sum(report["page_s"]) + report["tail_s"] == pytest.approx(report["talk_s"])
