"""Calls through the exchange in simulated time: a scripted Class 1 host against libspandsp's machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sim_fixtures import (
    DCN,
    DCS,
    EOM,
    EOP,
    FAR,
    LINE,
    MPS,
    Diary,
    decode_mh,
    exchange_with,
    host_on,
    letter,
    mh,
    read_tiff,
    same,
    write_tiff,
)

from modem.sim.settings import BadSettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from modem.sim.exchange import Exchange

MCF, RTN = 0x8C, 0x4C
DIALLED = "0312345678"


def settle(exchange: Exchange, seconds: float = 5.0) -> None:
    for _ in range(round(seconds / 0.02)):
        exchange.step_all()


def send(folder: Path, pages: int = 1, **far: Any) -> tuple[list[int], Exchange, Diary]:
    exchange, diary = exchange_with(folder, {"number": FAR, **far})
    coded = [mh(letter(mark=f"page {n}"), folder) for n in range(1, pages + 1)]
    answers = host_on(exchange).send_fax(DIALLED, coded)
    settle(exchange)
    return answers, exchange, diary


def test_a_fax_arrives_pixel_for_pixel_and_is_confirmed_page_by_page(tmp_path: Path) -> None:
    answers, exchange, diary = send(tmp_path, pages=3)
    assert answers == [MCF, MCF, MCF]
    assert same(read_tiff(tmp_path / "call-1.tif"), [letter(mark=f"page {n}") for n in (1, 2, 3)])
    result = exchange.results[1]
    assert (result["outcome"], result["success"], result["pages"], result["confirmed"]) == (
        "connected",
        True,
        3,
        3,
    )
    assert [entry["page"] for entry in diary.of("page")] == [1, 2, 3]
    assert [entry["page"] for entry in diary.of("mcf")] == [1, 2, 3]
    exchange.close()


def test_the_ledger_has_a_page_stored_before_its_confirmation(tmp_path: Path) -> None:
    _answers, exchange, diary = send(tmp_path, pages=2)
    order = [entry["event"] for entry in diary.entries if entry["event"] in ("page", "mcf")]
    assert order == ["page", "mcf", "page", "mcf"]
    exchange.close()


def test_received_pages_carry_the_resolution_of_a_standard_fax(tmp_path: Path) -> None:
    from PIL import Image

    _answers, exchange, _diary = send(tmp_path)
    with Image.open(tmp_path / "call-1.tif") as page:
        assert [round(value) for value in page.info["dpi"]] == [204, 98]
        assert page.size == (1728, 600)
    exchange.close()


@pytest.mark.parametrize(
    ("answers", "code", "seconds"),
    [("busy", "BUSY", 1.0), ("no-answer", "NO ANSWER", 61.0), ("no-dialtone", "NO DIALTONE", 1.0)],
)
def test_call_progress_is_reported_and_booked(
    tmp_path: Path, answers: str, code: str, seconds: float
) -> None:
    exchange, diary = exchange_with(tmp_path, {"number": FAR, "answers": answers})
    assert host_on(exchange).call(DIALLED) == code
    (end,) = diary.of("end")
    assert (end["outcome"], end["success"]) == (answers, False)
    assert end["line_seconds"] == pytest.approx(seconds, abs=0.1)
    assert exchange.lines["sim"].call is None
    exchange.close()


def test_a_line_can_dial_again_after_a_busy_number(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, {"number": FAR, "answers": "busy"})
    host = host_on(exchange)
    assert host.call(DIALLED) == "BUSY"
    exchange.change({"number": FAR, "answers": "fax"})
    assert host.send_fax(DIALLED, [mh(letter(), tmp_path)]) == [MCF]
    exchange.close()


def test_a_person_who_answers_talks_hangs_up_and_leaves_no_carrier(tmp_path: Path) -> None:
    exchange, diary = exchange_with(tmp_path, {"number": FAR, "answers": "voice", "voice_s": 8})
    assert host_on(exchange).call(DIALLED) == "NO CARRIER"
    settle(exchange)
    (end,) = diary.of("end")
    assert (end["outcome"], end["success"]) == ("connected", False)
    assert end["line_seconds"] == pytest.approx(2.0 + 8 + 1, abs=0.1)
    exchange.close()


def test_a_number_nobody_has_behaves_as_unlisted_ones_do(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    assert host_on(exchange).call("0699999999") == "NO ANSWER"
    exchange.close()


@pytest.mark.parametrize("dialled", ["T0312345678", "0081312345678", "010,81312345678", "0W0312345678"])
def test_dial_rules_and_modifiers_do_not_hide_the_number(tmp_path: Path, dialled: str) -> None:
    far = [{"number": FAR, "answers": "busy"}, {"number": "+81312345679", "answers": "no-dialtone"}]
    exchange, _diary = exchange_with(tmp_path, *far)
    assert host_on(exchange).call(dialled) == "BUSY"
    exchange.close()


def test_a_slow_machine_lets_it_ring(tmp_path: Path) -> None:
    _answers, exchange, diary = send(tmp_path, slow_answer_s=15)
    (answered,) = diary.of("answered")
    assert answered["line_s"] == pytest.approx(16.0, abs=0.1)
    exchange.close()


@pytest.mark.parametrize("rows", [150, 600, 2200])
@pytest.mark.parametrize("scan_ms", [0, 20])
def test_a_rejected_page_gets_rtn_and_is_not_stored(tmp_path: Path, rows: int, scan_ms: int) -> None:
    far = {"number": FAR, "reject_pages": [2], "min_scan_ms": scan_ms}
    exchange, diary = exchange_with(tmp_path, far)
    pages = [letter(), letter(lines=min(50, rows // 50), rows=rows)]
    answers = host_on(exchange).send_fax(DIALLED, [mh(page, tmp_path) for page in pages])
    settle(exchange)
    assert answers == [MCF, RTN]
    assert len(diary.of("page")) == len(diary.of("mcf")) == 1
    assert exchange.results[1]["success"] is False
    assert same(read_tiff(tmp_path / "call-1.tif"), pages[:1])
    exchange.close()


def rejected_then_taken(folder: Path, command: bytes, **far: Any) -> tuple[Exchange, Diary]:
    """Page 1 goes out with `command` and gets RTN, is trained for and sent again with EOP."""
    exchange, diary = exchange_with(folder, {"number": FAR, "reject_pages": [1], "reject_times": 1, **far})
    host, coded = host_on(exchange), mh(letter(), folder)
    assert host.call(DIALLED) == "CONNECT"
    host.frames(connected=True)
    host.burst(DCS)
    assert host.train()
    assert host.page(coded, command=command) == RTN
    host.burst(DCS)
    assert host.train()
    assert host.page(coded) == MCF
    host.burst(DCN)
    host.command("H0")
    return exchange, diary


@pytest.mark.parametrize("command", [MPS, EOM, EOP])
@pytest.mark.parametrize("delay_ms", [0, 100])
def test_a_page_rejected_once_is_taken_the_second_time(tmp_path: Path, command: bytes, delay_ms: int) -> None:
    exchange, diary = rejected_then_taken(tmp_path, command, delay_ms=delay_ms)
    settle(exchange, 1)
    assert exchange.results[1]["success"] is True
    assert same(read_tiff(tmp_path / "call-1.tif"), [letter()])
    names = [entry["name"] for entry in diary.of("frame")]
    assert names == ["CFR", "RTN", "CFR", "MCF", "DCN"]
    exchange.close()


def test_a_page_always_rejected_gets_rtn_every_time(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, {"number": FAR, "reject_pages": [1]})
    host, coded = host_on(exchange), mh(letter(), tmp_path)
    assert host.call(DIALLED) == "CONNECT"
    host.frames(connected=True)
    for _ in range(3):
        host.burst(DCS)
        assert host.train()
        assert host.page(coded) == RTN
    host.burst(DCN)
    host.command("H0")
    assert (exchange.results[1]["success"], exchange.results[1]["pages"]) == (False, 0)
    exchange.close()


def test_a_call_is_cut_inside_the_page_asked_for(tmp_path: Path) -> None:
    answers, exchange, diary = send(tmp_path, pages=3, drop={"page": 2, "after_s": 1})
    assert answers[0] == MCF
    assert answers[1:] == [0, 0]
    (end,) = diary.of("end")
    assert (end["outcome"], end["confirmed"], end["code"]) == ("dropped", 1, 49)
    assert same(read_tiff(tmp_path / "call-1.tif"), [letter(mark="page 1")])
    exchange.close()


def test_a_modem_full_of_page_data_works_again_after_a_drop(tmp_path: Path) -> None:
    drop = {"page": 1, "after_s": 2, "times": 1}
    exchange, _diary = exchange_with(tmp_path, {"number": FAR, "drop": drop})
    dense = letter(lines=50, rows=2200)
    host, coded = host_on(exchange), mh(dense, tmp_path)
    assert len(coded) > 8192, "more than the modem and the line's buffer take"
    assert host.send_fax(DIALLED, [coded]) == [0]
    assert exchange.lines["sim"].accepts
    assert host.send_fax(DIALLED, [coded]) == [MCF]
    assert same(read_tiff(tmp_path / "call-2.tif"), [dense])
    exchange.close()


def test_a_fax_passes_a_line_with_delay_and_a_little_noise(tmp_path: Path) -> None:
    answers, exchange, _diary = send(tmp_path, delay_ms=250, noise_dbm0=-55, seed=5)
    assert answers == [MCF]
    assert same(read_tiff(tmp_path / "call-1.tif"), [letter(mark="page 1")])
    exchange.close()


def test_delay_costs_line_time_at_every_turn_round(tmp_path: Path) -> None:
    _a, near, _d = send(tmp_path)
    _b, away, _e = send(tmp_path, delay_ms=250)
    assert 1.0 < away.results[1]["line_seconds"] - near.results[1]["line_seconds"] < 6.0
    near.close()
    away.close()


def test_a_noisy_line_fails_the_training_and_says_so(tmp_path: Path) -> None:
    answers, exchange, diary = send(tmp_path, noise_dbm0=-40)
    assert answers == []
    assert "CFR" not in [entry["name"] for entry in diary.of("frame")]
    exchange.close()


@pytest.mark.parametrize(
    ("far", "bits"),
    [
        ({}, {10: 1, 11: 1, 12: 1, 13: 0, 14: 1, 15: 1, 16: 1, 27: 1, 31: 1, 41: 1}),
        ({"modems": ["V.29", "V.27ter"]}, {11: 1, 12: 1, 13: 0, 14: 0}),
        ({"modems": ["V.27ter"]}, {11: 0, 12: 1, 13: 0, 14: 0}),
        ({"ecm": False, "compressions": ["MH"]}, {16: 0, 27: 0}),
        ({"resolutions": ["standard"]}, {15: 0}),
        ({"min_scan_ms": 20}, {21: 0, 22: 0, 23: 0}),
    ],
)
def test_a_far_machine_offers_what_its_settings_say(
    tmp_path: Path, far: dict[str, Any], bits: dict[int, int]
) -> None:
    exchange, _diary = exchange_with(tmp_path, {"number": FAR, **far})
    host = host_on(exchange)
    assert host.call(DIALLED) == "CONNECT"
    fields = host.frames(connected=True)[-1][3:] + bytes(4)
    assert {bit: fields[(bit - 1) // 8] >> (bit - 1) % 8 & 1 for bit in bits} == bits
    exchange.close()


def test_a_far_machine_calls_in_and_its_pages_arrive_pixel_for_pixel(tmp_path: Path) -> None:
    exchange, diary = exchange_with(tmp_path)
    host = host_on(exchange)
    for command in ("E0", "+FCLASS=1", "+VCID=1"):
        host.command(command)
    pages = [letter(mark="one"), letter(mark="two")]
    call = exchange.call_in(LINE, write_tiff(tmp_path / "in.tif", pages), "+81399998888")
    received = host.receive_fax()
    settle(exchange)
    assert "NMBR=+81399998888" in host.said
    assert same([decode_mh(page, 600, tmp_path) for page in received], pages)
    assert exchange.results[call]["success"] is True
    assert len(diary.of("mcf")) == 2
    exchange.close()


def test_a_caller_nobody_answers_gives_up_after_a_minute_of_ringing(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    call = exchange.call_in(LINE, write_tiff(tmp_path / "in.tif", [letter()]), "+81399998888")
    settle(exchange, 62)
    assert exchange.results[call]["outcome"] == "no-answer"
    assert exchange.lines["sim"].to_host().count(b"RING") == 10
    exchange.close()


def test_a_busy_line_refuses_a_second_caller(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    document = write_tiff(tmp_path / "in.tif", [letter()])
    first = exchange.call_in(LINE, document, "+81399998888")
    second = exchange.call_in(LINE, document, "+81377776666")
    settle(exchange, 2)
    assert exchange.results[second]["outcome"] == "busy"
    assert first in exchange.calls
    exchange.close()


def test_a_line_that_dials_before_it_rings_leaves_its_caller_busy(tmp_path: Path) -> None:
    exchange, _ = exchange_with(tmp_path, {"number": FAR})
    call = exchange.call_in(LINE, write_tiff(tmp_path / "in.tif", [letter()]), "+81399998888")
    answers = host_on(exchange).send_fax(DIALLED, [mh(letter(), tmp_path)])
    settle(exchange)
    assert answers == [MCF]
    assert exchange.results[call]["outcome"] == "busy"
    exchange.close()


def test_a_line_that_dials_while_it_rings_hears_no_dial_tone_and_can_still_answer(tmp_path: Path) -> None:
    exchange, _ = exchange_with(tmp_path, {"number": FAR})
    call = exchange.call_in(LINE, write_tiff(tmp_path / "in.tif", [letter()]), "+81399998888")
    settle(exchange, 1.5)
    host = host_on(exchange)
    for command in ("E0", "+FCLASS=1"):
        host.command(command)
    assert host.command(f"DT{DIALLED}") == "NO DIALTONE"
    host.command("H0")
    assert len(host.receive_fax()) == 1
    settle(exchange)
    assert exchange.results[call]["outcome"] == "connected"
    exchange.close()


def test_calls_begin_at_the_speed_of_their_moment(tmp_path: Path) -> None:
    exchange, _ = exchange_with(tmp_path, {"number": FAR})
    assert exchange.status()["speed"] == 1.0
    exchange.set_speed("max")
    assert exchange.status()["speed"] == "max"
    with pytest.raises(BadSettingsError, match="30"):
        exchange.set_speed(30)
    exchange.close()


def test_ata_without_a_call_gets_no_carrier(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    host = host_on(exchange)
    host.command("+FCLASS=1")
    assert host.command("A") == "NO CARRIER"
    assert host.command("") == "OK"
    exchange.close()


def test_a_call_to_a_number_without_a_line_is_refused(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    document = write_tiff(tmp_path / "in.tif", [letter()])
    with pytest.raises(BadSettingsError, match="no line"):
        exchange.call_in("+4912345678", document, "+81399998888")
    with pytest.raises(BadSettingsError, match="no line"):
        exchange.call_in("", document, "+81399998888", "attic")
    exchange.close()


def test_giving_up_while_it_rings_ends_the_call_as_abandoned(tmp_path: Path) -> None:
    exchange, diary = exchange_with(tmp_path, {"number": FAR, "slow_answer_s": 30})
    line = exchange.lines["sim"]
    exchange.host_wrote(line, b"AT+FCLASS=1\rATDT0312345678\r")
    settle(exchange, 5)
    exchange.host_wrote(line, b"ATH\r")
    assert diary.of("end")[0]["outcome"] == "abandoned"
    assert line.to_host().endswith(b"\r\nOK\r\n")
    exchange.close()


def test_a_host_that_vanishes_in_mid_page_frees_the_line_and_the_far_end(tmp_path: Path) -> None:
    exchange, diary = exchange_with(tmp_path)
    host = host_on(exchange)
    assert host.call(DIALLED) == "CONNECT"
    host.frames(connected=True)
    host.burst(DCS)
    assert host.train()
    host.command("+FTM=146")
    exchange.host_wrote(exchange.lines["sim"], bytes(3500))
    settle(exchange, 0.5)
    exchange.host_left(exchange.lines["sim"])
    (end,) = diary.of("end")
    assert (end["confirmed"], end["code"]) == (0, 49)
    assert host_on(exchange).send_fax(DIALLED, [mh(letter(), tmp_path)]) == [MCF]
    exchange.close()


def test_one_line_calls_another(tmp_path: Path) -> None:
    exchange, diary = exchange_with(tmp_path, lines=2)
    caller, called = exchange.lines["sim"], exchange.lines["sim2"]
    exchange.host_wrote(called, b"AT+FCLASS=1\r")
    exchange.host_wrote(caller, b"AT+FCLASS=1\rATDT0344772281\r")
    settle(exchange, 2)
    assert b"RING" in called.to_host()
    exchange.host_wrote(called, b"ATA\r")
    settle(exchange, 5)
    assert b"CONNECT" in called.to_host()
    exchange.host_wrote(called, b"\xff\x13\x80\x00\x6e\x78\x10\x03")
    settle(exchange, 3)
    assert b"\xff\x13\x80\x00\x6e\x78" in caller.to_host()
    exchange.host_wrote(caller, b"ATH\r")
    assert b"NO CARRIER" in called.to_host() or called.call is None
    assert len(diary.of("end")) == 1
    exchange.close()


def test_a_line_that_calls_itself_is_busy(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path)
    assert host_on(exchange).call(LINE) == "BUSY"
    exchange.close()


def test_of_two_lines_with_one_number_a_caller_gets_the_free_one(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, lines=2)
    exchange.lines["sim2"].number = LINE
    document = write_tiff(tmp_path / "in.tif", [letter()])
    calls = [exchange.call_in(LINE, document, f"+8139999888{n}") for n in range(3)]
    settle(exchange, 2)
    assert [exchange.lines[name].call.n for name in ("sim", "sim2")] == calls[:2]  # type: ignore[union-attr]
    assert exchange.results[calls[2]]["outcome"] == "busy"
    exchange.close()


def test_two_lines_send_at_the_same_time_to_files_of_their_own(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, lines=2)
    for name in ("sim", "sim2"):
        exchange.host_wrote(exchange.lines[name], b"AT+FCLASS=1\rATDT0312345678\r")
    assert len(exchange.calls) == 2
    settle(exchange, 10)
    for name in ("sim", "sim2"):
        assert b"CONNECT" in exchange.lines[name].to_host()
    assert host_on(exchange, "sim").command("H") == "OK"
    assert len(exchange.calls) == 1
    assert host_on(exchange, "sim2").command("H") == "OK"
    files = {result["file"] for result in exchange.results.values()}
    assert files == {str(tmp_path / "call-1.tif"), str(tmp_path / "call-2.tif")}
    exchange.close()


def test_a_number_may_be_changed_and_added_while_the_exchange_runs(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, {"number": FAR, "ident": "KEPT"})
    exchange.change({"number": "+81 3 1234 5678", "answers": "busy"})
    exchange.change({"number": "+81355554444", "answers": "no-dialtone"})
    assert host_on(exchange).call(DIALLED) == "BUSY"
    assert host_on(exchange).call("0355554444") == "NO DIALTONE"
    far = {far["number"]: far for far in exchange.status()["far"]}
    assert far["+81 3 1234 5678"]["ident"] == "KEPT"
    with pytest.raises(BadSettingsError, match="answers"):
        exchange.change({"number": FAR, "answers": "perhaps"})
    exchange.close()


def test_a_host_that_reads_nothing_makes_a_fast_call_stand_still(tmp_path: Path) -> None:
    exchange, _diary = exchange_with(tmp_path, speed="max")
    line = exchange.lines["sim"]
    line.unread = 5000
    exchange.host_wrote(line, b"ATDT0312345678\r")
    exchange.advance(100.0)
    assert exchange.calls[1].seconds == 0.0
    line.unread = 0
    exchange.advance(100.1)
    assert exchange.calls[1].seconds == pytest.approx(0.5)
    exchange.close()
