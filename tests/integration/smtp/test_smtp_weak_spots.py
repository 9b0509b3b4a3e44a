"""One test for each row of threats.md section 2: what the library did wrong, and what we do instead."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import MAIL, Client, Door
from waiting import wait_until

from gateway.domain.errors import Unavailable
from gateway.mailin.conversation import Conversation
from gateway.mailin.settings import site_of
from gateway.store.blobs import LocalBlobs
from gateway.store.models import Message

if TYPE_CHECKING:
    from pathlib import Path

FAX = "+81312345678@fax.example.org"
SMUGGLED = b"\r\nMAIL FROM:<alice@acme.example>\r\nRCPT TO:<+81399999999@fax.example.org>\r\nDATA\r\n"


def memory() -> int:
    """Return this process's resident memory, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  (a kernel file, one line)
        return int(file.read().split()[1]) * 4096


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\r.\r\n", b"\r\n\0.\r\n"],
    ids=repr,
)
def test_only_crlf_dot_crlf_ends_a_mail(tmp_path: Path, end: bytes) -> None:
    with Door(tmp_path, trusted_networks=()) as door, door.client() as client:
        client.hello().envelope(FAX, sender="carol@classic.example")
        assert client.say("DATA").startswith("354")
        client.send(MAIL + end + SMUGGLED + b"\r\n.\r\n")
        reply = client.reply()
        assert client.say("NOOP") == "250 2.0.0 OK"
        # The smuggled commands were part of one mail, whatever became of it.
        assert "+81399999999" not in str(door.numbers)
        assert reply.startswith("250 " if b"\0" in end else "550 5.6.0 ")


@pytest.mark.parametrize("bare", [b"one\rtwo\r\n", b"one\ntwo\r\n", b"\none\r\n", b"one\r\r\n"], ids=repr)
def test_bare_line_ends_are_refused_from_strangers_networks(tmp_path: Path, bare: bytes) -> None:
    with Door(tmp_path, trusted_networks=()) as door, door.client() as client:
        reply = client.hello().fax(FAX, mail=MAIL + bare, sender="carol@classic.example")
        assert reply.startswith("550 5.6.0 ")
        assert client.say("NOOP") == "250 2.0.0 OK"
        assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}
        assert door.spooled == []


def test_bare_line_ends_of_a_trusted_program_are_mended(door: Door, client: Client) -> None:
    assert client.fax(FAX, mail=b"Subject: x\n\none\rtwo\nthree\r\n").startswith("250 ")
    [message] = door.rows(Message)
    assert door.blobs.read(message.blob) == b"Subject: x\r\n\r\none\r\ntwo\r\nthree\r\n"


def test_a_stream_without_line_ends_grows_no_memory(tmp_path: Path) -> None:
    piece = b"x" * 65_536
    with Door(tmp_path, limits={"message_bytes": 80 << 20}) as door, door.client() as client:
        client.hello().envelope(FAX)
        client.say("DATA")
        client.send(b"Subject: x\r\n\r\n")
        before = memory()
        most = 0
        for _ in range((64 << 20) // len(piece)):
            client.send(piece)
            most = max(most, memory() - before)
        assert most < 32 << 20
        client.send(b"\r\n.\r\n")
        assert client.reply().startswith("250 ")
        assert door.rows(Message)[0].size == (64 << 20) + len(b"Subject: x\r\n\r\n\r\n")


def test_a_mail_beyond_the_limit_is_not_stored_and_the_connection_ends(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"message_bytes": 1 << 20}) as door, door.client() as client:
        client.hello().envelope(FAX)
        client.say("DATA")
        with pytest.raises(ConnectionError):
            client.flood(b"y", 64 << 20)
        assert client.sent < 32 << 20
        assert door.counts["Message"] == 0
        wait_until(lambda: not door.spooled, what="the spool file to go")


