"""The memory of numbers and of callers, as rows. What it means is `domain.memory` and `domain.callers`.

A row is read before a call and written after it, one writer at a time for one number; a number nobody knows
has no row. Nothing here is a promise: losing a row costs seconds on the line, so calls do not wait for it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.domain import callers, memory
from gateway.store.database import one_at_a_time
from gateway.store.models import CallerMemory, NumberMemory

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

Value = TypeVar("Value", memory.Known, callers.Caller)


def recall(session: Session, destination: str, now: datetime) -> memory.Known:
    """Return what is known of a canonical number and still counts."""
    return memory.fresh(_value(memory.Known, session.get(NumberMemory, destination)), now)


def learn(session: Session, destination: str, call: memory.Called) -> None:
    """Remember what a call to this number showed."""
    one_at_a_time(session, f"memory {destination}")
    row = session.get(NumberMemory, destination)
    known = memory.after(_value(memory.Known, row), call)
    _write(session, row or NumberMemory(number=destination), known)


def recall_caller(session: Session, key: str, now: datetime) -> callers.Narrowing:
    """Return what not to offer a caller; `key` is `domain.callers.caller_key`, "" for an unknown one."""
    row = session.get(CallerMemory, key) if key else None
    return callers.narrowing(_value(callers.Caller, row), now)


def learn_caller(session: Session, key: str, taken: callers.Taken) -> None:
    """Remember how a call of this caller went; nothing where nobody knows who it was."""
    if not key:
        return
    one_at_a_time(session, f"memory of caller {key}")
    row = session.get(CallerMemory, key)
    caller = callers.after_reception(_value(callers.Caller, row), taken)
    _write(session, row or CallerMemory(key=key), caller)


def _value(kind: type[Value], row: NumberMemory | CallerMemory | None) -> Value:
    if row is None:
        return kind()
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(kind)}
    return kind(**values)


def _write(session: Session, row: NumberMemory | CallerMemory, value: memory.Known | callers.Caller) -> None:
    for field in fields(value):
        setattr(row, field.name, getattr(value, field.name))
    session.add(row)
    session.flush()
