"""`postline preview FILE`: the pages as they would be sent, without sending them.

A mail goes the way it would go through the door: the limits on its bytes, then reader and renderer in sandbox
children with limits of memory and time. Nothing of it is parsed in this process.
"""

from __future__ import annotations

import json
import mimetypes
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, app, say
from gateway.config import find, load
from gateway.domain.errors import BadConfig, Refused

if TYPE_CHECKING:
    from gateway.intake.reading import Reading
    from gateway.keyring import Keyring
    from render.document import Rendering
    from render.sandbox import Sandbox

RESOLUTIONS = ("standard", "fine", "superfine")
UNSEALER = "gateway.mailin.unsealing:look_into"
READER = "gateway.mailin.message:read"
DRAW = "render.pages:render_parts"


@app.command("preview")
def preview(
    file: Annotated[Path, typer.Argument(help="A document, or a mail as .eml.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for pages.tif and index.json.")],
    resolution: Annotated[str, typer.Option(help="standard | fine | superfine")] = "fine",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a document as it would be faxed: one TIFF of the pages, and index.json.

    Example: postline preview order.eml --out ./preview --resolution fine
    """
    from gateway.intake.reading import ReadError
    from render.errors import RenderError
    from render.sandbox import Sandbox

    if resolution not in RESOLUTIONS:
        raise typer.BadParameter(f"one of {', '.join(RESOLUTIONS)}", param_hint="--resolution")
    most = most_pages(config)
    try:
        with Sandbox(children=1) as sandbox:
            reading, verdict = read(file, sandbox, config)
            drawn = draw(reading, resolution, most, sandbox)
    except RenderError as error:
        raise Refused(f"{error.name or file.name}: {error.text}") from error
    except ReadError as error:
        raise Refused(f"{file.name}: {error.text}") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages.tif").write_bytes(drawn.masters[resolution])
    index = contents(reading, drawn, resolution) | verdict
    (out / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    say(f"{drawn.pages} page(s) in {out / 'pages.tif'}", index, as_json=as_json)


def contents(reading: Reading, drawn: Rendering, resolution: str) -> dict[str, Any]:
    """Return what index.json says: the pages, and what was understood of the mail."""
    return {
        "file": "pages.tif",
        "pages": drawn.pages,
        "resolution": resolution,
        "subject": reading.subject,
        "options": reading.options,
        "documents": [
            {"role": one.role, "name": one.name, "type": one.content_type, "bytes": len(one.data)}
            for one in reading.documents
        ],
        "warnings": [*reading.warnings, *drawn.warnings],
    }


def most_pages(config: Path | None) -> int:
    """Return the page limit in force; without a configuration, which a preview does not need, the default."""
    from gateway.config import Limits

    try:
        return load(find(config, os.environ)).limits.pages
    except BadConfig:
        if config is not None:
            raise
        return Limits().pages


def read(file: Path, sandbox: Sandbox, config: Path | None = None) -> tuple[Reading, dict[str, Any]]:
    """Return what a mail asks to fax, or the file itself as the only document; and the verdict if sealed."""
    from gateway.intake.reading import Document, Reading

    raw = file.read_bytes()
    if file.suffix.lower() != ".eml":
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Reading((Document(file.name, kind, raw, None, "attachment"),)), {}
    verdict: dict[str, Any] = {}
    if at_the_door(raw):
        raw, found = sandbox.run(UNSEALER, raw, datetime.now(UTC), keyring_of(config))
        verdict = {"smime": found}
    reading: Reading = sandbox.run(READER, raw, {})
    return reading, verdict


def keyring_of(config: Path | None) -> Keyring:
    """Return the trust and keys of the configuration; without one a signed mail is drawn, not judged."""
    from gateway import keyring

    try:
        return keyring.load(load(find(config, os.environ)).smime)
    except BadConfig:
        if config is not None:
            raise
        return keyring.Keyring()


def at_the_door(raw: bytes) -> bool:
    """Hold a mail to the limits it would meet at the SMTP door; say whether it is signed or encrypted.

    Raises `Refused` with the door's sentence.
    """
    from gateway.mailin.prescan import prescan
    from gateway.mailin.settings import SmtpLimits

    limits = SmtpLimits()
    if len(raw) > limits.message_bytes:
        raise Refused(f"The mail is larger than {limits.message_bytes} bytes.")
    if not raw.strip():
        raise Refused("The mail is empty.")
    # A saved mail may have the line ends of the system it was saved on; over SMTP they are CRLF.
    return prescan(re.sub(rb"\r\n?|\n", b"\r\n", raw), limits).sealed


def draw(reading: Reading, resolution: str, most: int, sandbox: Sandbox) -> Rendering:
    """Return the pages of what was read."""
    from gateway.intake.rendering import parts_of
    from gateway.intake.wishes import Wishes
    from render.sandbox import Limits

    settings = Wishes.of(reading.options).for_pages(max_pages=most, language=reading.language)
    limits = Limits.for_pages(most)
    drawn: Rendering = sandbox.run(DRAW, parts_of(reading), settings, (resolution,), limits=limits)
    return drawn