def test_a_mail_a_little_too_large_hears_552_and_may_go_on(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"message_bytes": 10_000}) as door, door.client() as client:
        client.hello().envelope(FAX)
        reply = client.data(MAIL + b"x" * 10_000 + b"\r\n")
        assert reply.startswith("552 5.3.4 The message is too large")
        assert client.fax(FAX).startswith("250 ")
        assert len(door.numbers) == 1


@pytest.mark.parametrize(("extra", "code"), [(0, "250"), (1, "552")], ids=["at the limit", "one byte more"])
def test_the_size_limit_counts_the_mail_without_its_stuffed_dots(
    tmp_path: Path, extra: int, code: str
) -> None:
    with Door(tmp_path, limits={"message_bytes": 5000}) as _, _.client() as client:
        client.hello().envelope(FAX)
        head = b"Subject: x\r\n\r\n.dot\r\n"
        mail = head + b"x" * (5000 - len(head) - 2 + extra) + b"\r\n"
        assert client.data(mail.replace(b"\r\n.", b"\r\n..")).startswith(code)


def test_a_declared_size_is_refused_at_mail(client: Client) -> None:
    assert client.say("MAIL FROM:<alice@acme.example> SIZE=29360129").startswith("552 5.3.4 ")
    assert client.say("MAIL FROM:<alice@acme.example> SIZE=29360128").startswith("250 ")


def test_the_librarys_own_clock_never_ends_a_session_before_ours(door: Door) -> None:
    """A steady mail is judged by `Pace` alone (tests/unit/test_data_reader.py holds it to that)."""

    async def clock_of_a_conversation() -> float:
        return Conversation(door.listener, None)._timeout_duration

    limits = door.listener.desk.settings.limits
    assert door.do(clock_of_a_conversation()) > limits.session_s


def test_silence_in_data_ends_in_421(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"idle_s": 0.2}) as door, door.client() as client:
        client.hello().envelope(FAX)
        client.say("DATA")
        client.send(b"Subject: x\r\n")
        assert client.reply().startswith("421 4.4.2 ")
        assert client.reply() == ""
        wait_until(lambda: not door.spooled, what="the spool file to go")


def test_a_trickle_below_the_minimum_rate_ends_in_421(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"idle_s": 0.5, "min_rate": 1e6}) as door, door.client() as client:
        client.hello().envelope(FAX)
        client.say("DATA")
        client.socket.settimeout(0.05)
        heard = b""
        for _ in range(200):
            try:
                client.send(b"x\r\n")
                heard = client.socket.recv(100)
            except TimeoutError:
                continue
            break
        assert heard.startswith(b"421 4.4.2 ")
        assert door.counts["Message"] == 0


def test_a_client_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"greeting_s": 0.2}) as door, door.client() as client:
        assert client.reply().startswith("220 ")
        assert client.reply().startswith("421 4.4.2 ")
        assert client.reply() == ""
        assert door.counts["Message"] == 0


def test_a_session_has_an_end_however_busy(tmp_path: Path) -> None:
    limits = {"session_s": 0.3, "idle_commands": 10**6, "commands_before_mail": 10**6}
    with Door(tmp_path, limits=limits) as door, door.client() as client:
        client.hello()
        wait_until(lambda: client.say("NOOP").startswith("421 4.4.2 "), 20, "the end of the session")


