"""The tables, as SQLAlchemy models. Every state of design.md section 4 exists from the first day.

Times are UTC. Enumerations are stored by value as text, so that a dump can be read. `epoch` on a leased
row is the fencing token: it grows with each claim, and every later write names it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState, ForwardState, ReceptionState


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite gets it without a zone and gives it back with one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  (SQLAlchemy's signature)
        """Turn to UTC on the way in."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  (as above)
        """Put the zone back on the way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_enum(kind: type) -> Enum:
    """Return a column type that stores an enumeration by value, as text without a check constraint."""
    return Enum(kind, native_enum=False, length=32, values_callable=lambda e: [m.value for m in e])


class Base(DeclarativeBase):
    """Base of all tables; constraints get stable names so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        FaxState: text_enum(FaxState),
        DeliveryState: text_enum(DeliveryState),
        ReceptionState: text_enum(ReceptionState),
        ForwardState: text_enum(ForwardState),
        Cause: text_enum(Cause),
    }


class Account(Base):
    """Who pays and owns. `settings` holds what `provision` knows and no query needs (notify, retries)."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    country: Mapped[str] = mapped_column(String(4), default="")
    area_code: Mapped[str] = mapped_column(String(8), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    sender_evidence: Mapped[str] = mapped_column(String(16), default="default")
    smime_policy: Mapped[str] = mapped_column(String(24), default="verify")
    uncertain: Mapped[str] = mapped_column(String(24), default="resend_from_page")
    include_body: Mapped[bool] = mapped_column(default=False)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    senders: Mapped[list[Sender]] = relationship(back_populates="account", order_by="Sender.id")


class User(Base):
    """Who logs in. `password` is an Argon2id hash."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    login: Mapped[str] = mapped_column(String(100), unique=True)
    extension: Mapped[str] = mapped_column(String(16), default="")
    password: Mapped[str | None] = mapped_column(String(255))
    roles: Mapped[list[str]] = mapped_column(default=list)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what differs from the account's


class Sender(Base):
    """A MAIL FROM, or a pattern of them, that may send for an account. `pattern` is in lower case.

    `user_id` names the user behind the address, whose settings then go before the account's.
    """

    __tablename__ = "sender"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    pattern: Mapped[str] = mapped_column(String(320), unique=True)
    user_id: Mapped[int | None] = mapped_column(index=True)  # no foreign key: SQLite adds none to a table
    account: Mapped[Account] = relationship(back_populates="senders")


class Token(Base):
    """A token of a foreign face or our API; only its SHA-256 is kept. `name` is for people."""

    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    face: Mapped[str] = mapped_column(String(24))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    user_id: Mapped[int | None]  # whose rights it has; None: the account's. No key, as in `sender`
    created_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class Certificate(Base):
    """A certificate that an account, or the operator, gave or mailed us; `der` is base64.

    `purpose`: "encrypt" (mail to `address` is encrypted to it), "client" (TLS client of the account), "pin"
    (the only signer of `address`), "domain" (may vouch for `address` = `*@domain`), "gateway" (signs around).
    """

    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("account_id", "purpose", "address", "fingerprint"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(12))
    address: Mapped[str] = mapped_column(String(320), default="", index=True)  # in lower case
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256 of the DER, hex
    der: Mapped[str]
    source: Mapped[str] = mapped_column(String(12))  # provision | mail | command | web
    not_after: Mapped[datetime]
    created_at: Mapped[datetime]


class Replay(Base):
    """A signature that was used for a recipient: it may not carry another fax (smime.md section 6)."""

    __tablename__ = "replay"
    __table_args__ = (UniqueConstraint("account_id", "digest", "recipient"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(64))  # canonical number, or "digitalid"
    asked: Mapped[str] = mapped_column(String(64))  # SHA-256 of what the signature may not cover
    seen_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)  # forgotten then: the signature is too old to pass


class RecipientList(Base):
    """A named list of numbers; `name` is in lower case."""

    __tablename__ = "recipient_list"
    __table_args__ = (UniqueConstraint("account_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    entries: Mapped[list[ListEntry]] = relationship(
        order_by="ListEntry.position", cascade="all, delete-orphan"
    )


class ListEntry(Base):
    """One number of a list. `destination` is canonical."""

    __tablename__ = "list_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recipient_list.id"), index=True)
    position: Mapped[int]
    destination: Mapped[str] = mapped_column(String(40))
    sub: Mapped[str] = mapped_column(String(20), default="")
    person: Mapped[str] = mapped_column(String(200), default="")
    company: Mapped[str] = mapped_column(String(200), default="")


