"""The pure tables of the pages: total over what they name, and honest about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState, ForwardState, PageState, ReceptionState
from gateway.store import holds, lines, outbox
from gateway.store.events import KINDS
from gateway.store.models import Delivery, Event, Fax, ReceivedPage, Reception
from gateway.web import ladder, proofs, timeline, words
from gateway.web.show import Show, telephone
from gateway.wording import RESOLUTIONS, WORDS
from modem.coding import Resolution

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def test_every_state_has_a_word() -> None:
    assert set(words.DELIVERY) == set(DeliveryState)
    assert set(words.BEFORE_THE_QUEUE) == set(FaxState)
    assert set(words.RECEPTION) == set(ReceptionState)
    assert set(words.FORWARD) == set(ForwardState)
    assert set(words.PAGE) == set(PageState)
    assert set(words.LINE) == set(lines.STATES)
    assert set(words.MAIL) == {"owed", "sending", "sent", "failed"}
    assert set(words.MAIL_KINDS) == set(outbox.KINDS)
    assert set(WORDS) == set(Cause)


def test_every_proof_of_a_sender_that_a_door_keeps_has_words() -> None:
    gateway = Path(proofs.__file__).parent.parent
    sources = "".join(
        path.read_text() for folder in ("mailin", "cli", "demo") for path in gateway.glob(f"{folder}/**/*.py")
    )
    assert set(proofs.PROOFS) == set(re.findall(r'"by": "(\w+)"', sources))


@pytest.mark.parametrize(
    ("evidence", "proof"),
    [
        ({}, None),
        ({"by": "of another release"}, None),
        ({"by": "spf", "domain": "acme.example"}, (proofs.PROOFS["spf"].words, ("acme.example",))),
        (
            {"by": "relay", "relay": "mx.acme.example", "method": "dkim"},
            (proofs.PROOFS["relay"].words, ("mx.acme.example", "dkim")),
        ),
        ({"by": "auth"}, (proofs.PROOFS["auth"].words, ())),
    ],
)
def test_a_proof_is_told_with_what_it_names(
    evidence: dict[str, str], proof: tuple[str, tuple[str, ...]] | None
) -> None:
    found = proofs.of(evidence)
    assert (found and (found.words, found.names)) == proof


def test_every_resolution_a_machine_can_send_has_words() -> None:
    assert set(RESOLUTIONS) == set(Resolution)


def test_every_word_has_a_mark_so_that_colour_is_never_alone() -> None:
    tables = (words.DELIVERY, words.BEFORE_THE_QUEUE, words.RECEPTION, words.FORWARD, words.PAGE, words.LINE)
    marks = {word.mark for table in tables for word in table.values()}  # type: ignore[attr-defined]
    assert marks == set(words.MARKS.values())


def test_only_what_a_machine_confirmed_looks_good() -> None:
    good = {state for state, word in words.DELIVERY.items() if word.tone == "good"}
    assert good == {DeliveryState.SENT}
    assert {state for state, word in words.PAGE.items() if word.tone == "good"} == {PageState.CONFIRMED}


def delivery(state: DeliveryState, cause: Cause | None = None, confirmed: int = 0) -> Delivery:
    fax = Fax(state=FaxState.RENDERING, pages=3)
    return Delivery(state=state, cause=cause, pages_confirmed=confirmed, fax=fax)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (delivery(DeliveryState.CREATED), "Pages are being drawn"),
        (delivery(DeliveryState.FAILED, Cause.CALL_DROPPED), "Failed"),
        (delivery(DeliveryState.FAILED, Cause.CALL_DROPPED, 2), "Sent in part"),
        (delivery(DeliveryState.SENT, Cause.SENT, 3), "Sent"),
        (delivery(DeliveryState.SENT, Cause.SIMULATED, 3), "Test number"),
        (delivery(DeliveryState.FAILED, Cause.SIMULATED), "Test number"),
    ],
)
def test_a_delivery_is_told_by_state_and_cause(row: Delivery, text: str) -> None:
    assert words.of_delivery(row).text == text


@pytest.mark.parametrize(
    ("state", "cause", "pages", "text"),
    [
        (ReceptionState.RECEIVING, None, 0, "Receiving"),
        (ReceptionState.ROUTED, Cause.RECEIVED, 1, "Received in full"),
        (ReceptionState.ROUTED, Cause.CALL_DROPPED, 1, "Received in part"),
        (ReceptionState.PARTIAL, Cause.CALL_DROPPED, 0, "No page received"),
    ],
)
def test_a_reception_is_told_by_state_cause_and_pages(
    state: ReceptionState, cause: Cause | None, pages: int, text: str
) -> None:
    row = Reception(state=state, cause=cause, ended_at=NOON if cause else None)
    row.pages = [ReceivedPage(n=n) for n in range(pages)]
    assert words.of_reception(row).text == text


def test_every_event_is_told_or_left_out_on_purpose() -> None:
    assert set(timeline.SENTENCES) | timeline.UNTOLD == KINDS
    assert not set(timeline.SENTENCES) & timeline.UNTOLD


@pytest.mark.parametrize("kind", sorted(timeline.SENTENCES))
def test_a_sentence_is_whole_even_where_the_event_says_little(kind: str) -> None:
    [moment] = timeline.moments([Event(kind=kind, at=NOON, data={})])
    assert "%" not in moment.text % moment.values


def test_events_that_are_no_news_are_left_out() -> None:
    assert (
        timeline.moments([Event(kind="call.trace", at=NOON, data={}), Event(kind="odd", at=NOON, data={})])
        == []
    )


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("DIS: up to 14400 bit/s", "DIS", "up to 14400 bit/s"),
        ("TCF 14400 bit/s V.17", "TCF", "14400 bit/s V.17"),
        ("MCF", "MCF", ""),
        ("page 1: 9008 octets", "", "page 1: 9008 octets"),
        ("", "", ""),
    ],
)
def test_a_signal_is_split_into_its_name_and_what_it_says(text: str, name: str, said: str) -> None:
    assert ladder.named(text) == (name, said)


def test_a_ladder_knows_the_sides_in_both_spellings() -> None:
    sides = [ladder.rung(entry).ours for entry in ({"dir": ">"}, {"direction": ">"}, {"dir": "<"}, {})]
    assert sides == [True, True, False, False]


def test_a_damaged_log_shows_what_can_be_read() -> None:
    log = b'{"at": 1, "direction": "<", "kind": "frame", "text": "MCF"}\nnot json\n[1]\n{"at": 2}\n'
    assert [rung.name for rung in ladder.of_log(log)] == ["MCF", ""]


def test_a_live_ladder_joins_the_batches_of_its_attempt() -> None:
    batches = [
        Event(kind="call.trace", data={"attempt": 1, "lines": [{"text": "DIS", "kind": "frame"}]}),
        Event(kind="call.trace", data={"attempt": 2, "lines": [{"text": "CSI", "kind": "frame"}]}),
        Event(kind="call.trace", data={"attempt": 1, "lines": [{"text": "DCN", "kind": "frame"}]}),
        Event(kind="call.trace", data={"lines": [{"text": "TSI", "kind": "frame"}]}),
    ]
    assert [rung.name for rung in ladder.of_events(batches, 1)] == ["DIS", "DCN"]
    assert [rung.name for rung in ladder.of_events(batches, None)] == ["TSI"]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("0081312345678", "+81 3-1234-5678"),
        ("+81312345678", "+81 3-1234-5678"),
        ("004930123456", "+49 30 123456"),
        ("009999999", "009999999"),
        ("+81 3 1234 5678", "+81 3 1234 5678"),
        ("ACME \u202eFAX", "ACME FAX"),
        ("2288", "2288"),
        ("", ""),
    ],
)
def test_a_number_looks_as_people_write_it_and_anything_else_stays(stored: str, shown: str) -> None:
    assert telephone(stored) == shown


def test_amounts_follow_the_language() -> None:
    assert [Show(language).amount(14400) for language in ("en", "ja", "ru")] == [
        "14,400",
        "14,400",
        "14\xa0400",
    ]
    assert [Show(language).seconds(4.26) for language in ("en", "ru")] == ["4.3", "4,3"]


def test_a_zone_nobody_knows_is_utc() -> None:
    assert Show("en").time(NOON, "Mars/Olympus") == "2030-06-01 12:00:00"
    assert Show("en").clock(NOON, "Asia/Tokyo") == "21:00:00"


@pytest.mark.parametrize("reason", [holds.WINDOW, holds.ACCOUNT_CAP, holds.NUMBER_CAP, holds.CREDIT])
def test_a_held_fax_says_for_what(reason: str) -> None:
    [moment] = timeline.moments([Event(kind="delivery.held", at=NOON, data={"reason": reason})])
    assert moment.text == timeline.HELD[reason]
