"""What a sandbox child may and may not send us."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from render import wire
from render.document import Part, Rendering
from render.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    when: dt.datetime


class Colour(StrEnum):
    RED = "red"


def there_and_back(value: Any, package: str = "render") -> Any:
    return wire.unpack(wire.pack(value)[wire.LENGTH.size :], package)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, b"x", "y", None, True], "b": (1, {2}, frozenset({3}))},
        Point(3, dt.datetime(2024, 2, 29, tzinfo=dt.UTC)),
        [Colour.RED],
        Part("a", "b/c", b"d", related={"x": ("image/png", b"y")}),
        Rendering({"fine": b"x"}, 1, ["w"]),
    ],
)
def test_plain_values_dataclasses_and_enums_pass(value: Any) -> None:
    assert there_and_back(value) == value


def test_errors_pass_with_their_fields() -> None:
    error = there_and_back(TooLarge("a.png", "Too large.", "detail"))
    assert (type(error), error.name, error.detail) == (TooLarge, "a.png", "detail")


class Call:
    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize(
    "value",
    [
        Call(os.system, "true"),
        Call(subprocess.Popen, ["true"]),
        Call(eval, "1"),
        Call(getattr, "x", "upper"),
        Call(pickle.loads, b"N."),
        os.getcwd,
        Call(open, "/etc/passwd"),
    ],
)
def test_nothing_callable_passes(value: Any) -> None:
    with pytest.raises(wire.Untrusted):
        there_and_back(value)


def test_a_module_that_is_not_loaded_is_not_loaded_for_a_child() -> None:
    body = b"\x80\x04\x8c\x04this\x8c\x01x\x93."
    assert "this" not in sys.modules
    with pytest.raises(wire.Untrusted):
        wire.unpack(body, "render")
    assert "this" not in sys.modules


@pytest.mark.parametrize("body", [b"", b"garbage", b"\x80\x05", b"\x80\x05."])
def test_garbage_is_an_error(body: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError)):
        wire.unpack(body, "render")
