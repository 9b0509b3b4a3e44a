"""The memory as rows, on both databases: what went in comes out, and decides whether a number is a fax."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain.callers import Narrowing, Taken
from gateway.domain.memory import Called, Known
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import calls, memory

if TYPE_CHECKING:
    from store_fixtures import House

TOKYO = "0081312345678"
DIS = bytes.fromhex("00ce99c400")


def learn(house: House, cause: Cause, **values: object) -> None:
    call = Called(cause, house.now, dis=DIS, v17=True, **values)  # type: ignore[arg-type]
    house.run(memory.learn, TOKYO, call)


def recall(house: House) -> Known:
    return house.store.read(memory.recall, TOKYO, house.now)


def test_a_number_nobody_called_is_unknown(house: House) -> None:
    assert recall(house) == Known()


def test_what_a_call_taught_is_there_for_the_next(house: House) -> None:
    learn(house, Cause.SENT, confirmed=2, rate=9600, ftt=2, ecm=True, compression="MMR", resolution="fine")
    learn(house, Cause.ECM_FAILED)
    known = recall(house)
    assert (known.reached, known.dis, known.used_at) == (True, DIS, house.now)
    assert (known.rate, known.cap, known.compression, known.resolution) == (9600, 9600, "MMR", "fine")
    assert (known.v17_at, known.ecm_failures, known.ecm_at) == (house.now, 1, house.now)


def test_after_thirty_days_only_that_it_is_a_fax_is_left(house: House) -> None:
    learn(house, Cause.TRAINING_FAILED)
    then = house.now
    house.later(days=31)
    assert recall(house) == Known(reached=True, used_at=then)


def test_a_machine_reached_once_makes_a_silent_call_worth_repeating(house: House) -> None:
    assert not house.store.read(calls.fax_reached, TOKYO)
    learn(house, Cause.REMOTE_DISCONNECT)
    assert house.store.read(calls.fax_reached, TOKYO)
    house.ready(TOKYO)
    states = []
    for _ in range(3):
        states.append(house.call().finish(Cause.NO_CARRIER))
        house.later(minutes=10)
    assert states == [DeliveryState.WAITING_RETRY] * 3


def test_an_identity_of_any_length_is_remembered_as_far_as_there_is_room(house: House) -> None:
    call = Called(Cause.SENT, house.now, dis=DIS, confirmed=1, ident="x" * 1000)
    house.run(memory.learn, TOKYO, call)
    assert house.store.read(memory.recall, TOKYO, house.now).ident == "x" * 40


def test_a_number_where_no_fax_ever_answered_is_called_once_more_and_left_alone(house: House) -> None:
    house.ready(TOKYO)
    states = []
    for _ in range(2):
        states.append(house.call().finish(Cause.NO_CARRIER))
        house.later(minutes=10)
    assert states == [DeliveryState.WAITING_RETRY, DeliveryState.FAILED]


def test_callers_are_remembered_by_their_key_and_the_nameless_are_not(house: House) -> None:
    poor = Taken(complete=False, at=house.now)
    for key in ("312345678", "312345678", ""):
        house.run(memory.learn_caller, key, poor)

    def narrowing(key: str) -> Narrowing:
        return house.store.read(memory.recall_caller, key, house.now)

    assert narrowing("312345678") == Narrowing(v17=False, max_rate=7200, coarse=True)
    assert narrowing("399999999") == Narrowing()
    assert narrowing("") == Narrowing()
    house.now += timedelta(days=31)
    assert narrowing("312345678") == Narrowing()
