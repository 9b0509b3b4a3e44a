"""Every limit at its last good value and one past it (policy.Limits)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import core
from smime_fixtures import (
    AT,
    HEAD,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    detached,
    judge,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
    word,
)

import smime
from smime import Identity, Limits, Policy, mime
from smime.ber import definite
from smime.certificates import der, readable
from smime.encryption import enveloped
from smime.errors import LimitError, MalformedError
from smime.signature import RSA_BITS, weak_key

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def me(root: Authority) -> Identity:
    return root.person("fax@fax.example.org", rsa_key("gateway"))


def limited(**limits: int) -> Policy:
    return Policy(limits=replace(Limits(), **limits))


def test_the_limits_are_those_of_the_specification() -> None:
    limits = Limits()
    assert (limits.layers, limits.certificates, limits.path) == (4, 20, 5)
    assert (limits.expansion, limits.expansion_floor) == (10, 50 * 1024 * 1024)
    assert (limits.parts, limits.nesting, limits.header) == (500, 20, 256 * 1024)
    assert (Policy().past, Policy().future) == (timedelta(hours=72), timedelta(minutes=10))
    assert RSA_BITS == 2048


def test_layers(root: Authority) -> None:
    alice = root.person()
    mail = PAYLOAD
    for number in range(1, 6):
        mail = signed_mail(Signing(alice), payload=mail, head=b"")
        expected = ("valid", "ok") if number <= 4 else ("malformed", "limit")
        assert word(judge(HEAD + mail, root)) == expected


def test_layers_of_encryption(me: Identity) -> None:
    mail = PAYLOAD
    for number in range(1, 6):
        mail = opaque(enveloped(mail, [me.certificate], "aes128-cbc"), "enveloped-data", b"")
        opened = smime.decrypt(HEAD + mail, identities=[me])
        assert (opened.content == PAYLOAD) is (number <= 4)
        assert opened.reason.value == ("ok" if number <= 4 else "limit")


def test_certificates(root: Authority) -> None:
    for more, expected in ((19, ("valid", "ok")), (20, ("malformed", "limit"))):
        envelope = Envelope(
            extra_certificates=[root.person(f"{n}@a.example").certificate for n in range(more)]
        )
        mail = detached(PAYLOAD, signed_data(PAYLOAD, Signing(root.person()), envelope=envelope))
        assert word(judge(mail, root)) == expected


def test_signers(root: Authority) -> None:
    alice = Signing(root.person())
    for count, expected in ((8, ("valid", "ok")), (9, ("malformed", "limit"))):
        again = [replace(alice, at=AT + number * SECOND) for number in range(count)]
        included = Envelope(certificates=[alice.who.certificate])
        mail = detached(PAYLOAD, signed_data(PAYLOAD, *again, envelope=included))
        assert word(judge(mail, root)) == expected


def test_recipients(me: Identity) -> None:
    data = enveloped(PAYLOAD, [me.certificate] * 3, "aes256-cbc")
    mail = opaque(data, "enveloped-data")
    assert smime.decrypt(mail, identities=[me], policy=limited(recipients=3)).content == PAYLOAD
    refused = smime.decrypt(mail, identities=[me], policy=limited(recipients=2))
    assert (refused.encryption.value, refused.reason.value) == ("failed", "limit")


def test_the_window_of_the_signing_time(root: Authority) -> None:
    def at(moment: object) -> tuple[str, str]:
        return word(judge(signed_mail(Signing(root.person(), at=moment)), root))

    assert at(AT - timedelta(hours=72)) == ("valid", "ok")
    assert at(AT - timedelta(hours=72) - SECOND) == ("expired", "signing_time")
    assert at(AT + timedelta(minutes=10)) == ("valid", "ok")
    assert at(AT + timedelta(minutes=10) + SECOND) == ("not_yet_valid", "signing_time")


def test_key_sizes(root: Authority) -> None:
    assert not weak_key(root.person(key=rsa_key()).certificate)
    assert weak_key(root.person(key=rsa_key("below", 2047)).certificate)


def test_certificates_with_burdensome_keys_or_numbers_are_left_out(root: Authority) -> None:
    number = root.person().certificate
    negative = der(number).replace(
        number.serial_number.to_bytes(20, "big"), bytes([0x80]) + number.serial_number.to_bytes(20, "big")[1:]
    )
    assert readable([der(number), der(number)]) == [number]
    assert readable([negative, b"0", b""]) == []


def test_expansion(root: Authority) -> None:
    mail = signed_mail(Signing(root.person()))
    inside = len(PAYLOAD)
    exactly = inside - len(mail)
    assert judge(mail, root, policy=limited(expansion=1, expansion_floor=exactly)).valid
    over = judge(mail, root, policy=limited(expansion=1, expansion_floor=exactly - 1))
    assert word(over) == ("malformed", "limit")


# -- the structure


def nested(depth: int) -> bytes:
    data = core.Integer(1).dump()
    for _ in range(depth):
        data = b"\x30\x80" + data + b"\x00\x00"
    return data


def test_depth_and_number_of_elements_and_size() -> None:
    assert definite(nested(40), Limits())
    with pytest.raises(LimitError):
        definite(nested(41), Limits())
    flat = core.SequenceOf([core.Integer(1)] * 9, spec=core.Integer).dump()
    assert definite(flat, replace(Limits(), elements=10)) == flat
    with pytest.raises(LimitError):
        definite(flat, replace(Limits(), elements=9))
    assert definite(flat, replace(Limits(), cms=len(flat))) == flat
    with pytest.raises(LimitError):
        definite(flat, replace(Limits(), cms=len(flat) - 1))


def test_a_thousand_levels_are_refused_without_harm() -> None:
    with pytest.raises(LimitError):
        definite(b"\x30\x80" * 100_000, Limits())
    with pytest.raises(MalformedError):
        definite(b"\x30\x80" * 30, Limits())


def test_header_parts_and_nesting() -> None:
    line = b"X: " + b"a" * 59 + b"\r\n"
    exactly = replace(Limits(), header=len(line) * 10)
    assert len(mime.entity(line * 10 + b"\r\n", exactly).fields) == 10
    with pytest.raises(LimitError):
        mime.entity(line * 11 + b"\r\n", exactly)
    ten = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10 + b"--b--\r\n"
    assert len(list(mime.walk(mime.entity(ten), replace(Limits(), parts=10)))) == 10
    with pytest.raises(LimitError):
        list(mime.walk(mime.entity(ten), replace(Limits(), parts=9)))


def deep(levels: int) -> bytes:
    mail = PAYLOAD
    for level in range(levels):
        edge = f"b{level}".encode()
        mail = (
            b"Content-Type: multipart/mixed; boundary="
            + edge
            + b"\r\n\r\n--"
            + edge
            + b"\r\n"
            + mail
            + b"\r\n--"
            + edge
        )
        mail += b"--\r\n"
    return mail


def test_nesting_of_multiparts() -> None:
    assert len(list(mime.walk(mime.entity(deep(20))))) == 20
    with pytest.raises(LimitError):
        list(mime.walk(mime.entity(deep(21))))


def test_a_mail_beyond_the_limits_is_malformed(root: Authority) -> None:
    assert word(judge(HEAD + deep(21), root)) == ("malformed", "limit")
    assert word(judge(b"X: " + b"a" * 300_000 + b"\r\n\r\n", root)) == ("malformed", "limit")
    refused = smime.decrypt(b"X: " + b"a" * 300_000 + b"\r\n\r\n", identities=[])
    assert (refused.encryption.value, refused.code) == ("failed", "5.7.5")


def test_content_types_have_a_longest_value() -> None:
    long = "text/plain; a=" + "b" * (mime.LONGEST_VALUE - len("text/plain; a="))
    assert mime.content_type(long).name == "text/plain"
    with pytest.raises(LimitError):
        mime.content_type(long + "b")


def test_a_string_in_very_many_pieces_is_joined() -> None:
    pieces = 100_000
    data = b"\x24\x80" + b"\x04\x01a" * pieces + b"\x00\x00"
    assert definite(data) == core.OctetString(b"a" * pieces).dump()


@pytest.mark.parametrize("odd", ["; " + " " * 7_900 + "x", '; x="' + '\\"' * 3_900, "; " + '"' * 7_900])
def test_content_types_made_to_be_slow_are_read_five_hundred_times(odd: str) -> None:
    """A mail may have that many; one took over a second."""
    for _ in range(500):
        assert mime.content_type("multipart/signed" + odd).name == "multipart/signed"
