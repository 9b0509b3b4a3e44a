"""How long layout may take: all documents of a rendering together, in seconds of CPU time.

Some markup takes minutes to lay out though it is small. When the time is up the layout is left, wherever it
is, and its caller draws the words alone: a plain page now beats a perfect one never, and beats a refusal.
A timer of the process interrupts the main thread, which is where a sandbox child works; in other threads
nothing is interrupted and the limits of the sandbox hold.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LAYOUT_SECONDS: Final = 4.0
PAGE_SECONDS: Final = 8.0
PAGES_END_THE_PROCESS = False
"""Whether a page of native code may end this process when its time is up: only in a sandbox child."""
AGAIN_SECONDS: Final = 0.25
"""The timer goes on striking, for a library that catches whatever is raised would else go on for ever."""


class OutOfPatience(BaseException):
    """The time is up. No Exception, so that nothing on the way takes it for a fault of the document."""


class Patience:
    """A budget of CPU seconds that several layouts share."""

    def __init__(self, seconds: float = LAYOUT_SECONDS) -> None:
        self.left = seconds

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Spend from the budget inside; raises OutOfPatience when it is used up, at once if it was before."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        if self.left <= 0:
            raise OutOfPatience
        began = time.process_time()
        before = signal.signal(signal.SIGPROF, _strike)
        signal.setitimer(signal.ITIMER_PROF, self.left, AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
            self.left -= time.process_time() - began


def _strike(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise OutOfPatience


@contextlib.contextmanager
def one_page() -> Iterator[None]:
    """Give native code PAGE_SECONDS of CPU for a page; in a sandbox child the process ends then."""
    if not PAGES_END_THE_PROCESS:
        yield
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, PAGE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
