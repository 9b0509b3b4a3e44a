"""`python -m modem.cli run-job|replay|probe`: one fax call, or one look at a modem, from the command line.

`run-job` exits 0 only for success and writes RESULT always; `replay` makes a recorded call again and compares
every octet; `probe` says what a modem is. It queues nothing and retries nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modem.jobfile import BadJobError, JobFile, read_job, result_object
from modem.notices import WRITE_AHEAD, Notice, PageStored, Traced
from modem.port import Port, PortError, open_port
from modem.probe import Probe
from modem.profiles import BadProfileError, Profile, named, override
from modem.recording import BadRecordingError, RecordedCall, read_lines, recorded_call, replay
from modem.result import CallResult, Reason
from modem.ring import RingWatch
from modem.run import Mailbox, ask_modem, run_call, wait_for_ring
from modem.tiff import BadDocumentError, PageFolder, PreparedPages, read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modem.result import TraceEntry


class _CannotCallError(Exception):
    """The call cannot begin; `reason` and text go into RESULT."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modem.cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run-job", help="make or take one call")
    run.add_argument("--port", required=True, help="device, pty, socket://host:port or rfc2217://host:port")
    run.add_argument("--job", type=Path, required=True)
    run.add_argument("--result", type=Path, required=True)
    run.add_argument("--profile", default="auto", help="modem profile; auto asks the modem")
    run.add_argument("--quiet", action="store_true", help="do not print the ladder")
    run.set_defaults(command=run_job)
    again = commands.add_parser("replay", help="print a trace and make its call again")
    again.add_argument("trace", type=Path)
    again.set_defaults(command=replay_trace)
    probe = commands.add_parser("probe", help="say what a modem is")
    probe.add_argument("device")
    probe.set_defaults(command=probe_device)
    return parser


def run_job(options: argparse.Namespace) -> int:
    """Carry out one job; exit 0 only if it succeeded."""
    trace = options.result.with_name(options.result.stem + ".trace.jsonl")
    files: dict[int, Path] = {}
    try:
        result = _carry_out(options, trace, files)
    except _CannotCallError as error:
        result = CallResult(success=False, reason=error.reason, t30=str(error))
        trace.write_text("", encoding="utf-8")
        print(error, file=sys.stderr)
    answer = result_object(result, files, trace.name)
    options.result.write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if result.success else 1


def _carry_out(options: argparse.Namespace, trace: Path, files: dict[int, Path]) -> CallResult:
    try:
        job = read_job(options.job)
        pages = _prepare(job)
        port = _open(options.port, options.profile)
    except (BadJobError, BadDocumentError) as error:
        raise _CannotCallError(Reason.INCOMPATIBLE, str(error)) from error
    except (PortError, BadProfileError) as error:
        raise _CannotCallError(Reason.MODEM_ERROR, str(error)) from error
    sink = PageFolder(job.receive_dir)
    try:
        profile = _profile(options.profile, job.service_class, port)
        call = _call(job, pages, sink, port, profile, quiet=options.quiet)
    except PortError as error:
        raise _CannotCallError(Reason.MODEM_ERROR, str(error)) from error
    finally:
        port.close()
    files.update(sink.files)
    result = call.recorded()
    if result is None:
        raise _CannotCallError(Reason.MODEM_ERROR, "the call did not end")
    if sink.failed:
        result = replace(result, success=False, reason=Reason.MODEM_ERROR, t30=sink.failed)
    trace.write_text("".join(map(_as_line, result.trace)), encoding="utf-8")
    return result


def _as_line(entry: TraceEntry) -> str:
    return json.dumps(entry.as_object(), ensure_ascii=False) + "\n"


def _prepare(job: JobFile) -> PreparedPages:
    pictures = [picture for path in job.documents for picture in read_document(path)]
    if job.call.role == "call" and not (pictures or job.call.poll):
        raise BadDocumentError("there is nothing to send: `documents` is empty")
    return PreparedPages(pictures, job.call.compressions)


def _open(device: str, profile: str) -> Port:
    return open_port(device, named("generic" if profile == "auto" else profile))


