"""What a mail wishes in all its places, and that what was a wish is not faxed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conventions import NAMES
from gateway.domain.options import check
from gateway.intake.reading import ReadError
from gateway.mailin.message import read

MIXED = (
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b\r\n"
    "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "JVBERg==\r\n--b--\r\n"
)


def mail(body: str, *fields: str, kind: str = "text/plain") -> bytes:
    return "\r\n".join([*fields, f"Content-Type: {kind}", "", body, ""]).encode("utf-8", "replace")


def test_the_subject_has_the_last_word_over_body_and_header_fields() -> None:
    raw = mail("::H,B=1\r\nHello", "X-FAX-VRes: 98", "X-FAX-MaxDials: 2", "Subject: Order /rs /ref 2")
    found = read(raw, {"conventions": ["hylafax", "gfi"]})
    assert found.options == {"resolution": "standard", "dials": 2, "reference": "2"}
    assert (found.subject, found.documents[0].data) == ("Order", b"Hello\n")


def test_nothing_is_taken_where_nothing_is_switched_on() -> None:
    raw = mail("::H\r\nFAXID: 1\r\n<NOCOVER>", "X-FAX-VRes: 98", "Subject: === /none")
    found = read(raw, {})
    assert (found.subject, found.options) == ("=== /none", {})
    assert found.documents[0].data == b"::H\nFAXID: 1\n<NOCOVER>\n"


def test_a_body_of_commands_alone_is_no_body() -> None:
    raw = ("Subject: Order\r\n" + MIXED.format(kind="text/plain", body="::H")).encode()
    found = read(raw, {"conventions": ["gfi"], "include_body": True})
    assert [document.name for document in found.documents] == ["a.pdf"]
    raw = (
        "Subject: Order\r\n" + MIXED.format(kind="text/html", body="<html><body><p>::H</p></body></html>")
    ).encode()
    found = read(raw, {"conventions": ["gfi"], "include_body": True})
    assert [document.name for document in found.documents] == ["a.pdf"]


def test_commands_in_html_leave_the_rest_as_it_was() -> None:
    raw = mail("<p>::B=7</p><p>a &lt; b</p>", "Subject: x", kind="text/html")
    found = read(raw, {"conventions": ["gfi"]})
    assert found.documents[0].data.rstrip() == b"<p></p><p>a &lt; b</p>"
    assert found.options == {"reference": "7"}


def test_a_body_may_give_the_subject() -> None:
    assert read(mail("::S=Order 7\r\nHello", "Subject: =?x?="), {"conventions": ["gfi"]}).subject == "Order 7"


def test_what_cannot_be_granted_refuses_the_mail_or_warns() -> None:
    raw = mail("::A=/etc/passwd\r\nHello", "Subject: Order")
    with pytest.raises(ReadError) as caught:
        read(raw, {"conventions": ["gfi"]})
    assert (caught.value.code, caught.value.text) == (
        "bad-option",
        "::A: files of this gateway are never sent",
    )
    found = read(raw, {"conventions": ["gfi"], "ignore_errors": True})
    assert found.warnings == ("::A: files of this gateway are never sent",)


def test_faximo_leaves_the_body_out_at_a_mark() -> None:
    raw = ("Subject: === Order\r\n" + MIXED.format(kind="text/plain", body="Hello")).encode()
    found = read(raw, {"conventions": ["faximo"], "include_body": True})
    assert (found.subject, [document.name for document in found.documents]) == ("Order", ["a.pdf"])


def test_a_password_does_not_leave_the_reader() -> None:
    found = read(
        mail("FAXPASSWORD: geheim\r\nHello", "Subject: Order /pw geheim"), {"conventions": ["relayfax"]}
    )
    assert "geheim" not in repr(found)
    assert found.documents[0].data == b"Hello\n"


words = st.sampled_from(
    [
        "::H",
        "::A=x",
        "<NOCOVER>",
        "FAXID: 3",
        "===",
        "/none",
        "/pw x",
        "/fontsize x",
        "fax 123",
        "hello",
        "\r\n",
        " ",
    ]
)
lines = st.one_of(st.text(max_size=20), st.lists(words, max_size=8).map("".join))


@given(lines, lines, st.sampled_from(["text/plain", "text/html"]))
def test_any_mail_is_read_or_refused_with_every_convention_on(subject: str, body: str, kind: str) -> None:
    raw = mail(body, f"Subject: {' '.join(subject.split())}", "X-FAX-VRes: 7", kind=f"{kind}; charset=utf-8")
    try:
        found = read(raw, {"conventions": list(NAMES), "ignore_errors": True})
    except ReadError as error:
        if error.code != "nothing-to-send":
            raise
        return
    assert check(found.options) == found.options
    assert found.documents
