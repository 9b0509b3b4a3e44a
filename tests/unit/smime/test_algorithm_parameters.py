"""Parameters of algorithms, read strictly: PSS, OAEP, GCM, key agreement (RFC 4055, 5084, 5753)."""

from __future__ import annotations

from typing import Any

import pytest
from asn1crypto import algos, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from smime_fixtures import Authority, Signing, ec_key, ed_key, judge, rsa_key, signed_mail, word

from smime import Reason, Status, content, oid, recipients, signature
from smime.errors import MalformedError, UndecryptableError
from smime.parse import Algorithm, EncryptedPart, Recipient, Reference, load_algorithm
from smime.signature import AlgorithmError

SHA256_ID = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
NULL = b"\x05\x00"
POINT = (Encoding.X962, PublicFormat.UncompressedPoint)


def pss(**fields: Any) -> bytes:
    given: dict[str, Any] = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
        **fields,
    }
    return algos.RSASSAPSSParams({key: value for key, value in given.items() if value is not None}).dump()


@pytest.mark.parametrize("salt", [0, 20, 32, 222])
def test_pss_with_any_salt(salt: int) -> None:
    read = signature.pss_parameters(pss(salt_length=salt), oid.SHA256)
    assert (read.salt, read.hash.name) == (salt, "sha256")


PSS_DISAGREEING = {
    "absent": b"",
    "another hash than the digest": pss(
        hash_algorithm={"algorithm": "sha512"},
        mask_gen_algorithm={"algorithm": "mgf1", "parameters": {"algorithm": "sha512"}},
    ),
    "another hash in the mask": pss(
        mask_gen_algorithm={"algorithm": "mgf1", "parameters": {"algorithm": "sha1"}}
    ),
    "all by default, which is SHA-1": b"\x30\x00",
    "trailer 2": pss(trailer_field=2),
    "negative salt": pss(salt_length=-1),
    "salt longer than any key": pss(salt_length=100_000),
}


@pytest.mark.parametrize("name", PSS_DISAGREEING)
def test_pss_parameters_that_do_not_fit(name: str) -> None:
    with pytest.raises(AlgorithmError) as caught:
        signature.pss_parameters(PSS_DISAGREEING[name], oid.SHA256)
    assert (caught.value.status, caught.value.reason) == (Status.MALFORMED, Reason.ALGORITHM_MISMATCH)


def test_pss_with_a_mask_nobody_knows() -> None:
    odd = pss().replace(bytes.fromhex("2a864886f70d010108"), bytes.fromhex("2a864886f70d010177"))
    with pytest.raises(AlgorithmError) as caught:
        signature.pss_parameters(odd, oid.SHA256)
    assert caught.value.reason is Reason.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("data", [NULL, b"\x30\x01", b"\x30\x03\xa2\x01\x02", b"\x04\x00", pss() + b"\x00"])
def test_pss_parameters_that_are_none(data: bytes) -> None:
    with pytest.raises(MalformedError):
        signature.pss_parameters(data, oid.SHA256)


def test_a_salt_the_key_has_no_room_for_is_refused() -> None:
    root = Authority.root()
    one = Signing(root.person(key=rsa_key()), pss=True)
    one.algorithm = {
        "algorithm": "rsassa_pss",
        "parameters": algos.RSASSAPSSParams.load(pss(salt_length=300)),
    }
    assert word(judge(signed_mail(one), root))[0] == "invalid"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("rsa", "sha256_ecdsa"),
        ("rsa", "ed25519"),
        ("ec", "rsassa_pkcs1v15"),
        ("ec", "ed25519"),
        ("ed", "sha256_ecdsa"),
        ("ed", "rsassa_pkcs1v15"),
        ("ec", "sha3_256_ecdsa"),
        ("ed", "ed448"),
    ],
)
def test_a_key_of_another_kind_than_the_algorithm(key: str, algorithm: str) -> None:
    root = Authority.root()
    made = {"rsa": rsa_key, "ec": ec_key, "ed": ed_key}[key]()
    one = Signing(root.person(key=made), algorithm={"algorithm": algorithm})
    assert word(judge(signed_mail(one), root)) == ("invalid", "unsupported_algorithm")


def test_ed25519_takes_no_parameters() -> None:
    certificate = Authority.root().person(key=ed_key()).certificate
    sha512 = Algorithm(oid.SHA512, b"", b"")
    good = ed_key().sign(b"x")
    assert signature.verified(certificate, Algorithm(oid.ED25519, b"", b""), sha512, good, b"x")
    assert not signature.verified(certificate, Algorithm(oid.ED25519, b"", b""), sha512, good, b"y")
    with pytest.raises(AlgorithmError):
        signature.verified(certificate, Algorithm(oid.ED25519, NULL, b""), sha512, good, b"x")


@pytest.mark.parametrize("damaged", [b"", b"\x30\x00", b"\x00" * 70, b"\xff" * 256])
@pytest.mark.parametrize("key", ["rsa", "ec", "ed"])
def test_signatures_that_are_none(key: str, damaged: bytes) -> None:
    root = Authority.root()
    made = {"rsa": rsa_key, "ec": ec_key, "ed": ed_key}[key]()
    digest = "sha512" if key == "ed" else "sha256"
    mail = signed_mail(Signing(root.person(key=made), digest=digest, signature=damaged))
    assert word(judge(mail, root)) == ("invalid", "signature_mismatch")


