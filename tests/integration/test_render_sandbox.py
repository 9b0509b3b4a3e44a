"""Hostile jobs in the sandbox: every limit ends the child, none reaches us, and the next job runs."""

# ruff: noqa: RUF001  (letters of other scripts are what is tested)

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from render_fixtures import part
from render_jobs import Answer
from waiting import wait_until

from render.document import Settings
from render.errors import RenderFailed, TooManyPages
from render.isolation import leave_network
from render.sandbox import MIB, Limits, Sandbox
from render.sandbox_child import NICENESS

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "render_jobs:"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=4) as box:
        yield box


@pytest.fixture(scope="module")
def drawing() -> Iterator[Sandbox]:
    with Sandbox(preload=["render.warm"]) as box:
        yield box


def gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def pid_in(path: Path) -> int:
    return int(wait_until(lambda: path.exists() and path.read_text(), what="the child's number"))


def test_a_result_comes_back_from_another_process(sandbox: Sandbox) -> None:
    answer = sandbox.run(JOB + "echo", "a", "b")
    assert answer == Answer(("a", "b"), answer.pid)
    assert answer.pid != os.getpid()


def test_no_child_is_used_twice(sandbox: Sandbox) -> None:
    assert len({sandbox.run(JOB + "echo").pid for _ in range(4)}) == 4


def test_a_child_stands_back_for_those_who_cannot_wait(sandbox: Sandbox) -> None:
    assert sandbox.run("render_jobs:niceness") == min(19, os.nice(0) + NICENESS)


def test_large_jobs_and_large_results_pass(sandbox: Sandbox) -> None:
    assert sandbox.run(JOB + "size", b"x" * (40 * MIB)) == 40 * MIB
    assert len(sandbox.run(JOB + "octets", 40 * MIB)) == 40 * MIB


def test_an_error_of_the_job_is_raised_here_with_its_fields(sandbox: Sandbox) -> None:
    with pytest.raises(TooManyPages) as refused:
        sandbox.run(JOB + "refuse")
    assert (refused.value.name, refused.value.text, refused.value.code) == (
        "a.pdf",
        "Too long.",
        "too-many-pages",
    )


def test_any_other_exception_is_raised_here_too(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="tripped"):
        sandbox.run(JOB + "trip")


def test_an_exception_that_cannot_travel_is_described(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed) as failed:
        sandbox.run(JOB + "trip_with_a_lock")
    assert "NotPortableError" in failed.value.detail


@pytest.mark.parametrize("job", ["eat_memory", "eat_memory_in_pieces"])
def test_a_memory_bomb_ends_in_an_error_that_says_so(sandbox: Sandbox, job: str) -> None:
    with pytest.raises(RenderFailed, match="memory"):
        sandbox.run(JOB + job, limits=Limits(memory=512 * MIB))


def test_a_processor_hog_is_ended_by_its_cpu_limit(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed, match="too long"):
        sandbox.run(JOB + "burn", limits=Limits(cpu_seconds=1, wall_seconds=100))


def test_a_job_that_only_waits_is_ended_by_the_wall_clock(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed, match="too long"):
        sandbox.run(JOB + "wait_for_ever", limits=Limits(wall_seconds=0.3))


def test_a_job_deaf_to_signals_is_killed_all_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="too long"):
        sandbox.run(JOB + "wait_deaf_to_signals", str(tmp_path / "pid"), limits=Limits(wall_seconds=1))
    assert gone(pid_in(tmp_path / "pid"))


def test_a_crash_in_native_code_is_an_error_not_our_end(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed, match="SIGSEGV"):
        sandbox.run(JOB + "crash")


def test_a_child_that_leaves_without_a_word_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed, match="without an answer"):
        sandbox.run(JOB + "leave")


def test_a_file_may_not_grow_beyond_its_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises((RenderFailed, OSError)):
        sandbox.run(JOB + "fill_disk", str(tmp_path / "big"), limits=Limits(file_size=MIB))
    assert (tmp_path / "big").stat().st_size <= MIB


def test_no_core_file_is_ever_written(sandbox: Sandbox) -> None:
    assert sandbox.run(JOB + "core_limit") == (0, 0)


def test_a_result_beyond_its_limit_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(RenderFailed, match="larger"):
        sandbox.run(JOB + "octets", 2 * MIB, limits=Limits(result_size=MIB))


