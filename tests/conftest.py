"""What every test shares: the import path and the guard against leaving the machine."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("postline", deadline=None)  # no test has a clock: the machine may be busy
settings.load_profile("postline")

sys.path.insert(0, str(Path(__file__).parent))

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_socket_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any test that connects to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
