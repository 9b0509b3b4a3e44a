"""The pages for those who connect mail or move here: links lead somewhere, tables are taken as shown."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from gateway.cli import app, register
from gateway.config import Config
from gateway.store.provisioning import read_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/**/*.md"))]
NEW = [page for page in PAGES if "mail" in page.parts or page.name.startswith("migrating")]


def tables(page: Path) -> Iterator[dict[str, object]]:
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        yield tomllib.loads(re.sub(r"^   ", "", block, flags=re.MULTILINE))


def test_the_pages_are_there() -> None:
    assert {page.stem for page in NEW} >= {
        "microsoft-365",
        "google-workspace",
        "postfix-exim",
        "migrating-from-hylafax",
        "migrating-from-a-fax-service",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", NEW, ids=lambda page: page.stem)
def test_what_is_shown_of_the_configuration_is_taken(page: Path) -> None:
    for table in tables(page):
        if accounts := table.pop("account", None):
            assert isinstance(accounts, list)
            read_accounts(accounts)
        for section, keys in table.items():
            model = Config.model_fields[section].annotation
            assert isinstance(keys, dict)
            assert set(keys) <= set(getattr(model, "model_fields", {})), f"[{section}] of {page.name}"


@pytest.mark.parametrize("page", NEW, ids=lambda page: page.stem)
def test_every_command_named_is_one(page: Path) -> None:
    register()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = re.findall(r"`postline ([a-z-]+)", page.read_text(encoding="utf-8"))
    assert [name for name in named if name not in commands] == []
