"""Lists as people keep them: what is read, and that nothing of it is lost in silence."""

from __future__ import annotations

import csv
import io
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import BadList
from gateway.domain.number_lists import FILE_BYTES, NUMBERS, Entry, Row, entries, name, read, written
from gateway.domain.numbers import Destination, parse

japanese = partial(parse, country="81")


def rows(text: str) -> list[tuple[str, str, str]]:
    return [(row.company, row.person, row.number) for row in read(text.encode())]


@pytest.mark.parametrize(
    "text",
    [
        "company,person,number\nACME,Sato,03-6368-4300\n",
        "Number;Person;Company\r\n03-6368-4300;Sato;ACME\r\n",
        "会社名\t氏名\tファックス番号\nACME\tSato\t03-6368-4300",
        "компания,фио,факс,примечание\nACME,Sato,03-6368-4300,x\n",
        "公司,联系人,传真号码\n ACME , Sato ,03-6368-4300\n",
        "ACME,Sato,03-6368-4300\n",
        '\n"ACME","Sato","03-6368-4300"\n\n,,\n',
        "﻿company,person,number\nACME,Sato,03-6368-4300\n",
    ],
)
def test_columns_are_known_by_name_in_any_order_or_by_their_place(text: str) -> None:
    assert rows(text) == [("ACME", "Sato", "03-6368-4300")]


def test_one_column_is_the_number_and_two_are_company_and_number() -> None:
    assert rows("0363684300\n") == [("", "", "0363684300")]
    assert rows("ACME,0363684300\n") == [("ACME", "", "0363684300")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_japanese_names_survive_every_encoding_that_spreadsheets_write(encoding: str) -> None:
    data = "会社,氏名,番号\n髙島屋①,﨑山,0363684300\n".replace("番号", "FAX番号").encode(encoding)
    assert [(row.company, row.person) for row in read(data)] == [("髙島屋①", "﨑山")]


def test_a_cell_becomes_one_line_without_controls() -> None:
    assert rows('"A\nB\t\x07C",S,0363684300') == [("A B C", "S", "0363684300")]
    assert len(rows(f"{'x' * 300},S,0363684300")[0][0]) == 200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the list is empty"),
        (b"\n,,\n", "the list is empty"),
        (b"a,b,c,0363684300\n", "name the columns in the first line"),
        (b"number,fax\n1,2\n", "two columns"),
        (b'"unclosed,b,c', "the file is no CSV"),
        (b"\x81\xff\xfd", "neither UTF-8 nor Windows' Japanese"),
        (b"x" * (FILE_BYTES + 1), "more than 8 MiB"),
    ],
)
def test_what_is_no_list_is_refused_in_words(data: bytes, sentence: str) -> None:
    with pytest.raises(BadList, match=sentence):
        read(data)


def test_numbers_are_read_as_the_account_writes_them_each_once() -> None:
    found = entries(
        [
            Row(2, "ACME", "Sato", "03-6368-4300"),
            Row(3, "ACME", "Ito", "+81 3 6368 4300"),
            Row(4, "Globex", "", "FAX=+12025550123/T33S=42"),
        ],
        japanese,
    )
    assert found == [
        Entry("0081363684300", person="Sato", company="ACME"),
        Entry("0012025550123", sub="42", company="Globex"),
    ]
    assert [entry.contact for entry in found] == ["Sato", "Globex"]


def test_lines_that_cannot_be_called_are_named_and_refuse_the_list() -> None:
    bad = [Row(n, "", "", "none") for n in range(2, 16)]
    with pytest.raises(BadList) as refused:
        entries([Row(1, "", "", "0363684300"), *bad], japanese)
    assert refused.value.text.startswith("line 2: ")
    assert "line 11: " in refused.value.text
    assert "line 12" not in refused.value.text
    assert refused.value.text.endswith("; and 4 more lines")


@pytest.mark.parametrize(("count", "fits"), [(0, False), (1, True), (NUMBERS, True), (NUMBERS + 1, False)])
def test_a_list_holds_up_to_twenty_thousand_numbers(count: int, *, fits: bool) -> None:
    items = [Row(n, "", "", f"{n}") for n in range(count)]
    if fits:
        assert len(entries(items, Destination)) == count
    else:
        with pytest.raises(BadList, match=f"1 to {NUMBERS} numbers, not {count}"):
            entries(items, Destination)


@pytest.mark.parametrize("good", ["customers", "Kunden-2", "a", "a" * 64, "0a", "north_west.jp"])
def test_a_name_is_kept_in_lower_case(good: str) -> None:
    assert name(f" {good} ") == good.lower()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "123",
        "03-6368-4300",
        "a" * 65,
        "a b",
        "-a",
        "a.",
        "顧客",
        "a+b",
        "postmaster",
        "DigitalID",
        "abuse",
        "fwd",
    ],
)
def test_a_name_that_means_something_else_in_an_address_is_refused(bad: str) -> None:
    with pytest.raises(BadList, match="cannot name a list"):
        name(bad)


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(
    st.lists(
        st.builds(
            Entry,
            st.integers(81300000000, 81399999999).map("00{}".format),
            st.sampled_from(["", "42"]),
            WORDS,
            WORDS,
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda entry: (entry.destination, entry.sub),
    )
)
def test_what_is_shown_can_be_imported_again(items: list[Entry]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(written(items))

    def resolve(number: str) -> Destination:
        plain, _, sub = number.removeprefix("FAX=").partition("/T33S=")
        return Destination(f"00{plain[1:]}", sub=sub)

    assert entries(read(out.getvalue().encode()), resolve) == items


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        found = read(data)
    except BadList:
        return
    assert all(text.isprintable() for row in found for text in (row.company, row.person, row.number))
