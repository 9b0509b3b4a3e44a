"""A mail in a mailbox: taken once, refused with a reason, or left alone; never lost, never doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pickup_fixtures import Drawer, Office, mail

from gateway.mailin.judging import Opinion
from gateway.store.accounts import account_named
from gateway.store.models import Fax, Message, Pickup, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.mailin.judging import Case


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as office:
        yield office


@pytest.fixture
def drawer() -> Drawer:
    return Drawer()


async def test_a_mail_is_a_fax_its_row_names_it_and_the_mail_is_deleted(
    office: Office, drawer: Drawer
) -> None:
    uid = drawer.put(mail())
    await office.pick_up(office.collector(drawer))
    [row] = office.rows(Pickup)
    [message] = office.rows(Message)
    assert (row.mailbox, row.uid, row.outcome, row.number) == ("box", uid, "taken", 1)
    assert message.evidence == {"by": "mailbox", "mailbox": "box"}
    assert office.blobs.read(message.blob) == mail()
    assert office.numbers == ["0081312345678"]
    assert drawer.mails == {}
    assert list(office.desk.spool.iterdir()) == []


async def test_a_mail_that_was_taken_and_still_lies_there_is_only_tidied_away(
    office: Office, drawer: Drawer
) -> None:
    uid = drawer.put(mail())
    collector = office.collector(drawer)
    await office.pick_up(collector)
    drawer.put(mail(), uid)  # as after a crash between the commit and the deletion
    await office.pick_up(collector)
    assert len(office.numbers) == 1
    assert drawer.fetched == [uid]
    assert drawer.mails == {}


async def test_two_gateways_at_one_mailbox_take_a_mail_once(office: Office, drawer: Drawer) -> None:
    uid = drawer.put(mail(message_id=""))  # no Message-ID, so nothing but the row tells
    [entry] = drawer.look()
    first, second = office.collector(drawer), office.collector(drawer)
    await first.take(drawer, entry)
    await second._one(drawer, entry)
    assert drawer.fetched == [uid, uid]
    assert len(office.rows(Fax)) == len(office.rows(Pickup)) == 1


async def test_the_same_mail_delivered_twice_is_one_fax_and_both_copies_are_settled(
    office: Office, drawer: Drawer
) -> None:
    drawer.put(mail(extra="X-Original-To: 0312345678@fax.example.org\r\n"))
    drawer.put(mail(extra="X-Original-To: 0312345678@fax.example.org\r\nDelivered-To: x@y.example\r\n"))
    await office.pick_up(office.collector(drawer))
    assert office.numbers == ["0081312345678"]
    assert set(office.settled.values()) == {"taken"}


async def test_copies_for_each_number_of_one_mail_make_one_fax_a_number(
    office: Office, drawer: Drawer
) -> None:
    for number in ("0312345678", "0344772288"):
        drawer.put(mail("whoever@x.example", extra=f"X-Original-To: {number}@fax.example.org\r\n"))
    await office.pick_up(office.collector(drawer))
    assert office.numbers == ["0081312345678", "0081344772288"]


@pytest.mark.parametrize(("after", "left", "moved"), [("delete", 0, 0), ("keep", 1, 0), ("move", 0, 1)])
async def test_what_becomes_of_a_mail_that_was_taken(
    office: Office, drawer: Drawer, after: str, left: int, moved: int
) -> None:
    collector = office.collector(drawer, after=after, move_to="Done")
    await office.pick_up(collector)
    drawer.put(mail())
    await office.pick_up(collector)
    assert len(office.numbers) == 1
    assert (len(drawer.mails), len(drawer.folders.get("Done", []))) == (left, moved)


@pytest.mark.parametrize(("refused", "left"), [("keep", 1), ("delete", 0)])
async def test_what_becomes_of_a_mail_that_was_refused(
    office: Office, drawer: Drawer, refused: str, left: int
) -> None:
    drawer.put(mail(sender="mallory@evil.example"))
    collector = office.collector(drawer, refused=refused)
    await office.pick_up(collector)
    await office.pick_up(collector)
    assert len(drawer.mails) == left
    assert len(drawer.fetched) == 1


async def test_a_mailbox_that_is_kept_is_not_faxed_from_its_past(office: Office, drawer: Drawer) -> None:
    old = drawer.put(mail(message_id="old@acme.example"))
    collector = office.collector(drawer, after="keep")
    await office.pick_up(collector)
    new = drawer.put(mail(message_id="new@acme.example"))
    await office.pick_up(collector)
    assert office.settled == {"/": "left", old: "left", new: "taken"}
    drawer.era = "renamed"
    drawer.mails = {f"renamed/{uid}": content for uid, content in drawer.mails.items()}
    await office.pick_up(collector)
    assert len(office.numbers) == 1


# -- who sends


@pytest.mark.parametrize(
    ("sender", "mailbox", "taken"),
    [
        ("alice@acme.example", {}, True),
        ("alice@acme.example", {"trusted": False}, False),
        ("carol@classic.example", {"trusted": False}, True),
        ("alice@acme.example", {"account": "acme"}, True),
        ("alice@acme.example", {"account": "classic"}, False),
        ("mallory@evil.example", {}, False),
    ],
)
async def test_whose_mail_is_taken(
    office: Office, drawer: Drawer, sender: str, mailbox: dict[str, Any], *, taken: bool
) -> None:
    drawer.put(mail(sender=sender))
    await office.pick_up(office.collector(drawer, **mailbox))
    assert len(office.numbers) == taken
    assert len(office.audited("sender.refused")) == len(office.audited("pickup.refused")) == (not taken)
    assert office.owed("refusal") == []


@pytest.mark.parametrize("evidence", ["verified", "smime"])
async def test_an_account_that_wants_more_than_a_mailbox_is_not_sent_for(
    office: Office, drawer: Drawer, evidence: str
) -> None:
    def stricter(session: Any) -> None:
        account_named(session, "acme").sender_evidence = evidence

    office.store.run(stricter)
    drawer.put(mail())
    await office.pick_up(office.collector(drawer))
    assert office.numbers == []


@pytest.mark.parametrize(
    ("opinion", "settled", "told"),
    [
        (Opinion(evidence={"by": "dkim", "domain": "acme.example"}), {"u1": "taken", "u2": "refused"}, 1),
        (Opinion(why="no signature"), {"u1": "refused", "u2": "refused"}, 0),
        (Opinion(passing=True), {"u2": "refused"}, 0),
    ],
)
async def test_where_the_mailbox_is_not_trusted_the_mail_itself_may_prove_its_sender(
    tmp_path: Path, drawer: Drawer, opinion: Opinion, settled: dict[str, str], told: int
) -> None:
    async def judge(_: Case) -> Opinion:
        return opinion

    async with Office(tmp_path, judges={"dkim": judge}) as office:
        drawer.put(mail())
        drawer.put(mail("12@fax.example.org", message_id="two@acme.example"))
        await office.pick_up(office.collector(drawer, trusted=False))
        assert office.settled == settled
        assert [row.data["cause"] for row in office.owed("refusal")] == ["number-refused"] * told
        assert not any(row.data["in_part"] for row in office.owed("refusal"))
        for message in office.rows(Message):
            assert message.evidence == opinion.evidence


async def test_a_user_who_may_not_send_may_not_send_by_mailbox_either(office: Office, drawer: Drawer) -> None:
    def readers_only(session: Any) -> None:
        account = account_named(session, "acme")
        reader = User(account_id=account.id, login="alice", roles=["reader"])
        session.add(reader)
        session.flush()
        for sender in account.senders:
            sender.user_id = reader.id

    office.store.run(readers_only)
    drawer.put(mail())
    await office.pick_up(office.collector(drawer))
    assert office.numbers == []


async def test_a_header_from_alone_is_nobody(office: Office, drawer: Drawer) -> None:
    drawer.put(mail().partition(b"\r\n")[2])
    await office.pick_up(office.collector(drawer))
    assert office.numbers == []
    assert [row.data["why"] for row in office.audited("sender.refused")] == ["null sender"]


# -- refusals


async def test_a_proved_sender_is_told_which_number_was_wrong_and_the_others_are_faxed(
    office: Office, drawer: Drawer
) -> None:
    drawer.put(mail("12@fax.example.org, 0312345678@fax.example.org"))
    await office.pick_up(office.collector(drawer))
    [row] = office.owed("refusal")
    assert office.numbers == ["0081312345678"]
    assert (row.recipient, row.data["cause"]) == ("alice@acme.example", "number-refused")
    assert row.data["reason"] == "Not a fax number that can be dialled: 12."
    assert row.data["in_part"] is True
    assert (row.data["subject"], row.data["request_id"]) == ("hello", "<one@acme.example>")


async def test_a_wrong_number_is_told_of_once_though_the_mail_came_once_for_each_recipient(
    office: Office, drawer: Drawer
) -> None:
    for _ in range(2):
        drawer.put(mail("12@fax.example.org, 0312345678@fax.example.org"))
    await office.pick_up(office.collector(drawer))
    assert office.numbers == ["0081312345678"]
    assert set(office.settled.values()) == {"taken"}
    assert len(office.owed("refusal")) == 1


@pytest.mark.parametrize(
    ("content", "cause", "words"),
    [
        (mail("12@fax.example.org"), "number-refused", "can be dialled: 12."),
        (mail("0990123456@fax.example.org"), "number-refused", "Not allowed to be called from here: 0990"),
        (mail("bob@acme.example"), "number-refused", "The mail names no fax number."),
        (mail(body=bytes(3000)), "too-large", "larger than this gateway takes"),
        (mail(extra="X-Junk: " + "x" * 900 + "\r\n"), "unreadable-document", "too long"),
    ],
)
async def test_a_refusal_is_explained_to_a_proved_sender_once(
    tmp_path: Path, drawer: Drawer, content: bytes, cause: str, words: str
) -> None:
    async with Office(tmp_path, limits={"message_bytes": 2500, "field_bytes": 800}) as office:
        drawer.put(content)
        collector = office.collector(drawer)
        await office.pick_up(collector)
        await office.pick_up(collector)
        [row] = office.owed("refusal")
        assert row.data["cause"] == cause
        assert words in row.data["reason"]
        assert len(office.audited("pickup.refused")) == 1
        assert office.settled == {"u1": "refused"}
        assert office.numbers == []


@pytest.mark.parametrize(
    "extra",
    [
        "Auto-Submitted: auto-replied\r\n",
        "Content-Type: multipart/report; boundary=x\r\n",
        "X-Loop: fax.example.org\r\n",
    ],
)
async def test_a_machine_s_answer_is_neither_faxed_nor_answered(
    office: Office, drawer: Drawer, extra: str
) -> None:
    drawer.put(mail(extra=extra))
    drawer.put(mail("12@fax.example.org", extra=extra))
    await office.pick_up(office.collector(drawer))
    assert set(office.settled.values()) == {"refused"}
    assert office.owed("refusal") == office.numbers == []


async def test_strangers_are_turned_away_in_silence_where_the_smtp_door_discards(
    tmp_path: Path, drawer: Drawer
) -> None:
    async with Office(tmp_path, unauthenticated="discard") as office:
        drawer.put(mail(sender="mallory@evil.example"))
        await office.pick_up(office.collector(drawer))
        assert office.settled == {"u1": "refused"}
        assert len(drawer.mails) == 1


async def test_a_mail_that_nothing_proved_is_not_taken_for_taken_where_the_smtp_door_discards(
    tmp_path: Path, drawer: Drawer
) -> None:
    async def judge(_: Case) -> Opinion:
        return Opinion(why="no signature")

    async with Office(tmp_path, judges={"dkim": judge}, unauthenticated="discard") as office:
        drawer.put(mail())
        await office.pick_up(office.collector(drawer, trusted=False))
        assert office.settled == {"u1": "refused"}
        assert len(drawer.mails) == 1


async def test_a_header_longer_than_any_is_refused_and_kept(tmp_path: Path, drawer: Drawer) -> None:
    async with Office(tmp_path, limits={"header_bytes": 500}) as office:
        drawer.put(mail(extra="X-Junk: y\r\n" * 100))
        await office.pick_up(office.collector(drawer))
        assert office.settled == {"u1": "refused"}
        assert office.numbers == []


@pytest.mark.parametrize(("count", "missed"), [(3, 0), (4, 1)])
async def test_recipients_at_the_limit_and_one_past_it(
    tmp_path: Path, drawer: Drawer, count: int, missed: int
) -> None:
    async with Office(tmp_path, limits={"recipients": 3}) as office:
        drawer.put(mail(", ".join(f"031234567{n}@fax.example.org" for n in range(count))))
        await office.pick_up(office.collector(drawer))
        assert len(office.numbers) == 3
        assert len(office.owed("refusal")) == missed


@pytest.mark.parametrize(("spare", "taken"), [(0, 1), (-1, 0)])
async def test_a_mail_at_the_size_limit_and_one_octet_past_it(
    tmp_path: Path, drawer: Drawer, spare: int, taken: int
) -> None:
    content = mail()
    async with Office(tmp_path, limits={"message_bytes": len(content) + spare}) as office:
        drawer.put(content)
        await office.pick_up(office.collector(drawer))
        assert len(office.numbers) == taken


async def test_many_wrong_numbers_are_told_of_in_one_mail_a_reason(office: Office, drawer: Drawer) -> None:
    wrong = [f"{n:02d}@fax.example.org" for n in range(30)]
    drawer.put(mail(", ".join([*wrong, "0990123456@fax.example.org", "0312345678@fax.example.org"])))
    await office.pick_up(office.collector(drawer))
    told = [row.data["reason"] for row in office.owed("refusal")]
    assert len(told) == 2
    assert told[0].startswith("Not a fax number that can be dialled: 00, 01, 02,")
    assert told[0].endswith("09, … (30).")


async def test_a_mail_refused_as_a_whole_is_not_explained_by_its_wrong_number_alone(
    tmp_path: Path, drawer: Drawer
) -> None:
    async with Office(tmp_path, limits={"message_bytes": 500}) as office:
        drawer.put(mail("12@fax.example.org, 0312345678@fax.example.org", body=bytes(1000)))
        await office.pick_up(office.collector(drawer))
        assert {row.data["cause"] for row in office.owed("refusal")} == {"number-refused", "too-large"}


# -- role addresses and reports


async def test_mail_to_the_postmaster_reaches_the_operator_once(office: Office, drawer: Drawer) -> None:
    drawer.put(mail("postmaster@fax.example.org", sender="stranger@other.example"))
    collector = office.collector(drawer)
    await office.pick_up(collector)
    await office.pick_up(collector)
    [note] = office.owed("note")
    assert note.recipient == "ops@example.org"
    assert office.settled == {"u1": "taken"}
