"""The key of a repeated mail: the same through any relay, another for anything a person changed."""

from __future__ import annotations

import pytest

from gateway.mailin import dedupe
from gateway.mailin.prescan import read_header

MAIL = b"Subject: x\r\nMessage-ID: <a@b>\r\n\r\nbody\r\n"


def key(mail: bytes, account: int = 1, message_id: str = "<a@b>") -> str | None:
    return dedupe.key(mail, read_header(mail, 0, 10_000).end, account, message_id)


@pytest.mark.parametrize(
    "trace",
    [
        b"Received: from a\r\n by b\r\n",
        b"RECEIVED: q\r\n",
        b"Return-Path: <x@y>\r\n",
        b"Delivered-To: z\r\n",
        b"ARC-Seal: i=1;\r\n\tcv=none\r\n",
        b"Authentication-Results: mx; spf=pass\r\n",
        b"DKIM-Signature: v=1\r\n",
    ],
)
def test_fields_that_relays_add_do_not_count(trace: bytes) -> None:
    assert key(trace + MAIL) == key(MAIL)


@pytest.mark.parametrize(
    "other",
    [MAIL.replace(b"body", b"bodx"), MAIL.replace(b": x", b": y"), b"X-New: z\r\n" + MAIL, MAIL + b"\r\n"],
)
def test_anything_else_counts(other: bytes) -> None:
    assert key(other) != key(MAIL)


def test_account_and_message_id_count() -> None:
    assert len({key(MAIL), key(MAIL, account=2), key(MAIL, message_id="<c@d>")}) == 3


def test_without_a_message_id_there_is_no_key() -> None:
    assert key(MAIL, message_id="") is None


def test_a_body_larger_than_a_chunk_counts_to_its_end() -> None:
    long = MAIL + b"x" * (2 * dedupe.CHUNK)
    assert key(long + b"a") != key(long + b"b")
