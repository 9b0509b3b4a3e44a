"""Whatever the store may owe, somebody writes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cli_fixtures import LEAST

from gateway import config
from gateway.roles import outbox as role
from gateway.stationery import Stationery
from gateway.store import outbox

if TYPE_CHECKING:
    from pathlib import Path


def writers(tmp_path: Path, **mail: str) -> dict[str, Any]:
    text = LEAST.format(data=tmp_path)
    for key, value in mail.items():
        text = text.replace("[mail]\n", f'[mail]\n{key} = "{value}"\n')
    parts: Any = SimpleNamespace(config=config.parse(text), blobs=None)
    return role.writers(parts, lambda *_: b"")


def test_every_kind_of_mail_has_a_writer(tmp_path: Path) -> None:
    assert set(writers(tmp_path)) == set(outbox.KINDS)


def test_all_of_them_use_the_operators_templates(tmp_path: Path) -> None:
    mine = Stationery(tmp_path / "mine")
    for kind, writer in writers(tmp_path, templates=str(tmp_path / "mine")).items():
        assert getattr(writer, "stationery", None) == mine or writer.office.stationery == mine, kind
