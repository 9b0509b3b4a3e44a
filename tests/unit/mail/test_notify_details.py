"""Notes of the renderer, the mail reader and the queue, said to a person in the language of the mail."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.details import NOTES, SENTENCES, STOPPED, said, shapes
from gateway.domain import retry
from gateway.domain.errors import BadOption
from gateway.language import LANGUAGES
from gateway.mailin.subject import read_options
from gateway.store.faxes import COSTS_MORE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
FOLDERS = ("render", "gateway/mailin", "gateway/intake")
NOT_FOR_SENDERS = {
    "The received page has no lines.",  # only of faxes that came in
    "its reader gave something else than a reading",  # told as "The message could not be read."
    "The renderer gave something else than pages.",
    "The renderer gave an answer that cannot be trusted.",
    "The result is larger than allowed.",
    "The renderer failed.",
}
"""Faults of our own code; their sentence is for whoever mends it, and English will do."""


def with_holes_filled(text: ast.expr) -> str:
    """Return the text of a literal; every hole of an f-string holds 7."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    if isinstance(text, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "7" for v in text.values)
    return ""


def raised() -> Iterator[str]:
    """Yield the second argument of every error of a document that the code can raise."""
    names = re.compile(
        r"Unreadable|Unsupported|Encrypted|TooMany|TooLarge|NothingToSend|RenderFailed|ReadError"
    )
    for folder in FOLDERS:
        for path in (ROOT / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                if called and names.match(node.func.id) and len(node.args) > 1:
                    yield with_holes_filled(node.args[1])


def known(note: str) -> bool:
    return any(pattern.fullmatch(note) for pattern, _ in shapes())


def test_every_error_of_a_document_has_a_sentence_in_the_catalogues() -> None:
    found = {text for text in raised() if text}
    assert "The picture cannot be read." in found
    assert {text for text in found if not known(text)} - NOT_FOR_SENDERS == set()


def test_every_reason_to_stop_dialling_has_words() -> None:
    source = Path(retry.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'Stop\("([a-z-]+)"\)', source)) == set(STOPPED)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_sentence_reaches_a_foreign_reader_in_english(language: str) -> None:
    filled = [re.sub(r"%\(\w+\)s", "7", sentence) for sentence in (*SENTENCES, *NOTES)]
    notes = [
        *filled,
        *(f"紹介状.pdf: {text}" for text in filled),
        *(word for word in STOPPED if STOPPED[word]),
    ]
    assert [note for note in notes if said(note, language) == note] == []
    assert all("7" in said(note, language) for note in filled if "7" in note)


@pytest.mark.parametrize("note", NOTES)
def test_every_note_is_one_that_the_queue_or_the_line_writes(note: str) -> None:
    sources = [ROOT / "gateway" / path for path in ("store/calls.py", "lines/orders.py", "domain/denied.py")]
    written = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert all(piece in written for piece in re.split(r"%\(\w+\)s", note))


def test_the_name_of_the_file_stays_in_front_whatever_it_is() -> None:
    assert said("紹介状.pdf: The PDF is damaged.", "ja") == "紹介状.pdf: PDFファイルが壊れています。"
    assert said("a: b: The PDF is damaged.", "ru") == "a: b: Файл PDF повреждён."
    assert said("x%(y)s.doc: This kind of document cannot be faxed (a/b).", "ja").startswith("x%(y)s.doc: ")


def test_english_is_left_alone_and_so_is_what_nobody_foresaw() -> None:
    assert said("a.pdf: The PDF is damaged.", "en") == "a.pdf: The PDF is damaged."
    assert said("something quite new", "ja") == "something quite new"
    assert said("", "ja") == ""


def test_a_word_of_the_queue_is_never_shown_to_a_person() -> None:
    assert said("final-cause", "en") == ""
    assert said("page 2 may have arrived; its confirmation was not seen", "ja") == ""
    assert said("dials-used", "en") == "It was dialled as often as the account allows."


@pytest.mark.parametrize("tail", ["25:99", "soon", ""])
def test_a_time_that_cannot_be_meant_is_told_in_the_readers_language(tail: str) -> None:
    with pytest.raises(BadOption) as caught:
        read_options(f"Order /d {tail}")
    assert "日時として読めません" in said(caught.value.text, "ja")


def test_a_warning_about_a_costly_number_names_it() -> None:
    warning = COSTS_MORE.format(number="0081570012345")
    assert said(warning, "ja").startswith("0081570012345: ")
    assert said(warning, "ja") != warning
