"""Templates of an operator's in place of ours, and what happens if they are broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog
from notify_fixtures import SENT, STAMP, failed, parsed, text_of

from gateway.domain.outcome import Cause
from gateway.mail import serialise
from gateway.notify.result_mail import compose
from gateway.stationery import NAMES, OURS, Stationery, source

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from gateway.notify.result import Result

Mailed = "Callable[..., EmailMessage]"


@pytest.fixture
def mailed(tmp_path: Path) -> Callable[..., EmailMessage]:
    """Return what a result looks like on the stationery in `tmp_path`, to which these files are written."""

    def mail(result: Result = SENT, **files: str) -> EmailMessage:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")
        return parsed(serialise(compose(result, STAMP, Stationery(tmp_path))))

    return mail


def test_an_operators_template_takes_the_place_of_ours(mailed: Callable[..., EmailMessage]) -> None:
    mail = mailed(notice_txt="Fax {{ notice.facts.number }}: {{ notice.opening }}\n")
    assert text_of(mail).startswith("Fax 41230077: Your fax to 0081363684300 was sent.")


def test_what_an_operator_does_not_replace_stays_ours(mailed: Callable[..., EmailMessage]) -> None:
    assert mailed(batch_txt="x")["Subject"] == "Fax sent successfully -> 0081363684300"


def test_a_file_for_one_language_goes_before_the_common_one(mailed: Callable[..., EmailMessage]) -> None:
    files = {"notice_ja_txt": "日本語", "notice_txt": "any other"}
    assert text_of(mailed(replace(SENT, language="ja"), **files)).strip() == "日本語"
    assert text_of(mailed(replace(SENT, language="ru"), **files)).strip() == "any other"


def test_the_subject_is_a_template_and_stays_one_clean_line(mailed: Callable[..., EmailMessage]) -> None:
    mail = mailed(subject_txt="[Acme]\r\nBcc: x@evil.example\r\n{{ about }} =?utf-8?q?=0D=0AX:_y?=")
    assert mail["Subject"] == "[Acme] Bcc: x@evil.example 0081363684300 = ?utf-8?q?=0D=0AX:_y?="
    assert mail["Bcc"] is None
    assert mail["X"] is None


def test_an_operators_html_is_escaped_like_ours(mailed: Callable[..., EmailMessage]) -> None:
    result = replace(SENT, subject="<script>alert(1)</script>", format="html")
    mail = mailed(result, notice_html="<p>{{ notice.facts.subject }}</p>")
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"


def test_an_operator_may_name_the_root_of_the_xml(mailed: Callable[..., EmailMessage]) -> None:
    xml = "<R>{% for name, value in fields %}<{{ name }}>{{ value }}</{{ name }}>{% endfor %}</R>"
    assert "<R><TransactionID>41230077</TransactionID>" in text_of(
        mailed(replace(SENT, format="xml"), result_xml=xml)
    )


def test_a_template_may_use_the_sentences_of_the_catalogues(mailed: Callable[..., EmailMessage]) -> None:
    mail = mailed(
        replace(SENT, language="ru"), notice_txt='{{ _("Fax number") }}: {{ notice.facts.destination }}'
    )
    assert text_of(mail).strip() == "Номер факса: 0081363684300"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% if %}", "line 1: "),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ notice.facts.nothing }}", "has no attribute 'nothing'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ notice.opening + 1 }}", "TypeError"),
        ("{% include 'elsewhere.txt' %}", "elsewhere.txt"),
    ],
)
def test_a_broken_template_is_logged_and_ours_goes_out(
    mailed: Callable[..., EmailMessage], text: str, said: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        mail = mailed(notice_txt=text)
    assert text_of(mail).startswith("Your fax to 0081363684300 was sent.")
    (record,) = logged
    assert record["event"] == "template.broken"
    assert record["template"].endswith("notice.txt")
    assert said in record["error"]


def test_a_template_that_is_no_text_is_broken_too(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_bytes(b"\xff\xfe\x00")
    assert Stationery(tmp_path).draw("subject.txt", "en", title="a", arrow="->", about="b") == "a -> b"
    with structlog.testing.capture_logs() as logged:
        compose(SENT, STAMP, Stationery(tmp_path))
    assert [record["event"] for record in logged] == ["template.broken"]


def test_an_edit_is_seen_without_a_restart(mailed: Callable[..., EmailMessage]) -> None:
    assert text_of(mailed(notice_txt="first")).strip() == "first"
    assert text_of(mailed(notice_txt="second, longer")).strip() == "second, longer"


@pytest.mark.parametrize("name", NAMES)
def test_our_own_templates_can_be_read(name: str) -> None:
    assert source(name)
    assert OURS.own(name, "en") is None


def test_a_failure_has_its_code_for_mail_systems_beside_the_number() -> None:
    text = text_of(parsed(serialise(compose(failed(Cause.BUSY), STAMP))))
    assert "Result: 6017-The number was busy.\r\nStatus code: 5.4.5" in text.replace("\r\n", "\n").replace(
        "\n", "\r\n"
    )
    assert "Status code" not in text_of(parsed(serialise(compose(SENT, STAMP))))
