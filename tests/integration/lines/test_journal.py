"""The journal: notices are written in order, told as stored only then, and never when the store failed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from gateway.domain.errors import Unavailable
from gateway.lines.journal import Journal
from gateway.store.audit import note
from gateway.store.database import Store
from gateway.store.models import Audit
from modem.notices import Answered, Dialling, Notice, PageAwaiting, PageSending

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lines_fixtures import Desk
    from sqlalchemy.orm import Session


@dataclass
class Paper:
    """A record that writes each notice as an audit row; it may be held, or fail at a notice."""

    desk: Desk
    fails_at: int = 0
    go: threading.Event = field(default_factory=threading.Event)
    at_work: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)

    def write(self, session: Session, notices: Sequence[Notice]) -> None:
        self.at_work.set()
        assert self.go.wait(30.0)
        self.batches.append([notice.id for notice in notices])
        for notice in notices:
            note(session, f"notice {notice.id}", self.desk.house.now)
            if notice.id == self.fails_at:
                raise Unavailable("The database does not answer at the moment.")


@dataclass
class Told:
    """What the journal reports."""

    stored: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)


def journal(desk: Desk, paper: Paper, store: Store | None = None) -> tuple[Journal, Told]:
    told = Told()
    return (
        Journal(
            store or desk.store,
            paper,
            stored=lambda notice: told.stored.append(notice.id),
            failed=told.failures.append,
        ),
        told,
    )


def rows(desk: Desk) -> list[str]:
    return desk.store.read(lambda session: [row.action for row in session.query(Audit).order_by(Audit.id)])


def notices(count: int) -> list[Notice]:
    kinds = (PageSending, PageAwaiting)
    return [kinds[i % 2](i, 0.0, 1) for i in range(1, count + 1)]


def test_notices_are_written_and_told_in_the_order_they_came(desk: Desk) -> None:
    paper = Paper(desk)
    paper.go.set()
    book, told = journal(desk, paper)
    for notice in notices(20):
        book.put(notice)
    book.close()
    assert told.stored == list(range(1, 21))
    assert rows(desk)[-20:] == [f"notice {n}" for n in range(1, 21)]
    assert told.failures == []


def test_while_the_store_is_slow_nothing_is_told_and_the_rest_gathers_into_one_transaction(
    desk: Desk,
) -> None:
    paper = Paper(desk)
    book, told = journal(desk, paper)
    book.put(Dialling(1, 0.0, "0312345678"))
    assert paper.at_work.wait(30.0)
    for n in (2, 3, 4):
        book.put(Answered(n, 0.0))
    assert told.stored == []
    paper.go.set()
    wait_until(lambda: told.stored == [1, 2, 3, 4], 30.0)
    book.close()
    assert paper.batches == [[1], [2, 3, 4]]


def test_putting_never_waits_for_the_store(desk: Desk) -> None:
    paper = Paper(desk)
    book, told = journal(desk, paper)
    for notice in notices(100):
        book.put(notice)  # would not return if it waited: nobody lets the store go on
    assert told.stored == []
    paper.go.set()
    book.close()
    assert len(told.stored) == 100


def test_a_store_that_fails_is_told_once_and_nothing_of_the_batch_counts_as_stored(desk: Desk) -> None:
    paper = Paper(desk, fails_at=2)
    book, told = journal(desk, paper)
    before = rows(desk)
    book.put(Dialling(1, 0.0, ""))
    assert paper.at_work.wait(30.0)
    paper.go.set()
    wait_until(lambda: told.stored == [1], 30.0)
    book.put(Answered(2, 0.0))
    wait_until(lambda: told.failures, 30.0)
    book.put(Answered(3, 0.0))
    book.close()
    assert told.stored == [1], "what came after a failure is never acknowledged"
    assert len(told.failures) == 1
    assert isinstance(told.failures[0], Unavailable)
    assert rows(desk) == [*before, "notice 1"], "the failed transaction left no half of itself"


def test_a_database_without_tables_fails_the_journal_instead_of_its_thread(
    desk: Desk, tmp_path: Path
) -> None:
    paper = Paper(desk)
    paper.go.set()
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    book, told = journal(desk, paper, empty)
    book.put(Dialling(1, 0.0, ""))
    book.close()
    empty.close()
    assert told.stored == []
    assert isinstance(told.failures[0], Unavailable)


def test_closing_writes_what_is_left(desk: Desk) -> None:
    paper = Paper(desk)
    book, told = journal(desk, paper)
    for notice in notices(5):
        book.put(notice)
    closing = threading.Thread(target=book.close)
    closing.start()
    paper.go.set()
    closing.join(30.0)
    assert not closing.is_alive()
    assert told.stored == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("put", [0, 1])
def test_a_journal_may_be_closed_when_nothing_is_left(desk: Desk, put: int) -> None:
    paper = Paper(desk)
    paper.go.set()
    book, told = journal(desk, paper)
    for notice in notices(put):
        book.put(notice)
    book.close()
    assert told.stored == list(range(1, put + 1))
