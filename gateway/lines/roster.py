"""Who shares a call: the deliveries whose pages go out one behind the other, and what of each is over.

One call may carry several faxes to one number. The pages of the call are counted through; this table says
whose they are. A member that leaves (its owner cancels it, or another worker has its lease) ends the call at
once only while its own pages are on the way; otherwise the call ends just before its first page, so that the
others lose nothing. The journal's thread, the lease keeper's and the port's meet here, under one lock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.store.leases import Lease
    from modem.notices import Negotiated


@dataclass(slots=True)
class Member:
    """One delivery of the call: `first` to `last` are its pages of the call, counted from 1.

    `agreed` is what its latest page went out by.
    """

    lease: Lease
    attempt: int
    first: int
    last: int
    begun: set[int] = field(default_factory=set)
    agreed: Negotiated | None = None
    gone: bool = False

    def page_of_fax(self, page: int) -> int:
        """Return the page of the fax that this page of the call is."""
        return self.lease.left[page - self.first]


class Roster:
    """The members of one call in the order of their pages."""

    def __init__(self, hang_up: Callable[[], None]) -> None:
        """`hang_up` ends the call, from any thread."""
        self._hang_up = hang_up
        self._members: list[Member] = []
        self._left: set[int] = set()
        self._over = 0  # this page of the call and all before it are behind us
        self._lock = threading.Lock()

    def fill(self, parts: Sequence[tuple[Lease, int, int]]) -> None:
        """Take the members: lease, attempt id and number of pages of each. Who left meanwhile is gone."""
        with self._lock:
            for lease, attempt, pages in parts:
                first = self._members[-1].last + 1 if self._members else 1
                self._members.append(Member(lease, attempt, first, first + pages - 1))
            left = tuple(self._left)
        for number in left:
            self.leave(number)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members)

    @property
    def pages(self) -> int:
        """Pages of the call."""
        return self._members[-1].last

    def of(self, page: int) -> Member:
        """Return whose page of the call this is."""
        return next(member for member in self._members if member.first <= page <= member.last)

    def pending(self) -> list[Member]:
        """Return the members that have pages left and did not leave; the first has its turn."""
        with self._lock:
            return [m for m in self._members if m.last > self._over and not m.gone]

    def has_turn(self, member: Member) -> bool:
        """Say whether the page at hand, or the next one, is this member's."""
        with self._lock:
            return self._has_turn(member)

    def begun(self, page: int, agreed: Negotiated | None) -> None:
        """Note that this page is on its way, coded as `agreed`."""
        member = self.of(page)
        member.begun.add(page)
        member.agreed = agreed or member.agreed

    def went_on(self, page: int) -> None:
        """Note that the call goes on behind this page: it was confirmed, or refused and passed over."""
        with self._lock:
            self._over = max(self._over, page)

    def behind(self, member: Member) -> bool:
        """Say whether the call went on to pages of a later member: its end was not this one's doing."""
        return any(other.begun for other in self._members if other.first > member.last)

    def leave(self, number: int) -> None:
        """Let a delivery go; ends the call if it has its turn. One whose pages are over stays."""
        with self._lock:
            self._left.add(number)
            member = next((m for m in self._members if m.lease.number == number), None)
            if member is None or member.last <= self._over:
                return
            member.gone = True
            ends = self._has_turn(member)
        if ends:
            self._hang_up()

    def must_end(self) -> bool:
        """Say whether the call must end here, between two pages: the next one is of a member that left."""
        with self._lock:
            return any(m.gone and self._has_turn(m) for m in self._members)

    def _has_turn(self, member: Member) -> bool:
        return member.first <= self._over + 1 <= member.last
