"""Plays the scripts in `conversations/`: who says what, and what is stored afterwards.

A script is lines. `C:` the client says; `S:` the server must answer (`*` matches any text; of several reply
lines the first is compared; "closed" means it hangs up); `@` sets a setting of the listener; `=` looks at
the rows at the end:

    numbers N...       canonical numbers of all deliveries, in order
    audit ACTION N     so many audit lines of this action
    owner ACTION NAME  whose line it is: an account, or "operator"
    owed KIND:TO...    what the outbox holds
    messages N         so many stored messages
    evidence KEY VALUE of the first message
    blob TEXT          the first message's bytes, with \\r\\n written out
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from smtp_fixtures import Door

from gateway.store.models import Account, Message, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = sorted((Path(__file__).parent / "conversations").glob("*.conv"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_conversation(script: Path, tmp_path: Path) -> None:
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    with Door(tmp_path, **settings_of(lines)) as door:
        with door.client() as client:
            for line in lines:
                if line.startswith("C:"):
                    client.send(line[2:].removeprefix(" ").encode() + b"\r\n")
                elif line.startswith("S: "):
                    wanted = "" if line == "S: closed" else line[3:]
                    assert fnmatchcase(client.reply().split("\n")[0], wanted), line
        looks = [line[2:].partition(" ") for line in lines if line.startswith("= ")]
        assert looks, "a script that looks at nothing proves nothing"
        for what, _, wanted in looks:
            LOOKS[what](door, wanted)


def settings_of(lines: list[str]) -> dict[str, Any]:
    """Return the listener's settings that a script asks for."""
    pairs = (line[2:].split(" = ") for line in lines if line.startswith("@ "))
    return {name: () if value == "none" else value for name, value in pairs}


def numbers(door: Door, wanted: str) -> None:
    assert door.numbers == wanted.split()


def audit(door: Door, wanted: str) -> None:
    action, count = wanted.split()
    assert len(door.audited(action)) == int(count)


def owner(door: Door, wanted: str) -> None:
    action, name = wanted.split()
    names = {account.id: account.name for account in door.rows(Account)} | {None: "operator"}
    assert [names[line.account_id] for line in door.audited(action)] == [name]


def owed(door: Door, wanted: str) -> None:
    assert [f"{row.kind}:{row.recipient}" for row in door.rows(Outbox)] == wanted.split()


def messages(door: Door, wanted: str) -> None:
    assert len(door.rows(Message)) == int(wanted)


def evidence(door: Door, wanted: str) -> None:
    key, value = wanted.split()
    assert door.rows(Message)[0].evidence[key] == value


def blob(door: Door, wanted: str) -> None:
    assert door.blobs.read(door.rows(Message)[0].blob) == wanted.replace("\\r\\n", "\r\n").encode()


LOOKS: dict[str, Callable[[Door, str], None]] = {
    "numbers": numbers,
    "audit": audit,
    "owner": owner,
    "owed": owed,
    "messages": messages,
    "evidence": evidence,
    "blob": blob,
}
