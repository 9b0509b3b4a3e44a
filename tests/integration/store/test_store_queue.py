"""The queue contract, on both databases: claims, fences, the life of a call, and what its end writes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from store_fixtures import ACME, NOON, Call, House

from gateway.domain.errors import BadConfig, IllegalTransition, LostLease
from gateway.domain.header import DEFAULT
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import events, faxes, outbox, queue
from gateway.store.models import Attempt, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

TOKYO, OSAKA, LONDON = "0081312345678", "0081612345678", "00442079460000"


def owed(house: House) -> list[tuple[str, int | None]]:
    with house.store.reading() as session:
        rows = session.scalars(select(Outbox).order_by(Outbox.id))
        return [(row.recipient, row.delivery_number) for row in rows]


def test_a_fax_that_is_not_drawn_cannot_be_claimed(house: House) -> None:
    house.accept(TOKYO)
    assert house.claim() is None
    house.draw()
    assert house.claim() is not None


def test_the_lease_tells_the_worker_all_it_needs(house: House) -> None:
    (number,) = house.accept(TOKYO, subject="Order 5521")
    house.draw(3, contacts={TOKYO: "Tanaka"}, options={"resolution": "fine"})
    lease = house.claim()
    assert lease is not None
    assert (lease.number, lease.destination, lease.country) == (number, TOKYO, "81")
    assert (lease.first_page, lease.pages, lease.dials, lease.max_dials) == (1, 3, 0, 4)
    assert (lease.contact, lease.subject) == ("Tanaka", "Order 5521")
    assert (lease.options, lease.international) == ({"resolution": "fine", "header": DEFAULT}, False)
    assert list(lease.masters) == ["fine"]
    assert lease.tried == ()


def test_a_sub_address_reaches_the_line(house: House) -> None:
    house.accept(recipients=[faxes.Recipient(TOKYO, sub="42")])
    house.draw()
    lease = house.claim()
    assert lease is not None
    assert lease.sub == "42"


def test_one_delivery_is_claimed_once(house: House) -> None:
    house.ready()
    assert house.claim("usb0") is not None
    assert house.claim("usb1") is None


def test_the_urgent_comes_before_the_old_and_the_old_before_the_new(house: House) -> None:
    (old,) = house.ready(TOKYO)
    house.later(minutes=1)
    (new,) = house.ready(OSAKA)
    (urgent,) = house.ready(LONDON, priority=5)
    order = [lease.number for line in ("a", "b", "c") if (lease := house.claim(line))]
    assert order == [urgent, old, new]


def test_what_is_deferred_waits_for_its_time(house: House) -> None:
    house.accept(TOKYO)
    house.draw(due_at=NOON + timedelta(hours=1))
    house.later(minutes=59)
    assert house.claim() is None
    assert house.store.read(queue.next_due) == NOON + timedelta(hours=1)
    house.later(minutes=1)
    assert house.claim() is not None
    assert house.store.read(queue.next_due) is None


def test_a_number_that_is_being_called_is_not_called_by_another_line(house: House) -> None:
    first, second, elsewhere = (house.ready(n)[0] for n in (TOKYO, TOKYO, OSAKA))
    one, two = house.claim("usb0"), house.claim("usb1")
    assert (one and one.number, two and two.number) == (first, elsewhere)
    assert house.claim("usb2") is None
    house.run(queue.release, one, house.now)
    again = house.claim("usb2")
    assert again is not None
    assert again.number == first
    assert second > first


def test_a_line_keeps_to_its_dialling_rules(house: House) -> None:
    tokyo, london = house.ready(TOKYO)[0], house.ready(LONDON)[0]
    no_tokyo = queue.LineTraits("a", deny=("00813",))
    abroad_only = queue.LineTraits("b", allow=("0044", "001"))
    lease = house.run(queue.claim, no_tokyo, "w", house.now)
    assert lease.number == london
    house.run(queue.release, lease, house.now)
    assert house.run(queue.claim, abroad_only, "w", house.now).number == london
    assert house.run(queue.claim, abroad_only, "w", house.now) is None
    assert house.run(queue.claim, queue.LineTraits("c"), "w", house.now).number == tokyo


def test_a_percent_sign_in_a_dialling_rule_is_no_wildcard(house: House) -> None:
    house.ready(TOKYO)
    assert house.run(queue.claim, queue.LineTraits("a", allow=("%",)), "w", house.now) is None


def test_a_released_delivery_is_due_again_at_once_and_has_used_no_dial(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    Call(house, lease)
    house.run(queue.release, lease, house.now)
    again = house.claim()
    assert again is not None
    assert (again.number, again.dials, again.epoch) == (number, 0, lease.epoch + 1)
    assert again.tried == ()


def test_a_dialled_delivery_cannot_be_released_as_if_nothing_had_happened(house: House) -> None:
    house.ready()
    call = house.call()
    with pytest.raises(IllegalTransition):
        house.run(queue.release, call.lease, house.now)


def test_renewing_prolongs_the_lease(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    house.later(seconds=50)
    renewed = house.run(queue.renew, lease, house.now, 60)
    assert renewed.lease_until == NOON + timedelta(seconds=110)
    assert not renewed.cancel_requested
    house.later(seconds=55)
    assert house.recover() == []
    assert house.delivery(number).lease_until == renewed.lease_until


def test_a_call_of_two_pages_is_sent(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["confirmed", "confirmed"])
    state = call.finish(Cause.SENT, remote_id="81 3 1234", rate=14400, line_seconds=41.5, t30="EOP MCF")
    delivery = house.delivery(number)
    assert state is delivery.state is DeliveryState.SENT
    assert (delivery.cause, delivery.pages_confirmed, delivery.dials) == (Cause.SENT, 2, 1)
    assert (delivery.remote_id, delivery.line_seconds) == ("81 3 1234", 41.5)
    assert delivery.completed_at == house.now
    assert delivery.worker is None
    (attempt,) = delivery.attempts
    assert (attempt.rate, attempt.t30, attempt.cause) == (14400, "EOP MCF", Cause.SENT)
    assert [(page.n, page.state) for page in attempt.pages] == [(1, "confirmed"), (2, "confirmed")]
    assert house.kinds(number) == [
        "fax.accepted",
        "fax.rendered",
        "delivery.queued",
        "delivery.dialling",
        "delivery.connected",
        *["page.sending", "page.awaiting", "page.confirmed"] * 2,
        "delivery.sent",
    ]
    assert owed(house) == [("alice@acme.example", number)]


def test_the_attempt_exists_before_the_modem_is_touched(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    Call(house, lease)
    (attempt,) = house.delivery(number).attempts
    assert (attempt.started_at, attempt.dialled_at, attempt.ended_at) == (NOON, None, None)


def test_a_dial_counts_before_the_dial_string_leaves(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    call = Call(house, lease)
    call.dial()
    delivery = house.delivery(number)
    assert (delivery.state, delivery.dials) == (DeliveryState.DIALLING, 1)
    assert delivery.attempts[0].dialled_at == NOON


def test_claimed_success_without_confirmed_pages_is_not_believed(house: House) -> None:
    (number,) = house.ready()
    assert house.call(["confirmed", "sending"]).finish(Cause.SENT) is DeliveryState.WAITING_RETRY
    assert house.delivery(number).cause is Cause.PROTOCOL
    assert owed(house) == []


def test_confirmed_pages_count_whatever_ended_the_call(house: House) -> None:
    house.ready()
    assert house.call(["confirmed", "confirmed"]).finish(Cause.CALL_DROPPED) is DeliveryState.SENT


def test_a_page_refused_before_others_that_were_taken_is_all_the_next_call_brings(house: House) -> None:
    """Behind EOM a call goes on after RTN: the pages behind it are the far machine's and stay so."""
    (number,) = house.ready(pages=4)
    call = house.call(["confirmed", "awaiting", "confirmed", "sending"])
    house.run(queue.page_rejected, call.lease, call.attempt, 2, house.now)
    assert call.finish(Cause.CALL_DROPPED) is DeliveryState.WAITING_RETRY
    house.later(minutes=1)
    call = house.call(["confirmed", "confirmed"])
    assert (call.lease.left, call.lease.first_page) == ((2, 4), 2)
    assert call.finish() is DeliveryState.SENT
    attempts = house.delivery(number).attempts
    assert [(attempt.first_page, attempt.to_send) for attempt in attempts] == [(1, 4), (2, 2)]
    assert [page.n for page in attempts[1].pages] == [2, 4]


