"""A whole gateway for each end-to-end test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from house import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway on temporary state with its exchange at full speed; nothing of it runs yet."""
    with House(tmp_path) as built:
        yield built
