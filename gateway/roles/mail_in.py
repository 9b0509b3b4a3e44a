"""The doors of mail: the SMTP listener and the mailboxes, with the judges both ask."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.domain.modifiers import with_aliases
from gateway.mailin.auth import SignIn
from gateway.mailin.desk import Desk
from gateway.mailin.lately import Lately
from gateway.mailin.listener import Listener
from gateway.mailin.password import PasswordJudge
from gateway.mailin.pickup.box import mailbox_of
from gateway.mailin.pickup.collector import Collector
from gateway.mailin.settings import Relay, SmtpLimits, SmtpSettings
from gateway.observe.crash import crash_point
from gateway.roles import proving, sealing
from gateway.roles.parts import host_port, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.config import Config
    from gateway.mailin.judging import Judge
    from gateway.mailin.spf import Spf
    from gateway.roles.parts import Parts

SENDER_REMEMBERED_S = 1.0


async def smtp_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Take mail."""
    with judges_of(parts) as (judges, spf):
        listener = Listener(mail_desk(parts, accepted, judges, spf))
        await listener.start()
        await stop.wait()
        await listener.stop()


async def mailbox_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Pick mail up from every configured mailbox."""
    if not parts.config.mailbox:
        await stop.wait()
        return
    with judges_of(parts) as (judges, _):  # SPF is a question about connections
        desk = mail_desk(parts, accepted, judges)
        desk.spool.mkdir(parents=True, exist_ok=True)
        boxes = [Collector(mailbox_of(table), desk) for table in parts.config.mailbox]
        await asyncio.gather(stop.wait(), *(box.run(stop) for box in boxes))


@contextmanager
def judges_of(parts: Parts) -> Iterator[tuple[dict[str, Judge], Spf]]:
    """Give who is asked of a mail, by name, and who is asked of a connection; their children end with it."""
    settings = smtp_settings(parts.config)
    with (
        sealing.judge(parts.config, parts.store, settings, utc_now) as judge,
        proving.proofs(parts.config, settings) as proofs,
    ):
        yield {"smime": judge, **proofs.judges, "password": password_judge(parts)}, proofs.spf


def password_judge(parts: Parts) -> Judge:
    """Return who asks for the password in a subject; the last judge, for it takes the password out."""
    sign_in = SignIn(parts.store, secrets.token_bytes(32), utc_now)
    return PasswordJudge(parts.store, sign_in, with_aliases(parts.config.options.aliases))


def mail_desk(
    parts: Parts, accepted: asyncio.Event, judges: Mapping[str, Judge], spf: Spf | None = None
) -> Desk:
    """Return what every mail needs, by whatever door it comes; SPF is a question about connections."""
    return Desk(
        settings=smtp_settings(parts.config),
        store=parts.store,
        blobs=parts.blobs,
        spool=parts.config.server.data / "spool" / "tmp",
        now=utc_now,
        new_id=parts.new_id,
        crash=crash_point,
        accepted=accepted.set,
        judges=judges,
        spf=spf,
        lately=Lately(SENDER_REMEMBERED_S),
    )


def smtp_settings(config: Config) -> SmtpSettings:
    """Return what the mail door needs, from the configuration."""
    smtp, caps = config.smtp, config.limits
    return SmtpSettings(
        domains=tuple(config.server.domains),
        operator=tuple(config.server.operator),
        hostname=config.server.domains[0],
        listen=tuple(host_port(address) for address in smtp.listen),
        listen_tls=tuple(host_port(address) for address in smtp.listen_tls),
        certificate=smtp.certificate,
        key=smtp.key,
        trusted_networks=tuple(ipaddress.ip_network(network) for network in smtp.trusted_networks),
        trusted_relays=tuple(
            Relay(ipaddress.ip_network(relay.network), relay.authserv_id) for relay in smtp.trusted_relays
        ),
        client_certificates=smtp.client_certificates,
        unauthenticated=smtp.unauthenticated,
        dialling=config.rules(),
        limits=SmtpLimits(
            message_bytes=caps.message_bytes,
            recipients=caps.recipients,
            numbers=caps.list_numbers,
            header_bytes=caps.header_bytes,
            field_bytes=caps.header_field_bytes,
            fields=caps.header_fields,
            parts=caps.mime_parts,
            depth=caps.mime_depth,
            connections=caps.smtp_connections,
            connections_per_ip=caps.smtp_connections_per_ip,
            idle_s=caps.smtp_idle_s,
            session_s=caps.smtp_session_s,
            min_rate=caps.smtp_min_rate,
        ),
    )