@pytest.mark.parametrize(
    ("digest", "key", "reason"),
    [
        (oid.SHA256, "rsa", None),
        (oid.SHA384, "ec", None),
        (oid.SHA512, "ed", None),
        (oid.SHA1, "rsa", Reason.WEAK_DIGEST),
        (oid.MD5, "rsa", Reason.WEAK_DIGEST),
        (oid.SHA224, "ec", Reason.WEAK_DIGEST),
        (oid.SHA256, "short", Reason.WEAK_KEY),
        (oid.SHA256, "small", Reason.WEAK_KEY),
    ],
)
def test_weakness(digest: str, key: str, reason: Reason | None) -> None:
    made = {
        "rsa": rsa_key,
        "ec": ec_key,
        "ed": ed_key,
        "short": lambda: rsa_key("w", 1024),
        "small": lambda: ec_key("w", ec.SECP224R1),
    }[key]()
    assert signature.weakness(Authority.root().person(key=made).certificate, digest) is reason


# -- OAEP


def oaep(**fields: Any) -> bytes:
    return algos.RSAESOAEPParams(fields).dump()


@pytest.mark.parametrize(
    ("encoded", "hashed", "mask"),
    [
        (b"", "sha1", "sha1"),
        (NULL, "sha1", "sha1"),
        (b"\x30\x00", "sha1", "sha1"),
        (oaep(hash_algorithm={"algorithm": "sha256"}), "sha256", "sha1"),
        (
            oaep(
                hash_algorithm={"algorithm": "sha256"},
                mask_gen_algorithm={"algorithm": "mgf1", "parameters": {"algorithm": "sha512"}},
            ),
            "sha256",
            "sha512",
        ),
    ],
)
def test_oaep_parameters_do_what_they_say(encoded: bytes, hashed: str, mask: str) -> None:
    named = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}  # noqa: S303  (RFC 4055)
    ours = recipients.oaep(encoded)
    theirs = padding.OAEP(padding.MGF1(named[mask]), named[hashed], None)
    key = rsa_key("gateway")
    assert key.decrypt(key.public_key().encrypt(b"key", theirs), ours) == b"key"


def test_oaep_with_a_label() -> None:
    source = {"algorithm": "p_specified", "parameters": b"fax"}
    ours = recipients.oaep(oaep(p_source_algorithm=source))
    sha1 = hashes.SHA1()  # noqa: S303  (the default of RFC 4055)
    theirs = padding.OAEP(padding.MGF1(sha1), sha1, b"fax")
    key = rsa_key("gateway")
    assert key.decrypt(key.public_key().encrypt(b"key", theirs), ours) == b"key"


@pytest.mark.parametrize("encoded", [b"\x30\x01", b"\x04\x00", b"\x02\x01\x01", b"\x30\x02\xa0\x00"])
def test_oaep_parameters_that_are_none(encoded: bytes) -> None:
    with pytest.raises(MalformedError):
        recipients.oaep(encoded)


# -- key agreement

AES256_WRAP = bytes.fromhex("300b060960864801650304012d")


def test_shared_info_is_the_der_of_rfc_5753() -> None:
    wrap = load_algorithm(AES256_WRAP)
    assert recipients.shared_info(wrap, None, 32).hex() == "3015" + AES256_WRAP.hex() + "a206040400000100"
    with_material = recipients.shared_info(wrap, b"\xaa", 32)
    assert with_material.hex() == "301a" + AES256_WRAP.hex() + "a0030401aa" + "a206040400000100"


def test_parameters_of_the_wrap_are_kept_as_they_came() -> None:
    with_null = bytes.fromhex("300d060960864801650304012d0500")
    assert with_null in recipients.shared_info(load_algorithm(with_null), None, 32)


@pytest.mark.parametrize("method", sorted(oid.X963))
def test_every_x963_scheme_gives_one_key_of_the_right_size(method: str) -> None:
    (kek,) = recipients.keys(method, load_algorithm(AES256_WRAP), None, b"secret")
    assert len(kek) == 32


@pytest.mark.parametrize("method", sorted(oid.HKDF))
def test_every_hkdf_scheme_gives_its_readings(method: str) -> None:
    wrap = load_algorithm(AES256_WRAP)
    assert len(recipients.keys(method, wrap, None, b"secret")) == 1
    assert len(set(recipients.keys(method, wrap, b"material", b"secret"))) == 2


