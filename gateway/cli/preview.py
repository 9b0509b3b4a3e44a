"""`postline preview FILE`: the pages as they would be sent, without sending them."""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.base import JsonOption, app, say
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from render.document import Part

RESOLUTIONS = ("standard", "fine")


@app.command("preview")
def preview(
    file: Annotated[Path, typer.Argument(help="A document, or a mail as .eml.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for pages.tif and index.json.")],
    resolution: Annotated[str, typer.Option(help="standard | fine")] = "fine",
    as_json: JsonOption = False,
) -> None:
    """Draw a document as it would be faxed: one TIFF of the pages, and index.json.

    Example: postline preview order.eml --out ./preview --resolution fine
    """
    from render.document import Settings
    from render.errors import RenderError
    from render.pages import render_parts

    if resolution not in RESOLUTIONS:
        raise Refused(f"--resolution is one of {', '.join(RESOLUTIONS)}.")
    subject, parts = read(file)
    try:
        drawn = render_parts(parts, Settings())
    except RenderError as error:
        raise Refused(f"{error.name or file.name}: {error.text}") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages.tif").write_bytes(drawn.masters[resolution])
    index = {
        "file": "pages.tif",
        "pages": drawn.pages,
        "resolution": resolution,
        "subject": subject,
        "warnings": list(drawn.warnings),
    }
    (out / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    say(f"{drawn.pages} page(s) in {out / 'pages.tif'}", index, as_json=as_json)


def read(file: Path) -> tuple[str, list[Part]]:
    """Return the subject and the parts of a mail, or the file itself as the only part."""
    from gateway.intake.rendering import parts_of
    from gateway.mailin.message import read as read_mail
    from render.document import Part

    if file.suffix == ".eml":
        reading = read_mail(file.read_bytes(), {})
        return reading.subject, parts_of(reading)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return "", [Part(file.name, kind, file.read_bytes(), None, "attachment", {})]
