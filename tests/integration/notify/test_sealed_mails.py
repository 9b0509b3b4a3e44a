"""Mails we owe, signed and encrypted as their account or forward asks; and what happens where that cannot be.

Rows are real, mails are composed by the real writers, and opened again by the library a reader would have.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from notify_fixtures import Clock, owe_result, parsed, text_of
from sealed_fixtures import ALICE, GATEWAY, KEYS, ROOT, der
from smime_fixtures import ALICE as ADDRESS
from smime_fixtures import AT, DAY, ec_key, rsa_key, usage

import smime
from gateway.keyring import Keyring, endings
from gateway.mail import OutgoingMail
from gateway.notify.enrolled import EnrolledWriter
from gateway.notify.protection import NO_CERTIFICATE, NoCertificate, Sealed, Wish, seal
from gateway.notify.sender import OutboxSender
from gateway.notify.trust_watch import TrustWatch
from gateway.notify.writers import NoteWriter, ResultWriter
from gateway.receive.routing import protection
from gateway.receive.rules import Rule
from gateway.receive.writer import ForwardWriter
from gateway.store import audit, certificates, outbox, receptions
from gateway.store.certificates import Given
from gateway.store.models import Account, Delivery, Forward, Outbox, Reception
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.notify.office import Office
    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

READER = ROOT.person(key=rsa_key("reader"))
PLAIN = OutgoingMail("", ADDRESS, b"From: fax@fax.example.org\r\nSubject: s\r\n\r\nthe text\r\n")


def verdict(content: bytes, at: datetime = AT, **options: Any) -> smime.Verdict:
    return smime.verify(content, trust=[ROOT.certificate], at=at, sender="fax@fax.example.org", **options)


def opened(content: bytes, at: datetime = AT) -> smime.Verdict:
    return verdict(content, at, identities=[READER])


# -- one mail


def test_a_mail_is_signed_by_our_first_identity_with_its_chain() -> None:
    sealed = seal(PLAIN, Wish(sign=True), KEYS, AT)
    found = verdict(sealed.content)
    assert found.valid
    assert found.protection is smime.Protection.RFC9788
    assert b"Subject: s\r\n" in sealed.content
    assert replace(sealed, content=b"") == replace(PLAIN, content=b"")


def test_a_mail_is_signed_inside_and_encrypted_outside() -> None:
    sealed = seal(PLAIN, Wish(sign=True, encrypt="required", given=(der(READER.certificate),)), KEYS, AT)
    assert b"the text" not in sealed.content
    found = opened(sealed.content)
    assert found.valid
    assert found.encrypted_inside
    assert b"the text" in found.message


def test_it_is_encrypted_to_all_certificates_of_its_reader() -> None:
    other = ROOT.person(key=ec_key("phone"))
    given = (der(READER.certificate), der(other.certificate))
    sealed = seal(PLAIN, Wish(encrypt="try", given=given), KEYS, AT)
    for who in (READER, other):
        assert smime.decrypt(sealed.content, identities=[who]).content


def test_the_subject_is_hidden_where_it_quotes_what_came_encrypted() -> None:
    wish = Wish(encrypt="required", given=(der(READER.certificate),))
    assert b"Subject: s\r\n" in seal(PLAIN, wish, KEYS, AT).content
    assert b"Subject: s\r\n" not in seal(PLAIN, replace(wish, conceal=True), KEYS, AT).content


def test_the_cipher_is_the_operator_s() -> None:
    keys = replace(KEYS, cipher="aes128-gcm")
    sealed = seal(PLAIN, Wish(encrypt="required", given=(der(READER.certificate),)), keys, AT)
    assert "aes128-gcm" in opened(sealed.content).layers[0].algorithms


UNUSABLE = {
    "none": (),
    "over": (der(ROOT.person(key=rsa_key("reader"), last=AT - DAY).certificate),),
    "for signing only": (
        der(ROOT.person(key=rsa_key("reader"), usage_bits=usage("digital_signature")).certificate),
    ),
}


@pytest.mark.parametrize("given", UNUSABLE.values(), ids=UNUSABLE)
def test_without_a_usable_certificate_nothing_leaves_where_it_is_required(given: tuple[bytes, ...]) -> None:
    with pytest.raises(NoCertificate, match=NO_CERTIFICATE):
        seal(PLAIN, Wish(encrypt="required", given=given), KEYS, AT)
    assert seal(PLAIN, Wish(encrypt="try", given=given), KEYS, AT) == PLAIN
    assert verdict(seal(PLAIN, Wish(sign=True, encrypt="try", given=given), KEYS, AT).content).valid


def test_without_an_identity_a_mail_is_sent_unsigned() -> None:
    assert seal(PLAIN, Wish(sign=True), Keyring(), AT) == PLAIN


# -- through rows and the outbox


@dataclass
class Post:
    """An outbox sender whose next hop keeps what it gets."""

    store: AsyncStore
    office: Office
    clock: Clock = field(default_factory=lambda: Clock(AT))
    sent: list[OutgoingMail] = field(default_factory=list)

    async def deliver(self, mail: OutgoingMail) -> str:
        self.sent.append(mail)
        return "250 OK"

    def sender(self) -> OutboxSender:
        writers = {
            "result": ResultWriter(self.office),
            "note": NoteWriter(self.office),
            "enrolled": EnrolledWriter(self.office),
            "forward": ForwardWriter(self.office.author, self.office.domain, self.office.blobs),
        }
        return OutboxSender(
            store=self.store,
            writers={kind: Sealed(writer, lambda: KEYS, self.clock) for kind, writer in writers.items()},
            deliver=self.deliver,
            now=self.clock,
            worker="outbox-1",
        )

    async def result(self, **notify: Any) -> None:
        """Owe the result of a fax whose account asks for this, and send what is due."""

        def write(session: Session) -> None:
            number = owe_result(session, ADDRESS, self.clock)
            account = session.get_one(Delivery, number).fax.account
            account.settings = {"notify": {"language": "en", **notify}}

        await self.store.run(write)
        await self.sender().sweep()

    async def give(self, *, source: str = "command", account_id: int = 1) -> None:
        """Give us the reader's certificate."""
        given = Given(
            "encrypt",
            der(READER.certificate),
            fingerprint(READER.certificate),
            READER.certificate.not_valid_after_utc,
            ADDRESS,
        )

        def write(session: Session) -> None:
            certificates.add(session, account_id, given, source=source, actor="test", now=AT)

        await self.store.run(write)

    async def error(self) -> str | None:
        """Return the last error of the only mail that is owed."""
        return await self.store.read(lambda s: s.query(Outbox).filter_by(state="owed").one().last_error)


