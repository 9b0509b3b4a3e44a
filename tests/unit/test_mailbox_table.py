"""A `[[mailbox]]` table: what is understood, what is refused before it can do harm at night."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config import parse
from gateway.domain.errors import BadConfig
from gateway.mailin.pickup.box import mailbox_of

if TYPE_CHECKING:
    from pathlib import Path

LEAST = (
    '[server]\ndomains = ["f.example"]\noperator = ["o@example"]\n'
    '[mail]\nsmarthost = "smtp://mail.example:25"\nsender = "fax@f.example"\n'
)
BOX = '[[mailbox]]\nname = "a"\nprotocol = "imap"\nhost = "mail.example"\nuser = "fax"\n'


def test_the_least_table_is_imap_over_tls_that_trusts_nobody_and_deletes_only_what_it_took() -> None:
    [table] = parse(LEAST + BOX).mailbox
    box = mailbox_of(table)
    assert (box.place.port, box.place.tls, box.place.folder) == (993, "implicit", "INBOX")
    assert (box.trusted, box.after, box.refused, box.axatel) == (False, "delete", "keep", False)


@pytest.mark.parametrize(
    ("protocol", "tls", "port"),
    [("imap", "starttls", 143), ("pop3", "implicit", 995), ("pop3", "starttls", 110)],
)
def test_the_port_follows_from_protocol_and_tls(protocol: str, tls: str, port: int) -> None:
    text = BOX.replace("imap", protocol) + f'tls = "{tls}"\n'
    assert parse(LEAST + text).mailbox[0].used_port == port
    assert parse(LEAST + text + "port = 1143\n").mailbox[0].used_port == 1143


def test_what_is_written_reaches_the_collector() -> None:
    text = BOX + (
        'trust = "return-path"\naccount = "acme"\nafter = "move"\nrefused = "move"\nmove_to = "Done"\n'
        'interval_s = 5\naxatel = true\nfolder = "Fax"\n'
    )
    box = mailbox_of(parse(LEAST + text).mailbox[0])
    assert (box.trusted, box.account, box.after, box.move_to) == (True, "acme", "move", "Done")
    assert (box.interval_s, box.axatel, box.place.folder, box.peer) == (5.0, True, "Fax", "mailbox:a")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOX + 'tls = "none"\n', "would send the password in the clear"),
        (BOX + 'ca_file = "/nowhere/roots.pem"\n', "is not a file"),
        (BOX.replace("imap", "pop3") + 'after = "move"\n', "POP3 knows no folders"),
        (BOX.replace("imap", "pop3") + 'refused = "move"\n', "POP3 knows no folders"),
        (BOX.replace("imap", "pop3") + 'folder = "Fax"\n', "POP3 knows no folders"),
        (BOX + 'after = "move"\nmove_to = "INBOX"\n', "must be another folder"),
        (BOX + "interval_s = 0\n", "mailbox.0.interval_s"),
        (BOX + 'user = "a\\r\\nb"\n'.replace("user", "folder"), "mailbox.0.folder"),
        (BOX.replace("imap", "exchange"), "mailbox.0.protocol"),
        (BOX + "trust_all = true\n", "unknown key"),
        (BOX + 'trust = "yes"\n', "mailbox.0.trust"),
        (BOX + BOX, "have one name: a"),
        (BOX + BOX.replace('"a"', '"b"'), "have one mailbox: fax at mail.example, INBOX"),
        (BOX.replace('"fax"', '""'), "mailbox.0.user"),
        (BOX + 'password_file = "/nowhere/password"\n', "mailbox.0.password_file: /nowhere/password"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadConfig, match=sentence.replace("[", r"\[")):
        parse(LEAST + text)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_only_a_server_on_this_machine_may_be_spoken_to_in_the_clear(host: str) -> None:
    text = BOX.replace("mail.example", host) + 'tls = "none"\n'
    assert parse(LEAST + text).mailbox[0].used_port == 143


def test_the_password_comes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sécret\n", encoding="utf-8")
    [table] = parse(LEAST + BOX + f'password_file = "{file}"\n').mailbox
    assert mailbox_of(table).place.password == "sécret"


def test_the_environment_reaches_a_mailbox_too() -> None:
    [table] = parse(LEAST + BOX, environ={"POSTLINE__MAILBOX__0__PASSWORD": "p"}).mailbox
    assert table.password == "p"
