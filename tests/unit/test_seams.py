"""The seams of design.md section 2: names, signatures and file formats that other people's programs use.

A change here breaks them. Fields may be added behind those listed; none may go, change its place or its name.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import typer

from gateway.cli import base, register
from gateway.config import Config
from gateway.domain.outcome import Cause
from modem import cli, coding, notices
from modem.call import CallJob, FaxCall
from modem.coding import (
    Coding,
    Compression,
    Length,
    PageShape,
    PageSink,
    PageSource,
    ReceivedPage,
    Resolution,
)
from modem.jobfile import BadJobError, read_job, result_object
from modem.result import CallResult, PageResult, PageState, Reason, TraceEntry
from modem.tiff import PageFolder, PreparedPages

if TYPE_CHECKING:
    from pathlib import Path


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def names(record: type) -> list[str]:
    return [field.name for field in fields(record)]


# -- FaxCall


@pytest.mark.parametrize(
    ("method", "takes"),
    [
        ("__init__", ["job", "pages", "sink", "profile"]),
        ("start", ["now"]),
        ("receive_data", ["data", "now"]),
        ("data_to_send", []),
        ("next_deadline", []),
        ("handle_timeout", ["now"]),
        ("notices", []),
        ("stored", ["notice_id", "now"]),
        ("cancel", ["now"]),
    ],
)
def test_a_fax_call_is_driven_by_these_methods(method: str, takes: list[str]) -> None:
    assert parameters(getattr(FaxCall, method)) == takes


def test_a_fax_call_tells_whether_it_is_done_and_how_it_ended() -> None:
    assert isinstance(FaxCall.done, property)
    assert "result" in inspect.getsource(FaxCall.__init__)


def test_a_call_job_has_these_fields() -> None:
    wanted = [
        "role",
        "number",
        "ident",
        "ecm",
        "max_rate",
        "compressions",
        "sub",
        "pwd",
        "sid",
        "sep",
        "poll",
    ]
    assert names(CallJob)[: len(wanted)] == wanted
    assert CallJob(role="call").max_seconds == 600.0


# -- notices


@pytest.mark.parametrize(
    ("notice", "carries"),
    [
        ("Dialling", ["number"]),
        ("Answered", []),
        ("Identified", ["ident", "sub", "nsf"]),
        ("Negotiated", ["rate", "compression", "resolution", "width", "ecm", "text"]),
        ("PageSending", ["n"]),
        ("PageAwaiting", ["n"]),
        ("PageConfirmed", ["n", "bytes", "seconds", "rate"]),
        ("PageRejected", ["n"]),
        ("PageStored", ["n"]),
        ("Traced", ["entry"]),
        ("Finished", ["result"]),
    ],
)
def test_each_notice_carries_its_number_the_time_and_its_facts(notice: str, carries: list[str]) -> None:
    assert names(getattr(notices, notice)) == ["id", "at", *carries]


def test_four_notices_are_written_ahead() -> None:
    assert {kind.__name__ for kind in notices.WRITE_AHEAD} == {
        "Dialling",
        "PageAwaiting",
        "PageConfirmed",
        "PageStored",
    }


# -- pages


@pytest.mark.parametrize(
    ("method", "takes"), [("shape", ["n"]), ("size", ["n", "coding"]), ("page", ["n", "coding"])]
)
def test_a_page_source_has_these_methods(method: str, takes: list[str]) -> None:
    assert parameters(getattr(PageSource, method)) == takes
    assert isinstance(PageSource.count, property)
    assert parameters(getattr(PreparedPages, method)) == takes


def test_a_page_sink_takes_pages() -> None:
    assert parameters(PageSink.store) == ["page"] == parameters(PageFolder.store)
    assert names(ReceivedPage) == [
        "n",
        "coding",
        "data",
        "rows",
        "bad_lines",
        "longest_bad_run",
        "rate",
        "ecm",
        "seconds",
    ]


def test_a_coding_says_compression_width_resolution_and_length() -> None:
    assert names(Coding) == ["compression", "width", "resolution", "length", "inch"]
    assert Coding(Compression.MH) == Coding(Compression.MH, 1728, Resolution.STANDARD, Length.A4)
    assert names(PageShape) == ["widths", "rows"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Compression", ["MH", "MR", "MMR"]),
        ("Resolution", ["standard", "fine", "superfine", "300", "ultrafine"]),
        ("Length", ["A4", "legal", "B4", "unlimited"]),
    ],
)
def test_the_words_for_codings_are_these(kind: str, words: list[str]) -> None:
    assert [member.value for member in getattr(coding, kind)] == words


# -- results


def test_every_reason_of_the_engine_is_a_cause_of_the_gateway_by_value() -> None:
    assert [Cause(reason.value).value for reason in Reason] == [reason.value for reason in Reason]


def test_the_reasons_are_those_of_the_contract() -> None:
    assert {reason.value for reason in Reason} == {
        "sent",
        "received",
        "busy",
        "no-answer",
        "no-carrier",
        "no-dialtone",
        "modem-error",
        "modem-blacklist",
        "voice-or-data",
        "remote-cannot-receive",
        "incompatible",
        "training-failed",
        "no-response-dcs",
        "page-rejected",
        "no-response-page",
        "ecm-failed",
        "remote-disconnect",
        "call-dropped",
        "poll-refused",
        "bad-password",
        "cancelled",
        "protocol",
    }


# -- run-job

JOB = {
    "role": "call",
    "number": "0312345678",
    "ident": "+81 3 4477 2288",
    "documents": ["a.tif"],
    "receive_dir": "d",
    "class": "auto",
    "ecm": True,
    "max_rate": 14400,
    "compressions": ["MH", "MR", "MMR"],
    "sub": None,
    "pwd": None,
    "sid": None,
    "sep": None,
    "poll": False,
    "max_seconds": 600,
}


def job_file(folder: Path, **changes: Any) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(JOB | changes))
    return path


def test_the_job_of_the_contract_is_read_whole(tmp_path: Path) -> None:
    job = read_job(job_file(tmp_path))
    assert job.call == CallJob(role="call", number="0312345678", ident="+81 3 4477 2288")
    assert job.documents == (tmp_path / "a.tif",)
    assert job.receive_dir == tmp_path / "d"


@pytest.mark.parametrize("key", sorted(JOB))
def test_every_key_of_a_job_may_be_left_out_but_the_number_of_a_call(tmp_path: Path, key: str) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps({k: v for k, v in JOB.items() if k != key}))
    if key == "number":
        with pytest.raises(BadJobError):
            read_job(path)
    else:
        assert read_job(path).call.number == "0312345678"


def test_a_key_the_contract_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadJobError, match="unknown numbr"):
        read_job(job_file(tmp_path, numbr="1"))


def test_a_result_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    page = PageResult(1, "in", PageState.CONFIRMED, "MH", 4711, 6.5, 2, 14400)
    result = CallResult(
        success=True,
        reason=Reason.RECEIVED,
        pages=(page,),
        trace=(TraceEntry(0.0, ">", "at", "ATZ"),),
    )
    written = json.loads(json.dumps(result_object(result, {1: tmp_path / "page-001.tif"}, "x.jsonl")))
    assert set(written) == {
        "success",
        "reason",
        "t30",
        "remote_id",
        "rate",
        "ecm",
        "line_seconds",
        "pages",
        "rtn",
        "ppr",
        "ftt",
        "dis",
        "trace",
    }
    assert written["pages"] == [
        {
            "n": 1,
            "direction": "in",
            "state": "confirmed",
            "compression": "MH",
            "bytes": 4711,
            "seconds": 6.5,
            "bad_lines": 2,
            "file": str(tmp_path / "page-001.tif"),
        }
    ]
    assert (written["success"], written["reason"], written["trace"]) == (True, "received", "x.jsonl")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run-job", "--port", "P", "--job", "J.json", "--result", "R.json"],
        ["replay", "T.jsonl"],
        ["probe", "P"],
    ],
)
def test_the_engines_command_line_takes_these(arguments: list[str]) -> None:
    options = cli._parser().parse_args(arguments)
    assert callable(options.command)


def test_a_port_that_is_not_there_still_leaves_a_result(tmp_path: Path) -> None:
    job = job_file(tmp_path, documents=[])
    result = tmp_path / "result.json"
    code = cli.main(
        ["run-job", "--port", str(tmp_path / "none"), "--job", str(job), "--result", str(result), "--quiet"]
    )
    assert code == 1
    written = json.loads(result.read_text())
    assert (written["success"], written["pages"]) == (False, [])


# -- postline

COMMANDS = {
    "demo",
    "serve",
    "check-config",
    "doctor",
    "migrate",
    "provision",
    "send",
    "status",
    "resend",
    "cancel",
    "approve",
    "dialling",
    "preview",
    "inbox",
    "route",
    "lines",
    "sim",
    "probe-modem",
    "users",
    "keys",
    "audit",
    "lists",
    "templates",
    "export",
    "backup",
    "restore",
    "gc",
}


def commands() -> dict[str, Any]:
    register()
    group: Any = typer.main.get_command(base.app)
    found: dict[str, Any] = group.commands
    return found


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def test_postline_has_the_commands_of_the_contract() -> None:
    assert set(commands()) == COMMANDS


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("send", {"--wait", "--config", "--json"}),
        ("status", {"--watch", "--config", "--json"}),
        ("preview", {"--out", "--resolution", "--config", "--json"}),
        ("demo", {"--once", "--keep", "--json"}),
        ("serve", {"--role", "--config"}),
        ("provision", {"--prune", "--config", "--json"}),
        ("check-config", {"--dump", "--config", "--json"}),
        ("doctor", {"--config", "--json"}),
        ("migrate", {"--config", "--json"}),
    ],
)
def test_the_commands_take_the_options_of_the_contract(command: str, options: set[str]) -> None:
    assert options <= options_of(commands()[command])


def test_a_simulated_far_machine_is_made_to_call_by_sim_call() -> None:
    call = commands()["sim"].commands["call"]
    assert {"--from", "--line", "--config", "--json"} <= options_of(call)
    assert [p.name for p in call.params if p.param_type_name == "argument"] == ["called", "file"]


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: int(code) for code in base.EXIT} == {
        "OK": 0,
        "USAGE": 2,
        "DATA": 65,
        "NOT_BUILT": 69,
        "SOFTWARE": 70,
        "IO": 74,
        "TEMPFAIL": 75,
        "CONFIG": 78,
    }


def test_the_configuration_has_the_tables_of_the_contract() -> None:
    assert {"server", "smtp", "http", "mail", "smime", "line", "limits", "log"} <= set(Config.model_fields)
