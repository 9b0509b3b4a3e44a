"""Twenty calls with HylaFAX, efax and libspandsp's fax machine; `make bench` makes all the legal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from interop_fixtures import CHOSEN, LONG, Row, call, legal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("row", CHOSEN, ids=str)
def test_every_pixel_arrives(row: Row, tmp_path: Path) -> None:
    assert call(row, tmp_path) == []


def test_the_twenty_are_legal_rows_and_touch_every_value() -> None:
    assert len(set(CHOSEN)) == 20
    assert {row for row in CHOSEN if row.pages == 1} <= set(legal())
    assert {row for row in CHOSEN if row.pages > 1} <= set(LONG)
    for name in ("peer", "sends", "ecm", "coding", "modulation"):
        values = {getattr(row, name) for row in legal()}
        assert {getattr(row, name) for row in CHOSEN} == values


def test_the_legal_rows_are_all_that_the_peers_know() -> None:
    rows = legal()
    assert len(rows) == len(set(rows)) == 2 * 2 * 3 * 5 + 2 * 3
    assert not [row for row in rows if row.coding == "MMR" and not row.ecm]