def recipient(**fields: Any) -> Recipient:
    given: dict[str, Any] = {
        "reference": Reference(key_id=b"x"),
        "algorithm": Algorithm("1.3.132.1.11.1", AES256_WRAP, b""),
        "encrypted_key": bytes(40),
        "originator": ec_key("them").public_key().public_bytes(*POINT),
        "originator_algorithm": oid.EC_PUBLIC_KEY,
    }
    return Recipient(**{**given, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"encrypted_key": b""},
        {"encrypted_key": bytes(39)},
        {"originator": b"\x04" + bytes(64)},
        {"originator": b""},
        {"originator": ec_key("them", ec.SECP384R1).public_key().public_bytes(*POINT)},
        {"algorithm": Algorithm("1.3.132.1.11.1", b"", b"")},
        {"algorithm": Algorithm("1.3.132.1.11.1", NULL, b"")},
        {"algorithm": Algorithm("1.3.132.1.11.1", SHA256_ID, b"")},
        {"originator_algorithm": oid.X25519, "originator": bytes(32)},
    ],
)
def test_what_cannot_be_unwrapped_is_none_and_no_exception(fields: dict[str, Any]) -> None:
    who = Authority.root().person(key=ec_key("gateway"))
    assert recipients.unwrap(recipient(**fields), who) is None


def test_a_key_of_another_kind_unwraps_nothing() -> None:
    root = Authority.root()
    transport = Recipient(Reference(key_id=b"x"), Algorithm(oid.RSA, NULL, b""), bytes(256))
    assert recipients.unwrap(transport, root.person(key=ec_key())) is None
    assert recipients.unwrap(recipient(), root.person(key=rsa_key())) is None
    assert recipients.unwrap(recipient(), root.person(key=ec_key("k", ec.SECP256K1))) is None


@pytest.mark.parametrize(
    ("dotted", "known"),
    [(oid.RSA, True), (oid.RSA_OAEP, True), ("1.3.132.1.11.3", True), ("1.2.840.113549.1.9.16.3.14", False)],
)
def test_which_ways_are_supported(dotted: str, *, known: bool) -> None:
    assert recipients.supported(recipient(algorithm=Algorithm(dotted, b"", b""))) is known


# -- content


@pytest.mark.parametrize(
    ("dotted", "size"),
    [
        ("2.16.840.1.101.3.4.1.2", 16),
        ("2.16.840.1.101.3.4.1.22", 24),
        ("2.16.840.1.101.3.4.1.42", 32),
        ("2.16.840.1.101.3.4.1.6", 16),
        ("2.16.840.1.101.3.4.1.46", 32),
        (oid.CHACHA20_POLY1305, 32),
        (oid.TRIPLE_DES_CBC, None),
        ("1.2.840.113549.3.2", None),
        ("1.3.14.3.2.7", None),
        ("1.2.3", None),
    ],
)
def test_key_sizes(dotted: str, size: int | None) -> None:
    assert content.key_size(Algorithm(dotted, b"", b"")) == size


def test_triple_des_has_a_key_only_where_it_is_allowed() -> None:
    assert content.key_size(Algorithm(oid.TRIPLE_DES_CBC, b"", b""), triple_des=True) == 24


def part(dotted: str, parameters: bytes, data: bytes = bytes(32), tag: bytes | None = None) -> EncryptedPart:
    return EncryptedPart((), Algorithm(dotted, parameters, b""), data, oid.DATA, tag)


CBC, GCM = "2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.1.46"
NONCE = core.OctetString(bytes(12)).dump()


@pytest.mark.parametrize(
    "sealed",
    [
        part(CBC, core.OctetString(bytes(16)).dump()),
        part(CBC, core.OctetString(bytes(15)).dump()),
        part(CBC, b""),
        part(CBC, NULL),
        part(CBC, core.OctetString(bytes(16)).dump(), bytes(17)),
        part(CBC, core.OctetString(bytes(16)).dump(), b""),
        part(CBC, core.OctetString(bytes(16)).dump(), tag=bytes(16)),
        part(GCM, NONCE),
        part(GCM, NONCE, tag=bytes(16)),
        part(GCM, b"\x30\x00", tag=bytes(16)),
        part(GCM, b"\x30\x02\x04\x00", tag=bytes(12)),
        part(GCM, b"\x30\x11" + NONCE + b"\x02\x01\x7f", tag=bytes(127)),
        part(oid.CHACHA20_POLY1305, NONCE, tag=bytes(16)),
        part(oid.CHACHA20_POLY1305, NONCE, tag=bytes(12)),
        part(oid.CHACHA20_POLY1305, core.OctetString(bytes(8)).dump(), tag=bytes(16)),
        part("1.2.3", b""),
        part("1.2.3", b"", tag=bytes(16)),
    ],
)
def test_every_failure_of_content_is_the_same_exception(sealed: EncryptedPart) -> None:
    with pytest.raises(UndecryptableError) as caught:
        content.decrypt(sealed, bytes(32))
    assert str(caught.value) == "the message could not be decrypted"
    assert caught.value.code == "undecryptable"


@pytest.mark.parametrize("size", [0, 15, 31, 33])
def test_a_key_of_the_wrong_size_is_the_same_too(size: int) -> None:
    for sealed in (
        part(CBC, core.OctetString(bytes(16)).dump()),
        part(oid.CHACHA20_POLY1305, NONCE, tag=bytes(16)),
    ):
        with pytest.raises(UndecryptableError):
            content.decrypt(sealed, bytes(size))
