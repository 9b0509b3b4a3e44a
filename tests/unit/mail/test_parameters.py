"""The parameters of MAIL and RCPT: what is read, what is refused, and that nothing else gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mailin.parameters import BadParameter, OfMail, decoded, of_mail, of_recipient


def xtext(text: str) -> str:
    """Write a text as RFC 3461 section 4 has it."""
    return "".join(c if c not in "+=" and 33 <= ord(c) <= 126 else f"+{ord(c):02X}" for c in text)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, OfMail()),
        ({"SIZE": "5000"}, OfMail(5000)),
        ({"BODY": "8bitmime"}, OfMail()),
        ({"RET": "full"}, OfMail(0, {"ret": "full"})),
        ({"RET": "HDRS", "ENVID": "QQ+2B1+3D"}, OfMail(0, {"ret": "hdrs", "envid": "QQ+1="})),
        ({"ENVID": "a" * 100}, OfMail(0, {"envid": "a" * 100})),
    ],
)
def test_what_mail_may_say(given: dict[str, str], read: OfMail) -> None:
    assert of_mail(given) == read


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"SIZE": "x"}, 555),
        ({"SIZE": "9" * 21}, 555),
        ({"SIZE": ""}, 555),
        ({"BODY": "BINARYMIME"}, 555),
        ({"AUTH": "<>"}, 555),
        ({"NOTIFY": "NEVER"}, 555),
        ({"RET": ""}, 501),
        ({"RET": "ALL"}, 501),
        ({"ENVID": ""}, 501),
        ({"ENVID": "a" * 101}, 501),
        ({"ENVID": "a b"}, 501),
        ({"ENVID": "+0D+0A"}, 501),
        ({"ENVID": "+2b"}, 501),
        ({"ENVID": "+2"}, 501),
        ({"ENVID": "a=b"}, 501),
    ],
)
def test_what_mail_may_not_say(given: dict[str, str], code: int) -> None:
    with pytest.raises(BadParameter) as error:
        of_mail(given)
    assert (error.value.reply.code, error.value.reply.status) == (code, "5.5.4")


def test_auth_is_let_pass_where_auth_is_offered() -> None:
    assert of_mail({"AUTH": "alice+40acme.example"}, with_auth=True) == OfMail()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {}),
        ({"NOTIFY": "NEVER"}, {"notify": ["never"]}),
        ({"NOTIFY": "failure,success"}, {"notify": ["success", "failure"]}),
        ({"NOTIFY": "SUCCESS,FAILURE,DELAY"}, {"notify": ["success", "failure", "delay"]}),
        ({"ORCPT": "RFC822;bob+2Bfax@acme.example"}, {"orcpt": "rfc822;bob+fax@acme.example"}),
        ({"ORCPT": "rfc822;" + "a" * 500}, {"orcpt": "rfc822;" + "a" * 500}),
    ],
)
def test_what_rcpt_may_say(given: dict[str, str], read: dict[str, Any]) -> None:
    assert of_recipient(given) == read


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"NOTIFY": ""}, 501),
        ({"NOTIFY": "NEVER,SUCCESS"}, 501),
        ({"NOTIFY": "SUCCESS,SUCCESS"}, 501),
        ({"NOTIFY": "ALWAYS"}, 501),
        ({"ORCPT": "bob@acme.example"}, 501),
        ({"ORCPT": "rfc822;"}, 501),
        ({"ORCPT": ";bob@acme.example"}, 501),
        ({"ORCPT": "rfc822;" + "a" * 501}, 501),
        ({"ORCPT": "rfc822;bob+0A@acme.example"}, 501),
        ({"RET": "FULL"}, 555),
    ],
)
def test_what_rcpt_may_not_say(given: dict[str, str], code: int) -> None:
    with pytest.raises(BadParameter) as error:
        of_recipient(given)
    assert error.value.reply.code == code


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30))
def test_xtext_comes_back(text: str) -> None:
    assert decoded(xtext(text), 100, "ENVID") == text


@given(st.text(max_size=60))
def test_nothing_but_printable_ascii_comes_out(text: str) -> None:
    try:
        read = decoded(text, 100, "ENVID")
    except BadParameter:
        return
    assert read.isascii()
    assert read.isprintable()