def test_a_process_the_child_left_behind_is_killed_with_it(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.run(JOB + "start_grandchild", str(tmp_path / "pid"))
    grandchild = pid_in(tmp_path / "pid")
    wait_until(lambda: gone(grandchild), what="the grandchild's end")


def test_code_in_a_result_is_not_run(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="trusted"):
        sandbox.run(JOB + "hook", str(tmp_path / "owned"))
    assert not (tmp_path / "owned").exists()


def test_passwords_in_our_environment_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLINE__DATABASE__PASSWORD", "hunter2")
    with Sandbox() as box:
        assert "POSTLINE__DATABASE__PASSWORD" not in box.run(JOB + "secrets")


def test_a_child_holds_no_file_of_ours_open(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "private").open("w"):
        assert not any("private" in name for name in sandbox.run(JOB + "open_files"))


def may_leave_network() -> bool:
    """Tell whether this kernel lets us, tried in a child of our own."""
    child = os.fork()
    if child == 0:
        os._exit(0 if leave_network() else 1)
    return os.waitpid(child, 0)[1] == 0


def test_a_child_reaches_no_network_where_the_kernel_can_prevent_it(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reached = sandbox.run(JOB + "reach", server.getsockname()[1]) == "reached"
    assert reached is not may_leave_network()


def test_after_every_misfortune_the_next_job_runs(sandbox: Sandbox) -> None:
    for job in ("crash", "leave", "trip"):
        with pytest.raises((RenderFailed, ValueError)):
            sandbox.run(JOB + job)
        assert sandbox.run(JOB + "echo", "still here").words == ("still here",)


def test_a_job_that_does_not_exist_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises((AttributeError, RenderFailed)):
        sandbox.run(JOB + "nothing_of_that_name")


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(sandbox.run(JOB + "echo", str(n))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.words[0] for answer in answers) == [str(n) for n in range(8)]


async def test_asyncio_runs_many_jobs_at_once(sandbox: Sandbox) -> None:
    answers = await asyncio.gather(*(sandbox.arun(JOB + "echo", str(n)) for n in range(8)))
    assert [answer.words[0] for answer in answers] == [str(n) for n in range(8)]


async def test_asyncio_gets_errors_and_limits_too(sandbox: Sandbox) -> None:
    with pytest.raises(TooManyPages):
        await sandbox.arun(JOB + "refuse")
    with pytest.raises(RenderFailed, match="too long"):
        await sandbox.arun(JOB + "wait_for_ever", limits=Limits(wall_seconds=0.3))
    with pytest.raises(RenderFailed, match="SIGSEGV"):
        await sandbox.arun(JOB + "crash")


async def test_a_cancelled_job_is_killed(sandbox: Sandbox, tmp_path: Path) -> None:
    job = asyncio.create_task(sandbox.arun(JOB + "announce_and_wait", str(tmp_path / "pid")))
    pid = int(await asyncio.to_thread(pid_in, tmp_path / "pid"))
    job.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await job
    await asyncio.to_thread(wait_until, lambda: gone(pid), 30, "the end of the cancelled child")


def test_jobs_beyond_the_number_of_children_wait_their_turn() -> None:
    with Sandbox(children=1) as box:
        answers: list[Answer] = []
        threads = [threading.Thread(target=lambda: answers.append(box.run(JOB + "echo"))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({answer.pid for answer in answers}) == 5


def test_a_fork_server_that_was_killed_is_started_again() -> None:
    with Sandbox() as box:
        box.run(JOB + "echo")
        assert box._server is not None
        first = box._server.pid
        os.kill(first, signal.SIGKILL)
        box._server.wait()
        assert box.run(JOB + "echo", "again").words == ("again",)
        assert box._server.pid != first


def test_closing_ends_the_fork_server_and_its_children(tmp_path: Path) -> None:
    box = Sandbox()
    job = threading.Thread(target=lambda: _ignore_failure(box, str(tmp_path / "pid")))
    job.start()
    child = pid_in(tmp_path / "pid")
    assert box._server is not None
    server = box._server.pid
    box.close()
    wait_until(lambda: gone(child) and gone(server), what="the end of the fork server and its child")
    job.join()


def _ignore_failure(box: Sandbox, path: str) -> None:
    with contextlib.suppress(RenderFailed):
        box.run(JOB + "announce_and_wait", path)


def test_a_mail_is_drawn_in_a_warm_child(drawing: Sandbox) -> None:
    body = part("Hello\nПривет\n日本語")
    rendering = drawing.run("render.pages:render_parts", [body], Settings())
    assert rendering.pages == 1
    assert set(rendering.masters) == {"standard", "fine"}


def test_a_warm_child_draws_what_a_cold_process_draws(drawing: Sandbox) -> None:
    from render.pages import render_parts

    body = part("Hello\nПривет\n日本語 汉字")
    assert drawing.run("render.pages:render_parts", [body]) == render_parts([body])


def test_a_refusal_of_the_renderer_arrives_as_itself(drawing: Sandbox) -> None:
    with pytest.raises(TooManyPages):
        drawing.run("render.pages:render_parts", [part("a\fb\fc")], Settings(max_pages=2))
