"""Layout takes what it may and no more: what is out of time is left for its words."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest
from render_fixtures import part, render

from render.document import Settings
from render.errors import TooManyPages
from render.html import html_pdf
from render.patience import OutOfPatience, Patience


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_work_within_the_budget_is_left_alone_and_is_spent() -> None:
    patience = Patience(5.0)
    with patience.held():
        spin(0.02)
    assert 4.5 < patience.left < 4.99
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_work_beyond_the_budget_is_interrupted_even_where_everything_is_caught() -> None:
    patience = Patience(0.05)

    def deaf() -> None:
        """Spin; catch the first strike, as a library might."""
        with patience.held():
            with contextlib.suppress(OutOfPatience):
                spin(5.0)
            spin(5.0)

    with pytest.raises(OutOfPatience):
        deaf()
    assert patience.left <= 0


def test_a_spent_budget_is_not_worth_a_beginning() -> None:
    with pytest.raises(OutOfPatience), Patience(0.0).held():
        pytest.fail("nothing may run here")


def test_what_came_before_keeps_its_handler() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(OutOfPatience), Patience(0.02).held():
        spin(5.0)
    assert signal.getsignal(signal.SIGPROF) is before


def test_other_threads_are_never_interrupted() -> None:
    done: list[bool] = []

    def work() -> None:
        with Patience(0.0).held():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


# A strike may fall into a finalizer, where Python reports and drops it; the next one comes a moment later.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_page_that_takes_too_long_gives_its_words() -> None:
    warnings: list[str] = []
    rows = "<tr><td>order<td>12" * 3000
    pdf = html_pdf(
        part(rows, "text/html"), f"<table>{rows}", Settings(), "", warnings, patience=Patience(0.05)
    )
    assert pdf.startswith(b"%PDF")
    assert warnings == ["The message: the layout could not be followed; its words were drawn as plain text."]


def test_markup_too_deep_for_the_layout_is_not_begun() -> None:
    rendering = render(part("<div>" * 5000 + "deep words", "text/html"))
    assert rendering.pages == 1
    assert "plain text" in rendering.warnings[0]


def test_more_words_than_the_pages_hold_are_refused_before_layout() -> None:
    with pytest.raises(TooManyPages):
        render(part("<p style='font-size:1pt'>" + "word " * 10_000, "text/html"), max_pages=2)


def test_a_line_without_end_is_counted_as_the_lines_it_would_wrap_to() -> None:
    with pytest.raises(TooManyPages):
        render(part("x" * 100_000), max_pages=2)
    assert render(part("x" * 100_000), max_pages=2, wrap=False).pages == 1