@pytest.fixture
def post(store: AsyncStore, office: Office) -> Post:
    return Post(store, office)


async def test_an_account_may_have_its_results_signed(post: Post) -> None:
    await post.result(sign=True)
    [mail] = post.sent
    found = verdict(mail.content)
    assert found.valid
    assert "was sent" in text_of(parsed(found.message))


async def test_an_account_that_asks_for_nothing_gets_plain_mail(post: Post) -> None:
    await post.result()
    assert parsed(post.sent[0].content).get_content_type() != "multipart/signed"


async def test_encryption_that_is_required_waits_for_a_certificate(post: Post) -> None:
    await post.result(sign=True, encrypt="required")
    assert post.sent == []
    assert await post.error() == f"{NO_CERTIFICATE} for {ADDRESS}"
    await post.give()
    post.clock.forward(hours=1)
    await post.sender().sweep()
    [mail] = post.sent
    assert opened(mail.content, post.clock.at).encrypted_inside


async def test_it_is_never_sent_in_clear_however_long_it_waits(post: Post) -> None:
    await post.result(encrypt="required")
    for _ in range(60):
        post.clock.forward(hours=1)
        await post.sender().sweep()
    assert post.sent == []
    states = await post.store.read(lambda s: [row.state for row in s.query(Outbox)])
    assert states == ["failed"]


async def test_notes_to_the_operator_are_left_alone(post: Post) -> None:
    def owe(session: Session) -> None:
        outbox.owe(session, "note", "ops@example.org", new_id=lambda: "<n@x>", now=AT, data={"subject": "s"})

    await post.store.run(owe)
    await post.sender().sweep()
    assert parsed(post.sent[0].content)["Subject"] == "s"


async def test_a_forward_is_protected_as_its_row_says(post: Post, blobs: LocalBlobs) -> None:
    def write(session: Session) -> None:
        session.add(Account(name="acme", settings={}))
        session.flush()
        number = receptions.open_reception(session, line="usb0", worker="w", now=AT)
        session.get_one(Reception, number).account_id = 1
        forward = Forward(
            reception_number=number,
            account_id=1,
            address=ADDRESS,
            state="pending",
            protection={"sign": True, "encrypt": "required"},
        )
        session.add(forward)
        session.flush()
        outbox.owe(session, "forward", ADDRESS, new_id=lambda: "<f@x>", now=AT, forward_id=forward.id)

    await post.store.run(write)
    await post.sender().sweep()
    assert post.sent == []
    assert blobs is not None
    assert await post.error() is not None


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Your certificate is stored"), ("ja", "証明書を登録しました"), ("ru", "Ваш сертификат сохранён")],
)
async def test_the_answer_to_a_certificate_is_signed_and_says_what_was_kept(
    post: Post, language: str, subject: str
) -> None:
    mark = fingerprint(READER.certificate)
    data = {
        "account_id": 1,
        "fingerprint": mark,
        "subject": "CN=Alice\r\nBcc: x",
        "not_after": "2026-12-01T00:00:00+00:00",
        "request_id": "<enrol@acme.example>",
    }

    def owe(session: Session) -> None:
        session.add(Account(name="acme", settings={"notify": {"language": language}}))
        session.flush()
        outbox.owe(session, "enrolled", ADDRESS, new_id=lambda: "<e@x>", now=AT, data=data)

    await post.store.run(owe)
    await post.sender().sweep()
    [sent] = post.sent
    found = verdict(sent.content)
    assert found.valid, "an answer is signed whatever the account asks for"
    mail = parsed(found.message)
    assert mail["Subject"] == subject
    assert mail["In-Reply-To"] == "<enrol@acme.example>"
    assert mail["Bcc"] is None
    text = text_of(mail)
    assert ":".join(mark[n : n + 2] for n in range(0, 64, 2)).upper() in text
    assert "2026-12-01" in text
    assert ADDRESS in text


