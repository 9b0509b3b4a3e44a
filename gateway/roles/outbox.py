"""The outbox role: routes what was received, sends every mail that is owed, watches for fraud."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.keyring import Keys
from gateway.notify.batch_rows import BatchWriter
from gateway.notify.enrolled import EnrolledWriter
from gateway.notify.hop import NextHop
from gateway.notify.office import Office
from gateway.notify.protection import Sealed
from gateway.notify.receipt import ReceiptWriter
from gateway.notify.refusal import RefusalWriter
from gateway.notify.sender import OutboxSender
from gateway.notify.status_notice import StatusWriter
from gateway.notify.trust_watch import TrustWatch
from gateway.notify.watch import AlarmWatch
from gateway.notify.writers import NoteWriter, ResultWriter
from gateway.receive.routing import Router
from gateway.receive.writer import ForwardWriter
from gateway.roles.parts import utc_now
from gateway.stationery import Stationery
from gateway.store.stranded import traits_of
from render.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.notify.office import Typesetter
    from gateway.notify.sender import Writer
    from gateway.roles.parts import Parts

TYPESET = "render.typeset:typeset"


async def outbox_role(parts: Parts, stop: asyncio.Event, _accepted: asyncio.Event) -> None:
    """Route what was received, send every mail that is owed, watch for fraud."""
    mail, domain = parts.config.mail, parts.config.server.domains[0]
    hop = NextHop.of(mail.smarthost, name=domain, username=mail.username, password=mail.password)
    typesetters = Sandbox(("render.warm",))  # started by the first transmission report, if there is one
    keys = Keys(parts.config.smime, utc_now)
    composing = writers(parts, partial(typesetters.run, TYPESET), typesetters.run)
    sender = OutboxSender(
        store=parts.store,
        writers={kind: Sealed(writer, keys.current, utc_now) for kind, writer in composing.items()},
        deliver=hop.deliver,
        now=utc_now,
        worker=parts.worker,
    )
    router = Router(
        store=parts.store,
        blobs=parts.blobs,
        operator=tuple(parts.config.server.operator),
        now=utc_now,
        new_id=parts.new_id,
        new_token=partial(secrets.token_hex, 16),
    )
    watch = AlarmWatch(
        store=parts.store,
        thresholds=parts.config.dialling.thresholds(),
        operators=tuple(parts.config.server.operator),
        now=utc_now,
        new_id=parts.new_id,
        home=parts.config.dialling.country,
        lines=tuple(map(traits_of, parts.config.line)) or None,
    )
    trust = TrustWatch(
        store=parts.store,
        keys=keys.current,
        operators=tuple(parts.config.server.operator),
        now=utc_now,
        new_id=parts.new_id,
    )
    with typesetters:
        await asyncio.gather(sender.run(stop), router.run(stop), watch.run(stop), trust.run(stop))


def writers(
    parts: Parts, typeset: Typesetter, children: Callable[..., Any] | None = None
) -> dict[str, Writer]:
    """Return who writes which kind of mail."""
    mail, domain = parts.config.mail, parts.config.server.domains[0]
    office = Office(
        author=mail.sender,
        domain=domain,
        blobs=parts.blobs,
        typeset=typeset,
        stationery=Stationery(mail.templates),
        public_url=parts.config.http.public_url,
    )
    return {
        "result": ResultWriter(office),
        "batch": BatchWriter(office, children),
        "dsn": StatusWriter(office),
        "mdn": ReceiptWriter(office),
        "refusal": RefusalWriter(office),
        "note": NoteWriter(office),
        "enrolled": EnrolledWriter(office),
        "forward": ForwardWriter(mail.sender, domain, parts.blobs, office.stationery, office.public_url),
    }
