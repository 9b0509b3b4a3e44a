"""The look at a mail's bytes before the 250: each limit at the limit and one beyond, and what is refused."""

from __future__ import annotations

import mmap
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.mailin.prescan import MAX_CONTINUATIONS, Rejected, prescan
from gateway.mailin.settings import SmtpLimits

LIMITS = SmtpLimits()
CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "mail").glob("*.eml"))


def refusal(mail: bytes, limits: SmtpLimits = LIMITS) -> str:
    """Return the status a mail is turned away with, "" if it passes."""
    try:
        prescan(mail, limits, frozenset({"fax.example.org"}))
    except Rejected as error:
        return error.status
    return ""


def sealed(mail: bytes) -> bool:
    """Return whether a mail that passes has something signed or encrypted in it."""
    return prescan(mail, SmtpLimits()).sealed


def multipart(*parts: bytes, boundary: bytes = b"b", kind: bytes = b"mixed") -> bytes:
    """Return a multipart entity, header included."""
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind, boundary)
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary


def nested(depth: int) -> bytes:
    """Return multiparts inside each other."""
    mail = b"\r\nx"
    for level in range(depth):
        mail = multipart(mail, boundary=b"level-%d" % level)
    return mail


@pytest.mark.parametrize("sample", CORPUS, ids=lambda path: path.stem)
def test_ordinary_mails_pass(sample: Path) -> None:
    mail = sample.read_bytes()
    assert refusal(mail) == ""
    assert sealed(mail) == (sample.stem == "smime_inside")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Message-ID: <a@b>\r\n", "<a@b>"),
        (b"message-id:\r\n <a@b>\r\n", "<a@b>"),
        (b"Message-ID: a@b\r\n", ""),
        (b"Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n", "<a@b>"),
        (b"Subject: x\r\n", ""),
        (b"Message-ID: <" + b"a" * 991 + b">\r\n", ""),
    ],
)
def test_the_message_id_is_found(header: bytes, found: str) -> None:
    assert prescan(header + b"\r\nbody\r\n", LIMITS).message_id == found


def test_the_header_ends_at_the_empty_line() -> None:
    assert prescan(b"A: b\r\n\r\nbody\r\n", LIMITS).header_end == len(b"A: b\r\n\r\n")
    assert prescan(b"\r\nbody\r\n", LIMITS).header_end == 2
    assert prescan(b"A: b\r\n", LIMITS).header_end == len(b"A: b\r\n")


@pytest.mark.parametrize(("extra", "status"), [(0, ""), (1, "5.6.0")])
def test_the_header_block_has_a_limit(extra: int, status: str) -> None:
    limits = replace(LIMITS, header_bytes=10_000, field_bytes=10**6)
    assert refusal(b"A: " + b"x" * (10_000 - 3 + extra) + b"\r\n\r\nbody\r\n", limits) == status


@pytest.mark.parametrize(("extra", "status"), [(0, ""), (1, "5.6.0")])
def test_a_field_has_a_limit_folded_or_not(extra: int, status: str) -> None:
    limits = replace(LIMITS, field_bytes=1000)
    assert refusal(b"A: " + b"x" * (997 + extra) + b"\r\n\r\n", limits) == status
    assert refusal(b"A: " + b"x\r\n " * 249 + b"x" * (1 + extra) + b"\r\n\r\n", limits) == status


@pytest.mark.parametrize(("count", "status"), [(1000, ""), (1001, "5.6.0")])
def test_fields_are_counted(count: int, status: str) -> None:
    assert refusal(b"A: b\r\n" * count + b"\r\n") == status


def test_lines_that_are_no_fields_are_counted_too() -> None:
    assert refusal(b"no field\r\n" * 1100 + b"\r\n") == "5.6.0"


@pytest.mark.parametrize(("count", "status"), [(MAX_CONTINUATIONS, ""), (MAX_CONTINUATIONS + 1, "5.6.0")])
def test_continued_parameters_are_counted(count: int, status: str) -> None:
    parameters = b"".join(b";n*%d=x" % n for n in range(count))
    assert refusal(b"Content-Type: text/plain" + parameters + b"\r\n\r\n") == status


@pytest.mark.parametrize(
    ("count", "status"), [(499, ""), (500, "5.6.0")], ids=["500 with the whole", "one more"]
)
def test_parts_are_counted(count: int, status: str) -> None:
    assert refusal(multipart(*[b"\r\nx"] * count)) == status


