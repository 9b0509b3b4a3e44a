"""The pages over a real store: `pages` as an operator runs them, `demo` as the demo does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from store_fixtures import migrated_sqlite
from web_fixtures import Pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("web"))


@pytest.fixture
def url(template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(template, tmp_path / 'postline.sqlite')}"


@pytest.fixture
async def pages(url: str, tmp_path: Path) -> AsyncIterator[Pages]:
    opened = Pages(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def demo(url: str, tmp_path: Path) -> AsyncIterator[Pages]:
    opened = Pages(url, tmp_path, demo=True)
    yield opened
    await opened.close()