def test_a_retry_resumes_at_the_first_unconfirmed_page(house: House) -> None:
    (number,) = house.ready(pages=4)
    assert (
        house.call(["confirmed", "confirmed", "sending"]).finish(Cause.CALL_DROPPED)
        is DeliveryState.WAITING_RETRY
    )
    house.later(minutes=1)
    call = house.call(["confirmed"])
    assert call.lease.first_page == 3
    assert call.finish(Cause.REMOTE_DISCONNECT) is DeliveryState.WAITING_RETRY
    house.later(minutes=1)
    call = house.call(["confirmed"])
    assert call.lease.first_page == 4
    assert call.finish() is DeliveryState.SENT
    attempts = house.delivery(number).attempts
    assert [attempt.first_page for attempt in attempts] == [1, 3, 4]
    assert sorted(page.n for attempt in attempts for page in attempt.pages if page.state == "confirmed") == [
        1,
        2,
        3,
        4,
    ]


def test_a_confirmed_page_cannot_be_sent_again(house: House) -> None:
    house.ready()
    house.call(["confirmed", "sending"]).finish(Cause.CALL_DROPPED)
    house.later(minutes=1)
    call = house.call()
    with pytest.raises(IllegalTransition):
        call.page(1)


def test_a_page_is_not_confirmed_before_it_was_awaited(house: House) -> None:
    house.ready()
    call = house.call(["sending"])
    with pytest.raises(IllegalTransition):
        house.run(queue.page_confirmed, call.lease, call.attempt, 1, house.now)
    with pytest.raises(IllegalTransition):
        house.run(queue.page_awaiting, call.lease, call.attempt, 2, house.now)


