"""`postline templates`: the templates of mails; which are ours, which the operator's, and what they make."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say
from gateway.config import find, load
from gateway.domain.errors import BadConfig, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.stationery import Stationery

FORMATS = ("text", "html", "csv", "xml")
LANGUAGES = ("en", "ja", "zh-CN", "ru")

templates = typer.Typer(
    help="List, show, copy, preview and check the templates of mails.\n\nExample: postline templates list",
    no_args_is_help=True,
)
app.add_typer(templates, name="templates")


@templates.command("list")
def list_templates(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the templates and where each comes from.

    Example: postline templates list
    """
    from gateway.stationery import NAMES

    stationery = in_force(config)
    files = [(name, own) for name in NAMES for own in own_files(stationery, name)]
    lines = [f"{name:14} {own or 'ours'}" for name, own in files]
    data = [{"name": name, "file": str(own) if own else None} for name, own in files]
    say("\n".join(lines), data, as_json=as_json)


@templates.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A name that `templates list` shows.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a template as it is in force: the operator's, or ours.

    Example: postline templates show notice.txt
    """
    from gateway.stationery import NAMES, source

    if name not in NAMES:
        raise typer.BadParameter(f"one of {', '.join(NAMES)}", param_hint="NAME")
    own = next(iter(own_files(in_force(config), name)), None)
    text = own.read_text(encoding="utf-8") if own else source(name)
    say(text, {"name": name, "file": str(own) if own else None, "text": text}, as_json=as_json)


@templates.command("copy")
def copy(
    folder: Annotated[Path, typer.Argument(help="Where to put them; then name it in `[mail] templates`.")],
    config: ConfigOption = None,  # noqa: ARG001  (every command takes it)
    as_json: JsonOption = False,
) -> None:
    """Copy our templates to a folder, for changing. A file that is there already is left alone.

    Example: postline templates copy /etc/postline/templates
    """
    from gateway.stationery import NAMES, source

    folder.mkdir(parents=True, exist_ok=True)
    new = [name for name in NAMES if not (folder / name).exists()]
    for name in new:
        (folder / name).write_text(source(name), encoding="utf-8")
    say(f"{len(new)} template(s) copied to {folder}", {"folder": str(folder), "copied": new}, as_json=as_json)


@templates.command("preview")
def preview(
    out: Annotated[Path, typer.Option("--out", help="Folder for the mails (.eml) and the report.")],
    form: Annotated[str, typer.Option("--format", help="text | html | csv | xml | all")] = "all",
    language: Annotated[str, typer.Option("--language", help="en | ja | zh-CN | ru | all")] = "all",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every kind of mail with made-up data, as it would leave, and a transmission report as PDF.

    Example: postline templates preview --out ./mails --language ja --format html
    """
    forms, languages = chosen(form, FORMATS, "--format"), chosen(language, LANGUAGES, "--language")
    stationery = in_force(config)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for tag in languages:
        for name, content in mails(stationery, tag, forms):
            (out / name).write_bytes(content)
            written.append(name)
    say(f"{len(written)} file(s) in {out}", {"folder": str(out), "files": written}, as_json=as_json)


@templates.command("check")
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Draw every template of the operator's in every language with made-up data; exit 78 if one is broken.

    Example: postline templates check
    """
    found = faults_of(in_force(config))
    text = "\n".join(found) or "Every template can be drawn."
    say(text, {"ok": not found, "faults": found}, as_json=as_json)
    if found:
        raise typer.Exit(EXIT.CONFIG)


def faults_of(stationery: Stationery) -> list[str]:
    """Return one sentence for each of the operator's templates that cannot be drawn."""
    from gateway.notify.template_check import faults

    return faults(stationery, forward)


def in_force(config: Path | None) -> Stationery:
    """Return the stationery that the configuration names; ours where there is no configuration at all."""
    from gateway.stationery import OURS, Stationery

    try:
        path = find(config, os.environ)
    except BadConfig:
        return OURS
    return Stationery(load(path).mail.templates)


def own_files(stationery: Stationery, name: str) -> list[Path | None]:
    """Return the operator's files for a template, those of languages first; [None] where it is ours."""
    from gateway.language import LANGUAGES as CATALOGUES

    found = [stationery.own(name, language) for language in CATALOGUES]
    return list(dict.fromkeys(found))


def chosen(word: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Return what an option that takes one word or "all" asks for."""
    if word == "all":
        return known
    if word not in known:
        raise typer.BadParameter(f"one of {', '.join((*known, 'all'))}", param_hint=option)
    return (word,)


def mails(stationery: Stationery, language: str, forms: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield a file name and its octets for every kind of mail, and the report."""
    from gateway.mail import serialise
    from gateway.notify import samples

    for form in forms:
        for name, mail in samples.mails(language, form, stationery):
            yield f"{name}-{language}-{form}.eml", serialise(mail)
    for name, make in others(stationery, language):
        yield f"{name}-{language}.eml", serialise(make())
    yield f"report-{language}.pdf", report_pdf(stationery, language)


def others(stationery: Stationery, language: str) -> list[tuple[str, Callable[[], EmailMessage]]]:
    """Return the mails that have one format only."""
    from gateway.notify import samples

    return [("forward", lambda: forward(language, stationery)), *samples.reports(language, stationery)]


def forward(language: str, stationery: Stationery) -> EmailMessage:
    """Return the mail that brings a received fax."""
    from gateway.notify import samples
    from gateway.receive.forward_mail import Received, compose
    from render.pdf_out import tiff_to_pdf

    received = Received(
        number=41230080,
        received_at=samples.NINE,
        pages=1,
        called="+81344772288",
        caller="0312345678",
        remote_id="+81 3 1234 5678",
        line_seconds=62.0,
        timezone="Asia/Tokyo",
        language=language,
    )
    return compose(received, tiff_to_pdf([samples.page()]), "pdf", samples.STAMP, stationery)


def report_pdf(stationery: Stationery, language: str) -> bytes:
    """Return a transmission report as PDF."""
    from gateway.language import language_of
    from gateway.notify import samples
    from gateway.notify.report import PICTURE, css_of, html_of
    from render.errors import RenderError
    from render.typeset import typeset

    tag = language_of(language)
    html = html_of(samples.report(language), tag, stationery)
    try:
        return typeset(html, css_of(tag), {PICTURE: ("image/png", samples.picture())})
    except RenderError as error:
        raise Refused(f"report.html: {error}") from error
