"""The exchange's control socket: one JSON object a line in, one a line out, over a Unix stream socket.

`set`: the keys of a far machine (`modem.sim.settings.FarSettings`), `number` among them, from the next call
to it on; null takes a key away, `fresh` all of them; what it has spent (drops, rejections) begins anew.
`call`: `from` a far machine to the number `called` (or to a `line`), sending `file`; `far` has keys for this
call only; answers the `call`'s number. `wait`: blocks until `call` has ended, answers its `result`.
`hang`: the modem of `line` stops answering its host until it "recovers": "reset" (DTR, port closed), "never",
"now". `line`: the number of a line's `call`, whether it is `off_hook`, and what its `last` call took.
`speed`: 1.0 or "max" for calls that begin from now on. `status`, `calls` (results of this run), `stop`.

A refused one answers `{"ok": false, "error": text}`. A result is a ledger's `end` row: see `Figures`.
`Control` is the client; it blocks. The server lives in the exchange's loop and never does.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from modem.sim.settings import BadSettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modem.sim.exchange import Exchange

OPERATIONS = ("call", "wait", "set", "hang", "line", "speed", "status", "calls", "stop")
LONGEST_REQUEST = 1 << 20
LONGEST_BACKLOG = 1 << 24


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Name a socket so that the 108 octets of a Unix address do for any folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class ControlError(RuntimeError):
    """The exchange refused an operation; the text is its reason."""


class Control:
    """A client at `path`, the exchange's socket; one request at a time. Raises ControlError, OSError."""

    def __init__(self, path: str | Path, timeout: float | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            with short_address(Path(path)) as address:
                self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._answers = self._socket.makefile("rb")

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        """Send one operation and return its answer."""
        self._socket.sendall(json.dumps({"op": op, **values}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(
            self._answers.readline() or b'{"error": "the exchange went away"}'
        )
        if not answer.get("ok"):
            raise ControlError(answer.get("error", "refused"))
        return answer

    def call(
        self,
        called: str,
        file: str | Path,
        caller: str,
        line: str | None = None,
        far: dict[str, Any] | None = None,
    ) -> int:
        """Let a far machine call a line and send `file`; return the call's number at once."""
        keys = {"called": called, "file": str(Path(file).resolve()), "from": caller, "line": line}
        return int(self.ask("call", **keys, far=far or {})["call"])

    def wait(self, call: int) -> dict[str, Any]:
        """Block until the call has ended; return its result."""
        result: dict[str, Any] = self.ask("wait", call=call)["result"]
        return result

    def set(self, number: str, **settings: Any) -> None:
        """Change a far machine, or list a new one; `fresh=True` forgets what it was."""
        self.ask("set", number=number, **settings)

    def speed(self, speed: float | str) -> None:
        """Let calls that begin from now on run at 1.0 or "max"."""
        self.ask("speed", speed=speed)

    def hang(self, line: str, recovers: str = "reset") -> None:
        """Let a line's modem stop answering its host: until a "reset", "never", or no more: "now"."""
        self.ask("hang", line=line, recovers=recovers)

    def line(self, name: str) -> dict[str, Any]:
        """Return a line's `call` now, whether it is `off_hook`, and the figures of its `last` call."""
        return self.ask("line", line=name)

    def status(self) -> dict[str, Any]:
        """Return the lines and calls as they are."""
        return self.ask("status")

    def calls(self) -> list[dict[str, Any]]:
        """Return the results of the calls that ended."""
        ended: list[dict[str, Any]] = self.ask("calls")["calls"]
        return ended

    def stop(self) -> None:
        """End the exchange."""
        self.ask("stop")

    def close(self) -> None:
        """Close the connection."""
        self._answers.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class Connection:
    """One client's connection on the server's side."""

    def __init__(self, link: socket.socket, server: ControlServer) -> None:
        self.link = link
        self.waits_for: int | None = None
        self._server = server
        self._request = b""
        self._unsent = bytearray()
        link.settimeout(0)

    def readable(self) -> None:
        """Take what came and answer whole requests."""
        try:
            data = self.link.recv(65536)
        except ConnectionError:
            data = b""
        if not data or len(self._request) > LONGEST_REQUEST:
            self._server.drop(self)
            return
        *requests, self._request = (self._request + data).split(b"\n")
        for request in requests:
            self._server.request(self, request)

    def answer(self, **values: Any) -> None:
        """Send one answer, or as much of it as the client takes now; one that never reads is dropped."""
        self._unsent += json.dumps(values).encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        """Send what is left of earlier answers."""
        try:
            while self._unsent:
                del self._unsent[: self.link.send(self._unsent)]
        except BlockingIOError:
            if len(self._unsent) > LONGEST_BACKLOG:
                self._server.drop(self)
        except OSError:
            self._server.drop(self)


class ControlServer:
    """Listens at `path` and serves its connections from the exchange's selector."""

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, exchange: Exchange, stop: Callable[[], None]
    ) -> None:
        self._path = path
        self._selector = selector
        self._exchange = exchange
        self._stop = stop
        self._connections: list[Connection] = []
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_address(path) as address:
            self._listener.bind(address)
        self._listener.listen()
        self._listener.settimeout(0)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        connection = Connection(self._listener.accept()[0], self)
        self._connections.append(connection)
        self._selector.register(connection.link, selectors.EVENT_READ, connection.readable)

    def drop(self, connection: Connection) -> None:
        """Forget a client."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._selector.unregister(connection.link)
            connection.link.close()

    def request(self, connection: Connection, line: bytes) -> None:
        """Answer one request, or note what it waits for."""
        try:
            values = json.loads(line)
            self._perform(connection, values.pop("op", ""), values)
        except (BadSettingsError, KeyError, TypeError, AttributeError, OSError, ValueError) as error:
            kind = "" if isinstance(error, BadSettingsError) else f"{type(error).__name__}: "
            connection.answer(ok=False, error=f"{kind}{error}")

    def _perform(self, connection: Connection, op: str, values: dict[str, Any]) -> None:
        exchange = self._exchange
        match op:
            case "call":
                connection.answer(ok=True, call=self._call(values))
            case "wait":
                self._wait(connection, int(values["call"]))
            case "set":
                exchange.change(values, fresh=bool(values.pop("fresh", False)))
                connection.answer(ok=True)
            case "hang":
                exchange.hang(values["line"], values.get("recovers", "reset"))
                connection.answer(ok=True)
            case "line":
                line = exchange.line_at(values["line"])
                connection.answer(ok=True, **line.state())
            case "speed":
                exchange.set_speed(values["speed"])
                connection.answer(ok=True)
            case "status":
                connection.answer(ok=True, **exchange.status())
            case "calls":
                connection.answer(ok=True, calls=[{"call": n, **end} for n, end in exchange.results.items()])
            case "stop":
                connection.answer(ok=True)
                self._stop()
            case _:
                raise BadSettingsError(f"no operation {op!r}: {', '.join(OPERATIONS)}")

    def _call(self, values: dict[str, Any]) -> int:
        document, called = _tiff(values["file"]), values.get("called", "")
        return self._exchange.call_in(called, document, values["from"], values.get("line"), values.get("far"))

    def _wait(self, connection: Connection, n: int) -> None:
        if n not in self._exchange.calls and n not in self._exchange.results:
            raise BadSettingsError(f"there was no call {n} in this run")
        connection.waits_for = n

    def serve(self) -> None:
        """Answer those whose call has ended, and go on with long answers."""
        for connection in self._connections[:]:
            connection.flush()
            n = connection.waits_for
            if n is not None and n in self._exchange.results:
                connection.waits_for = None
                connection.answer(ok=True, call=n, result=self._exchange.results[n])

    def close(self) -> None:
        """Drop everybody and take the socket away."""
        for connection in self._connections[:]:
            self.drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)


def _tiff(name: str) -> Path:
    with Image.open(name) as image:
        if image.format != "TIFF":
            raise BadSettingsError(f"{name} is {image.format}; a far machine sends TIFF")
    return Path(name)