def test_no_page_goes_out_before_the_far_end_answered(house: House) -> None:
    house.ready()
    lease = house.claim()
    assert lease is not None
    call = Call(house, lease)
    call.dial()
    with pytest.raises(IllegalTransition):
        call.page(1, "sending")


def test_a_rejected_page_may_go_again_in_the_same_call(house: House) -> None:
    house.ready(pages=1)
    call = house.call(["rejected"])
    call.page(1)
    assert call.finish() is DeliveryState.SENT


def test_a_busy_number_is_called_four_times_and_then_given_up(house: House) -> None:
    (number,) = house.ready()
    states = []
    for _ in range(4):
        lease = house.claim()
        assert lease is not None
        call = Call(house, lease)
        call.dial()
        states.append(call.finish(Cause.BUSY))
        assert house.claim() is None
        house.later(minutes=3)
    assert states == [DeliveryState.WAITING_RETRY] * 3 + [DeliveryState.FAILED]
    delivery = house.delivery(number)
    assert (delivery.dials, delivery.cause, delivery.cause_detail) == (4, Cause.BUSY, "dials-used")
    assert house.claim() is None
    assert house.kinds(number).count("delivery.retry") == 3
    assert owed(house) == [("alice@acme.example", number)]


def test_the_accounts_interval_and_dials_win(make_house: Callable[..., House]) -> None:
    house = make_house(retries={"dials": 2, "interval_minutes": 10})
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    call = Call(house, lease)
    call.dial()
    call.finish(Cause.BUSY)
    delivery = house.delivery(number)
    assert (delivery.max_dials, delivery.due_at) == (2, NOON + timedelta(minutes=10))


