"""MIME on raw octets: parts are slices, and what two readers could read differently is refused."""

from __future__ import annotations

import pytest

from smime import mime
from smime.entities import Hidden, Kind, detached, hidden, kind_of
from smime.errors import LimitError, MalformedError
from smime.policy import Limits


def test_a_message_is_split_at_its_first_empty_line() -> None:
    part = mime.entity(b"A: 1\r\nB: 2\r\n 3\r\n\r\nbody\r\n\r\nmore")
    assert part.fields == (("A", b" 1"), ("B", b" 2\r\n 3"))
    assert part.head == b"A: 1\r\nB: 2\r\n 3\r\n"
    assert part.body == b"body\r\n\r\nmore"
    assert part.one("b") == "2 3"


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"", 0, b""),
        (b"\r\nbody", 0, b"body"),
        (b"\nbody", 0, b"body"),
        (b"no field here\r\nA: 1\r\n\r\n", 0, b"no field here\r\nA: 1\r\n\r\n"),
        (b"A: 1\nB: 2\n\nbody\n", 2, b"body\n"),
        (b"A: 1", 1, b""),
        (b"A: 1\r\nnot a field\r\n\r\nbody", 1, b"not a field\r\n\r\nbody"),
        (b"A: a\rb\r\n\r\n", 1, b""),
    ],
)
def test_odd_headers(raw: bytes, fields: int, body: bytes) -> None:
    part = mime.entity(raw)
    assert (len(part.fields), part.body) == (fields, body)
    assert part.raw == raw


def test_a_field_that_stands_twice_has_no_one_value() -> None:
    part = mime.entity(b"Content-Type: text/plain\r\ncontent-type: text/html\r\n\r\n")
    assert part.all("Content-Type") == ["text/plain", "text/html"]
    with pytest.raises(MalformedError):
        _ = part.type


@pytest.mark.parametrize(
    ("value", "name", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('a/b; x="1; y=2"; z=3', "a/b", {"x": "1; y=2", "z": "3"}),
        (r'a/b; x="q\"q"', "a/b", {"x": 'q"q'}),
        ("a/b (comment); x=1 (more)", "a/b", {"x": "1"}),
        ('a/b; x="(no comment)"', "a/b", {"x": "(no comment)"}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ('a/b; boundary*0="one"; boundary*1="two"', "a/b", {"boundary": "onetwo"}),
        (
            "application/x-pkcs7-mime;smime-type=signed-data",
            "application/x-pkcs7-mime",
            {"smime-type": "signed-data"},
        ),
        ("a/b; nonsense; x=1", "a/b", {"x": "1"}),
    ],
)
def test_content_types(value: str, name: str, parameters: dict[str, str]) -> None:
    found = mime.content_type(value)
    assert (found.name, found.parameters) == (name, parameters)


@pytest.mark.parametrize("value", ["", "text", "/", "text/", ";charset=x", "text plain"])
def test_what_is_no_content_type(value: str) -> None:
    with pytest.raises(MalformedError):
        mime.content_type(value)


@pytest.mark.parametrize("value", [b"text", b"text; charset=x", b"/", b"plain text"])
def test_a_part_of_no_type_is_text(value: bytes) -> None:
    assert mime.entity(b"Content-Type: " + value + b"\r\n\r\nbody").type == mime.TEXT


@pytest.mark.parametrize("value", [b"multipart; boundary=a", b"pkcs7-mime", b"x; name=a.p7m", b"message"])
def test_what_may_mean_a_structure_is_no_text(value: bytes) -> None:
    with pytest.raises(MalformedError):
        _ = mime.entity(b"Content-Type: " + value + b"\r\n\r\nbody").type


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_parts_are_slices_up_to_the_line_end_before_the_boundary(end: bytes) -> None:
    lines = [
        b"preamble",
        b"--b  ",
        b"one ",
        b"",
        b"--b",
        b"",
        b"--b",
        b"--bb",
        b"two--b",
        b"--b--\t",
        b"epilogue",
    ]
    assert mime.split(end.join(lines), "b") == [b"one " + end, b"", b"--bb" + end + b"two--b"]


def test_a_boundary_with_odd_characters() -> None:
    assert mime.split(b"--a+(b)?\r\nx\r\n--a+(b)?--", "a+(b)?") == [b"x"]


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"--b\r\nx\r\n--b--", ""),
        (b"--b\r\nx\r\n--b--", "b" * 71),
        (b"--b\r\nx", "b"),
        (b"x", "b"),
        (b"--b\r\nx\r\n--b", "b"),
    ],
)
def test_multiparts_without_a_clear_end_are_malformed(body: bytes, boundary: str) -> None:
    with pytest.raises(MalformedError):
        mime.split(body, boundary)


def test_a_multipart_has_a_largest_number_of_parts() -> None:
    assert len(mime.split(b"--b\r\nx\r\n" * 3 + b"--b--", "b", 3)) == 3
    with pytest.raises(LimitError):
        mime.split(b"--b\r\nx\r\n" * 4 + b"--b--", "b", 3)
    with pytest.raises(LimitError):
        mime.split(b"--b\r\n" * 502 + b"--b--", "b")


