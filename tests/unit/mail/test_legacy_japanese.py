"""`legacy_iso2022jp`: Japanese text mails as mail programs of the last century want them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notify_fixtures import SENT, STAMP, mailed, text_of

from gateway.mail import in_jis, serialise
from gateway.notify.result_mail import compose

LEGACY = replace(SENT, language="ja", legacy=True, subject="注文 5521", contact="山田")


def test_text_and_subject_are_iso_2022_jp_in_7_bits() -> None:
    content = serialise(compose(LEGACY, STAMP))
    assert content.isascii()
    assert b"Subject: =?iso-2022-jp?b?" in content.lower().replace(b"subject", b"Subject")
    assert b'Content-Type: text/plain; charset="iso-2022-jp"' in content
    assert b"Content-Transfer-Encoding: 7bit" in content
    body = content.split(b"\r\n\r\n", 1)[1]
    assert "送信結果: OK".encode("iso2022_jp") in body
    assert max(map(len, body.split(b"\r\n"))) <= 998


def test_it_reads_back_as_it_was_meant() -> None:
    mail = mailed(LEGACY)
    assert mail["Subject"] == "FAX送信が成功しました -> 0081363684300"
    assert "件名: 注文 5521" in text_of(mail)
    assert "宛名: 山田" in text_of(mail)


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("ｶﾞﾙﾌ ﾀﾞｲｱﾘｰ", "ガルフ ダイアリー"),  # half-width kana are not in ISO-2022-JP; full ones are
        ("10～20 －5", "10〜20 −5"),  # noqa: RUF001  (what Windows writes and what JIS has)
    ],
)
def test_what_jis_spells_otherwise_is_spelt_so(subject: str, read: str) -> None:
    mail = mailed(replace(LEGACY, subject=subject))
    assert mail.get_content_charset() == "iso-2022-jp"
    assert f"件名: {read}" in text_of(mail)


@pytest.mark.parametrize("subject", ["①番 髙橋", "你们好", "🙂", "Привет ё €"])
def test_a_character_jis_has_not_takes_the_mail_to_utf_8_rather_than_be_lost(subject: str) -> None:
    mail = mailed(replace(LEGACY, subject=subject))
    if in_jis(subject) is None:
        assert mail.get_content_charset() == "utf-8"
    assert f"件名: {subject}" in text_of(mail)


def test_a_line_too_long_for_7_bits_goes_in_base64() -> None:
    mail = mailed(replace(LEGACY, subject="長" * 900))
    assert (mail.get_content_charset(), mail["Content-Transfer-Encoding"]) == ("iso-2022-jp", "base64")
    assert "長" * 900 in text_of(mail)


@pytest.mark.parametrize(
    ("language", "form"), [("en", "text"), ("ru", "text"), ("ja", "html"), ("ja", "csv")]
)
def test_other_languages_and_formats_stay_as_they_are(language: str, form: str) -> None:
    changed = replace(LEGACY, language=language, format=form)
    assert serialise(compose(changed, STAMP)) == serialise(compose(replace(changed, legacy=False), STAMP))


def test_with_an_image_the_text_stays_iso_2022_jp() -> None:
    mail = mailed(replace(LEGACY, image=b"II*\0pages"))
    part = mail.get_body(("plain",))
    assert part is not None
    assert part.get_content_charset() == "iso-2022-jp"
    assert "送信結果: OK" in text_of(mail)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_subject_survives(subject: str) -> None:
    mail = mailed(replace(LEGACY, subject=subject))
    assert mail.get_content_charset() in ("utf-8", "iso-2022-jp")
    plain = mailed(replace(LEGACY, subject=subject, legacy=False))
    if mail.get_content_charset() == "utf-8":
        assert text_of(mail) == text_of(plain)
    else:
        assert len(text_of(mail).splitlines()) == len(text_of(plain).splitlines())
