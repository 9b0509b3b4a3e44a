"""Every edge of every life cycle, and every edge that must not exist."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from gateway.domain.errors import IllegalTransition
from gateway.domain.states import (
    DELIVERY,
    FAX,
    FINAL_DELIVERY,
    FORWARD,
    PAGE,
    RECEPTION,
    DeliveryState,
    FaxState,
    ForwardState,
    PageState,
    ReceptionState,
    step,
)
from modem.result import PageState as EnginePageState

if TYPE_CHECKING:
    from enum import StrEnum

MACHINES: dict[str, tuple[dict[Any, Any], type[StrEnum], StrEnum]] = {
    "fax": (FAX, FaxState, FaxState.DRAFT),
    "delivery": (DELIVERY, DeliveryState, DeliveryState.CREATED),
    "reception": (RECEPTION, ReceptionState, ReceptionState.RECEIVING),
    "forward": (FORWARD, ForwardState, ForwardState.PENDING),
    "page": (PAGE, PageState, PageState.SENDING),
}
WALKS = [
    (name, state, event)
    for name, (table, states, _) in MACHINES.items()
    for state, event in product(states, sorted({event for _, event in table}))
]
ON_A_LINE = {DeliveryState.CLAIMED, DeliveryState.DIALLING, DeliveryState.CONNECTED}


@pytest.mark.parametrize(("name", "state", "event"), WALKS)
def test_a_state_changes_along_the_table_and_nowhere_else(name: str, state: StrEnum, event: str) -> None:
    table = MACHINES[name][0]
    if (state, event) in table:
        assert step(table, state, event) is table[state, event]
    else:
        with pytest.raises(IllegalTransition) as refusal:
            step(table, state, event)
        assert state.value in str(refusal.value)
        assert event in str(refusal.value)


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_can_be_reached(name: str) -> None:
    table, states, first = MACHINES[name]
    reached, before = {first}, set()
    while reached != before:
        before = set(reached)
        reached |= {target for (state, _), target in table.items() if state in reached}
    assert reached == set(states)


@pytest.mark.parametrize("name", MACHINES)
def test_an_unknown_event_is_refused_in_every_state(name: str) -> None:
    table, states, _ = MACHINES[name]
    for state in states:
        with pytest.raises(IllegalTransition):
            step(table, state, "explode")


def test_nothing_leaves_sent_failed_or_cancelled() -> None:
    left = {state for state, _ in DELIVERY}
    assert left & FINAL_DELIVERY == {DeliveryState.UNCERTAIN}


def test_every_delivery_can_come_to_an_end() -> None:
    for state in set(DeliveryState) - FINAL_DELIVERY:
        reached, before = {state}, set()
        while reached != before:
            before = set(reached)
            reached |= {target for (s, _), target in DELIVERY.items() if s in reached}
        assert reached & FINAL_DELIVERY, state


def test_only_a_connected_delivery_can_be_sent_by_telephone() -> None:
    assert [state for (state, event), _ in DELIVERY.items() if event == "sent"] == [DeliveryState.CONNECTED]


def test_a_delivery_that_was_dialled_is_never_released_as_if_it_had_not() -> None:
    assert (DeliveryState.DIALLING, "release") not in DELIVERY
    assert (DeliveryState.CONNECTED, "release") not in DELIVERY


def test_only_a_waiting_delivery_is_claimed() -> None:
    claimed = {state for state, event in DELIVERY if event == "claim"}
    assert claimed == {DeliveryState.QUEUED, DeliveryState.WAITING_RETRY}
    assert not claimed & ON_A_LINE


def test_a_confirmed_page_stays_confirmed() -> None:
    assert all(state is not PageState.CONFIRMED for state, _ in PAGE)
    assert [state for (state, _), target in PAGE.items() if target is PageState.CONFIRMED] == [
        PageState.AWAITING
    ]


def test_the_gateway_and_the_engine_name_page_states_alike() -> None:
    ours = {state.value for state in PageState} - {PageState.BROKEN.value}
    assert ours == {state.value for state in EnginePageState}