def test_no_dial_tone_is_no_dial_and_goes_to_another_line_at_once(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim("usb0")
    assert lease is not None
    call = Call(house, lease, "usb0")
    call.dial()
    assert call.finish(Cause.NO_DIALTONE) is DeliveryState.WAITING_RETRY
    assert house.delivery(number).dials == 0
    assert house.claim("usb0") is None
    assert house.claim("usb1") is not None


def test_the_line_that_failed_may_try_again_later(house: House) -> None:
    house.ready()
    lease = house.claim("usb0")
    assert lease is not None
    assert Call(house, lease, "usb0").finish(Cause.MODEM_ERROR) is DeliveryState.QUEUED
    house.later(minutes=4)
    assert house.claim("usb0") is None
    house.later(minutes=2)
    assert house.claim("usb0") is not None


def test_a_modem_that_dies_in_the_middle_of_a_call_has_used_a_dial(house: House) -> None:
    (number,) = house.ready()
    house.call(["sending"]).finish(Cause.MODEM_ERROR)
    assert house.delivery(number).dials == 1


def test_a_modem_that_dies_in_the_last_permitted_call_ends_the_delivery(
    make_house: Callable[..., House],
) -> None:
    house = make_house(retries={"dials": 1})
    house.ready()
    assert house.call(["sending"]).finish(Cause.MODEM_ERROR) is DeliveryState.FAILED


def test_the_next_lease_knows_what_was_tried(house: House) -> None:
    house.ready()
    house.call(["sending"]).finish(Cause.TRAINING_FAILED)
    house.later(minutes=1)
    lease = house.claim()
    assert lease is not None
    assert [(tried.cause, tried.line) for tried in lease.tried] == [(Cause.TRAINING_FAILED, "usb0")]


def test_a_number_where_no_fax_answers_is_called_twice_only(house: House) -> None:
    house.ready()
    states = []
    for _ in range(2):
        states.append(house.call().finish(Cause.NO_CARRIER))
        house.later(minutes=5)
    assert states == [DeliveryState.WAITING_RETRY, DeliveryState.FAILED]


def test_a_number_where_a_fax_once_answered_is_called_to_the_end(house: House) -> None:
    house.ready()
    house.call(["confirmed", "confirmed"]).finish(remote_id="fax")
    (number,) = house.ready()
    for _ in range(4):
        house.call().finish(Cause.NO_CARRIER)
        house.later(minutes=5)
    assert house.delivery(number).dials == 4


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("resend_from_page", DeliveryState.WAITING_RETRY),
        ("ask", DeliveryState.UNCERTAIN),
        ("never", DeliveryState.UNCERTAIN),
    ],
)
def test_an_unanswered_page_follows_the_accounts_rule(
    make_house: Callable[..., House], rule: str, state: DeliveryState
) -> None:
    house = make_house(uncertain=rule)
    (number,) = house.ready()
    assert house.call(["awaiting"]).finish(Cause.NO_RESPONSE_PAGE) is state
    told = [("alice@acme.example", number)] if state is DeliveryState.UNCERTAIN else []
    assert owed(house) == told


def test_an_operator_may_have_an_uncertain_delivery_called_again(make_house: Callable[..., House]) -> None:
    house = make_house(uncertain="ask", retries={"dials": 1})
    (number,) = house.ready()
    house.call(["confirmed", "awaiting"]).finish(Cause.NO_RESPONSE_PAGE)
    assert house.claim() is None
    house.run(queue.resolve, number, send_again=True, now=house.now, new_id=house.new_id)
    call = house.call(["confirmed"])
    assert call.lease.first_page == 2
    assert call.finish() is DeliveryState.SENT


