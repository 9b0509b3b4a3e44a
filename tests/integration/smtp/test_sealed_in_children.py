"""Sealed mail at the door with production's children: a fresh fork for each mail, under limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sealed_fixtures import ALICE, GATEWAY, KEYS, NUMBER, SETTINGS, SealedDoor, head, signed
from smime_fixtures import AT, PAYLOAD, opaque

from gateway.intake.reading import ReadError
from gateway.mailin import unsealing
from gateway.mailin.sealed import TOO_HARD, ChildDied
from gateway.mailin.unsealing import Judgement, Question, judge
from gateway.roles import sealing
from render.sandbox import Limits, Sandbox
from smime.encryption import enveloped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


QUESTION = Question("alice@acme.example", AT, domains=SETTINGS.domains, limits=SETTINGS.limits)
JUDGE = "gateway.mailin.unsealing:judge"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox((sealing.PRELOAD,), children=1) as sandbox:
        yield sandbox


async def test_a_child_finds_what_this_process_finds(sandbox: Sandbox) -> None:
    child = sealing.judging_child(sandbox)
    for mail in (signed(), signed().replace(b"call back", b"call Jack"), head() + PAYLOAD):
        found = await child(JUDGE, mail, QUESTION, KEYS)
        assert isinstance(found, Judgement)
        assert found == judge(mail, QUESTION, KEYS)


async def test_what_is_drawn_comes_out_of_a_child(sandbox: Sandbox) -> None:
    class Fixed:
        def current(self) -> Any:
            return KEYS

    unseal = sealing.opener(sandbox, Fixed(), lambda: AT)  # type: ignore[arg-type]  # only `current` is asked
    sealed = opaque(enveloped(PAYLOAD, [GATEWAY.certificate], "aes256-cbc"), "enveloped-data", head())
    assert b"Please call back." in await unseal(sealed)
    with pytest.raises(ReadError, match="cannot be read"):
        await unseal(opaque(enveloped(PAYLOAD, [ALICE.certificate], "aes256-cbc"), "enveloped-data", head()))


@pytest.mark.parametrize("limits", [Limits(cpu_seconds=1, wall_seconds=0.01), Limits(memory=1 << 20)])
async def test_a_mail_that_is_too_much_for_a_child_is_told_apart(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    monkeypatch.setattr(sealing, "LIMITS", limits)
    payload = b"Content-Type: text/plain\r\n\r\n" + b"x" * 70 + b"\r\n" * 500_000
    with pytest.raises(ChildDied):
        await sealing.judging_child(sandbox)(JUDGE, signed(payload=payload), QUESTION, KEYS)


def test_such_a_mail_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        judge_ = door.listener.desk.judges["smime"]
        dying = replace(judge_, child=dies)  # type: ignore[type-var]  # the examiner of this door
        door.listener.desk.judges["smime"] = dying  # type: ignore[index]  # a dict, here
        assert client.hello().fax(NUMBER, mail=signed()) == str(TOO_HARD)
        [line] = door.audited("mail.rejected")
        assert "too much for the child" in line.data["why"]


async def dies(_function: str, /, *_args: Any) -> Any:
    await asyncio.sleep(0)
    raise ChildDied("out of memory")


def test_warming_goes_all_the_way_through_a_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Judgement] = []

    def judged(*arguments: Any) -> Judgement:
        seen.append(judge(*arguments))
        return seen[-1]

    monkeypatch.setattr(unsealing, "judge", judged)
    unsealing.warm()
    assert [one.verdict["verdict"] for one in seen] == ["untrusted"], "whole, and signed by nobody we know"
