"""The limits of design.md 5a that only the reader can see: each at the limit and one past it."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from gateway.intake.reading import ReadError
from gateway.mailin.message import read
from gateway.mailin.parts import Budget, Walk, parsed

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus"))

from building import attached, entity, mail, multipart

INNER = b"Subject: innermost\r\n\r\nhello\r\n"


def refusal(raw: bytes, budget: Budget | None = None) -> str:
    """Return the code a mail is refused with by the reader, "" if it is read."""
    held = budget or Budget()
    try:
        Walk(held).part(parsed(raw, held))
    except ReadError as error:
        return error.code
    return ""


def in_messages(depth: int, encoding: str = "", name: bytes = b"") -> bytes:
    """Return a mail inside so many attached messages, under an encoding no door looks through."""
    body = INNER
    for _ in range(depth):
        held = (
            attached(b"application/octet-stream", body, name)
            if name
            else entity(b"message/rfc822", body, encoding)
        )
        body = b"Subject: x\r\n" + multipart("mixed", held)
    return body


@pytest.mark.parametrize("encoding", ["", "base64"])
@pytest.mark.parametrize(("depth", "code"), [(3, ""), (4, "unreadable-document")])
def test_attached_messages_have_a_depth(depth: int, encoding: str, code: str) -> None:
    assert refusal(in_messages(depth, encoding)) == code


@pytest.mark.parametrize(("depth", "code"), [(3, ""), (4, "unreadable-document")])
def test_mails_attached_as_files_have_the_same_depth(depth: int, code: str) -> None:
    assert refusal(in_messages(depth, name=b"filename=a.eml")) == code


def nested(depth: int) -> bytes:
    body = entity(b"text/plain", b"x")
    for level in range(depth):
        body = multipart("mixed", body, boundary=f"level-{level}")
    return body


@pytest.mark.parametrize(("depth", "code"), [(20, ""), (21, "unreadable-document")])
def test_parts_have_a_depth_also_inside_an_encoding(depth: int, code: str) -> None:
    assert refusal(nested(depth)) == code
    assert refusal(mail(entity(b"message/rfc822", nested(depth), "base64"))) == code


@pytest.mark.parametrize(("count", "code"), [(498, ""), (499, "unreadable-document")])
def test_parts_are_counted_over_all_containers(count: int, code: str) -> None:
    """The attached message, its multipart and its parts: 500 in all."""
    many = multipart("mixed", *[entity(b"text/plain", b"x")] * count)
    assert refusal(mail(entity(b"message/rfc822", many, "base64"))) == code


@pytest.mark.parametrize(("octets", "code"), [(1000, ""), (1001, "too-large")])
def test_what_comes_out_of_all_encodings_has_a_size(octets: int, code: str) -> None:
    raw = multipart(
        "mixed",
        entity(b"text/plain", b"x" * 400, "base64"),
        attached(b"text/plain", b"y" * (octets - 400), b"filename=a.txt"),
    )
    assert refusal(raw, Budget(octets=1000)) == code


@pytest.mark.parametrize(("count", "code"), [(200, ""), (201, "unreadable-document")])
def test_a_name_has_so_many_pieces(count: int, code: str) -> None:
    pieces = b"; ".join(b"filename*%d=a" % n for n in range(count))
    raw = b"Content-Disposition: attachment; " + pieces + b"\r\n\r\nhello"
    assert refusal(raw) == code


def test_the_limits_of_the_contract_are_those_in_force() -> None:
    assert (Budget().parts, Budget().octets, Budget().messages) == (500, 100 * 1024 * 1024, 3)


def test_a_bomb_in_an_encoding_is_refused_before_it_is_parsed() -> None:
    bomb = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    with pytest.raises(ReadError):
        read(bomb + base64.b64encode(nested(3000)), {})
