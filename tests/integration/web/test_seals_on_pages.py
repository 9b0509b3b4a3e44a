"""The verdict on a signed or encrypted mail on its fax page, and our own certificate to take away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from sealed_fixtures import ALICE, GATEWAY, KEYS, ROOT, der, signed
from smime_fixtures import AT, MALLORY, distinguished, ec_key

import smime
from gateway.mailin.unsealing import Question, judge
from gateway.store import faxes
from gateway.store.models import Delivery
from gateway.web import seals
from gateway.web.app import build
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from web_fixtures import Pages

VALID = judge(signed(), Question("alice@acme.example", AT), KEYS).verdict


def fax_with(pages: Pages, verdict: dict[str, Any], evidence: str = "smime", **named: str) -> int:
    [number] = pages.fax()
    with pages.house.store.begin() as session:
        fax = session.get_one(Delivery, number).fax
        fax.message = faxes.store_message(
            session,
            account_id=fax.account_id,
            door="smtp",
            blob="message/aa/bb",
            size=1,
            sha256="c" * 64,
            sender="alice@acme.example",
            now=AT,
            evidence={"by": evidence, **named},
        )
        fax.message.verdict = verdict
    return number


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en", "s domain (DKIM)."),
        ("ja", "有効な署名があります（DKIM）。"),  # noqa: RUF001
        ("zh-CN", "有效签名（DKIM）。"),  # noqa: RUF001
        ("ru", "верная подпись домена отправителя (DKIM)."),
    ],
)
async def test_the_page_says_why_the_sender_was_believed(pages: Pages, tag: str, told: str) -> None:
    number = fax_with(pages, {}, "dkim", domain="acme.example", key="s1._domainkey.acme.example")
    assert f"{told} (acme.example)</small>" in await pages.text(f"/fax/{number}", accept_language=tag)


async def test_a_good_signature_is_told_with_its_signer(pages: Pages) -> None:
    page = await pages.text(f"/fax/{fax_with(pages, VALID)}")
    for told in (
        "Signed by the sender, unchanged",
        "CN=Alice",
        "alice@acme.example",
        "The mail is signed with the sender",
        "No list told whether the certificate was revoked.",
    ):
        assert told in page


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("ja", "送信者の署名を確認済み"),
        ("zh-CN", "发件人已签名"),
        ("ru", "Подписано отправителем"),
        ("en", "Signed by the"),
    ],
)
async def test_it_is_told_in_four_languages(pages: Pages, tag: str, told: str) -> None:
    assert told in await pages.text(f"/fax/{fax_with(pages, VALID)}", accept_language=tag)


async def test_a_mail_without_a_seal_shows_none(pages: Pages) -> None:
    assert "Signature" not in await pages.text(f"/fax/{fax_with(pages, {}, 'envelope')}")


async def test_names_in_a_certificate_cannot_write_the_page(pages: Pages) -> None:
    hostile = ROOT.person(MALLORY, ec_key("m"), subject=distinguished("<script>x\u202e"))
    verdict = judge(signed(who=hostile), Question(MALLORY, AT, rule="off"), KEYS).verdict
    page = await pages.text(f"/fax/{fax_with(pages, verdict)}")
    assert "<script>x" not in page
    assert "\u202e" not in page
    assert "Somebody else signed" in page
    assert "from" in page


def test_every_verdict_has_words() -> None:
    assert set(seals.VERDICT) == {one.value for one in smime.Status}
    assert set(seals.ENCRYPTION) == {one.value for one in smime.Encryption}
    assert set(seals.PROTECTION) == {one.value for one in smime.Protection}


def test_what_the_operator_pinned_and_the_sender_protected_is_said() -> None:
    pinned = VALID | {
        "signer": VALID["signer"] | {"pinned": True},
        "protection": "rfc9788",
        "altered": ["to"],
    }
    seal = seals.of(pinned)
    assert seal is not None
    assert seals.PINNED in seal.notes
    assert seals.PROTECTION["rfc9788"] in seal.notes
    assert seal.altered == ("to",)


# -- our own certificate

CHAIN = (der(GATEWAY.certificate), der(ROOT.certificate))


@pytest.fixture
def with_certificate(pages: Pages) -> Pages:
    pages.site = replace(pages.site, certificates=lambda: [CHAIN], domain="fax.example.org")
    pages.browser._transport.app = build(pages.site)  # type: ignore[attr-defined]  # the same browser, new pages
    return pages


async def test_our_certificate_can_be_compared_and_taken_away(with_certificate: Pages) -> None:
    page = await with_certificate.text("/certificate")
    mark = fingerprint(GATEWAY.certificate).upper()
    assert ":".join(mark[n : n + 2] for n in range(0, 64, 2)) in page
    assert "digitalid@fax.example.org" in page
    for form in ("pem", "cer", "p7c"):
        assert f"/certificate/postline.{form}" in page


async def test_every_form_holds_our_certificate(with_certificate: Pages) -> None:
    pem = await with_certificate.get("/certificate/postline.pem")
    cer = await with_certificate.get("/certificate/postline.cer")
    p7c = await with_certificate.get("/certificate/postline.p7c")
    assert x509.load_pem_x509_certificates(pem.content) == [GATEWAY.certificate, ROOT.certificate]
    assert x509.load_der_x509_certificate(cer.content) == GATEWAY.certificate
    assert set(pkcs7.load_der_pkcs7_certificates(p7c.content)) == {GATEWAY.certificate, ROOT.certificate}
    assert p7c.headers["content-type"].startswith("application/pkcs7-mime")
    assert b"PRIVATE" not in pem.content


async def test_there_is_no_other_form(with_certificate: Pages) -> None:
    assert (await with_certificate.get("/certificate/postline.key")).status_code == 404


async def test_without_an_identity_there_is_nothing_to_take(pages: Pages) -> None:
    assert "no certificate yet" in await pages.text("/certificate")
    assert (await pages.get("/certificate/postline.pem")).status_code == 404
    assert ALICE.certificate != GATEWAY.certificate
