"""The byte-flip property of smime.md section 10 at the door: no change passes unless the pages stay the same.

One octet of a valid signed mail is changed and the mail judged as the door does. Either it is refused, or
what would be drawn under the fields that hold is the same octets.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sealed_fixtures import ALICE, GATEWAY, KEYS, NUMBER, head, signed
from smime_fixtures import ALICE as ADDRESS
from smime_fixtures import AT, opaque

import smime
from gateway.intake.reading import ReadError
from gateway.mailin.message import read
from gateway.mailin.unsealing import Question, judge, unwrap
from smime.encryption import enveloped
from smime.signing import cms_part

BODY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease send 10 boxes.  \r\n\r\n-- \r\nAlice\r\n"
PROTECTED = (
    f"From: Alice <{ADDRESS}>\r\nTo: {NUMBER}\r\nSubject: order /rs\r\n".encode()
    + b"Message-ID: <one@acme.example>\r\n"
    + BODY.replace(b"us-ascii", b'us-ascii; hp="clear"')
)
INSIDE = cms_part("signed-data", "smime.p7m", smime.signing.signed_data(BODY, ALICE, AT, detached=False))
MAILS = {
    "signed": signed(payload=BODY),
    "protected": signed(payload=PROTECTED),
    "sealed": opaque(enveloped(INSIDE, [GATEWAY.certificate], "aes256-gcm"), "authEnveloped-data", head()),
}
QUESTION = Question(
    ADDRESS,
    AT,
    rule="required",
    written=(NUMBER,),
    domains=("fax.example.org",),
    country="81",
    message_id="<one@acme.example>",
)


def drawn(mail: bytes) -> tuple[object, ...]:
    """Return what reaches the pages."""
    try:
        reading = read(unwrap(mail, AT, KEYS), {})
    except ReadError as error:
        return (error.code,)
    return tuple((one.content_type, one.data) for one in reading.documents)


def test_the_mails_pass_before_they_are_changed() -> None:
    for name, mail in MAILS.items():
        assert judge(mail, QUESTION, KEYS).reply == 0, name
        assert b"10 boxes" in str(drawn(mail)).encode()


@settings(max_examples=250, deadline=None)
@given(name=st.sampled_from(sorted(MAILS)), place=st.integers(0, 1 << 20), octet=st.integers(1, 255))
@example(name="signed", place=MAILS["signed"].index(b"10 boxes"), octet=1)
@example(name="protected", place=MAILS["protected"].index(b"Subject: order /rs"), octet=32)
def test_no_changed_octet_reaches_a_page(name: str, place: int, octet: int) -> None:
    changed = bytearray(MAILS[name])
    changed[place % len(changed)] ^= octet
    mail = bytes(changed)
    found = judge(mail, QUESTION, KEYS)
    if found.reply == 0:
        assert found.valid
        assert drawn(mail) == drawn(MAILS[name])
    else:
        assert (found.reply, found.status[:2]) in {(550, "5."), (451, "4.")}


@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=400), place=st.integers(0, 1 << 20))
def test_noise_in_a_sealed_mail_never_raises_and_never_passes_unnoticed(noise: bytes, place: int) -> None:
    at = place % len(MAILS["sealed"])
    mail = MAILS["sealed"][:at] + noise + MAILS["sealed"][at:]
    found = judge(mail, QUESTION, KEYS)
    assert found.reply != 0 or drawn(mail) == drawn(MAILS["sealed"])


SPLITTING = [
    b"X-A: b\r\x0bEvil\r\n",
    b"X-A: b\r\rEvil\r\n",
    b"X-A : Evil\r\n",
    b"X-A: b\r\n \r\n Evil\r\n",
    b"X-A:\x00Evil\r\n",
]


@pytest.mark.parametrize("line", SPLITTING)
@pytest.mark.parametrize("name", ["signed", "sealed"])
def test_a_field_that_ends_the_header_for_some_readers_brings_no_text(name: str, line: bytes) -> None:
    for mail in (line + MAILS[name], MAILS[name].replace(b"Subject:", line + b"Subject:", 1)):
        found = judge(mail, QUESTION, KEYS)
        assert found.reply != 0 or drawn(mail) == drawn(MAILS[name])
