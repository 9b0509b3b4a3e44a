"""The exchange's control socket alone: long answers, slow readers, requests in pieces, clients that leave."""

from __future__ import annotations

import json
import selectors
import socket
from typing import TYPE_CHECKING, Any

import pytest
from sim_fixtures import FAR, LINE, exchange_with

from modem.sim import control
from modem.sim.control import ControlServer, short_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Served:
    """A control server whose loop the test turns itself, and its clients."""

    def __init__(self, folder: Path) -> None:
        self.exchange, _ = exchange_with(folder)
        self.selector = selectors.DefaultSelector()
        self.stopped = False
        self.path = folder / "control.sock"
        self.server = ControlServer(self.path, self.selector, self.exchange, self._stop)
        self.clients: list[socket.socket] = []

    def _stop(self) -> None:
        self.stopped = True

    def turn(self) -> None:
        for key, _ in self.selector.select(0):
            key.data()
        self.server.serve()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        with short_address(self.path) as address:
            client.connect(address)
        client.settimeout(0)
        self.clients.append(client)
        self.turn()
        return client

    def answer(self, client: socket.socket, turns: int = 200) -> dict[str, Any]:
        got = b""
        for _ in range(turns):
            self.turn()
            try:
                piece = client.recv(65536)
            except BlockingIOError:
                continue
            if not piece:
                break
            got += piece
            if got.endswith(b"\n"):
                return json.loads(got)
        raise ConnectionError(f"no whole answer, {len(got)} octets")

    def ask(self, client: socket.socket, **values: Any) -> dict[str, Any]:
        client.sendall(json.dumps(values).encode() + b"\n")
        return self.answer(client)

    def is_dropped(self, client: socket.socket, request: bytes) -> bool:
        """Send a request over and over; whether the server has enough of it."""
        for _ in range(200):
            try:
                client.sendall(request)
            except OSError:
                return True
            self.turn()
        return False

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.server.close()
        self.selector.close()
        self.exchange.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path)
    yield one
    one.close()


def test_an_answer_longer_than_the_socket_takes_at_once_arrives_whole(served: Served) -> None:
    served.exchange.results |= {n: {"outcome": "connected", "text": "x" * 200} for n in range(5000)}
    assert len(served.ask(served.connect(), op="calls")["calls"]) == 5000


def test_a_client_that_never_reads_is_dropped_and_the_others_are_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LONGEST_BACKLOG", 1 << 20)
    served.exchange.results |= {n: {"text": "x" * 200} for n in range(2000)}
    deaf, other = served.connect(), served.connect()
    assert served.is_dropped(deaf, b'{"op": "calls"}\n')
    assert served.ask(other, op="status")["ok"] is True


def test_a_request_in_pieces_is_one_request(served: Served) -> None:
    client = served.connect()
    for octet in b'{"op": "status"}':
        client.sendall(bytes([octet]))
        served.turn()
    client.sendall(b"\n")
    assert served.answer(client)["speed"] == 1.0


def test_two_requests_in_one_piece_get_two_answers_in_order(served: Served) -> None:
    client = served.connect()
    client.sendall(b'{"op": "calls"}\n{"op": "status"}\n')
    served.turn()
    lines = client.recv(65536).splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [
        ["calls", "ok"],
        ["calls", "far", "lines", "ok", "speed"],
    ]


def test_a_request_without_end_is_not_kept_for_ever(served: Served) -> None:
    client = served.connect()
    assert served.is_dropped(client, b"x" * 10000)
    assert served.ask(served.connect(), op="status")["ok"] is True


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "JSONDecodeError"),
        (b"null", "AttributeError"),
        (b'"call"', "AttributeError"),
        (b"[1, 2]", "TypeError"),
        (b'{"op": null}', "no operation None"),
        (b'{"op": ["call"]}', "no operation"),
        (b"{}", "no operation ''"),
        (b'{"op": "wait", "call": "first"}', "ValueError"),
        (b'{"op": "wait", "call": null}', "TypeError"),
        (b'{"op": "wait", "call": -1}', "there was no call -1"),
        (b'{"op": "call"}', "file"),
        (b'{"op": "call", "file": 7, "from": "1"}', "Error"),
        (b'{"op": "hang"}', "line"),
        (b'{"op": "hang", "line": "attic"}', "no line 'attic': sim"),
        (b'{"op": "hang", "line": "sim", "recovers": "soon"}', "reset, never, now"),
        (b'{"op": "line", "line": "attic"}', "no line"),
        (b'{"op": "set", "number": "5", "attenuation_db": 14}', "attenuation_db"),
        (b'{"op": "set", "number": "5", "bursts": {}}', "either every_s or mean_s"),
        (b'{"op": "set", "number": "5", "drop": {"page": 1, "answer_s": 2}}', "either answer_s or page"),
        (b'{"op": "set", "number": "5", "leaves": {"after": "tea"}}', "leaves.after"),
        (b'{"op": "speed"}', "speed"),
        (b'{"op": "speed", "speed": 30}', "only 1.0 and"),
        (b'{"op": "set"}', "number"),
        (b'{"op": "set", "number": 5}', "number"),
        (b'{"op": "set", "number": "5", "answers": "maybe"}', "answers"),
        (b'{"op": "set", "number": "5", "delay_ms": 9000}', "delay_ms"),
        (b'{"op": "set", "number": "5", "noise_dbm0": 3}', "noise_dbm0"),
        (b'{"op": "set", "number": "5", "min_scan_ms": 7}', "min_scan_ms"),
        (b'{"op": "set", "number": "5", "modems": ["V.34"]}', "modems"),
        (b'{"op": "set", "number": "5", "compressions": ["JBIG"]}', "compressions"),
        (b'{"op": "set", "number": "5", "drop": {"page": 0}}', "drop.page"),
        (b'{"op": "set", "number": "5", "drop": {"page": 1, "after": 2}}', "drop.after"),
        (b'{"op": "set", "number": "5", "not_ready": -1}', "not_ready"),
        (b'{"op": "set", "number": "5", "colour": "red"}', "colour"),
        (b"\xff\xfe", "Error"),
    ],
)
def test_a_bad_request_gets_its_reason_and_the_connection_stays(
    served: Served, line: bytes, says: str
) -> None:
    client = served.connect()
    client.sendall(line + b"\n")
    answer = served.answer(client)
    assert answer["ok"] is False
    assert says in answer["error"]
    assert served.ask(client, op="status")["ok"] is True


