"""`digit-agent form`: make, check, show and print the forms that `digit-agent read --form` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profiles.command_group import CommandGroup
from profiles.foreign_text import show as shown

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, rich_markup_mode="markdown")
FormFile = Annotated[Path, typer.Argument(metavar="FORM", help="TOML file of the form.")]
PRINT_DPI = 300
"""Resolution of a form that is printed as pixels, in dots per inch: that of an office printer."""


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FORM", help="TOML files of forms.")],
) -> None:
    """Check the files of forms: list every mistake with its line, and exit with 1 if there is one.

    Example: `digit-agent form check delivery.toml`
    """
    from agent.forms.document import read_form_document
    from agent.forms.locate import FormFinder
    from profiles.errors import FormError

    wrong = 0
    for path in files:
        try:
            document = read_form_document(path)
            if (form := document.form) is not None:
                FormFinder(form)
                found = [f"{path} is valid; fields: {len(form.fields)}, rules between fields: {len(form.rules)}"]
            else:
                found = [f"{path}:{problem.line}: {problem.what}" for problem in document.problems]
        except FormError as error:
            form, found = None, [str(error)]
        for line in found:
            typer.echo(shown(line))
        wrong += form is None
    if wrong:
        raise typer.Exit(1)


@app.command()
def show(
    form: FormFile,
    picture: Annotated[
        Path | None,
        typer.Argument(
            metavar="PICTURE", help="Picture of a sheet. Default: the form itself, as it is without writing."
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Picture to write, .png or .jpg.")] = Path(
        "form.png"
    ),
) -> None:
    """Draw the fields of a form, with their names, on a picture of it.

    Example: `digit-agent form show delivery.toml photo.jpg --out shown.png`
    """
    import cv2
    import numpy as np

    from agent.capture.pictures import load_picture
    from agent.forms.blank import to_pixels
    from agent.forms.document import load_form
    from agent.forms.locate import FormFinder, Location
    from agent.forms.overlay import draw_fields
    from profiles.errors import UsageError

    if (kind := out.suffix.lower()) not in (".png", ".jpg", ".jpeg"):
        raise UsageError(
            f"the fields cannot be drawn as {shown(str(out))!r}", advice="end the name of --out in .png or .jpg"
        )
    known = load_form(form)
    if picture is not None:
        image = load_picture(picture)
        location = FormFinder(known).find(image)
    elif known.picture is not None:
        image, location = load_picture(known.picture), Location(np.eye(3))
    else:
        scale = PRINT_DPI / 2 / 25.4
        image, location = to_pixels(known, scale), Location(np.diag([scale, scale, 1.0]))
    _write(out, cv2.imencode(kind, draw_fields(image, known, location))[1].tobytes())
    typer.echo(shown(f"{out} shows the fields: {len(known.fields)}"))


@app.command(name="print")
def print_form(
    form: FormFile,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write: .svg, .pdf or .png. Default: FORM with .svg."),
    ] = None,
) -> None:
    """Draw a blank form to print, from its TOML alone: boxes, labels, and marks by which it is found.

    Print it at 100 %, and leave the marks and the white around them free.

    Example: `digit-agent form print delivery.toml --out delivery.pdf`
    """
    from io import BytesIO

    from PIL import Image

    from agent.forms.blank import to_pixels, to_svg
    from agent.forms.document import load_form
    from profiles.errors import UsageError

    known = load_form(form)
    path = out or form.with_suffix(".svg")
    kind = path.suffix.lower()
    if kind == ".svg":
        _write(path, to_svg(known).encode())
    elif kind in (".pdf", ".png"):
        content = BytesIO()
        image = Image.fromarray(to_pixels(known, PRINT_DPI / 25.4)[..., 0])
        image.save(content, kind[1:].upper(), dpi=(PRINT_DPI, PRINT_DPI), resolution=PRINT_DPI)
        _write(path, content.getvalue())
    else:
        raise UsageError(
            f"a form cannot be written as {shown(str(path))!r}", advice="end its name in .svg, .pdf or .png"
        )
    typer.echo(shown(f"{path} is to be printed at 100 %: {known.size[0]:g}×{known.size[1]:g} mm"))


@app.command()
def new(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="Scan of the form, straight and without writing.")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FORM", help="TOML file to write.")],
) -> None:
    """Propose a form from a picture of it: boxes, combs, table cells and lines become fields. You name them.

    Example: `digit-agent form new scan.png --out delivery.toml`
    """
    import os

    from agent.capture.file_name import printable
    from agent.capture.pictures import load_picture
    from agent.forms.propose import form_toml, propose_fields
    from profiles.errors import OutputError, PictureError

    if out.exists():
        raise OutputError(f"{out} exists, and may hold your work", advice="choose another name, or remove it")
    fields = propose_fields(load_picture(picture))
    if not fields:
        raise PictureError(f"{picture} shows no empty box and no line to write on", advice="use a straight, sharp scan")
    try:
        toml = form_toml(os.path.relpath(picture.absolute(), out.absolute().parent), fields)
    except UnicodeEncodeError as error:
        raise PictureError(
            f"the name of {printable(picture)} is not UTF-8, so the form cannot name it", advice="rename it"
        ) from error
    _write(out, toml.encode())
    typer.echo(shown(f"{out}: fields: {len(fields)}; name them, and look at 'digit-agent form show {out}'"))


def _write(path: Path, content: bytes) -> None:
    from profiles.atomic_write import write_atomic
    from profiles.errors import OutputError

    try:
        write_atomic(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another place") from error
