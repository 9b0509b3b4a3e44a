"""The catalogues: every sentence a person reads is there, translated, in all four languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from gateway.language import LANGUAGES, environment, language_of, read_catalogue, translations

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
HOLES = re.compile(r"%\((\w+)\)([ds])")
Id = str | tuple[str, ...]


def used() -> Iterator[Id]:
    """Yield every msgid that code and templates use, as a translator's tool finds them."""
    with (ROOT / "templates" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    for folder in ("gateway", "templates"):
        mapping = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        choices = {pattern.removeprefix(f"{folder}/"): option for pattern, option in options.items()}
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, mapping, choices):
            yield message


USED = frozenset(used())


def forms(text: Id | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_the_tool_finds_sentences_in_code_in_tables_and_in_templates() -> None:
    assert {"Your fax to %(number)s was NOT sent.", "Nobody answered.", "Remarks"} <= USED


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_exactly_the_sentences_in_use(language: str) -> None:
    written = {tuple(m.id) if isinstance(m.id, list) else m.id for m in read_catalogue(language) if m.id}
    assert written == USED


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_untranslated_or_fuzzy(language: str) -> None:
    catalogue = read_catalogue(language)
    unready = [m.id for m in catalogue if m.id and (m.fuzzy or not all(forms(m.string)))]
    assert unready == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_same_holes_as_the_sentence(language: str) -> None:
    for message in read_catalogue(language):
        wanted = set(HOLES.findall(forms(message.id)[-1])) if message.id else set()
        for text in forms(message.string):
            if message.id:
                assert set(HOLES.findall(text)) == wanted, text


@pytest.mark.parametrize(("language", "count"), [("en", 2), ("ja", 1), ("zh_CN", 1), ("ru", 3)])
def test_plurals_have_as_many_forms_as_the_language(language: str, count: int) -> None:
    plurals = [m for m in read_catalogue(language) if not isinstance(m.id, str)]
    assert plurals
    assert {len(forms(message.string)) for message in plurals} == {count}


@pytest.mark.parametrize(
    ("count", "word"), [(1, "страница"), (3, "страницы"), (5, "страниц"), (21, "страница")]
)
def test_russian_counts_as_russians_do(count: int, word: str) -> None:
    text = translations("ru").ungettext(
        "A fax of %(num)d page arrived. It is attached to this mail.",
        "A fax of %(num)d pages arrived. It is attached to this mail.",
        count,
    )
    assert f"%(num)d {word}." in text


def test_japanese_and_chinese_are_not_the_english_sentence() -> None:
    same = {
        (language, str(m.id))
        for language in TRANSLATED
        for m in read_catalogue(language)
        if m.id and m.string == m.id and m.id != "OK"
    }
    assert same == set()


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("ja", "ja"),
        ("zh-CN", "zh_CN"),
        ("zh_cn", "zh_CN"),
        ("ru-RU", "ru"),
        ("EN", "en"),
        ("zh", "zh_CN"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_a_language_tag_finds_its_catalogue(tag: str, language: str) -> None:
    assert language_of(tag) == language


def test_a_name_missing_in_a_template_is_an_error_not_a_blank() -> None:
    with pytest.raises(Exception, match="undefined"):
        environment("en").from_string("{{ nothing }}").render()


def test_no_sentence_hides_in_an_f_string_where_the_tool_cannot_find_it() -> None:
    hidden = []
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                calls = [
                    n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
                ]
                hidden += [
                    (path.name, n.lineno)
                    for n in calls
                    if n.func.id in ("gettext", "ngettext", "N_", "_") and isinstance(n.args[0], ast.Constant)
                ]
    assert hidden == []
