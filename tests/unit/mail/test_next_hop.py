"""The next hop: which URL means what, when TLS is a must, and what an answer means for the mail."""

from __future__ import annotations

import aiosmtplib
import pytest

from gateway.domain.errors import BadConfig
from gateway.notify.hop import HopUnavailable, MailRefused, NextHop, verdict


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25, False),
        ("smtp://mail.example.org:587", "mail.example.org", 587, False),
        ("smtps://mail.example.org", "mail.example.org", 465, True),
        ("smtp://[::1]:2525", "::1", 2525, False),
    ],
)
def test_a_smarthost_is_read_from_its_url(url: str, host: str, port: int, tls: bool) -> None:
    hop = NextHop.of(url, name="fax.example.org")
    assert (hop.host, hop.port, hop.tls) == (host, port, tls)


@pytest.mark.parametrize("url", ["http://mail.example.org", "smtp://", "mail.example.org", "smtp://a:port"])
def test_what_is_no_smarthost_is_refused(url: str) -> None:
    with pytest.raises(BadConfig):
        NextHop.of(url, name="fax.example.org")


@pytest.mark.parametrize(
    ("url", "username", "start_tls", "proved"),
    [
        ("smtp://mail.example.org", "", None, False),
        ("smtp://mail.example.org", "fax", True, True),
        ("smtp://localhost", "fax", None, False),
        ("smtps://mail.example.org", "", False, True),
        ("smtps://mail.example.org", "fax", False, True),
    ],
)
def test_a_password_never_leaves_this_machine_over_a_line_nobody_judged(
    url: str, username: str, start_tls: bool | None, proved: bool
) -> None:
    hop = NextHop.of(url, name="fax.example.org", username=username, password="secret" if username else "")
    assert (hop._start_tls(), hop.needs_proof) == (start_tls, proved)
    assert hop._client().validate_certs is proved


@pytest.mark.parametrize(
    "error",
    [
        aiosmtplib.SMTPSenderRefused(552, "too big", ""),
        aiosmtplib.SMTPRecipientRefused(550, "no such user", "a@b"),
        aiosmtplib.SMTPDataError(554, "no"),
    ],
)
def test_a_5xx_about_this_mail_is_final(error: aiosmtplib.SMTPException) -> None:
    assert isinstance(verdict(error), MailRefused)


@pytest.mark.parametrize(
    "error",
    [
        aiosmtplib.SMTPRecipientRefused(450, "greylisted", "a@b"),
        aiosmtplib.SMTPDataError(451, "later"),
        aiosmtplib.SMTPAuthenticationError(535, "bad password"),
        aiosmtplib.SMTPConnectResponseError(554, "not today"),
        aiosmtplib.SMTPHeloError(501, "who?"),
        aiosmtplib.SMTPServerDisconnected("gone"),
        aiosmtplib.SMTPReadTimeoutError("too slow"),
        aiosmtplib.SMTPDataError(-1, "malformed"),
    ],
)
def test_anything_else_may_pass_so_the_mail_waits(error: aiosmtplib.SMTPException) -> None:
    assert isinstance(verdict(error), HopUnavailable)