def test_a_delimiter_begins_a_line() -> None:
    assert mime.split(b"--b\r\nx --b\r\n\r\n--b--", "b") == [b"x --b\r\n"]
    assert mime.split(b"--b\nx\r--b\r\n\n--b--", "b") == [b"x\r--b\r\n"]


def test_an_empty_multipart_has_no_parts() -> None:
    assert mime.split(b"--b--\r\n", "b") == []


def test_the_longest_boundary() -> None:
    edge = "b" * 70
    assert mime.split(f"--{edge}\r\nx\r\n--{edge}--".encode(), edge) == [b"x"]


def test_line_ends_become_crlf_once() -> None:
    assert mime.canonical(b"a\nb\r\nc\rd\n") == b"a\r\nb\r\nc\rd\r\n"
    assert mime.canonical(mime.canonical(b"a\nb\r\n\n")) == mime.canonical(b"a\nb\r\n\n")


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("BASE64 (comment)", b"aGVsbG8=", b"hello"),
        ("quoted-printable", b"a=3Db=\r\nc", b"a=bc"),
        ("7bit", b"x", b"x"),
        ("8bit", b"\xe4", b"\xe4"),
        ("binary", b"\x00", b"\x00"),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes, expected: bytes) -> None:
    part = mime.entity(b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body)
    assert mime.decoded(part) == expected


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("base64", b"a"), ("base64", b"aGVs!bG8="), ("base64", b"aGVsbG8=x"), ("uuencode", b"x")],
)
def test_what_cannot_be_decoded_is_malformed(encoding: str, body: bytes) -> None:
    part = mime.entity(b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body)
    with pytest.raises(MalformedError):
        mime.decoded(part)


def test_the_walk_gives_every_part_and_knows_attached_messages() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--a\r\n"
        b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner\r\n--a--\r\n"
    )
    found = [(nested.part.body, nested.attached) for nested in mime.walk(mime.entity(raw))]
    assert (b"one", False) in found
    assert (b"inner", True) in found
    assert len(found) == 3


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text/plain", Kind.PLAIN),
        ("application/pkcs7-mime", Kind.OPAQUE),
        ("application/x-pkcs7-mime; smime-type=signed-data", Kind.OPAQUE),
        ('application/octet-stream; name="SMIME.P7M"', Kind.OPAQUE),
        ("application/octet-stream; name=order.pdf", Kind.PLAIN),
        ("application/pkcs7-signature", Kind.PLAIN),
        ('multipart/signed; protocol="application/pkcs7-signature"', Kind.DETACHED),
        ('multipart/signed; protocol="application/x-pkcs7-signature"', Kind.DETACHED),
        ('multipart/signed; protocol="application/pgp-signature"', Kind.PLAIN),
        ("multipart/signed", Kind.DETACHED),
        ("multipart/mixed; boundary=b", Kind.PLAIN),
    ],
)
def test_kinds(value: str, kind: Kind) -> None:
    assert kind_of(mime.entity(f"Content-Type: {value}\r\n\r\n".encode())) is kind


def test_a_file_name_in_the_disposition_counts() -> None:
    raw = b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=smime.p7m"
    assert kind_of(mime.entity(raw + b"\r\n\r\n")) is Kind.OPAQUE


@pytest.mark.parametrize(
    ("second", "kind"),
    [(b"application/pkcs7-signature", Kind.DETACHED), (b"application/pgp-signature", Kind.PLAIN)],
)
def test_a_signature_without_protocol_is_known_by_its_second_part(second: bytes, kind: Kind) -> None:
    raw = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: " + second
    assert kind_of(mime.entity(raw + b"\r\n\r\ny\r\n--b--\r\n")) is kind


def test_the_signed_half_keeps_every_octet() -> None:
    raw = (
        b"Content-Type: multipart/signed; boundary=b\n\npreamble\n--b\nX: y  \n\n trailing \t\n\n\n--b\n"
        b"Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n"
    )
    assert detached(mime.entity(raw)).content == b"X: y  \r\n\r\n trailing \t\r\n\r\n"


def test_hidden_parts() -> None:
    def below(inner: bytes) -> Hidden:
        raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + inner + b"\r\n--b--\r\n"
        return hidden(mime.entity(raw), Limits())

    assert below(b"\r\nplain") is Hidden.NONE
    assert (
        below(b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\n?") is Hidden.ENCRYPTED
    )
    assert below(b"Content-Type: application/pkcs7-mime\r\n\r\nnot CMS") is Hidden.NONE
    assert (
        below(b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"\r\n\r\n')
        is Hidden.SIGNED
    )
    assert below(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n") is Hidden.NONE


def test_too_many_parts_are_noticed_behind_a_limit() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 501 + b"--b--\r\n"
    with pytest.raises(LimitError):
        hidden(mime.entity(raw), Limits())
