"""What strangers write, made up by the thousand: the readers of mail never fail but by their own errors."""

from __future__ import annotations

import re
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import BadNumber
from gateway.domain.numbers import parse as parse_number
from gateway.intake.reading import ReadError
from gateway.mailin import charsets, dedupe, headers
from gateway.mailin.data_reader import Scanner
from gateway.mailin.envelope import BadPath, classify, parse_path
from gateway.mailin.message import read
from gateway.mailin.prescan import Rejected, prescan
from gateway.mailin.settings import SmtpLimits
from gateway.mailin.subject import HIDDEN, MODIFIERS, Argument, Modifier, parse

TABLE = {
    **MODIFIERS,
    "/h": Modifier("header", argument=Argument.TEXT),
    "/n": Modifier("paper", argument=Argument.WORD),
}
WORDS = st.sampled_from([*TABLE, "/B", "/etc", "a", "A/B", '"', '"x', "1/2", "見積", "\u3000", "\t", "  "])
SUBJECTS = st.lists(WORDS | st.text(max_size=5), max_size=12).map(" ".join)

PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b'Content-Type: multipart/alternative; boundary="b"\r\n',
        b"Content-Type: multipart/related; boundary=c\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/html; charset=iso-2022-jp\r\n",
        b"Content-Disposition: attachment; filename*0*=x''%ff\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Subject: =?utf-8?B?gg==?=\r\n",
        b"Message-ID: <a@b>\r\n",
        b"Received: x\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"--c\r\n",
        b"--\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"\0",
        b"\x1b$B",
        b"\xff\xfe",
        b"x" * 80,
    ]
)
MAILS = st.lists(PIECES | st.binary(max_size=20), max_size=25).map(b"".join)


@given(SUBJECTS)
def test_a_subject_is_split_and_never_swallowed(text: str) -> None:
    found = parse(text, TABLE)
    spaced = re.sub("[\u3000\t\u00a0]", " ", text).strip(" ")
    if not re.search(r"(?:\A| )/pw ", spaced, re.IGNORECASE):
        assert spaced.startswith(found.visible)
        tail = spaced[len(found.visible) :].split()
        assert bool(tail) == bool(found.options)
        assert not tail or tail[0].lower() in TABLE


@given(SUBJECTS)
def test_of_a_subject_with_a_password_only_what_follows_it_is_hidden(text: str) -> None:
    spaced = re.sub("[\u3000\t\u00a0]", " ", f"{text} /pw s3cr3t /b /etc").strip(" ")
    shown = parse(f"{text} /pw s3cr3t /b /etc", TABLE).visible
    assert "s3cr3t" not in shown
    left = iter(spaced)
    assert all(sign in left for sign in shown.replace(HIDDEN, ""))


@given(SUBJECTS)
def test_what_is_visible_has_no_modifier_left_at_its_end(text: str) -> None:
    visible = parse(text, MODIFIERS).visible
    if HIDDEN not in visible:  # what stands for a password may be read as one again; nobody does
        assert parse(visible, MODIFIERS).visible == visible
    assert not visible.lower().endswith(tuple(f" {name}" for name in MODIFIERS))


@given(st.text(max_size=60), st.sampled_from(["FROM:", "TO:"]))
def test_a_path_is_an_address_or_an_error(text: str, keyword: str) -> None:
    for argument in (text, keyword + text, f"{keyword}<{text}>", f"{keyword}<{text}@fax.example.org>"):
        with suppress(BadPath):
            address = parse_path(argument, keyword, null_allowed=True).address
            classify(address, ("fax.example.org",))
            assert str(address).isascii()
            assert str(address).isprintable()


@given(st.text(alphabet="+0123456789-.() /FAX=T33S", max_size=30))
def test_a_number_is_canonical_or_an_error(text: str) -> None:
    with suppress(BadNumber):
        assert re.fullmatch(r"00\d{3,20}", parse_number(text, "81", "3").canonical)


@given(MAILS)
def test_the_pre_scan_and_the_dedupe_key_never_fail(mail: bytes) -> None:
    with suppress(Rejected):
        findings = prescan(mail, SmtpLimits(), frozenset({"fax.example.org"}))
        assert 0 <= findings.header_end <= len(mail)
        assert dedupe.key(mail, findings.header_end, 1, "<a@b>") is not None


@settings(max_examples=200)
@given(MAILS)
def test_a_mail_is_read_or_refused_by_a_cause(mail: bytes) -> None:
    with suppress(ReadError):
        found = read(mail, {"country": "81", "domains": ["fax.example.org"]})
        assert found.documents
        assert found.subject.isprintable()
        assert all(document.name.isprintable() for document in found.documents)


@given(
    st.binary(max_size=200), st.sampled_from(["", "iso-2022-jp", "shift_jis", "utf-8", "big5", "utf-16", "x"])
)
def test_any_bytes_in_any_charset_are_text(data: bytes, label: str) -> None:
    text, codec = charsets.decode(data, label)
    assert isinstance(text, str)
    assert codec


@given(st.text(alphabet=st.characters(min_codepoint=0x3041, max_codepoint=0x3093), max_size=40))
def test_iso_2022_jp_reads_what_python_writes(text: str) -> None:
    assert charsets.iso2022jp(text.encode("iso2022_jp")) == text


@given(st.text(max_size=100))
def test_cleaned_text_stays_clean(text: str) -> None:
    once = headers.clean(text)
    assert headers.clean(once) == once
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", once)


LINES = st.lists(
    st.binary(max_size=20).filter(lambda b: b"\r" not in b and b"\n" not in b) | st.just(b"."), max_size=8
)


@given(LINES, st.lists(st.integers(0, 200), max_size=6))
def test_a_mail_comes_out_of_the_reader_as_it_went_in(lines: list[bytes], cuts: list[int]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    wire = (
        b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\nREST"
    )
    scanner, found, at = Scanner(), b"", 0
    for cut in [*sorted(cuts), len(wire)]:
        if not scanner.done:
            found += scanner.feed(wire[at:cut])
            at = max(at, cut)
    assert (found, scanner.done, scanner.bare) == (content, True, False)
    assert scanner.rest + wire[at:] == b"REST"