@pytest.mark.parametrize(("depth", "status"), [(20, ""), (21, "5.6.0"), (5000, "5.6.0")])
def test_depth_has_a_limit(depth: int, status: str) -> None:
    assert refusal(nested(depth)) == status


@pytest.mark.parametrize(("depth", "status"), [(3, ""), (4, "5.6.0")])
@pytest.mark.parametrize("wrapped", [False, True], ids=["directly", "in multiparts"])
def test_attached_messages_have_a_depth_limit(depth: int, status: str, wrapped: bool) -> None:
    mail = b"Subject: inner\r\n\r\nx"
    for level in range(depth):
        mail = b"Content-Type: message/rfc822\r\n\r\n" + mail
        if wrapped:
            mail = multipart(mail, boundary=b"level-%d" % level)
    assert refusal(mail) == status


def test_a_text_full_of_dashes_is_no_structure() -> None:
    text = b"Content-Type: text/plain\r\n\r\n" + b"-- comment\r\n" * 50_000
    assert refusal(text) == ""
    assert refusal(text * 3) == "5.6.0"


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Type: multipart/signed; boundary=x",
        b"content-type: Multipart/Signed;\r\n boundary=x",
        b"Content-Type: (a comment) multipart/signed; boundary=x",
        b"Content-Type: application/pkcs7-mime",
        b"Content-Type: application/x-pkcs7-mime; smime-type=signed-data",
        b"Content-Type: multipart/encrypted; boundary=x",
        b"Content-Type: application/octet-stream; name=smime.p7m",
        b'Content-Disposition: attachment; filename="SMIME.P7M"',
        b"Content-Disposition: attachment;\r\n filename*=utf-8''smime.p7m",
        b"Content-Type: multipart/\r\n signed; boundary=x",
        b"Content-Type: application / pkcs7-mime",
        b"Content-Type: text/plain\r\nContent-Type: multipart/signed; boundary=x",
        b"Content-Disposition: attachment; filename*=utf-8''smime%2Ep7m",
        b'Content-Type: application/octet-stream; name*0="smime"; name*1=".p7m"',
        b'Content-Type: application/octet-stream; name="=?utf-8?B?c21pbWUucDdt?="',
        b"Content-Type: application/octet-stream; name=brief.p7m",
    ],
)
def test_signed_and_encrypted_mail_is_found_at_any_depth(field: bytes) -> None:
    part = field + b"\r\n\r\nx"
    assert sealed(part + b"\r\n")
    assert sealed(multipart(b"\r\ntext", part))
    assert sealed(multipart(multipart(part, boundary=b"inner")))


def test_a_signed_mail_that_somebody_attached_is_found_too() -> None:
    signed = multipart(b"\r\ntext", kind=b"signed", boundary=b"s")
    assert sealed(multipart(b"Content-Type: message/rfc822\r\n\r\n" + signed))


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Type: text/plain; name=p7m.txt",
        b"Content-Type: text/plain; name=smime.p7m.txt",
        b"Content-Type: text/plain; charset=smime.p7m",
        b"Content-Type: application/pkcs7-signature; name=smime.p7s",
    ],
)
def test_what_only_sounds_sealed_is_not(field: bytes) -> None:
    assert not sealed(multipart(b"\r\ntext", field + b"\r\n\r\nx"))


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (b"Auto-Submitted: auto-replied", "5.7.1"),
        (b"Auto-Submitted: Auto-Replied (vacation)", "5.7.1"),
        (b"Auto-Submitted: auto-generated", ""),
        (b"Auto-Submitted: no", ""),
        (b"Content-Type: multipart/report; boundary=x", "5.7.1"),
        (b"X-Loop: FAX.example.org", "5.4.6"),
        (b"X-Loop: list@elsewhere.example", ""),
    ],
)
def test_automatic_mail(field: bytes, status: str) -> None:
    assert refusal(field + b"\r\n\r\nx\r\n") == status


@pytest.mark.parametrize(("hops", "status"), [(50, ""), (51, "5.4.6")])
def test_hops_are_counted(hops: int, status: str) -> None:
    assert refusal(b"Received: by x\r\n" * hops + b"\r\n") == status


def test_a_mapped_file_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    path.write_bytes(b"Message-ID: <a@b>\r\n" + multipart(b"\r\nx", b"\r\ny"))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert prescan(mapped, LIMITS) == prescan(path.read_bytes(), LIMITS)
