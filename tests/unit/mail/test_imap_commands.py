"""What an IMAP server is told in one line: servers limit its length, a backlog may be thousands of mails."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.mailin.pickup.box import Entry, Place
from gateway.mailin.pickup.imap import Imap

LONGEST_LINE = 8192  # RFC 7162 section 4
PLACE = Place("imap", "imap.example.org", 993, "fax", "secret")


class Scribe:
    """Stands in for the library's client and writes down which mails each command names."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = capabilities
        self.named: list[tuple[str, list[int]]] = []

    def has_capability(self, name: str) -> bool:
        return name in self.capabilities

    def folder_exists(self, _folder: str) -> bool:
        return True

    def __getattr__(self, command: str) -> Any:
        return lambda uids=(), *_, **__: self.named.append((command, list(uids)))


@pytest.mark.parametrize(
    ("capabilities", "move_to", "commands"),
    [
        (("UIDPLUS",), "", ["delete_messages", "uid_expunge"]),
        ((), "", ["delete_messages"]),
        (("MOVE",), "Done", ["move"]),
        (("UIDPLUS",), "Done", ["copy", "delete_messages", "uid_expunge"]),
    ],
)
def test_thousands_of_mails_are_taken_away_in_lines_that_every_server_takes(
    capabilities: tuple[str, ...], move_to: str, commands: list[str]
) -> None:
    client = Scribe(*capabilities)
    uids = range(1_000_000_000, 1_000_012_000)
    Imap(client, PLACE).dispose([Entry(f"7/{uid}", uid) for uid in uids], move_to)  # type: ignore[arg-type]
    for command in commands:
        lines = [named for name, named in client.named if name == command]
        assert [uid for line in lines for uid in line] == list(uids)
        assert max(len(",".join(map(str, line))) for line in lines) < LONGEST_LINE
