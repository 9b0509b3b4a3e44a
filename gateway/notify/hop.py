"""The next hop: one mail over one SMTP connection to the operator's smarthost, and what its answer means.

`smtp://` uses STARTTLS where the server offers it, without judging its certificate (a passive listener is
kept out, as mail servers do among each other); with a user name and password TLS is a must and is judged,
except on this machine. `smtps://` is TLS from the first byte, judged. Nothing here retries: the outbox does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiosmtplib

from gateway.domain.errors import BadConfig, PostlineError, Refused, Unavailable

if TYPE_CHECKING:
    import ssl

    from gateway.mail import OutgoingMail

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ABOUT_THIS_MAIL: Final = (
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPDataError,
)


class MailRefused(Refused):
    """The next hop will never take this mail (5xx at MAIL, RCPT or DATA)."""

    code = "mail-refused"


class HopUnavailable(Unavailable):
    """The next hop did not take the mail now: not there, too slow, 4xx, or it broke off."""

    code = "hop-unavailable"


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where mail goes. `name` is what we call ourselves in EHLO; `timeout` is seconds a command."""

    host: str
    port: int
    tls: bool
    name: str
    username: str = ""
    password: str = ""
    timeout: float = 60.0
    context: ssl.SSLContext | None = None

    @classmethod
    def of(cls, url: str, *, name: str, username: str = "", password: str = "") -> NextHop:
        """Read `smtp://host[:port]` or `smtps://host[:port]`; raise `BadConfig` for anything else."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise BadConfig(f"mail.smarthost: {url!r}: {error}") from error
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise BadConfig(f"mail.smarthost: {url!r} is neither smtp://host nor smtps://host")
        tls = parts.scheme == "smtps"
        return cls(parts.hostname, port or (465 if tls else 25), tls, name, username, password)

    @property
    def needs_proof(self) -> bool:
        """Whether TLS is a must and its certificate is judged."""
        return self.tls or (bool(self.username) and self.host not in LOOPBACK)

    async def deliver(self, mail: OutgoingMail) -> str:
        """Hand one mail over; return the answer to its last dot.

        Raises `MailRefused` where trying again cannot help, `HopUnavailable` where it may.
        """
        client = self._client()
        try:
            await client.connect()
            return await hand_over(client, mail)
        except aiosmtplib.SMTPException as error:
            raise verdict(error) from error
        except (OSError, TimeoutError) as error:
            raise HopUnavailable(f"{self.host}:{self.port}: {error}") from error
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.tls,
            start_tls=self._start_tls(),
            validate_certs=self.needs_proof,
            tls_context=self.context if self.needs_proof else None,
            username=self.username or None,
            password=self.password or None,
            local_hostname=self.name,
            timeout=self.timeout,
        )

    def _start_tls(self) -> bool | None:
        """Return False under TLS, True where it must be upgraded to, None where it may."""
        if self.tls:
            return False
        return True if self.needs_proof else None


async def hand_over(client: aiosmtplib.SMTP, mail: OutgoingMail) -> str:
    """Say MAIL, RCPT and DATA; a farewell that fails changes nothing once the mail was taken."""
    options = ["NOTIFY=FAILURE"] if mail.report_failure and client.supports_extension("dsn") else []
    await client.mail(mail.envelope_sender)
    await client.rcpt(mail.recipient, options=options)
    answer = await client.data(mail.content)
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
    return f"{answer.code} {answer.message}"


def verdict(error: aiosmtplib.SMTPException) -> PostlineError:
    """Return what a failure means: final only if the server refused this very mail with a 5xx."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"{error.code} {error.message}"
        if isinstance(error, ABOUT_THIS_MAIL) and 500 <= error.code < 600:
            return MailRefused(said)
        return HopUnavailable(said)
    return HopUnavailable(error.message)
