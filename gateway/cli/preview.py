"""`postline preview FILE`: the pages as they would be sent, without sending them."""

from __future__ import annotations

import json
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.base import ConfigOption, JsonOption, app, say
from gateway.config import find, load
from gateway.domain.errors import BadConfig, Refused

if TYPE_CHECKING:
    from gateway.intake.reading import Reading

RESOLUTIONS = ("standard", "fine", "superfine")


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
    from gateway.intake.rendering import parts_of
    from gateway.intake.wishes import Wishes
    from render.errors import RenderError
    from render.pages import render_parts

    if resolution not in RESOLUTIONS:
        raise typer.BadParameter(f"one of {', '.join(RESOLUTIONS)}", param_hint="--resolution")
    most = most_pages(config)
    try:
        reading = read(file)
        settings = Wishes.of(reading.options).for_pages(language=reading.language, max_pages=most)
        drawn = render_parts(parts_of(reading), settings, (resolution,))
    except RenderError as error:
        raise Refused(f"{error.name or file.name}: {error.text}") from error
    except ReadError as error:
        raise Refused(f"{file.name}: {error.text}") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages.tif").write_bytes(drawn.masters[resolution])
    index = {
        "file": "pages.tif",
        "pages": drawn.pages,
        "resolution": resolution,
        "subject": reading.subject,
        "warnings": [*reading.warnings, *drawn.warnings],
    }
    (out / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    say(f"{drawn.pages} page(s) in {out / 'pages.tif'}", index, as_json=as_json)


def most_pages(config: Path | None) -> int:
    """Return the page limit in force; without a configuration, which a preview does not need, the default."""
    from gateway.config import Limits

    try:
        return load(find(config, os.environ)).limits.pages
    except BadConfig:
        if config is not None:
            raise
        return Limits().pages


def read(file: Path) -> Reading:
    """Return what a mail asks to fax, or the file itself as the only document."""
    from gateway.intake.reading import Document, Reading
    from gateway.mailin.message import read as read_mail

    if file.suffix.lower() == ".eml":
        return read_mail(file.read_bytes(), {})
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Reading((Document(file.name, kind, file.read_bytes(), None, "attachment"),))
