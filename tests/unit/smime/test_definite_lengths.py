"""BER with definite lengths: indefinite forms and pieces are rewritten, everything else keeps its octets."""

from __future__ import annotations

import pytest
from asn1crypto import core
from smime_fixtures import ALICE, PAYLOAD, Authority, Signing, signed_data

from smime.ber import definite, header
from smime.errors import MalformedError, SmimeError
from smime.parse import EncryptedPart, OtherPart, SignedPart, guarded, open_cms
from smime.policy import Limits


@pytest.mark.parametrize(
    ("ber", "der"),
    [
        ("020101", "020101"),
        ("30030201ff", "30030201ff"),
        ("3080020101" + "0000", "3003020101"),
        ("308130800000", None),
        ("30803080020101000000" + "00", "30053003020101"),
        ("2480040161" + "040162" + "0000", "04026162"),
        ("2406040161040162", "04026162"),
        ("24802480040161" + "0000040162" + "0000", "04026162"),
        ("24800000", "0400"),
        ("a080040161" + "040162" + "0000", "80026162"),
        ("a080040161" + "0000", "a003040161"),
        ("a003040161", "a003040161"),
        ("a18004016104016200" + "00", "a106040161040162"),
        ("3082000302017f", "3082000302017f"),
        ("1f8101" + "0100", "1f81010100"),
        ("bf810180020101" + "0000", "bf810103020101"),
    ],
)
def test_rewriting(ber: str, der: str | None) -> None:
    if der is None:
        with pytest.raises(MalformedError):
            definite(bytes.fromhex(ber))
    else:
        assert definite(bytes.fromhex(ber)).hex() == der


@pytest.mark.parametrize(
    "ber",
    [
        "",
        "30",
        "3001",
        "0203ff",
        "308002",
        "3080020101",
        "308002010100",
        "0280" + "0000",
        "020101" + "00",
        "3003020301",
        "2480020101" + "0000",
        "0289" + "00" * 8 + "01ff",
        "028a" + "00" * 12,
        "0282ff",
        "1f",
        "1f81",
        "bf81",
    ],
)
def test_what_is_not_one_element_is_malformed(ber: str) -> None:
    with pytest.raises(MalformedError):
        definite(bytes.fromhex(ber))


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_headers_are_der(size: int) -> None:
    assert header(b"\x04", size) + b"x" * size == core.OctetString(b"x" * size).dump()


def test_a_rewritten_structure_keeps_its_certificates() -> None:
    data = signed_data(PAYLOAD, Signing(Authority.root().person()))
    inner = data[4:] if data[1] == 0x82 else data[2:]
    streamed = b"\x30\x80" + inner + b"\x00\x00"
    assert definite(streamed) == data


# -- records


def test_the_record_of_a_signature() -> None:
    alice = Authority.root().person()
    part = open_cms(signed_data(PAYLOAD, Signing(alice)), Limits())
    assert isinstance(part, SignedPart)
    assert part.content is None
    assert len(part.certificates) == 1
    signer = part.signers[0]
    assert signer.reference.serial == alice.certificate.serial_number
    assert signer.content_types == ("1.2.840.113549.1.7.1",)
    assert len(signer.attributes) == 1
    assert signer.attributes[0][:1] == b"\x31"
    assert ALICE.encode() in part.certificates[0]


def test_attributes_out_of_order_have_two_forms() -> None:
    part = open_cms(signed_data(PAYLOAD, Signing(Authority.root().person(), reverse=True)), Limits())
    assert isinstance(part, SignedPart)
    received, ordered = part.signers[0].attributes
    assert sorted(received) == sorted(ordered)
    assert received != ordered


def test_other_content_is_named_and_left_alone() -> None:
    data = bytes.fromhex("300e06092a864886f70d010706a0013000")
    with pytest.raises(MalformedError):
        open_cms(data, Limits())
    whole = bytes.fromhex("300f06092a864886f70d010706a0023000")
    assert open_cms(whole, Limits()) == OtherPart("1.2.840.113549.1.7.6")


def test_nothing_but_our_exceptions_leaves_the_guard() -> None:
    @guarded
    def fails(error: Exception) -> None:
        raise error

    for error in (
        ValueError("x" * 10_000),
        TypeError(),
        KeyError("k"),
        OverflowError(),
        RecursionError(),
        IndexError(),
    ):
        with pytest.raises(MalformedError) as caught:
            fails(error)
        assert len(caught.value.detail) <= 200
    with pytest.raises(OSError, match="not ours"):
        fails(OSError("not ours"))


def test_errors_say_one_sentence_and_carry_a_code() -> None:
    error = SmimeError("x" * 1000, "y" * 1000)
    assert len(str(error)) == len(error.detail) == 200
    assert (MalformedError("a").code, MalformedError("a").retry) == ("malformed", "never")
    assert isinstance(MalformedError("a"), SmimeError)
    assert not isinstance(EncryptedPart, SmimeError)
