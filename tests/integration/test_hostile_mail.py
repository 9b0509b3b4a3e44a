"""Every hostile mail of the corpus is answered: read or refused, within seconds and a bounded memory."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.intake.reading import ReadError
from gateway.mailin.message import read
from gateway.mailin.prescan import Rejected, prescan
from gateway.mailin.settings import SmtpLimits
from render.sandbox import MIB

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))

import hostile_mail

MAILS: dict[str, list[tuple[str, bytes]]] = {}
for _name, _raw in hostile_mail.mails():
    MAILS.setdefault(_name.partition("-")[0], []).append((_name, _raw))
SECONDS = 10.0
GROWTH = 256 * MIB


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def answer(raw: bytes) -> str:
    """Return what the door or the reader says of a mail; anything else than an answer is raised."""
    try:
        prescan(raw, SmtpLimits())
        return f"{len(read(raw, {}).documents)} documents"
    except (Rejected, ReadError) as error:
        return error.text


def test_the_corpus_is_large() -> None:
    assert sum(map(len, MAILS.values())) > 300


@pytest.mark.parametrize("family", MAILS)
def test_every_hostile_mail_is_answered(family: str) -> None:
    slow = {}
    before = peak()
    for name, raw in MAILS[family]:
        began = time.process_time()
        assert answer(raw)
        with suppress(ReadError):
            read(raw, {})  # as it would be if a door let it through
        if (spent := time.process_time() - began) > SECONDS:
            slow[name] = spent
    assert slow == {}
    assert peak() - before < GROWTH