def test_an_operator_may_let_an_uncertain_delivery_fail(make_house: Callable[..., House]) -> None:
    house = make_house(uncertain="ask")
    (number,) = house.ready()
    house.call(["awaiting"]).finish(Cause.NO_RESPONSE_PAGE)
    house.run(queue.resolve, number, send_again=False, now=house.now, new_id=house.new_id)
    delivery = house.delivery(number)
    assert (delivery.state, delivery.cause) == (DeliveryState.FAILED, Cause.UNCERTAIN)


def test_a_waiting_delivery_is_cancelled_at_once(house: House) -> None:
    (number,) = house.ready()
    cancel: Any = house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    assert cancel is DeliveryState.CANCELLED
    assert house.claim() is None
    assert owed(house) == [("alice@acme.example", number)]
    again = house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    assert again is DeliveryState.CANCELLED
    assert len(owed(house)) == 1


def test_a_call_that_runs_learns_of_its_cancelling_when_it_renews(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["confirmed", "sending"])
    house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    assert house.run(queue.renew, call.lease, house.now).cancel_requested
    assert call.finish(Cause.CANCELLED) is DeliveryState.CANCELLED
    assert house.delivery(number).pages_confirmed == 1


def test_a_call_that_was_sent_before_it_could_be_cancelled_is_sent(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["confirmed", "confirmed"])
    house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    assert call.finish(Cause.CANCELLED) is DeliveryState.SENT


def test_a_call_dropped_at_shutdown_is_not_a_cancelled_fax(house: House) -> None:
    (number,) = house.ready()
    assert house.call(["confirmed", "sending"]).finish(Cause.CANCELLED) is DeliveryState.WAITING_RETRY
    assert house.delivery(number).cause is Cause.INTERNAL


def test_nobody_cancels_the_fax_of_another_account(house: House) -> None:
    (number,) = house.ready()
    answer = house.run(queue.request_cancel, number, house.now, new_id=house.new_id, account_id=99)
    assert answer is None
    assert house.delivery(number).state is DeliveryState.QUEUED


@pytest.mark.parametrize(
    ("when", "told_sent", "told_failed"),
    [("always", 1, 1), ("success", 1, 0), ("failure", 0, 1), ("never", 0, 0)],
)
def test_the_result_mail_is_owed_when_the_account_wants_it(
    make_house: Callable[..., House], when: str, told_sent: int, told_failed: int
) -> None:
    house = make_house(notify={"when": when})
    house.ready(TOKYO)
    house.call(["confirmed", "confirmed"]).finish()
    assert len(owed(house)) == told_sent
    house.ready(OSAKA)
    house.call().finish(Cause.VOICE_OR_DATA)
    assert len(owed(house)) == told_sent + told_failed


def test_a_lost_lease_writes_nothing_more(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["confirmed", "sending"])
    house.later(seconds=61)
    house.recover()
    writes: list[Callable[[], object]] = [
        lambda: house.run(queue.renew, call.lease, house.now),
        lambda: house.run(queue.release, call.lease, house.now),
        lambda: house.run(queue.page_awaiting, call.lease, call.attempt, 2, house.now),
        lambda: house.run(queue.page_confirmed, call.lease, call.attempt, 2, house.now),
        lambda: call.page(2),
        call.dial,
        call.connect,
        call.finish,
    ]
    before = house.delivery(number)
    for write in writes:
        with pytest.raises(LostLease):
            write()
    after = house.delivery(number)
    assert (after.state, after.epoch, after.dials) == (before.state, before.epoch, before.dials)
    assert len(house.kinds(number)) == house.kinds(number).index("delivery.retry") + 1


def test_a_finished_call_is_over(house: House) -> None:
    house.ready()
    call = house.call(["confirmed", "confirmed"])
    call.finish()
    with pytest.raises(LostLease):
        call.finish()


