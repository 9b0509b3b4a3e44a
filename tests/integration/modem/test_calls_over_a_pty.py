"""Whole calls over a real pty: `run_call` and the command line against the simulated exchange's process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sim_fixtures import FAR, LINE, running
from softmodem_fixtures import drawn_pages, same_pixels, save_tiff, sending, tiff_images
from waiting import wait_until

from modem.coding import Compression, Resolution
from modem.notices import WRITE_AHEAD, Notice, PageAwaiting, PageSending
from modem.port import open_port
from modem.profiles import named
from modem.result import Reason
from modem.run import Mailbox, run_call
from modem.tiff import PreparedPages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim_fixtures import Running

ROOT = Path(__file__).parents[3]
BOTH = (Compression.MH, Compression.MR)


def exchange(speed: float | str, **far: Any) -> dict[str, Any]:
    machine = {"number": FAR, "answers": "fax", "ecm": False} | far
    return {"speed": speed, "lines": [{"name": "sim", "number": LINE}], "far": [machine]}


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "exchange", exchange("max")) as exchange_process:
        yield exchange_process


def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "modem.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)


def write_job(path: Path, **values: Any) -> Path:
    path.write_text(json.dumps(values))
    return path


def send_job(tmp_path: Path, sim: Running, pages: int, resolution: Resolution, height: int) -> dict[str, Any]:
    pictures = drawn_pages(pages, resolution, height)
    save_tiff(pictures, tmp_path / "a.tif")
    job = write_job(
        tmp_path / "job.json", role="call", number="0312345678", documents=["a.tif"], ident="+81 3 4477 2288"
    )
    ran = cli("run-job", "--port", sim.port, "--job", job, "--result", tmp_path / "result.json")
    assert ran.returncode == 0, ran.stderr
    result: dict[str, Any] = json.loads((tmp_path / "result.json").read_text())
    (end,) = sim.ended()
    arrived = tiff_images(Path(end["file"]))
    assert all(same_pixels(got, sent.image) for got, sent in zip(arrived, pictures, strict=True))
    return result


def test_the_command_line_sends_three_fine_pages(tmp_path: Path, fast: Running) -> None:
    result = send_job(tmp_path, fast, 3, Resolution.FINE, 300)
    assert (result["success"], result["reason"], result["remote_id"]) == (True, "sent", FAR)
    assert [page["state"] for page in result["pages"]] == ["confirmed"] * 3
    trace = tmp_path / result["trace"]
    again = cli("replay", trace)
    assert again.returncode == 0, again.stderr
    assert "MCF" in again.stderr


def test_a_replay_that_differs_says_where(tmp_path: Path, fast: Running) -> None:
    result = send_job(tmp_path, fast, 1, Resolution.STANDARD, 60)
    trace = tmp_path / result["trace"]
    told = trace.read_text().replace(b"AT+FCLASS=1\r".hex(), b"AT+FCLASS=2\r".hex())
    (tmp_path / "other.jsonl").write_text(told)
    again = cli("replay", tmp_path / "other.jsonl")
    assert again.returncode == 1
    assert "recorded " + b"AT+FCLASS=2\r".hex() in again.stderr


def test_in_real_time_the_turn_rounds_hold(tmp_path: Path) -> None:
    with running(tmp_path / "exchange", exchange(1.0, slow_answer_s=0.1)) as sim:
        result = send_job(tmp_path, sim, 2, Resolution.STANDARD, 40)
    assert result["rate"] == 14400
    assert result["line_seconds"] > 10
    assert result["rtn"] == 0


def test_the_command_line_receives_what_a_far_machine_sends(tmp_path: Path, fast: Running) -> None:
    pictures = drawn_pages(3, Resolution.STANDARD, 300)
    document = save_tiff(pictures, tmp_path / "a.tif")
    job = write_job(tmp_path / "job.json", role="answer", receive_dir="got", max_seconds=60)
    command = [sys.executable, "-m", "modem.cli", "run-job", "--port", str(fast.port), "--job", str(job)]
    answering = subprocess.Popen([*command, "--result", str(tmp_path / "result.json")], cwd=ROOT)
    control = fast.control()
    number = control.call(LINE, document, FAR)  # it rings until the job has prepared its modem
    assert control.wait(number)["success"]
    control.close()
    assert answering.wait(60.0) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["success"], result["reason"], result["remote_id"]) == (True, "received", FAR)
    files = [Path(page["file"]) for page in result["pages"]]
    arrived = [tiff_images(file)[0] for file in files]
    assert all(same_pixels(got, sent.image) for got, sent in zip(arrived, pictures, strict=True))


def test_a_page_that_cannot_be_written_is_never_confirmed(tmp_path: Path, fast: Running) -> None:
    document = save_tiff(drawn_pages(2, Resolution.STANDARD, 100), tmp_path / "a.tif")
    (tmp_path / "got").write_text("a file where the folder should be")
    job = write_job(tmp_path / "job.json", role="answer", receive_dir="got", max_seconds=60)
    command = [sys.executable, "-m", "modem.cli", "run-job", "--port", str(fast.port), "--job", str(job)]
    answering = subprocess.Popen(
        [*command, "--result", str(tmp_path / "result.json")], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    with fast.control() as control:
        end = control.wait(control.call(LINE, document, FAR))
    assert (end["success"], end["confirmed"]) == (False, 0)
    assert answering.wait(60.0) == 1
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["success"], result["reason"]) == (False, "modem-error")
    assert "page 1 cannot be written" in result["t30"]


def test_the_command_line_tells_what_a_modem_is(fast: Running) -> None:
    ran = cli("probe", fast.port)
    assert ran.returncode == 0, ran.stderr
    assert "AT+FCLASS=?  0,1,1.0 | OK" in ran.stdout
    assert "profile      softmodem" in ran.stdout


@pytest.mark.parametrize("command", ["run-job", "probe"])
def test_a_port_that_is_not_there_is_said_and_no_success(tmp_path: Path, command: str) -> None:
    missing = tmp_path / "ttyACM9"
    if command == "probe":
        ran = cli("probe", missing)
    else:
        save_tiff(drawn_pages(1, height=30), tmp_path / "a.tif")
        job = write_job(tmp_path / "job.json", role="call", number="123", documents=["a.tif"])
        ran = cli("run-job", "--port", missing, "--job", job, "--result", tmp_path / "result.json")
        result = json.loads((tmp_path / "result.json").read_text())
        assert (result["success"], result["reason"]) == (False, "modem-error")
        assert "no such device" in result["t30"]
    assert ran.returncode == 1
    assert f"{missing}: there is no such device" in ran.stderr


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"role": "call", "number": "123", "documents": []}, "nothing to send"),
        ({"role": "call", "number": "123", "documents": ["none.tif"]}, "none.tif"),
        ({"role": "both"}, "role"),
    ],
)
def test_a_job_that_cannot_be_carried_out_still_has_a_result(
    tmp_path: Path, values: dict[str, Any], says: str
) -> None:
    job = write_job(tmp_path / "job.json", **values)
    ran = cli("run-job", "--port", "/nowhere", "--job", job, "--result", tmp_path / "result.json")
    assert ran.returncode == 1
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["success"] is False
    assert says in result["t30"]
    assert (tmp_path / result["trace"]).exists()


def test_a_job_stopped_by_a_signal_hangs_up_and_says_cancelled(tmp_path: Path) -> None:
    with running(tmp_path / "exchange", exchange(1.0, answers="no-answer")) as sim:
        save_tiff(drawn_pages(1, height=30), tmp_path / "a.tif")
        job = write_job(tmp_path / "job.json", role="call", number="0312345678", documents=["a.tif"])
        command = [sys.executable, "-m", "modem.cli", "run-job", "--port", str(sim.port), "--job", str(job)]
        calling = subprocess.Popen(
            [*command, "--result", str(tmp_path / "result.json")], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        wait_for_event(sim, "call")
        calling.terminate()
        assert calling.wait(20.0) == 1
        sim.ended()
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["reason"] == "cancelled"


def wait_for_event(sim: Running, event: str) -> None:
    wait_until(lambda: any(entry["event"] == event for entry in sim.ledger), 30.0, f"{event} in the ledger")


def test_notices_may_be_stored_by_another_thread(fast: Running) -> None:
    pages = PreparedPages(drawn_pages(2, height=60), BOTH)
    mailbox = Mailbox()
    kept: list[Notice] = []

    def on_notice(notice: Notice) -> None:
        if isinstance(notice, WRITE_AHEAD):
            threading.Thread(target=lambda: (kept.append(notice), mailbox.stored(notice.id))).start()

    port = open_port(str(fast.port), named("softmodem"))
    result = run_call(sending(pages, None), port, clock=time.monotonic, on_notice=on_notice, mailbox=mailbox)
    port.close()
    mailbox.close()
    mailbox.stored(1)
    assert (result.success, result.confirmed) == (True, 2)
    assert len(kept) == 5


def test_another_thread_may_cancel(fast: Running) -> None:
    pages = PreparedPages(drawn_pages(1, height=2000), (Compression.MH,))
    mailbox = Mailbox()

    def on_notice(notice: Notice) -> None:
        if isinstance(notice, PageSending):
            threading.Thread(target=mailbox.cancel).start()
        elif isinstance(notice, WRITE_AHEAD):
            mailbox.stored(notice.id)

    port = open_port(str(fast.port), named("softmodem"))
    call = sending(pages, None)
    result = run_call(call, port, clock=time.monotonic, on_notice=on_notice, mailbox=mailbox)
    port.close()
    mailbox.close()
    assert result.reason is Reason.CANCELLED
    assert call.hung_up


def test_an_exchange_that_dies_in_the_call_ends_it_at_once(tmp_path: Path) -> None:
    pages = PreparedPages(drawn_pages(1, height=300), BOTH)
    mailbox = Mailbox()
    with running(tmp_path / "exchange", exchange(1.0, slow_answer_s=0.1)) as sim:

        def on_notice(notice: Notice) -> None:
            if isinstance(notice, PageSending):
                sim.process.kill()
            elif isinstance(notice, WRITE_AHEAD):
                mailbox.stored(notice.id)

        port = open_port(str(sim.port), named("softmodem"))
        result = run_call(
            sending(pages, None), port, clock=time.monotonic, on_notice=on_notice, mailbox=mailbox
        )
        port.close()
    mailbox.close()
    assert (result.success, result.reason) == (False, Reason.MODEM_ERROR)
    assert "the port is gone" in result.t30
    assert result.confirmed == 0


def test_a_page_waits_for_its_confirmation_when_the_owner_is_slow(fast: Running) -> None:
    """The owner stores `PageAwaiting` only after the far end has heard nothing for a while."""
    pages = PreparedPages(drawn_pages(1, height=60), BOTH)
    mailbox = Mailbox()
    silence = threading.Event()

    def on_notice(notice: Notice) -> None:
        if isinstance(notice, PageAwaiting):
            threading.Thread(target=lambda: (silence.wait(1.0), mailbox.stored(notice.id))).start()
        elif isinstance(notice, WRITE_AHEAD):
            mailbox.stored(notice.id)

    port = open_port(str(fast.port), named("softmodem"))
    result = run_call(sending(pages, None), port, clock=time.monotonic, on_notice=on_notice, mailbox=mailbox)
    port.close()
    mailbox.close()
    assert (result.success, result.confirmed) == (True, 1)