# -- who gets what


def rule(**own: Any) -> Rule:
    return Rule(1, "acme", (ADDRESS,), settings={ADDRESS: own} if own else {})


async def test_a_mailed_certificate_switches_protection_on_unless_a_rule_decides(post: Post) -> None:
    async def of(one: Rule) -> dict[str, Any]:
        return await post.store.read(protection, one, ADDRESS)

    await post.store.run(lambda s: s.add(Account(name="acme", settings={})))
    assert await of(rule()) == {}
    assert await of(rule(sign=True)) == {"sign": True}
    await post.give()
    assert await of(rule()) == {}, "a certificate the operator gave is there to be used, and asks for nothing"
    await post.store.run(lambda s: s.query(certificates.Certificate).update({"source": "mail"}))
    assert await of(rule()) == {"sign": True, "encrypt": "required"}
    assert await of(rule(format="tiff")) == {"sign": True, "encrypt": "required"}
    assert await of(rule(encrypt="never")) == {"encrypt": "never"}


# -- the watch


def watch(post: Post, keys: Keyring) -> TrustWatch:
    ids = itertools.count(1)
    return TrustWatch(post.store, lambda: keys, ("ops@example.org",), post.clock, lambda: f"<w{next(ids)}@x>")


async def told(post: Post) -> list[str]:
    return await post.store.read(
        lambda s: [row.data["kind"] for row in s.query(audit.Audit).filter_by(action="alarm")]
    )


async def test_the_operator_is_told_of_a_mail_that_waits_once_a_day(post: Post) -> None:
    await post.result(encrypt="required")
    looking = watch(post, replace(KEYS, anchors=(), own=()))
    await looking.look()
    await looking.look()
    assert await told(post) == ["no-certificate"]
    post.clock.forward(hours=25)
    await looking.look()
    assert await told(post) == ["no-certificate"] * 2
    notes = await post.store.read(lambda s: [r.data for r in s.query(Outbox).filter_by(kind="note")])
    assert ADDRESS in notes[0]["subject"]
    assert "digitalid@" in notes[0]["text"]


def test_lists_and_certificates_that_end_are_found() -> None:
    over = der(ROOT.crl(last=AT - timedelta(seconds=1)))
    fresh = der(ROOT.crl())
    assert [kind for kind, _ in endings(replace(KEYS, lists=(over, fresh)), AT)] == ["list-ran-out"]
    ending = AT + 271 * DAY
    assert {kind for kind, _ in endings(KEYS, ending)} == {"own-certificate", "anchor"}
    assert list(endings(KEYS, AT)) == []
    assert GATEWAY.certificate != ALICE.certificate


# -- what came encrypted


@pytest.mark.parametrize(
    ("encryption", "notify", "quoted"),
    [
        ("none", {}, True),
        ("decrypted", {}, False),
        ("decrypted", {"encrypt": "try"}, False),
        ("decrypted", {"encrypt": "required"}, True),
    ],
)
async def test_the_result_of_what_came_encrypted_quotes_nothing_in_clear(
    post: Post, encryption: str, notify: dict[str, Any], *, quoted: bool
) -> None:
    def write(session: Session) -> None:
        fax = session.get_one(Delivery, owe_result(session, ADDRESS, post.clock)).fax
        fax.account.settings = {"notify": {"language": "en", **notify}}
        assert fax.message is not None
        fax.message.verdict = {"encryption": encryption}

    await post.store.run(write)
    await post.give()
    await post.sender().sweep()
    [mail] = post.sent
    shown = opened(mail.content).message if notify else mail.content
    assert ("注文 5521" in text_of(parsed(shown))) == quoted
    assert "注文" not in str(parsed(mail.content)["Subject"]) or encryption == "none"
