"""The demo broken off in mid-story: Ctrl-C is no failure, a story that fails by itself is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.demo import settings, theatre
from gateway.demo.evidence import Evidence
from gateway.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("ends", "failure"), [(1, ""), (0, "ConnectionRefusedError: gone")])
def test_a_story_whose_processes_went_away(
    ends: int, failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ConnectionRefusedError("gone")

    monkeypatch.setattr(theatre, "wait_for", lambda *_: None)
    monkeypatch.setattr(theatre, "tell", refused)
    ports = settings.Ports.pick(usual=False)
    play = theatre.Theatre(tmp_path / "demo", tmp_path / "evidence", ports)
    config = play._prepare()
    play._story(config, tmp_path, Evidence(play.keep), Supervisor(config, [], ends=ends), once=False)
    assert play.failure == failure
