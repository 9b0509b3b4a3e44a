"""How jobs and results cross between a sandbox child and us, given that the child may have been taken over.

Pickle from such a child could name any function of any module and have us call it. So results are read by
an unpickler that knows only plain values, and dataclasses, enums and exceptions of modules already loaded or
of the job's own package. Frames are eight octets of length, big-endian, then the pickle.
"""

from __future__ import annotations

import dataclasses
import enum
import io
import pickle
import struct
import sys
from typing import Any

LENGTH = struct.Struct("!Q")
STATUS = struct.Struct("!i?")
"""What the fork server reports of a child: wait status, and whether the wall clock ran out."""
_VALUES = {
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
    ("builtins", "bytearray"),
    ("builtins", "complex"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
}


class Untrusted(pickle.UnpicklingError):
    """A result that names something results may not name."""


def pack(value: Any) -> bytes:
    """Return one frame."""
    body = pickle.dumps(value, protocol=5)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes, package: str) -> Any:
    """Return the value of a frame's body from a child that ran a function of `package`; raises Untrusted."""
    return _Reader(io.BytesIO(body), package).load()


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, package: str) -> None:
        super().__init__(file)
        self._package = package

    def find_class(self, module: str, name: str) -> Any:
        known = module in sys.modules or module.split(".", 1)[0] == self._package
        found = super().find_class(module, name) if known else None
        if isinstance(found, type) and ((module, name) in _VALUES or _is_plain(found)):
            return found
        raise Untrusted(f"a result may not hold {module}.{name}")


def _is_plain(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum | Exception)