def test_a_half_closed_client_still_hears_its_number(door: Door, client: Client) -> None:
    client.envelope(FAX)
    client.say("DATA")
    client.send(MAIL + b".\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.reply().startswith("250 2.0.0 queued as ")
    assert door.numbers == ["0081312345678"]


def test_a_client_that_vanishes_during_the_commit_does_not_stop_it(tmp_path: Path) -> None:
    at_commit, gone = threading.Event(), threading.Event()

    def hold(point: str) -> None:
        if point == "smtp.renamed":
            at_commit.set()

    class SlowBlobs(LocalBlobs):
        def adopt(self, kind: str, path: Path, sha256: str) -> str:
            gone.wait(20)
            return super().adopt(kind, path, sha256)

    with Door(tmp_path, crash=hold) as door:
        door.blobs.__class__ = SlowBlobs
        with door.client() as client:
            client.hello().envelope(FAX)
            client.say("DATA")
            client.send(MAIL + b".\r\n")
            wait_until(lambda: [path for path in door.spooled if path.stat().st_size == len(MAIL)])
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.set()
        wait_until(lambda: door.numbers, what="the commit")
        assert at_commit.is_set()
        assert door.numbers == ["0081312345678"]


def test_a_client_that_vanishes_in_the_middle_of_a_mail_leaves_nothing(door: Door) -> None:
    with door.client() as client:
        client.hello().envelope(FAX)
        client.say("DATA")
        client.send(MAIL)
    wait_until(lambda: not door.spooled, what="the spool file to go")
    assert door.counts["Message"] == 0


def test_our_own_faults_are_451_without_insides(
    door: Door, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> None:
        raise Unavailable("The database does not answer at the moment.", detail="secret.sqlite is locked")

    client.envelope(FAX)
    with monkeypatch.context() as patch:
        patch.setattr(door.listener.desk.store, "run", broken)
        assert client.data() == "451 4.3.0 Local trouble, try again later"
    assert client.fax(FAX).startswith("250 ")


def test_a_bug_is_451_and_the_listener_goes_on(
    door: Door, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> None:
        raise KeyError("/srv/secret/path")

    client.envelope(FAX)
    with monkeypatch.context() as patch:
        patch.setattr(door.listener.desk.store, "run", broken)
        assert client.data() == "451 4.3.0 Local trouble, try again later"
    with door.client() as other:
        assert other.hello().fax(FAX).startswith("250 ")
    assert len(door.numbers) == 1


@pytest.mark.parametrize(("count", "code"), [(500, "250"), (501, "452")], ids=["500", "501"])
def test_five_hundred_recipients_and_no_more(door: Door, client: Client, count: int, code: str) -> None:
    replies = client.envelope(*(f"+8131234{n:04}@fax.example.org" for n in range(count)))
    assert replies[-1].startswith(code)
    assert all(reply.startswith("250 ") for reply in replies[:500])
    assert client.data().startswith("250 ")
    assert len(door.numbers) == 500


def test_connections_of_one_address_are_counted(tmp_path: Path) -> None:
    with Door(tmp_path, trusted_networks=(), limits={"connections_per_ip": 3}) as door:
        clients = [door.client() for _ in range(3)]
        for client in clients:
            client.hello()
        with door.client() as one_too_many:
            assert one_too_many.reply().startswith("421 4.3.2 ")
            assert one_too_many.reply() == ""
        clients.pop().close()
        wait_until(lambda: door.listener._by_site["127.0.0.1"] == 2)
        with door.client() as again:
            again.hello()
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_a_link_of_ipv6_is_one_client(address: str, site: str) -> None:
    assert site_of(address) == site


def test_a_hundred_commands_before_a_mail_and_no_more(door: Door) -> None:
    with door.client() as client:
        client.hello()
        assert {client.say("EHLO again")[:3] for _ in range(99)} == {"250"}
        assert client.say("EHLO again").startswith("421 4.7.0 ")


def test_all_connections_are_counted(tmp_path: Path) -> None:
    limits = {"connections": 2, "connections_per_ip": 100}
    with (
        Door(tmp_path, trusted_networks=(), limits=limits) as door,
        door.client() as one,
        door.client() as two,
    ):
        one.hello()
        two.hello()
        with door.client() as three:
            assert three.reply().startswith("421 4.3.2 ")


def test_a_trusted_network_is_not_counted(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"connections_per_ip": 1}) as door, door.client() as one, door.client() as two:
        one.hello()
        two.hello()
        assert two.fax(FAX).startswith("250 ")


@pytest.mark.parametrize(
    ("command", "limits"),
    [
        ("NOOP", {"idle_commands": 5}),
        ("RSET", {"idle_commands": 5}),
        ("VRFY x", {"idle_commands": 5}),
        ("EHLO x", {"commands_before_mail": 6}),
        ("WHAT", {"errors": 5}),
        ("RCPT TO:<x@y.example>", {"errors": 5}),
    ],
)
def test_patience_has_an_end(tmp_path: Path, command: str, limits: dict[str, int]) -> None:
    with Door(tmp_path, limits=limits) as door, door.client() as client:
        client.hello()
        replies = [client.say(command) for _ in range(6)]
        assert not any(reply.startswith("421") for reply in replies[:5])
        assert replies[5].startswith("421 4.7.0 ")
        assert client.reply() == ""


@pytest.mark.parametrize(
    "path",
    [
        "alice@acme.example",
        "<alice@acme.example",
        "<@relay.example:alice@acme.example>",
        "<alice@acme.example>x",
        "<al\0ice@acme.example>",
        "<al\tice@acme.example>",
        "<älice@acme.example>",
        "<alice@acme..example>",
        "<alice@-acme.example>",
        "<@acme.example>",
        "<a b@acme.example>",
        '<"a"b@acme.example>',
        "<alice@acme.example>\x7f",
        "<" + "a" * 250 + "@acme.example>",
        "<\udcff@acme.example>",
    ],
)
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
def test_addresses_are_read_strictly(client: Client, command: str, path: str) -> None:
    if command == "RCPT TO:":
        client.envelope()
    assert client.say(command + path)[:4] in {"501 ", "553 ", "500 "}


def test_the_null_sender_is_nobody(door: Door, client: Client) -> None:
    [reply] = client.envelope(FAX, sender="")
    assert reply.startswith("550 5.7.1 Not allowed to send here")
    assert door.counts["Message"] == 0


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\rOP\r\n", b"NOOP \0\r\n", b"NOOP \xff\r\n", b"\r\n"], ids=repr
)
def test_malformed_command_lines_are_refused(client: Client, line: bytes) -> None:
    client.send(line)
    assert client.reply().startswith("500 5.5.")
    assert client.say("NOOP") == "250 2.0.0 OK"


def test_an_endless_command_line_ends_the_connection(client: Client) -> None:
    client.send(b"EHLO " + b"x" * 200_000)
    assert client.reply().startswith("500 5.5.2 ")


def test_a_long_command_line_is_refused(client: Client) -> None:
    assert client.say("EHLO " + "x" * 3000).startswith("500 5.5.2 ")
    assert client.say("NOOP") == "250 2.0.0 OK"


def test_the_banner_tells_no_versions(door: Door) -> None:
    with door.client() as client:
        assert client.reply() == "220 fax.example.org Postline ESMTP"


def test_only_what_is_kept_is_offered(client: Client) -> None:
    offered = client.say("EHLO me").split("\n")[1:]
    assert [line[4:] for line in offered] == [
        "SIZE 29360128", "8BITMIME", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES",
    ]  # fmt: skip
    assert client.say("AUTH PLAIN AGEAYg==").startswith("502 5.5.1 ")
    assert client.say("STARTTLS").startswith("502 5.5.1 ")


@pytest.mark.parametrize(
    "parameter", ["BODY=BINARYMIME", "SMTPUTF8", "RET=ALL", "SIZE=x", "SIZE=-1", "AUTH=<>"]
)
def test_unknown_parameters_are_refused(client: Client, parameter: str) -> None:
    assert client.say(f"MAIL FROM:<alice@acme.example> {parameter}")[:4] in {"555 ", "501 "}


def test_lines_longer_than_the_standard_allows_are_taken(door: Door, client: Client) -> None:
    mail = b"Subject: x\r\n\r\n" + b"y" * 60_000 + b"\r\n"
    assert client.fax(FAX, mail=mail).startswith("250 ")
    assert door.rows(Message)[0].size == len(mail)


def test_commands_sent_ahead_of_the_end_of_a_mail_are_obeyed(door: Door, client: Client) -> None:
    client.envelope(FAX)
    client.say("DATA")
    client.send(MAIL + b".\r\nMAIL FROM:<alice@acme.example>\r\nRSET\r\nNOOP\r\n")
    assert [client.reply()[:3] for _ in range(4)] == ["250"] * 4
    assert len(door.numbers) == 1
