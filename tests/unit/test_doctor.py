"""doctor: each finding says what is wrong and names one remedy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from smime_fixtures import AT, DAY, Authority, pem

from gateway.config import Config, parse
from gateway.line_table import LineConfig
from gateway.observe import doctor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def terminal() -> Iterator[str]:
    """The name of a device that is a terminal, as a modem's is."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def config(data: Path, extra: str = "") -> Config:
    return parse(
        f'[server]\ndomains = ["f.example"]\noperator = ["o@example"]\ndata = "{data}"\n'
        f'[mail]\nsmarthost = "smtp://mail.example:25"\nsender = "fax@f.example"\n{extra}'
    )


def modem(device: str) -> doctor.Finding:
    return doctor.modem(LineConfig.model_validate({"name": "a", "type": "modem", "device": device}))


def test_a_modem_that_is_not_there_is_named() -> None:
    finding = modem("/dev/ttyNOTHING")
    assert (finding.level, "does not exist" in finding.text) == (doctor.FAIL, True)
    assert "plug the modem in" in finding.remedy


def test_the_files_of_smime_are_looked_at(tmp_path: Path) -> None:
    assert doctor.smime(config(tmp_path)).level == doctor.OK
    missing = doctor.smime(config(tmp_path, '[smime]\ntrust = ["/nowhere/roots.pem"]\n'))
    assert (missing.level, "smime.trust" in missing.text) == (doctor.FAIL, True)
    over = Authority.root("Over", first=AT - 2 * DAY, last=AT - DAY)
    (tmp_path / "roots.pem").write_bytes(pem(over.certificate))
    ended = doctor.smime(config(tmp_path, f'[smime]\ntrust = ["{tmp_path / "roots.pem"}"]\n'))
    assert (ended.level, "CN=Over, 2026-02-28" in ended.text) == (doctor.WARN, True)


def test_a_file_is_no_modem(tmp_path: Path) -> None:
    (tmp_path / "modem").write_text("")
    assert "not a serial device" in modem(str(tmp_path / "modem")).text


@pytest.mark.parametrize("device", ["/dev/null", "/dev/urandom", "/dev"])
def test_a_device_that_is_no_terminal_is_no_modem_either(device: str) -> None:
    finding = modem(device)
    assert (finding.level, "not a serial device" in finding.text) == (doctor.FAIL, True)
    assert "/dev/ttyACM0" in finding.remedy


def test_where_the_kernel_hides_its_terminals_any_device_may_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "read_quietly", lambda _: "")
    assert modem("/dev/null").level in (doctor.OK, doctor.WARN)


def test_a_terminal_can_be_opened(terminal: str) -> None:
    assert modem(terminal).level in (doctor.OK, doctor.WARN)


def test_a_device_without_permission_names_the_group(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    finding = modem(terminal)
    assert finding.level == doctor.FAIL
    assert "dialout" in finding.remedy


def test_modem_manager_is_a_warning(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "modem_manager_runs", lambda: True)
    assert modem(terminal).level == doctor.WARN


def test_missing_fonts_name_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "font_for", lambda language: language != "ja")
    finding = doctor.fonts(config(tmp_path))
    assert finding.level == doctor.FAIL
    assert finding.remedy == "apt-get install fonts-ipafont"


def test_the_fonts_of_this_machine_cover_what_people_write(tmp_path: Path) -> None:
    assert doctor.fonts(config(tmp_path)).level == doctor.OK


def test_a_full_disk_is_a_failure(tmp_path: Path) -> None:
    full = config(tmp_path, "[limits]\nfree_disk_bytes = 1125899906842624\nfree_disk_fraction = 1.0\n")
    assert doctor.disk(full).level == doctor.FAIL
    assert (
        doctor.disk(config(tmp_path, "[limits]\nfree_disk_bytes = 0\nfree_disk_fraction = 0.0\n")).level
        == doctor.OK
    )


def test_no_line_is_a_failure_and_a_simulated_one_is_said_to_be(tmp_path: Path) -> None:
    assert any(f.subject == "lines" and f.level == doctor.FAIL for f in doctor.examine(config(tmp_path)))
    one = config(tmp_path, '[[line]]\nname = "s"\ntype = "simulated"\n')
    assert any("simulated" in f.text for f in doctor.examine(one) if f.subject == "line s")


def test_a_database_that_is_not_there_asks_for_migrate(tmp_path: Path) -> None:
    finding = doctor.database(config(tmp_path))
    assert (finding.level, finding.remedy) == (doctor.FAIL, "run `postline migrate`")
