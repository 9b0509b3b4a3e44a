"""A whole gateway for each end-to-end test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway on temporary state with its exchange at full speed; nothing of it runs yet."""
    with House(tmp_path) as built:
        yield built


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module on one worker: its tests may share a gateway."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
