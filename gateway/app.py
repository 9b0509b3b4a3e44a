"""The composition root: builds the parts from the configuration, starts and ends them in order.

The only module that knows which clock, ids and folders are in use; everything below gets them as arguments.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import secrets
import signal
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable
from gateway.domain.modifiers import with_aliases
from gateway.store import migrate, orphans
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore, Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from gateway.config import Config
    from gateway.mailin.desk import Desk
    from gateway.mailin.judging import Judge
    from gateway.mailin.settings import SmtpSettings
    from gateway.mailin.spf import Spf
    from gateway.notify.office import Typesetter
    from gateway.notify.sender import Writer
    from gateway.web.site import Demo

log = structlog.get_logger()

MESSAGE_READER = "gateway.mailin.message:read"
MAILBOX_READER = "gateway.mailin.axatel:read"
SENDER_REMEMBERED_S = 1.0
BLOCKING_THREADS = 16  # mostly for mails that wait for the disk: their syncs share its work
ORPHAN_AGE = timedelta(hours=1)
TYPESET = "render.typeset:typeset"
PRELOAD = ("gateway.mailin.message", "render.warm")


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """What several roles share."""

    config: Config
    store: AsyncStore
    blobs: LocalBlobs
    new_id: Callable[[], str]
    worker: str


def prepare(config: Config) -> None:
    """Create the state folder and bring the database to this release's schema."""
    config.server.data.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(config.server.database_url)


def new_message_id(domain: str) -> str:
    """Return a fresh Message-ID, with brackets."""
    return f"<{uuid.uuid4().hex}@{domain}>"


def local_blobs(config: Config) -> LocalBlobs:
    """Return the blob store below the state folder, with the configured free-space floor."""
    floor = Floor(config.limits.free_disk_bytes, config.limits.free_disk_fraction)
    return LocalBlobs(config.server.data / "blobs", floor=floor)


def run(config: Config, roles: Sequence[str]) -> None:
    """Run these roles in this process until SIGTERM."""
    if tuple(roles) == ("lines",):
        run_lines(config)
    else:
        asyncio.run(run_rest(config, roles))


def run_lines(config: Config) -> None:
    """Run the lines of this configuration: one thread a port, nothing else."""
    from gateway.lines import lock, pool  # noqa: PLC0415  (the other process need not load modems)
    from gateway.lines.base import Plant  # noqa: PLC0415

    plant = Plant(
        store=Store(config.server.database_url),
        blobs=local_blobs(config),
        now=utc_now,
        clock=time.monotonic,
        new_id=partial(new_message_id, config.server.domains[0]),
        host=socket.gethostname(),
        dialling=config.rules(),
        operator=tuple(config.server.operator),
    )
    plant.store.check()
    locks = [lock.hold(config.server.data / "lines", line.name) for line in config.line]
    lines = pool.build(plant, config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lines.stop())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # lines have no file to read anew, and must not die of it
    lines.start()
    lines.join()
    for held in locks:
        held.close()
    plant.store.close()


async def run_rest(config: Config, roles: Sequence[str]) -> None:
    """Run every role but the lines on one event loop."""
    parts = Parts(
        config=config,
        store=AsyncStore(config.server.database_url),
        blobs=local_blobs(config),
        new_id=partial(new_message_id, config.server.domains[0]),
        worker=f"{socket.gethostname()}/rest/{os.getpid()}",
    )
    await parts.store.check()
    if "outbox" in roles:
        await set_orphans_aside(parts)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, "blocking"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    accepted = asyncio.Event()
    builders: dict[str, Callable[[], Awaitable[None]]] = {
        "smtp": lambda: smtp_role(parts, stop, accepted),
        "render": lambda: render_role(parts, stop, accepted),
        "outbox": lambda: outbox_role(parts, stop),
        "http": lambda: http_role(parts, stop),
        "mailbox": lambda: mailbox_role(parts, stop, accepted),
    }
    try:
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(guarded(role, builders[role](), stop), name=role)
    finally:
        await parts.store.close()


async def set_orphans_aside(parts: Parts) -> None:
    """Put files that a crash left without a row into quarantine, and name rows that lost their file."""
    now = utc_now()
    aside = await parts.store.run(orphans.quarantine, parts.blobs, now - ORPHAN_AGE, now)
    lost = await parts.store.read(orphans.missing, parts.blobs)
    if aside:
        log.warning("blobs.quarantined", count=len(aside))
    if lost:
        log.error("blobs.missing", count=len(lost), first=lost[0])


def hung_up() -> None:
    """Say that SIGHUP was heard: certificates are read again at the next connection whenever they change."""
    log.info("certificates follow their files")


