"""A name server for tests, on a loopback port, over UDP and TCP: what it answers is in `records`."""

from __future__ import annotations

import socketserver
import threading
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT, BROKEN = "silent", "broken"


class NameServer:
    """Answers for `records`: {(name, "TXT"): [value in zone file form, ...]}, or SILENT or BROKEN for a name.

    `asked` lists the questions as "name type". A name without records does not exist.
    """

    def __init__(self, records: dict[tuple[str, str], list[str]] | None = None) -> None:
        self.records = dict(records or {})
        self.moods: dict[str, str] = {}
        self.asked: list[str] = []
        answer = self._answer

        class Datagrams(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                query, socket = self.request
                if (reply := answer(query)) is not None:
                    wire = reply.to_wire()
                    if len(wire) > 512:
                        reply.flags |= dns.flags.TC
                        reply.answer = []
                        wire = reply.to_wire()
                    socket.sendto(wire, self.client_address)

        class Streams(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                length = int.from_bytes(self.rfile.read(2), "big")
                if (reply := answer(self.rfile.read(length))) is not None:
                    wire = reply.to_wire()
                    self.wfile.write(len(wire).to_bytes(2, "big") + wire)

        self._servers: list[Any] = _on_one_port(Datagrams, Streams)
        self.port = self._servers[0].server_address[1]
        self.servers = (("127.0.0.1", self.port),)

    def txt(self, name: str, *texts: str) -> None:
        """Publish TXT records; a text longer than 255 octets is cut into strings."""
        self.records[name, "TXT"] = [
            " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) for text in texts
        ]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        [question] = query.question
        name, kind = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append(f"{name} {kind}")
        reply = dns.message.make_response(query)
        if self.moods.get(name) == SILENT:
            return None
        if self.moods.get(name) == BROKEN:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


def _on_one_port(datagrams: Any, streams: Any) -> list[Any]:
    """Return servers of both kinds on one port: one that is free for UDP may be taken for TCP."""
    for _ in range(50):
        first = socketserver.ThreadingTCPServer(("127.0.0.1", 0), streams)
        try:
            return [socketserver.ThreadingUDPServer(first.server_address, datagrams), first]
        except OSError:
            first.server_close()
    raise OSError("no port is free for UDP and TCP")
