"""docs/smime.md names every verdict, every reason, every limit and every name others use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import smime
from smime import Encryption, Limits, Reason, Status
from smime.acceptance import Rule
from smime.cli import OPTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "smime.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([a-z0-9_+-]+)`", PAGE))


@pytest.mark.parametrize("word", [*Status, *Encryption, *Reason, *Rule])
def test_every_word_of_an_answer_is_explained(word: str) -> None:
    assert str(word) in WORDS


@pytest.mark.parametrize("name", ["verify", "decrypt", "sign", "encrypt"])
def test_every_call_is_named(name: str) -> None:
    assert f"`smime.{name}(" in PAGE
    assert callable(getattr(smime, name))


def test_the_figures_are_those_of_the_program() -> None:
    limits = Limits()
    for figure in (
        limits.layers,
        limits.certificates,
        limits.path,
        limits.signers,
        limits.parts,
        limits.nesting,
    ):
        assert str(figure) in PAGE
    assert f"{limits.elements:,}" in PAGE
    assert f"{limits.recipients:,}" in PAGE
    assert f"{limits.cms >> 20} MiB" in PAGE
    assert f"{limits.header >> 10} KiB" in PAGE


@pytest.mark.parametrize(
    "option", ["--trust", "--crl", "--sender", "--at", "--key", "--certificate", "--json", "--out"]
)
def test_the_options_shown_exist(option: str) -> None:
    assert option in PAGE
    assert option in OPTIONS