async def guarded(role: str, work: Awaitable[None], stop: asyncio.Event) -> None:
    """Run one role; if it fails, end the process in order, so that the supervisor starts it anew."""
    try:
        await work
    except Exception:
        log.exception("role.failed", role=role)
        stop.set()
        raise


async def smtp_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Take mail."""
    from gateway import proving, sealing  # noqa: PLC0415  (a process loads the roles it runs)
    from gateway.mailin.listener import Listener  # noqa: PLC0415

    settings = smtp_settings(parts.config)
    with (
        sealing.judge(parts.config, parts.store, settings, utc_now) as judge,
        proving.proofs(parts.config, settings) as proofs,
    ):
        judges = {"smime": judge, **proofs.judges, "password": password_judge(parts)}
        listener = Listener(mail_desk(parts, accepted, judges, proofs.spf))
        await listener.start()
        await stop.wait()
        await listener.stop()


async def mailbox_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Pick mail up from every configured mailbox."""
    if not parts.config.mailbox:
        await stop.wait()
        return
    from gateway import proving, sealing  # noqa: PLC0415  (as above)
    from gateway.mailin.pickup.box import mailbox_of  # noqa: PLC0415
    from gateway.mailin.pickup.collector import Collector  # noqa: PLC0415

    settings = smtp_settings(parts.config)
    with (
        sealing.judge(parts.config, parts.store, settings, utc_now) as judge,
        proving.proofs(parts.config, settings) as proofs,
    ):
        judges = {"smime": judge, **proofs.judges, "password": password_judge(parts)}
        desk = mail_desk(parts, accepted, judges)
        desk.spool.mkdir(parents=True, exist_ok=True)
        boxes = [Collector(mailbox_of(table), desk) for table in parts.config.mailbox]
        await asyncio.gather(stop.wait(), *(box.run(stop) for box in boxes))


def password_judge(parts: Parts) -> Judge:
    """Return who asks for the password in a subject; the last judge, for it takes the password out."""
    from gateway.mailin.auth import SignIn  # noqa: PLC0415  (as above)
    from gateway.mailin.password import PasswordJudge  # noqa: PLC0415

    sign_in = SignIn(parts.store, secrets.token_bytes(32), utc_now)
    return PasswordJudge(parts.store, sign_in, with_aliases(parts.config.options.aliases))


def mail_desk(
    parts: Parts, accepted: asyncio.Event, judges: Mapping[str, Judge], spf: Spf | None = None
) -> Desk:
    """Return what every mail needs, by whatever door it comes; SPF is a question about connections."""
    from gateway.mailin.desk import Desk  # noqa: PLC0415
    from gateway.mailin.lately import Lately  # noqa: PLC0415  (as above)
    from gateway.observe.crash import crash_point  # noqa: PLC0415

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
    from gateway.mailin.settings import Relay, SmtpLimits, SmtpSettings  # noqa: PLC0415

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


def host_port(address: str) -> tuple[str, int]:
    """Split "host:port"; an IPv6 host loses its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


async def render_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Read and draw what was accepted."""
    from gateway import sealing  # noqa: PLC0415
    from gateway.intake.rendering import RenderRole  # noqa: PLC0415
    from gateway.keyring import Keys  # noqa: PLC0415
    from render.sandbox import Sandbox  # noqa: PLC0415

    keys = Keys(parts.config.smime, utc_now)
    with Sandbox((*PRELOAD, sealing.PRELOAD)) as sandbox:
        await asyncio.to_thread(sandbox.start)
        role = RenderRole(
            store=parts.store,
            blobs=parts.blobs,
            sandbox=sandbox,
            readers={"smtp": MESSAGE_READER, "cli": MESSAGE_READER, "mailbox": MAILBOX_READER},
            now=utc_now,
            new_id=parts.new_id,
            worker=parts.worker,
            wake=accepted,
            domains=tuple(parts.config.server.domains),
            max_pages=parts.config.limits.pages,
            country=parts.config.dialling.country,
            aliases=parts.config.options.aliases,
            unseal=sealing.opener(sandbox, keys, utc_now),
        )
        await role.run(stop)


