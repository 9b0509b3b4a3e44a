"""Coded pages kept between calls: a fax to five hundred numbers is coded once, not five hundred times.

Masters are content-addressed, so a blob key names the same pages for ever and nothing here grows stale. The
least recently used document goes when there are too many octets; a call that works from it keeps its own.
It refuses to know of faxes and numbers: what differs between calls, the header line, is not kept here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from render.body import Body, Cut
from render.tiff import TiffPage, read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

OCTETS = 64 << 20


class Document:
    """One master: its pages, and their bodies as they were asked for."""

    def __init__(self, master: bytes) -> None:
        """Read the directories; raises `UnreadableDocument`."""
        self.pages: list[TiffPage] = read_tiff(master)
        self._octets = len(master)
        self._bodies: dict[tuple[int, Cut], Body] = {}
        self._making = threading.Lock()

    @property
    def octets(self) -> int:
        """Octets held, about."""
        with self._making:
            return self._octets + sum(body.octets for body in self._bodies.values())

    def body(self, index: int, cut: Cut) -> Body:
        """Return page `index` (from 0) fitted as `cut` says."""
        with self._making:
            if (index, cut) not in self._bodies:
                self._bodies[index, cut] = Body(self.pages[index], cut)
            return self._bodies[index, cut]


class Stock:
    """The documents of a process's latest calls."""

    def __init__(self, octets: int = OCTETS) -> None:
        self._most = octets
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._lock = threading.Lock()

    def document(self, key: str, read: Callable[[str], bytes]) -> Document:
        """Return the master of this blob key, `read` if it is not here. Raises what `read` raises."""
        with self._lock:
            if (found := self._documents.get(key)) is not None:
                self._documents.move_to_end(key)
                return found
        document = Document(read(key))
        with self._lock:
            return self._documents.setdefault(key, document)

    def tidy(self) -> None:
        """Forget the least recently used documents beyond the limit; called when a call is prepared."""
        with self._lock:
            sizes = {key: document.octets for key, document in self._documents.items()}
            over = sum(sizes.values()) - self._most
            for key, octets in sizes.items():
                if over <= 0:
                    break
                del self._documents[key]
                over -= octets
