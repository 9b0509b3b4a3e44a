"""The next hop on the wire: TLS in its three forms, and the request for a failure notice."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from notify_fixtures import mail_server

from gateway.mail import OutgoingMail
from gateway.notify.hop import HopUnavailable, NextHop

if TYPE_CHECKING:
    from pathlib import Path

MAIL = OutgoingMail(
    "", "alice@acme.example", b"Subject: hello\r\n\r\n.a line with a dot\r\n", report_failure=True
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh self-signed certificate for 127.0.0.1, key and certificate in one file."""
    assert shutil.which("openssl"), "install the Debian package openssl"
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    parts = [file.with_suffix(suffix) for suffix in (".key", ".crt")]
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=mx.example"
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    command = [*make.split(), *name, "-keyout", parts[0], "-out", parts[1]]
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(b"".join(part.read_bytes() for part in parts))
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_starttls_is_used_where_it_is_offered_even_with_a_certificate_of_nobody(
    server_tls: ssl.SSLContext,
) -> None:
    async with mail_server(starttls=server_tls) as server:
        await server.hop.deliver(MAIL)
    assert server.under_tls == [True]


async def test_without_starttls_the_mail_goes_in_the_clear() -> None:
    async with mail_server() as server:
        await server.hop.deliver(MAIL)
    assert server.under_tls == [False]
    assert server.accepted == [MAIL.content]


async def test_smtps_delivers_to_a_server_whose_certificate_is_trusted(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with mail_server(tls=server_tls) as server:
        await replace(server.hop, tls=True, context=trusting).deliver(MAIL)
    assert len(server.accepted) == 1


async def test_smtps_waits_rather_than_talk_to_a_server_nobody_vouches_for(
    server_tls: ssl.SSLContext,
) -> None:
    async with mail_server(tls=server_tls) as server:
        with pytest.raises(HopUnavailable, match="certificate"):
            await replace(server.hop, tls=True).deliver(MAIL)
    assert server.accepted == []


async def spoken(extension: str, mail: OutgoingMail) -> list[str]:
    """Return what we say to a server that offers one extension."""
    said: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies = iter(
            ("220 mx", f"250-mx\r\n250 {extension}", "250 OK", "250 OK", "354 go on", "250 OK", "221 bye")
        )
        writer.write(f"{next(replies)}\r\n".encode())
        in_data = False
        async for line in reader:
            said.append(line.decode().rstrip("\r\n"))
            in_data = (in_data or said[-2:-1] == ["DATA"]) and said[-1] != "."
            if not in_data:
                writer.write(f"{next(replies)}\r\n".encode())
        writer.close()
        await writer.wait_closed()
        over.set()

    over = asyncio.Event()
    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        await NextHop("127.0.0.1", port, tls=False, name="fax.example.org", timeout=5).deliver(mail)
        await over.wait()
    return said


async def test_a_notice_of_failure_is_asked_for_where_the_server_offers_it() -> None:
    assert "RCPT TO:<alice@acme.example> NOTIFY=FAILURE" in await spoken("DSN", MAIL)


async def test_a_server_without_notices_is_not_asked() -> None:
    assert "RCPT TO:<alice@acme.example>" in await spoken("HELP", MAIL)


async def test_a_result_asks_for_no_notice_and_has_the_null_sender() -> None:
    said = await spoken("DSN", replace(MAIL, report_failure=False))
    assert said[:3] == ["EHLO fax.example.org", "MAIL FROM:<>", "RCPT TO:<alice@acme.example>"]
    assert "..a line with a dot" in said