async def outbox_role(parts: Parts, stop: asyncio.Event) -> None:
    """Route what was received, send every mail that is owed, watch for fraud."""
    from gateway.keyring import Keys  # noqa: PLC0415
    from gateway.notify.hop import NextHop  # noqa: PLC0415
    from gateway.notify.protection import Sealed  # noqa: PLC0415
    from gateway.notify.sender import OutboxSender  # noqa: PLC0415
    from gateway.notify.trust_watch import TrustWatch  # noqa: PLC0415
    from gateway.notify.watch import AlarmWatch  # noqa: PLC0415
    from gateway.receive.routing import Router  # noqa: PLC0415
    from gateway.store.stranded import traits_of  # noqa: PLC0415
    from render.sandbox import Sandbox  # noqa: PLC0415

    mail, domain = parts.config.mail, parts.config.server.domains[0]
    hop = NextHop.of(mail.smarthost, name=domain, username=mail.username, password=mail.password)
    typesetters = Sandbox(("render.warm",))  # started by the first transmission report, if there is one
    keys = Keys(parts.config.smime, utc_now)
    composing = writers(parts, partial(typesetters.run, TYPESET))
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


def writers(parts: Parts, typeset: Typesetter) -> dict[str, Writer]:
    """Return who writes which kind of mail."""
    from gateway.notify.batch_rows import BatchWriter  # noqa: PLC0415
    from gateway.notify.enrolled import EnrolledWriter  # noqa: PLC0415
    from gateway.notify.office import Office  # noqa: PLC0415
    from gateway.notify.receipt import ReceiptWriter  # noqa: PLC0415
    from gateway.notify.refusal import RefusalWriter  # noqa: PLC0415
    from gateway.notify.status_notice import StatusWriter  # noqa: PLC0415
    from gateway.notify.writers import NoteWriter, ResultWriter  # noqa: PLC0415
    from gateway.receive.writer import ForwardWriter  # noqa: PLC0415
    from gateway.stationery import Stationery  # noqa: PLC0415

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
        "batch": BatchWriter(office),
        "dsn": StatusWriter(office),
        "mdn": ReceiptWriter(office),
        "refusal": RefusalWriter(office),
        "note": NoteWriter(office),
        "enrolled": EnrolledWriter(office),
        "forward": ForwardWriter(mail.sender, domain, parts.blobs, office.stationery, office.public_url),
    }


async def http_role(parts: Parts, stop: asyncio.Event) -> None:
    """Serve the pages."""
    from gateway.keyring import Keys  # noqa: PLC0415  (a process loads the roles it runs)
    from gateway.web.guard import host_names  # noqa: PLC0415
    from gateway.web.live import Feed  # noqa: PLC0415
    from gateway.web.paper import Paper  # noqa: PLC0415
    from gateway.web.serving import serve  # noqa: PLC0415
    from gateway.web.site import LineFacts, Site  # noqa: PLC0415

    config, http = parts.config, parts.config.http
    keys = Keys(config.smime, utc_now)
    site = Site(
        store=parts.store,
        blobs=parts.blobs,
        paper=Paper(parts.blobs.read),
        feed=Feed(parts.store, stop),
        now=utc_now,
        new_token=partial(secrets.token_hex, 32),
        secret=secrets.token_bytes(32),
        hosts=host_names(http.public_url),
        stop=stop,
        https=http.public_url.startswith("https:"),
        demo=demo_around(config, os.environ),
        lines={line.name: LineFacts(line.group, line.direction, line.hours) for line in config.line},
        silent=config.dialling.paused,
        certificates=lambda: [own.chain for own in keys.current().own],
        domain=config.server.domains[0],
    )
    await serve(site, [host_port(address) for address in http.listen])


def demo_around(config: Config, environ: Mapping[str, str]) -> Demo | None:
    """Return the demo we were started by (`POSTLINE_DEMO` names its folder), None outside one."""
    if not (named := environ.get("POSTLINE_DEMO")):
        return None
    from gateway.lines import simulated  # noqa: PLC0415  (only the demo's pages make far machines call)
    from gateway.web.paper import Paper  # noqa: PLC0415
    from gateway.web.site import Demo  # noqa: PLC0415

    folder, data, line = Path(named), config.server.data, config.line[0].name
    cast = json.loads((folder / "demo.json").read_text(encoding="utf-8"))

    def call_in(caller: str) -> bool:
        document = data / "far-document.tif"
        if not document.is_file():
            raise Unavailable("The far machine has no document yet: wait for the end of the first two calls.")
        with simulated.control(data, line) as exchange:
            call = exchange.call(cast["ours"], document, caller)
            return any(line["call"] == call for line in exchange.status()["lines"].values())

    return Demo(
        folder=folder,
        smtp=host_port(config.smtp.listen[0]),
        sender=cast["sender"],
        domain=config.server.domains[0],
        numbers=cast["numbers"],
        paper=Paper(lambda name: (folder / "evidence" / name).read_bytes()),
        call_in=call_in,
    )
