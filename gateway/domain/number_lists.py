"""Lists of fax numbers as people keep them: a CSV file with company, person and number. Pure.

Email-interface section 1.3. Takes what spreadsheets write: UTF-8, UTF-16 with a mark, or Windows' Japanese;
comma, semicolon or tab; with names of columns in the first line, in any order, or without. A line whose
number cannot be dialled refuses the whole file, with the lines named: a list that lost some of its numbers in
silence would be found out only by those who got no fax.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import BadList, BadNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gateway.domain.numbers import Destination

NUMBERS: Final = 20_000
FILE_BYTES: Final = 8 * 1024 * 1024
FIELD: Final = 200
NAMED: Final = 10  # bad lines that a refusal names
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
TAKEN: Final = re.compile(r"fwd|digitalid|postmaster|abuse|hostmaster|webmaster|security|noc|mailer-daemon")

COLUMNS: Final = {
    "number": {"number", "fax", "fax number", "faxnumber", "fax no", "fax no.", "fax番号", "ファクス番号"}
    | {"ファックス番号", "ファクシミリ番号", "номер", "факс", "номер факса", "传真", "传真号码", "传真号"},
    "person": {"person", "name", "contact", "person name", "氏名", "名前", "お名前", "担当者", "担当者名"}
    | {"имя", "контакт", "фио", "姓名", "联系人"},
    "company": {"company", "company name", "organisation", "organization", "会社", "会社名", "社名", "法人名"}
    | {"компания", "организация", "公司", "公司名称", "单位"},
}
WITHOUT_NAMES: Final = {1: ("number",), 2: ("company", "number"), 3: ("company", "person", "number")}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file as it was written; `line` counts from 1."""

    line: int
    company: str
    person: str
    number: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a list: canonical, with what stands beside it."""

    destination: str
    sub: str = ""
    person: str = ""
    company: str = ""

    @property
    def contact(self) -> str:
        """Who the fax is for: the person, else the company."""
        return self.person or self.company


def name(written: str) -> str:
    """Return the name of a list as it is kept, in lower case; raise `BadList`.

    It stands in mail addresses, so it is letters, digits and `.-_`, and no name that means something there.
    """
    found = written.strip().lower()
    if not NAME.fullmatch(found) or not re.search("[a-z]", found) or TAKEN.fullmatch(found):
        raise BadList(
            f"{written!r} cannot name a list: 1 to 64 letters, digits and `.-_`, at least"
            " one letter, and no address that has a meaning of its own"
        )
    return found


def read(data: bytes) -> list[Row]:
    """Return the lines of a CSV file that hold something; raise `BadList` for what is no such file."""
    if len(data) > FILE_BYTES:
        raise BadList(f"the file has more than {FILE_BYTES >> 20} MiB")
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadList(f"the file is no CSV: {error}") from error
    filled = [
        (n, [_clean(cell) for cell in line]) for n, line in enumerate(lines, 1) if any(map(str.strip, line))
    ]
    if not filled:
        raise BadList("the list is empty")
    columns, body = _columns(filled)
    return [_row(n, cells, columns) for n, cells in body]


def entries(rows: Iterable[Row], resolve: Callable[[str], Destination]) -> list[Entry]:
    """Return what the rows mean, each number once; raise `BadList` with the lines that mean nothing.

    `resolve` reads a number as the account writes it and raises `BadNumber`.
    """
    found: dict[tuple[str, str], Entry] = {}
    wrong: list[str] = []
    for row in rows:
        try:
            number = resolve(row.number)
        except BadNumber as error:
            wrong.append(f"line {row.line}: {error.text}")
        else:
            entry = Entry(number.canonical, number.sub, row.person, row.company)
            found.setdefault((entry.destination, entry.sub), entry)
    if wrong:
        more = f"; and {len(wrong) - NAMED} more lines" if len(wrong) > NAMED else ""
        raise BadList("; ".join(wrong[:NAMED]) + more)
    if not 0 < len(found) <= NUMBERS:
        raise BadList(f"a list holds 1 to {NUMBERS} numbers, not {len(found)}")
    return list(found.values())


def written(items: Iterable[Entry]) -> Iterator[list[str]]:
    """Yield a list as the lines of a file that `read` takes."""
    yield ["company", "person", "number"]
    for entry in items:
        number = (
            entry.destination if entry.destination.startswith("009999999") else f"+{entry.destination[2:]}"
        )
        yield [entry.company, entry.person, f"FAX={number}/T33S={entry.sub}" if entry.sub else number]


def _decoded(data: bytes) -> str:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadList("the file is neither UTF-8 nor Windows' Japanese; save it as CSV UTF-8")


def _clean(cell: str) -> str:
    """Return a cell as one line without controls: it becomes part of mails and pages."""
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())[:FIELD]


def _columns(
    lines: Sequence[tuple[int, list[str]]],
) -> tuple[tuple[str, ...], Sequence[tuple[int, list[str]]]]:
    """Return what each column is, and the lines without the one that says so."""
    titles = tuple(_meaning(cell) for cell in lines[0][1])
    if "number" in titles:
        if titles.count("number") > 1:
            raise BadList("two columns of the first line are called a number")
        return titles, lines[1:]
    width = max(len(cells) for _, cells in lines)
    if width not in WITHOUT_NAMES:
        raise BadList("name the columns in the first line: company, person, number")
    return WITHOUT_NAMES[width], lines


def _meaning(title: str) -> str:
    plain = unicodedata.normalize("NFKC", title).lower().replace("_", " ").strip()
    return next((meaning for meaning, titles in COLUMNS.items() if plain in titles), "")


def _row(n: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    found = dict(zip(columns, cells, strict=False))
    return Row(n, found.get("company", ""), found.get("person", ""), found.get("number", ""))