class Pickup(Base):
    """A mail that was fetched from a mailbox, so that it is fetched once. `uid`: UIDL, or UIDVALIDITY/UID.

    `outcome`: one of `store.pickups.Outcome`, `detail` says why in words.
    """

    __tablename__ = "pickup"
    __table_args__ = (UniqueConstraint("mailbox", "uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox: Mapped[str] = mapped_column(String(64))
    uid: Mapped[str] = mapped_column(String(255))
    number: Mapped[int | None]  # the fax it became; None: refused, or not for us
    outcome: Mapped[str] = mapped_column(String(12))
    detail: Mapped[str] = mapped_column(default="")
    taken_at: Mapped[datetime]


class Route(Base):
    """Inbound: a called number, sub-address or line, and the addresses that get the fax."""

    __tablename__ = "route"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    called: Mapped[str | None] = mapped_column(String(40))
    line: Mapped[str | None] = mapped_column(String(64))
    sub: Mapped[str | None] = mapped_column(String(20))
    forward: Mapped[list[str]] = mapped_column(default=list)
    format: Mapped[str] = mapped_column(String(8), default="pdf")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # address -> format, sign, encrypt


class PublicNumber(Base):
    """The growing sequence that numbers deliveries and receptions together (fits 31 bits)."""

    __tablename__ = "public_number"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (numbers never come back)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))


