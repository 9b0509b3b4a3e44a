"""`postline templates`, and what `check-config` says of templates that cannot be drawn."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from cli_fixtures import LEAST, Console

from gateway.cli.templates import FORMATS, LANGUAGES
from gateway.notify.template_check import faults
from gateway.stationery import NAMES, OURS, Stationery, source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The operator's templates, none yet."""
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def console(tmp_path: Path, folder: Path) -> Console:
    config = tmp_path / "postline.toml"
    text = LEAST.format(data=tmp_path / "data")
    config.write_text(text.replace("[mail]\n", f'[mail]\ntemplates = "{folder}"\n'))
    return Console(config)


def test_the_list_says_whose_each_template_is(console: Console, folder: Path) -> None:
    (folder / "notice.ja.txt").write_text("x")
    listed = console.answer("templates", "list")
    assert {row["name"] for row in listed} == set(NAMES)
    files = {(row["name"], row["file"]) for row in listed}
    assert ("notice.txt", str(folder / "notice.ja.txt")) in files
    assert ("notice.txt", None) in files, "ours for the other languages"
    assert "batch.txt      ours" in console.say("templates", "list")


def test_show_prints_what_is_in_force(console: Console, folder: Path) -> None:
    assert console.say("templates", "show", "notice.txt") == source("notice.txt").strip()
    (folder / "notice.txt").write_text("mine")
    assert console.answer("templates", "show", "notice.txt")["text"] == "mine"


def test_show_names_what_there_is(console: Console) -> None:
    assert "notice.txt" in console.refuse("templates", "show", "notes.txt")


def test_a_copy_of_ours_is_in_order_and_overwrites_nothing(console: Console, folder: Path) -> None:
    (folder / "subject.txt").write_text("{{ title }}: {{ about }}")
    assert set(console.answer("templates", "copy", folder)["copied"]) == set(NAMES) - {"subject.txt"}
    assert (folder / "subject.txt").read_text() == "{{ title }}: {{ about }}"
    assert console.say("templates", "check") == "Every template can be drawn."
    assert console.answer("templates", "copy", folder)["copied"] == []


def test_a_preview_is_every_mail_as_it_would_leave(console: Console, tmp_path: Path, folder: Path) -> None:
    (folder / "subject.txt").write_text("[Acme] {{ title }}")
    out = tmp_path / "out"
    files = console.answer("templates", "preview", "--out", out, "--language", "ja", "--format", "html")[
        "files"
    ]
    assert set(files) >= {
        "sent-ja-html.eml",
        "failed-ja-html.eml",
        "batch-ja-html.eml",
        "refusal-ja-html.eml",
        "forward-ja.eml",
        "delivery-report-ja.eml",
        "receipt-ja.eml",
        "report-ja.pdf",
    }
    mail = email.message_from_bytes((out / "sent-ja-html.eml").read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == "[Acme] FAX送信が成功しました"
    assert mail.get_content_type() == "multipart/alternative"
    pages = pypdfium2.PdfDocument(out / "report-ja.pdf")
    assert "送信レポート" in pages[0].get_textpage().get_text_range()


def test_a_preview_of_all_has_each_format_in_each_language(console: Console, tmp_path: Path) -> None:
    files = console.answer("templates", "preview", "--out", tmp_path / "out")["files"]
    for language in LANGUAGES:
        assert {f"sent-{language}-{form}.eml" for form in FORMATS} <= set(files)


@pytest.mark.parametrize(("option", "word"), [("--format", "morse"), ("--language", "tlh")])
def test_a_preview_of_nothing_known_says_what_there_is(
    console: Console, tmp_path: Path, option: str, word: str
) -> None:
    assert "all" in console.refuse("templates", "preview", "--out", tmp_path / "out", option, word)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notice.txt", "{% if %}", "line 1"),
        ("notice.html", "{{ nothing }}", "'nothing' is undefined"),
        ("batch.txt", "{{ lines.nothing }}", "nothing"),
        ("result.xml", "<a>{% for name, value in fields %}<b>{% endfor %}</a>", "not XML"),
        ("report.html", "{{ calls[7] }}", "has no element 7"),
        ("notice.ru.txt", "{{ 1 / 0 }}", "ZeroDivisionError"),
        (
            "notice.txt",
            "{% if notice.facts.kind == 'forward' %}{{ notice.facts.subject }}{% endif %}",
            "subject",
        ),
        ("notise.txt", "x", "did you mean 'notice.txt'?"),
    ],
)
def test_a_broken_template_is_an_error_of_the_configuration(
    console: Console, folder: Path, name: str, text: str, said: str
) -> None:
    (folder / name).write_text(text)
    refused = console.refuse("check-config")
    assert str(folder / name) in refused
    assert said in refused
    assert console.run("templates", "check").exit_code == 78


def test_each_fault_is_said_once(folder: Path) -> None:
    (folder / "notice.txt").write_text("{{ nothing }}")
    (folder / "batch.txt").write_text("{{ nothing }}")
    assert len(faults(Stationery(folder))) == 2


def test_a_folder_that_is_not_there_is_a_fault(folder: Path) -> None:
    assert faults(Stationery(folder / "gone")) == [f"mail.templates: {folder / 'gone'} is no folder"]
    assert faults(OURS) == []


def test_templates_that_can_be_drawn_are_no_fault(console: Console, folder: Path) -> None:
    (folder / "notice.txt").write_text("{{ notice.opening }}")
    assert "is in order" in console.say("check-config")
