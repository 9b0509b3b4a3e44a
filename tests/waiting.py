"""Waiting for something that happens elsewhere, without guessing how long it takes.

Tests never sleep for a fixed time: they say what they wait for and the longest they would.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_until(predicate: Callable[[], T], seconds: float = 30.0, what: str = "") -> T:
    """Return the first true value of `predicate`; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := predicate():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what or predicate}")
        select.select([], [], [], 0.01)