def _profile(name: str, service_class: str, port: Port) -> Profile:
    """Return the named profile, or that of the modem by its own words, with the job's class over it."""
    if name == "auto":
        probe = Probe()
        ask_modem(probe, port, clock=time.monotonic)
        if not probe.alive:
            raise PortError(port.name, "the modem does not answer", "see that it is on, and is a modem")
        if not probe.is_fax:
            raise PortError(port.name, f"the modem offers {probe.offers}", "use one with Class 1 or 1.0")
    profile = probe.profile if name == "auto" else named(name)
    if service_class != "auto":
        profile = override(profile, {"service_class": service_class})
    port.configure(profile.baud, profile.flow)
    return profile


def _call(
    job: JobFile, pages: PreparedPages, sink: PageFolder, port: Port, profile: Profile, *, quiet: bool
) -> RecordedCall:
    mailbox = Mailbox()
    previous = [(number, signal.signal(number, lambda *_: mailbox.cancel())) for number in _SIGNALS]
    try:
        if job.call.role == "answer":
            _await_ring(job, port, profile, mailbox)
        call = RecordedCall(job.call, pages, sink, profile)
        gc.collect()
        gc.disable()  # a collection in a turn-round would cost the page
        listener = _listener(mailbox, sink, quiet=quiet)
        run_call(call, port, clock=time.monotonic, on_notice=listener, mailbox=mailbox)
    finally:
        gc.enable()
        mailbox.close()
        for number, handler in previous:
            signal.signal(number, handler)
    return call


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _await_ring(job: JobFile, port: Port, profile: Profile, mailbox: Mailbox) -> None:
    watch = RingWatch(profile)
    until = time.monotonic() + job.call.max_seconds
    incoming = wait_for_ring(watch, port, clock=time.monotonic, mailbox=mailbox, until=until)
    if incoming is None:
        if watch.failed:
            raise _CannotCallError(Reason.MODEM_ERROR, watch.failed)
        timed_out = time.monotonic() >= until
        raise _CannotCallError(Reason.NO_CARRIER if timed_out else Reason.CANCELLED, "no call came in")
    print(f"call from {incoming.caller or 'an unknown number'} to {incoming.called or 'us'}", file=sys.stderr)


def _listener(mailbox: Mailbox, sink: PageFolder, *, quiet: bool) -> Callable[[Notice], None]:
    """Pages were written before their notice, or could not be: then the call ends without confirming."""

    def listen(notice: Notice) -> None:
        if isinstance(notice, PageStored) and sink.failed:
            mailbox.cancel()
        elif isinstance(notice, WRITE_AHEAD):
            mailbox.stored(notice.id)
        if isinstance(notice, Traced) and not quiet:
            _print_entry(notice.entry.as_object())

    return listen


def replay_trace(options: argparse.Namespace) -> int:
    """Print the ladder; where octets were recorded make the call again. Exit 1 where it differs."""
    try:
        lines = read_lines(options.trace.read_text(encoding="utf-8"))
        call = recorded_call(lines, _Nowhere())
    except (OSError, BadRecordingError) as error:
        print(error, file=sys.stderr)
        return 2
    for line in lines:
        if "now" not in line:
            _print_entry(line)
    if call is None:
        print("no octets were recorded: nothing to make again", file=sys.stderr)
        return 0
    differences = list(replay(lines, call))
    for difference in differences:
        print(difference, file=sys.stderr)
    return 1 if differences else 0


class _Nowhere:
    def store(self, page: object) -> None:
        """Take a page and forget it."""


def probe_device(options: argparse.Namespace) -> int:
    """Print what the modem says of itself, and the profile that follows."""
    probe = Probe()
    try:
        port = open_port(options.device, named("generic"))
        try:
            ask_modem(probe, port, clock=time.monotonic)
        finally:
            port.close()
    except PortError as error:
        print(error, file=sys.stderr)
        return 1
    for question, answer in probe.answers.items():
        print(f"{question:12} {' | '.join(answer) or '(no answer)'}")
    if not probe.alive:
        print("the modem does not answer", file=sys.stderr)
        return 1
    print(f"profile      {probe.profile.name}")
    return 0


def _print_entry(entry: dict[str, object]) -> None:
    print(f"{entry['at']:8.2f} {entry['direction']} {entry['kind']:8} {entry['text']}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
