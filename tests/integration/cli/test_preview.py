"""`postline preview` of mails: what was understood is said, and the door's limits hold without a door."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_fixtures import answer, postline

from gateway.cli.preview import at_the_door
from gateway.domain.errors import Refused
from gateway.mailin.settings import SmtpLimits

if TYPE_CHECKING:
    from pathlib import Path

MAIL = (
    b"Subject: =?iso-2022-jp?B?GyRCOCtAUT1xGyhC?= /rs\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; charset=shift_jis\n\n\x8c\xa9\x90\xcf\x87\x40\n"
    b"--b\nContent-Type: text/csv; name=a.csv\n\na,b\n1,2\n--b--\n"
)
"""Saved with the line ends of another system."""


def test_what_was_understood_of_a_mail_is_in_the_index(tmp_path: Path) -> None:
    (tmp_path / "order.eml").write_bytes(MAIL)
    said = answer("preview", tmp_path / "order.eml", "--out", tmp_path / "out")
    assert said["subject"] == "見積書"
    assert said["options"] == {"resolution": "standard"}
    assert said["documents"] == [{"role": "attachment", "name": "a.csv", "type": "text/csv", "bytes": 7}]
    assert json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8")) == said


def test_a_mail_that_no_door_would_take_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bomb.eml").write_bytes(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 501
    )
    ran = postline("preview", tmp_path / "bomb.eml", "--out", tmp_path / "out")
    assert ran.returncode != 0
    assert "Too many parts" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out").exists()


def test_a_mail_of_the_largest_size_is_looked_at_and_one_octet_more_is_not() -> None:
    most = SmtpLimits().message_bytes
    at_the_door(b"Subject: x\r\n\r\n".ljust(most, b"x"))
    with pytest.raises(Refused, match="larger than"):
        at_the_door(b"Subject: x\r\n\r\n".ljust(most + 1, b"x"))


def test_an_empty_mail_is_none() -> None:
    with pytest.raises(Refused, match="empty"):
        at_the_door(b"\r\n")
