"""The end of DATA: who is asked about a mail, what a proof is worth, and what an unproved mail hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from smtp_fixtures import ACCOUNTS, MAIL, NOON, Door

from gateway.mailin.judging import Opinion
from gateway.mailin.prescan import Rejected
from gateway.mailin.replies import Reply
from gateway.store import accounts, audit
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.mailin.judging import Case

FAX = "+81312345678@fax.example.org"
SIGNED = b"Message-ID: <s@acme.example>\r\nContent-Type: application/pkcs7-mime\r\n\r\nMIIB\r\n"
PROOF = Opinion(evidence={"by": "dkim", "domain": "acme.example"})
NOTHING = Opinion(why="no signature")


class Says:
    """A judge with a fixed opinion, who remembers the cases."""

    def __init__(self, opinion: Opinion) -> None:
        self.opinion = opinion
        self.cases: list[Case] = []
        self.mails: list[bytes] = []

    async def __call__(self, case: Case) -> Opinion:
        self.cases.append(case)
        self.mails.append(case.path.read_bytes())
        return self.opinion


def provision(door: Door, **keys: Any) -> None:
    door.store.run(accounts.provision, [ACCOUNTS[0] | keys], now=NOON)


def outside(folder: Path, **judges: Says) -> Door:
    """Return a door to which loopback proves nothing."""
    return Door(folder, judges=dict(judges), trusted_networks=())


def whys(door: Door) -> list[str]:
    return [row.data["why"] for row in door.audited("mail.rejected")]


def test_a_proof_in_the_mail_makes_it_a_fax(tmp_path: Path) -> None:
    judge = Says(PROOF)
    with outside(tmp_path, dkim=judge) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("250 2.0.0 queued as")
        [message] = door.rows(Message)
        assert message.evidence == {"by": "dkim", "domain": "acme.example"}
        assert judge.mails == [MAIL]
        [case] = judge.cases
        assert (str(case.sender), case.size, case.numbers) == (
            "alice@acme.example",
            len(MAIL),
            ("0081312345678",),
        )


def test_an_unproved_mail_is_turned_away_in_the_words_for_strangers(tmp_path: Path) -> None:
    with outside(tmp_path, dkim=Says(NOTHING)) as door, door.client() as client:
        client.hello()
        refused = client.fax(FAX)
        client.say("MAIL FROM:<mallory@evil.example>")
        assert refused == client.say(f"RCPT TO:<{FAX}>")
        assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}
        assert whys(door) == ["no signature"]
        assert door.spooled == []


def test_trouble_with_dns_is_not_for_good(tmp_path: Path) -> None:
    judge = Says(Opinion(passing=True, why="no answer"))
    with outside(tmp_path, dkim=judge) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("451 4.7.0 ")
        judge.opinion = PROOF
        assert client.fax(FAX).startswith("250 ")


def test_the_next_judge_is_asked_until_one_is_convinced(tmp_path: Path) -> None:
    smime, dkim, last = Says(NOTHING), Says(PROOF), Says(PROOF)
    with outside(tmp_path, smime=smime, dkim=dkim, other=last) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("250 ")
        assert (len(smime.cases), len(dkim.cases), len(last.cases)) == (1, 1, 0)


def test_a_sender_proved_by_the_connection_is_not_judged(tmp_path: Path) -> None:
    judge = Says(NOTHING)
    with Door(tmp_path, judges={"dkim": judge, "smime": judge}) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("250 ")
        assert judge.cases == []


@pytest.mark.parametrize(
    ("mail", "policy"), [(SIGNED, "verify"), (MAIL, "required"), (MAIL, "required+encrypted")]
)
def test_smime_is_asked_of_known_senders_too(tmp_path: Path, mail: bytes, policy: str) -> None:
    refusal = Opinion(refusal=Reply(550, "5.7.5", "Sign the mail"), why="not signed")
    judge = Says(refusal)
    with Door(tmp_path, judges={"smime": judge}) as door, door.client() as client:
        provision(door, smime_policy=policy)
        assert client.hello().fax(FAX, mail=mail) == "550 5.7.5 Sign the mail"
        assert whys(door) == ["not signed"]
        assert door.counts["Message"] == 0
        assert judge.cases[0].who.smime_policy == policy


def test_an_account_that_wants_signatures_is_not_content_with_less(tmp_path: Path) -> None:
    smime, dkim = Says(NOTHING), Says(PROOF)
    with Door(tmp_path, judges={"smime": smime, "dkim": dkim}) as door, door.client() as client:
        provision(door, sender_evidence="smime")
        assert client.hello().fax(FAX).startswith("550 5.7.1 ")
        assert dkim.cases == []
        smime.opinion = Opinion(evidence={"by": "smime"}, verdict={"state": "valid"})
        assert client.fax(FAX).startswith("250 ")
        [message] = door.rows(Message)
        assert (message.evidence, message.verdict) == ({"by": "smime"}, {"state": "valid"})


def test_what_a_judge_records_is_written_with_the_fax_and_once(tmp_path: Path) -> None:
    judge = Says(Opinion(record=lambda session: audit.note(session, "replay.kept", NOON)))
    with Door(tmp_path, judges={"smime": judge}) as door, door.client() as client:
        numbers = {client.hello().fax(FAX, mail=SIGNED), client.fax(FAX, mail=SIGNED)}
        assert len(numbers) == 1
        assert len(door.audited("replay.kept")) == 1


def refusing() -> Callable[[Session], None]:
    def record(_session: Session) -> None:
        raise Rejected("5.7.1", "This signature was used before")

    return record


def test_a_judge_that_cannot_record_leaves_no_fax_behind(tmp_path: Path) -> None:
    judge = Says(Opinion(record=refusing()))
    with Door(tmp_path, judges={"smime": judge}) as door, door.client() as client:
        assert client.hello().fax(FAX, mail=SIGNED) == "550 5.7.1 This signature was used before"
        assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}


def test_without_a_judge_sealed_mail_is_turned_away(tmp_path: Path) -> None:
    with Door(tmp_path) as door, door.client() as client:
        assert client.hello().fax(FAX, mail=SIGNED).startswith("550 5.7.5 ")


def test_whoever_proved_nothing_is_not_asked_for_a_password(tmp_path: Path) -> None:
    """Else a stranger could guess, and would learn who has one."""
    password = Says(Opinion(refusal=Reply(550, "5.7.8", "Password, please")))
    with outside(tmp_path, dkim=Says(NOTHING), password=password) as door, door.client() as client:
        provision(door, password_required=True)
        assert client.hello().fax(FAX).startswith("550 5.7.1 Not allowed to send here")
        assert password.cases == []


def test_discarding_keeps_silent_about_unproved_mail_too(tmp_path: Path) -> None:
    judges = {"dkim": Says(NOTHING)}
    with Door(tmp_path, judges=judges, trusted_networks=(), unauthenticated="discard") as door:
        with door.client() as client:
            assert client.hello().fax(FAX) == "250 2.0.0 OK"
            client.envelope(FAX, "postmaster@fax.example.org")
            assert client.data().startswith("250 ")
        assert door.counts["Fax"] == 0
        assert door.counts["Outbox"] == 1  # the operator's copy
        assert whys(door) == ["no signature"] * 2
