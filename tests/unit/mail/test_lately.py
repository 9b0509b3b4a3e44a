"""A sender who was looked up a moment ago is known for that moment, and not longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.dialling import Caller
from gateway.mailin import lately
from gateway.mailin.evidence import KnownSender, Peer, Stranger
from gateway.mailin.lately import Lately

if TYPE_CHECKING:
    import pytest

ALICE = KnownSender(1, Caller("81"))
HERE, THERE = Peer("192.0.2.1"), Peer("192.0.2.2")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_known_for_its_time_and_not_a_moment_longer() -> None:
    clock = Clock()
    memory = Lately(1.0, clock)
    memory.met("alice@acme.example", HERE, ALICE)
    clock.now += 0.999
    assert memory.known("alice@acme.example", HERE) is ALICE
    clock.now += 0.001
    assert memory.known("alice@acme.example", HERE) is None


def test_it_is_the_answer_for_this_sender_at_this_peer() -> None:
    memory = Lately(1.0)
    memory.met("alice@acme.example", HERE, ALICE)
    assert memory.known("alice@acme.example", THERE) is None
    assert memory.known("bob@acme.example", HERE) is None


def test_a_stranger_is_looked_up_each_time() -> None:
    memory = Lately(1.0)
    memory.met("mallory@x.example", HERE, Stranger("unknown sender"))
    assert memory.known("mallory@x.example", HERE) is None


def test_without_a_time_nothing_is_remembered() -> None:
    memory = Lately()
    memory.met("alice@acme.example", HERE, ALICE)
    assert memory.known("alice@acme.example", HERE) is None


def test_many_senders_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "MOST", 10)
    memory = Lately(1.0)
    for n in range(1000):
        memory.met(f"{n}@acme.example", HERE, ALICE)
        assert memory.known(f"{n}@acme.example", HERE) is ALICE
    assert len(memory._kept) <= 10
