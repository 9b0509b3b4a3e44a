"""The mail door that most tests of this folder speak to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import Client, Door

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A listener that trusts loopback."""
    with Door(tmp_path) as door:
        yield door


@pytest.fixture
def client(door: Door) -> Iterator[Client]:
    """A client that has said EHLO."""
    with door.client() as client:
        yield client.hello()
