"""Mail as it is written in Japan: of every made mail, the letters that must reach the page."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.intake.reading import ReadError
from gateway.mailin.message import read

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus"))

import japanese_mail
from building import differs

if TYPE_CHECKING:
    from building import Case

CASES = list(japanese_mail.cases())
FAMILIES = {
    key: list(cases) for key, cases in groupby(sorted(CASES, key=lambda c: c.name), lambda c: c.name[:12])
}


def outcome(case: Case) -> object:
    try:
        return read(case.raw, {"domains": ["fax.example.org"]} | case.context)
    except ReadError as error:
        return error


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    assert len(CASES) > 400
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_letter_reaches_the_page(family: str) -> None:
    faults = {case.name: differs(case, outcome(case)) for case in FAMILIES[family]}
    assert {name: fault for name, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("case", CASES[::29], ids=lambda case: case.name)
def test_line_ends_make_no_difference(case: Case) -> None:
    """A file saved on another system has other line ends; base64 keeps those of its inside."""
    bare = replace(case, raw=case.raw.replace(b"\r\n", b"\n"))
    assert differs(bare, outcome(bare)) == ""