def test_a_refused_change_changes_nothing(served: Served) -> None:
    client = served.connect()
    before = served.ask(client, op="status")["far"]
    served.ask(client, op="set", number=FAR, answers="never")
    assert served.ask(client, op="status")["far"] == before


def test_stop_is_answered_before_it_stops(served: Served) -> None:
    assert served.ask(served.connect(), op="stop") == {"ok": True}
    assert served.stopped


def test_a_wait_is_answered_when_the_call_has_ended_and_not_before(served: Served) -> None:
    line = served.exchange.lines["sim"]
    served.exchange.host_wrote(line, b"AT+FCLASS=1\rATDT0699999999\r")
    client = served.connect()
    client.sendall(b'{"op": "wait", "call": 1}\n')
    served.turn()
    with pytest.raises(BlockingIOError):
        client.recv(1)
    for _ in range(round(62 / 0.02)):
        served.exchange.step_all()
    answer = served.answer(client)
    assert (answer["call"], answer["result"]["outcome"]) == (1, "no-answer")
    assert served.ask(client, op="wait", call=1)["result"] == answer["result"]


def test_a_call_to_a_line_that_is_not_there_names_it(served: Served, tmp_path: Path) -> None:
    from sim_fixtures import letter, write_tiff

    document = str(write_tiff(tmp_path / "a.tif", [letter(rows=100)]))
    client = served.connect()
    refused = served.ask(client, op="call", called="123", file=document, **{"from": FAR})
    assert "no line has the number 123" in refused["error"]
    refused = served.ask(client, op="call", called=LINE, line="attic", file=document, **{"from": FAR})
    assert "no line has the number" in refused["error"]
    assert served.ask(client, op="status")["calls"] == []


def test_a_client_that_leaves_in_the_middle_of_its_answer_harms_nobody(served: Served) -> None:
    served.exchange.results |= {n: {"text": "x" * 200} for n in range(5000)}
    client = served.connect()
    client.sendall(b'{"op": "calls"}\n')
    served.turn()
    client.close()
    served.turn()
    served.turn()
    assert served.ask(served.connect(), op="status")["ok"] is True


def test_the_socket_file_goes_with_the_server(tmp_path: Path) -> None:
    one = Served(tmp_path)
    assert one.path.exists()
    one.close()
    assert not one.path.exists()


def test_a_key_set_to_null_is_taken_away_and_fresh_forgets_them_all(served: Served) -> None:
    client = served.connect()

    def far() -> dict[str, object]:
        return next(f for f in served.ask(client, op="status")["far"] if f["number"] == "5")

    served.ask(client, op="set", number="5", ident="OLD", noise_dbm0=-50, seed=3)
    served.ask(client, op="set", number="5", noise_dbm0=None)
    assert (far()["ident"], far()["noise_dbm0"], far()["seed"]) == ("OLD", None, 3)
    served.ask(client, op="set", number="5", fresh=True, delay_ms=20)
    assert (far()["ident"], far()["seed"], far()["delay_ms"]) == ("", None, 20.0)


def test_a_line_tells_of_its_call_and_its_last_one(served: Served) -> None:
    told = served.ask(served.connect(), op="line", line="sim")
    assert (told["call"], told["off_hook"], told["last"]) == (None, False, None)


def test_a_modem_may_be_made_to_hang_and_be_switched_off_and_on(served: Served) -> None:
    client, line = served.connect(), served.exchange.lines["sim"]
    for recovers, answers in (("reset", False), ("never", False), ("now", True)):
        assert served.ask(client, op="hang", line="sim", recovers=recovers)["ok"] is True
        served.exchange.host_wrote(line, b"AT\r")
        assert (b"OK" in line.to_host()) is answers