def test_an_expired_lease_that_nobody_took_may_still_write_its_result(house: House) -> None:
    house.ready()
    call = house.call(["confirmed", "confirmed"])
    house.later(minutes=30)
    assert call.finish() is DeliveryState.SENT


def test_an_attempt_of_an_earlier_claim_cannot_be_written_by_the_next(house: House) -> None:
    house.ready()
    old = house.call(["sending"])
    old.finish(Cause.CALL_DROPPED)
    house.later(minutes=1)
    lease = house.claim()
    with pytest.raises(LostLease):
        house.run(queue.dialled, lease, old.attempt, house.now)


def test_an_end_is_written_whole_or_not_at_all(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["confirmed", "confirmed"])

    def breaks() -> str:
        raise RuntimeError("no more ids")

    with pytest.raises(RuntimeError):
        house.run(
            queue.finish, call.lease, call.attempt, queue.CallOutcome(Cause.SENT), house.now, new_id=breaks
        )
    assert house.delivery(number).state is DeliveryState.CONNECTED
    assert "delivery.sent" not in house.kinds(number)
    with house.store.reading() as session:
        assert session.scalar(select(Attempt.ended_at)) is None
    assert call.finish() is DeliveryState.SENT


def test_a_result_mail_has_one_message_id_for_ever(house: House) -> None:
    house.ready()
    house.call(["confirmed", "confirmed"]).finish()
    ids = set()
    for _ in range(3):
        (lease,) = house.run(outbox.claim_due, "out/1", house.now, timedelta(seconds=60))
        ids.add(lease.message_id)
        house.later(seconds=61)
    assert len(ids) == 1


def test_events_name_their_number_fax_and_account(house: House) -> None:
    (number,) = house.ready()
    for event in house.store.read(events.since, 0, number=number):
        assert (event.number, event.account_id) == (number, 1)
        assert event.fax_id == 1


@pytest.mark.parametrize(
    ("wanted", "group", "gets"), [("", "", 1), ("", "a", 1), ("a", "a", 1), ("a", "b", 0), ("a", "", 0)]
)
def test_an_account_that_asks_for_a_group_of_lines_gets_no_other(
    house: House, wanted: str, group: str, gets: int
) -> None:
    house.account(**(ACME | {"lines": wanted}))
    house.accept("0081312345678")
    house.draw()
    traits = queue.LineTraits("usb0", group=group)
    lease = house.run(queue.claim, traits, "host/usb0/1", house.now)
    assert (lease is not None) == bool(gets)


def test_a_group_that_cannot_be_one_is_refused_when_provisioned(house: House) -> None:
    for bad in ("two words", 7, ["a"]):
        with pytest.raises(BadConfig, match="lines is the `group` of some lines"):
            house.account(**(ACME | {"lines": bad}))


def test_a_delivery_whose_call_was_overtaken_before_its_number_left_has_used_no_dial(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    attempt = house.run(queue.start_attempt, lease, line="usb0", simulated=False, now=house.now)
    house.run(queue.dialled, lease, attempt, house.now)
    house.run(queue.give_back, lease, house.now, new_id=house.new_id)
    again = house.claim()
    assert again is not None
    assert (again.number, again.dials, again.tried) == (number, 0, ())
    assert house.delivery(number).attempts[0].dialled_at is None, "and no cap counts it"


def test_a_delivery_that_was_cancelled_ends_when_it_is_given_back(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    house.run(queue.give_back, lease, house.now, new_id=house.new_id)
    assert house.delivery(number).state is DeliveryState.CANCELLED


def test_a_delivery_whose_far_end_answered_is_not_given_back(house: House) -> None:
    (number,) = house.ready()
    call = house.call(["sending"])
    with pytest.raises(IllegalTransition):
        house.run(queue.give_back, call.lease, house.now, new_id=house.new_id)
    assert house.delivery(number).dials == 1
