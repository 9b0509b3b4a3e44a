"""Whose move it is: the rules that let a line at "max" run ahead of the wall clock."""

from __future__ import annotations

import pytest

from modem.sim.turns import SETTLE_BLOCKS, Move, Turns


def command(turns: Turns, text: str, *results: str) -> None:
    turns.host_wrote(f"AT{text}\r".encode())
    for result in results:
        turns.modem_said(b"\r\n")
        turns.modem_said(result.encode())
        turns.modem_said(b"\r\n")


def test_a_new_modem_waits_for_its_host() -> None:
    assert Turns().host_acts


def test_the_modem_acts_from_the_command_to_its_result() -> None:
    turns = Turns()
    command(turns, "+FRH=3")
    assert not turns.host_acts
    turns.modem_said(b"OK")
    assert turns.host_acts


@pytest.mark.parametrize(
    "result",
    ["OK", "ERROR", "NO CARRIER", "NO ANSWER", "NO DIALTONE", "BUSY", "RING", "+FCERROR"],
)
def test_every_final_result_code_makes_it_the_hosts_move(result: str) -> None:
    turns = Turns()
    command(turns, "+FRM=145", result)
    assert turns.move is Move.HOST


def test_an_unfinished_command_leaves_the_move_with_the_host() -> None:
    turns = Turns()
    turns.host_wrote(b"AT+FRH")
    assert turns.host_acts
    turns.host_wrote(b"=3\r")
    assert not turns.host_acts


def test_lower_case_commands_count_as_well() -> None:
    turns = Turns()
    turns.host_wrote(b"at+ftm=146\r")
    turns.modem_said(b"CONNECT")
    assert turns.move is Move.FILL


def test_a_line_that_is_no_command_changes_nothing() -> None:
    turns = Turns()
    turns.host_wrote(b"\x18\r")
    assert turns.host_acts


def test_a_host_has_to_write_its_frame_after_connect_to_fth() -> None:
    turns = Turns()
    command(turns, "+FTH=3", "CONNECT")
    assert turns.host_acts
    turns.host_wrote(b"\xff\x13\x84\x10")
    assert turns.host_acts
    turns.host_wrote(b"\x03")
    assert not turns.host_acts


def test_the_next_frame_of_a_burst_is_the_hosts_again() -> None:
    turns = Turns()
    command(turns, "+FTH=3", "CONNECT")
    turns.host_wrote(b"\xff\x03\x43\x10\x03")
    turns.modem_said(b"CONNECT")
    assert turns.move is Move.FRAME


def test_an_answering_modem_wants_a_frame_at_connect() -> None:
    turns = Turns()
    turns.host_wrote(b"ATA\r")
    turns.answering()
    turns.modem_said(b"CONNECT")
    assert turns.move is Move.FRAME


def test_a_calling_modem_receives_a_frame_at_connect() -> None:
    turns = Turns()
    turns.host_wrote(b"ATDT0312345678\r")
    turns.dialling()
    turns.modem_said(b"CONNECT")
    assert not turns.host_acts


def test_page_data_runs_free_only_while_the_modem_is_full_or_the_end_was_given() -> None:
    turns = Turns()
    command(turns, "+FTM=146", "CONNECT")
    turns.host_wrote(bytes(3000))
    assert turns.host_acts, "the buffer may still run dry"
    turns.clear_to_send = False
    assert not turns.host_acts, "the modem holds more than 3 KB"
    turns.clear_to_send = True
    assert turns.host_acts
    turns.host_wrote(b"\x10\x03")
    assert not turns.host_acts, "everything is in the modem"


def test_shielded_dle_before_etx_does_not_end_the_data() -> None:
    turns = Turns()
    command(turns, "+FTM=146", "CONNECT")
    turns.host_wrote(b"\x10\x10\x03")
    assert turns.writing


def test_a_pair_split_over_two_writes_ends_the_data() -> None:
    turns = Turns()
    command(turns, "+FTM=146", "CONNECT")
    turns.host_wrote(b"\x00\x10\x10\x10")
    assert turns.writing
    assert turns.end_of_data(b"\x03AT") == 1
    turns.host_wrote(b"\x03")
    assert not turns.writing


def test_the_end_of_data_is_found_where_it_is() -> None:
    turns = Turns()
    command(turns, "+FTM=146", "CONNECT")
    assert turns.end_of_data(b"ab\x10\x03cd") == 4
    assert turns.end_of_data(b"ab\x10\x10cd") == -1


def test_time_keeps_step_for_a_fifth_of_a_second_after_connect_to_frm() -> None:
    turns = Turns()
    command(turns, "+FRM=146", "CONNECT")
    for _ in range(SETTLE_BLOCKS):
        assert turns.host_acts
        turns.tick()
    assert not turns.host_acts
    assert SETTLE_BLOCKS * 20 == 200


def test_a_frame_instead_of_the_page_is_received_freely() -> None:
    turns = Turns()
    command(turns, "+FRM=146", "+FRH:3", "CONNECT")
    assert not turns.host_acts
