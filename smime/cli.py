"""`python -m smime verify|decrypt FILE`: one message judged or opened on the command line.

verify exits 0 for `valid` and 1 for every other verdict; decrypt exits 0 when it decrypted and 1 when not;
both exit 2 when an option or file cannot be used. `--json` prints one object. It fetches nothing and keeps
nothing.

Example: python -m smime verify order.eml --trust roots.pem --crl ca.crl --sender alice@acme.example --json
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smime.certificates import Identity
from smime.errors import BadInputError
from smime.policy import Policy, RevocationMode
from smime.verification import decrypt, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK = 0
NOT_GOOD = 1
UNUSABLE = 2


def main(arguments: Sequence[str], now: datetime) -> int:
    """Run one command and return its exit code. `now` stands in where `--at` is not given."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, datetime], int] = options.command
    try:
        return command(options, now)
    except (BadInputError, OSError) as error:
        print(f"smime: {error}", file=sys.stderr)
        return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m smime", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in (("verify", run_verify), ("decrypt", run_decrypt)):
        one = commands.add_parser(name, help=HELP[name])
        for flags, settings in OPTIONS.items():
            one.add_argument(*flags.split(), **settings)
        one.set_defaults(command=command)
    return parser


def moment(text: str) -> datetime:
    """Read a moment; without a zone it is UTC."""
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"not a moment: {text[:40]!r}") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


FILES: dict[str, Any] = {"type": Path, "action": "append", "default": []}
HELP = {
    "verify": "say what the signature of a message is worth",
    "decrypt": "open an encrypted message",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "file": {"type": Path, "metavar": "FILE", "help": "the message as it arrived"},
    "--trust": {**FILES, "help": "anchors, PEM or DER"},
    "--crl": {**FILES, "help": "a revocation list, or a folder of them"},
    "--sender": {"help": "envelope sender; without it the From field speaks for itself"},
    "--at": {"type": moment, "help": "moment of arrival, ISO 8601 or seconds since 1970; default now"},
    "--key": {**FILES, "help": "private key to decrypt with"},
    "--certificate": {**FILES, "help": "certificate of each --key"},
    "--revocation": {"type": RevocationMode, "choices": list(RevocationMode), "default": "auto"},
    "--allow-3des": {"action": "store_true", "help": "open triple-DES too"},
    "--out": {"type": Path, "help": "write what may be read to this file"},
    "--json": {"action": "store_true", "help": "print one JSON object"},
}


def run_verify(options: argparse.Namespace, now: datetime) -> int:
    """say what the signature of a message is worth"""  # noqa: D400, D403  (argparse shows it as help)
    verdict = verify(
        options.file.read_bytes(),
        trust=[path.read_bytes() for path in options.trust],
        crls=[path.read_bytes() for path in _files(options.crl)],
        sender=options.sender,
        at=options.at or now,
        policy=_policy(options),
        identities=_identities(options),
    )
    _write(options.out, verdict.message)
    _print(options, verdict.as_json(), f"{verdict.verdict} ({verdict.reason})")
    return OK if verdict.valid else NOT_GOOD


def run_decrypt(options: argparse.Namespace, _now: datetime) -> int:
    """open an encrypted message"""  # noqa: D400, D403  (argparse shows it as help)
    opened = decrypt(options.file.read_bytes(), identities=_identities(options), policy=_policy(options))
    _write(options.out, opened.content)
    shown = opened.as_json()
    if opened.content:
        shown["content"] = opened.content.decode("utf-8", "replace")
        shown["content_base64"] = b64encode(opened.content).decode("ascii")
    if opened.content and not (options.json or options.out):
        sys.stdout.buffer.write(opened.content)
    else:
        _print(options, shown, f"{opened.encryption} {opened.text}".strip())
    return NOT_GOOD if opened.failed or not opened.content else OK


def _policy(options: argparse.Namespace) -> Policy:
    return Policy(revocation=options.revocation, allow_triple_des=options.allow_3des)


def _files(paths: list[Path]) -> list[Path]:
    found = [sorted(path.iterdir()) if path.is_dir() else [path] for path in paths]
    return [path for group in found for path in group if path.is_file()]


def _identities(options: argparse.Namespace) -> list[Identity]:
    if len(options.key) != len(options.certificate):
        raise BadInputError("--key and --certificate come in pairs")
    pairs = zip(options.certificate, options.key, strict=True)
    return [Identity.load(certificate.read_bytes(), key.read_bytes()) for certificate, key in pairs]


def _write(out: Path | None, content: bytes) -> None:
    if out is not None and content:
        out.write_bytes(content)


def _print(options: argparse.Namespace, shown: dict[str, Any], line: str) -> None:
    print(json.dumps(shown, indent=2) if options.json else line)