class Message(Base):
    """What a door stored before it said 250: raw bytes in a blob, envelope, evidence."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    door: Mapped[str] = mapped_column(String(16))
    blob: Mapped[str] = mapped_column(String(160))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str] = mapped_column(String(320))
    message_id: Mapped[str] = mapped_column(String(998), default="")
    dedupe: Mapped[str | None] = mapped_column(String(64), index=True)
    peer: Mapped[str] = mapped_column(String(64), default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    verdict: Mapped[dict[str, Any]] = mapped_column(default=dict)  # smime.Verdict.as_json(); {} = no S/MIME
    envelope: Mapped[dict[str, Any]] = mapped_column(default=dict)  # RET and ENVID of RFC 3461
    received_at: Mapped[datetime]


class Fax(Base):
    """One accepted submission: documents to pages. Its public number is that of its first delivery."""

    __tablename__ = "fax"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    user_id: Mapped[int | None]  # who sent it, where the sender is a user's; no key, as in `sender`
    batch: Mapped[str] = mapped_column(String(64), default="")  # the list it was sent to, "" for none
    state: Mapped[FaxState] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(default="")
    notify_to: Mapped[str] = mapped_column(String(320), default="")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    masters: Mapped[dict[str, Any]] = mapped_column(default=dict)  # resolution -> blob key of a Class F TIFF
    pages: Mapped[int] = mapped_column(default=0)
    cause: Mapped[Cause | None]
    cause_detail: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="fax", order_by="Delivery.number")
    account: Mapped[Account] = relationship()
    message: Mapped[Message | None] = relationship()


class Delivery(Base):
    """One fax to one number. `destination` is canonical: 00, country, national number, digits only."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "due_at"),
        Index("ix_delivery_destination_state", "destination", "state"),
    )
    number: Mapped[int] = mapped_column(ForeignKey("public_number.id"), primary_key=True)
    fax_id: Mapped[int] = mapped_column(ForeignKey("fax.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    destination: Mapped[str] = mapped_column(String(40))
    sub: Mapped[str] = mapped_column(String(20), default="")  # T.30 sub-address asked for
    contact: Mapped[str] = mapped_column(String(200), default="")
    dsn: Mapped[dict[str, Any]] = mapped_column(default=dict)  # NOTIFY and ORCPT of RFC 3461; {} = not asked
    state: Mapped[DeliveryState]
    cause: Mapped[Cause | None]
    cause_detail: Mapped[str] = mapped_column(default="")
    simulated_status: Mapped[int | None]  # the NNNN of 00999-9999-NNNN@
    priority: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    held_for: Mapped[str] = mapped_column(
        String(24), default=""
    )  # window | account-cap | number-cap | credit
    held_since: Mapped[datetime | None]  # for this reason
    first_page: Mapped[int] = mapped_column(default=1)  # above 1: an earlier delivery brought those before
    resend_of: Mapped[int | None]  # the delivery that this one repeats
    dials: Mapped[int] = mapped_column(default=0)
    max_dials: Mapped[int] = mapped_column(default=4)
    interval_minutes: Mapped[int | None]
    pages_confirmed: Mapped[int] = mapped_column(default=0)
    remote_id: Mapped[str] = mapped_column(String(40), default="")
    line_seconds: Mapped[float] = mapped_column(default=0.0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)
    fax: Mapped[Fax] = relationship(back_populates="deliveries")
    attempts: Mapped[list[Attempt]] = relationship(back_populates="delivery", order_by="Attempt.id")


class Attempt(Base):
    """One telephone call for a delivery. The row exists before the dial string leaves."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_account_id_dialled_at", "account_id", "dialled_at"),
        Index("ix_attempt_destination_dialled_at", "destination", "dialled_at"),
        Index("ix_attempt_line_ended_at", "line", "ended_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_number: Mapped[int] = mapped_column(ForeignKey("delivery.number"), index=True)
    epoch: Mapped[int]
    account_id: Mapped[int] = mapped_column(default=0)  # of the delivery, here for counting; so the next two
    destination: Mapped[str] = mapped_column(String(40), default="")
    to_send: Mapped[int] = mapped_column(default=0)  # pages this call set out to send
    line: Mapped[str] = mapped_column(String(64))
    simulated: Mapped[bool] = mapped_column(default=False)
    first_page: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    dialled_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[Cause | None]
    t30: Mapped[str] = mapped_column(default="")
    remote_id: Mapped[str] = mapped_column(String(40), default="")
    rate: Mapped[int] = mapped_column(default=0)
    ecm: Mapped[bool] = mapped_column(default=False)
    compression: Mapped[str] = mapped_column(String(8), default="")
    resolution: Mapped[str] = mapped_column(String(12), default="")
    line_seconds: Mapped[float] = mapped_column(default=0.0)
    trace_blob: Mapped[str | None] = mapped_column(String(160))
    header: Mapped[str] = mapped_column(default="")  # on the pages, {Page} left open; "" for none
    header_note: Mapped[str] = mapped_column(default="")  # on the first page of a call that resumes
    header_language: Mapped[str] = mapped_column(String(8), default="en")
    a4: Mapped[bool] = mapped_column(default=False)  # longer pages were pressed together
    cut_white: Mapped[bool] = mapped_column(default=False)  # white at the foot of pages was left out
    call: Mapped[int | None] = mapped_column(index=True)  # the first attempt of the telephone call it shares
    ppr: Mapped[int] = mapped_column(default=0)  # times the far machine asked for parts of a page again
    rtn: Mapped[int] = mapped_column(default=0)  # pages it sent back as unreadable
    cost: Mapped[float] = mapped_column(default=0.0)  # in the currency of [dialling] prices
    ftt: Mapped[int] = mapped_column(default=0)  # times training failed and went lower
    delivery: Mapped[Delivery] = relationship(back_populates="attempts")
    pages: Mapped[list[Page]] = relationship(back_populates="attempt", order_by="Page.n")


class Page(Base):
    """One page of an attempt: sending, awaiting, confirmed, rejected; broken where the call ended in it."""

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("attempt_id", "n"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    n: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    bytes: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    rate: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[Attempt] = relationship(back_populates="pages")


class Reception(Base):
    """One inbound call and what was received."""

    __tablename__ = "reception"
    number: Mapped[int] = mapped_column(ForeignKey("public_number.id"), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    state: Mapped[ReceptionState] = mapped_column(index=True)
    line: Mapped[str] = mapped_column(String(64))
    simulated: Mapped[bool] = mapped_column(default=False)
    called: Mapped[str] = mapped_column(String(40), default="")
    caller: Mapped[str] = mapped_column(String(40), default="")
    remote_id: Mapped[str] = mapped_column(String(40), default="")
    sub: Mapped[str] = mapped_column(String(20), default="")
    cause: Mapped[Cause | None]
    t30: Mapped[str] = mapped_column(default="")
    rate: Mapped[int] = mapped_column(default=0)
    ecm: Mapped[bool] = mapped_column(default=False)
    line_seconds: Mapped[float] = mapped_column(default=0.0)
    trace_blob: Mapped[str | None] = mapped_column(String(160))
    document: Mapped[str | None] = mapped_column(String(160))  # blob key: Class F TIFF of all good pages
    worker: Mapped[str | None] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(default="")  # the route that matched, in words
    read: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    pages: Mapped[list[ReceivedPage]] = relationship(back_populates="reception", order_by="ReceivedPage.n")
    forwards: Mapped[list[Forward]] = relationship(back_populates="reception", order_by="Forward.id")


class ReceivedPage(Base):
    """One received page, on disk before it was confirmed to the sender."""

    __tablename__ = "received_page"
    __table_args__ = (UniqueConstraint("reception_number", "n"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    reception_number: Mapped[int] = mapped_column(ForeignKey("reception.number"), index=True)
    n: Mapped[int]
    blob: Mapped[str] = mapped_column(String(160))  # one-page Class F TIFF
    width: Mapped[int]
    rows: Mapped[int]
    resolution: Mapped[str] = mapped_column(String(12))
    compression: Mapped[str] = mapped_column(String(8))
    bad_lines: Mapped[int] = mapped_column(default=0)
    longest_bad_run: Mapped[int] = mapped_column(default=0)
    rate: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    confirmed: Mapped[bool] = mapped_column(default=False)
    reception: Mapped[Reception] = relationship(back_populates="pages")


class Forward(Base):
    """One reception to one mail address."""

    __tablename__ = "forward"
    id: Mapped[int] = mapped_column(primary_key=True)
    reception_number: Mapped[int] = mapped_column(ForeignKey("reception.number"), index=True)
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True
    )  # None: the operator's
    address: Mapped[str] = mapped_column(String(320))
    format: Mapped[str] = mapped_column(String(8), default="pdf")
    protection: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # sign (bool), encrypt (never|try|required)
    token: Mapped[str | None] = mapped_column(String(40), unique=True)  # of fwd+<token>@, its envelope sender
    state: Mapped[ForwardState] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime | None]
    reception: Mapped[Reception] = relationship(back_populates="forwards")


class Event(Base):
    """An append-only record of a change; feeds live pages, subscriptions, webhooks and audit."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    number: Mapped[int | None] = mapped_column(index=True)  # delivery or reception
    fax_id: Mapped[int | None] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Outbox(Base):
    """A mail or webhook owed, written in the transaction of the change that owes it.

    `kind`: one of `store.outbox.KINDS`; most name a row: delivery_number, fax_id or forward_id.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12), default="owed")  # owed | sending | sent | failed
    recipient: Mapped[str] = mapped_column(String(320))
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    delivery_number: Mapped[int | None] = mapped_column(ForeignKey("delivery.number"), index=True)
    fax_id: Mapped[int | None] = mapped_column(index=True)
    forward_id: Mapped[int | None] = mapped_column(ForeignKey("forward.id"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)


class NumberMemory(Base):
    """What calls to a number have shown (`domain.memory.Known` says what each column means)."""

    __tablename__ = "number_memory"
    number: Mapped[str] = mapped_column(String(40), primary_key=True)  # canonical
    reached: Mapped[bool] = mapped_column(default=False)
    used_at: Mapped[datetime | None]
    ident: Mapped[str] = mapped_column(String(40), default="")
    dis: Mapped[bytes] = mapped_column(default=b"")
    rate: Mapped[int] = mapped_column(default=0)
    ecm: Mapped[bool] = mapped_column(default=False)
    compression: Mapped[str] = mapped_column(String(8), default="")
    resolution: Mapped[str] = mapped_column(String(12), default="")
    cap: Mapped[int] = mapped_column(default=0)
    capped_at: Mapped[datetime | None]
    clean: Mapped[int] = mapped_column(default=0)
    v17_at: Mapped[datetime | None]
    v17_failures: Mapped[int] = mapped_column(default=0)
    v17_again: Mapped[bool] = mapped_column(default=False)
    ecm_failures: Mapped[int] = mapped_column(default=0)
    ecm_at: Mapped[datetime | None]
    no_eom_at: Mapped[datetime | None]


class CallerMemory(Base):
    """What calls from a number have shown (`domain.callers.Caller`). `key`: its last nine digits."""

    __tablename__ = "caller_memory"
    key: Mapped[str] = mapped_column(String(16), primary_key=True)
    troubles: Mapped[int] = mapped_column(default=0)
    trouble_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class LineStatus(Base):
    """What a line is doing, for people to see; written by its worker. `paused` is the operator's word."""

    __tablename__ = "line_status"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    device: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(String(16))  # one of store.lines.STATES
    detail: Mapped[str] = mapped_column(default="")
    number: Mapped[int | None]
    worker: Mapped[str] = mapped_column(String(100), default="")
    since: Mapped[datetime]
    profile: Mapped[str] = mapped_column(String(40), default="")
    modem: Mapped[str] = mapped_column(default="")  # what it says of itself
    probed_at: Mapped[datetime | None]
    paused: Mapped[bool] = mapped_column(default=False)


class Switch(Base):
    """Something an operator turned off for now, by hand; no row, or no `dialling` row: it is on."""

    __tablename__ = "switch"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    actor: Mapped[str] = mapped_column(String(320), default="")
    reason: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime]


class Audit(Base):
    """What was refused or looked at, and by whom. `account_id` None: the operator's row."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_action_at", "action", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str] = mapped_column(String(320), default="")
    action: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class BlobRow(Base):
    """A blob that a row owns; a file without such a row is an orphan."""

    __tablename__ = "blob"
    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
