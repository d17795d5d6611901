"""`digit-agent read`: stills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, artifacts_to_use, option

if TYPE_CHECKING:
    from agent.vision.page import Page


def read(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Pictures, folders or quoted globs of pictures.")],
    *,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a picture, a line each.")] = False,
    explain: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Show each step, and why what was not read was not, in DIR.")
    ] = None,
) -> None:
    """Read the numbers on pictures.

    A picture that cannot be read is told on stderr, the others are read all the same, and the exit code is 1.

    Where one is read wrong, `--explain DIR` writes pages and pictures to look at: ink, candidates with the reason why
    each was dropped, what the nets saw, and what was read. Open DIR/index.html in a browser.

    Example: `digit-agent read note.jpg scans/ --json`
    """
    import msgspec
    from rich.console import Console

    from agent.capture.file import printable
    from agent.capture.pictures import find_pictures, load_picture
    from agent.reader import Reader
    from profiles.errors import SourceError

    album = None
    if explain is not None:
        from agent.explain.report import Report

        album = Report(explain)
    failed = False
    reader: Reader | None = None
    for text in files:
        try:
            paths = find_pictures(text)
        except SourceError as error:
            failed = _tell(error)
            continue
        for path in paths:
            try:
                image = load_picture(path)
            except SourceError as error:
                failed = _tell(error)
                continue
            if reader is None:
                with Console(stderr=True).status("looking for the best net"):
                    reader = Reader(artifacts_to_use(artifacts, config))
            source, looked = printable(path), reader.trace(image)
            typer.echo(msgspec.json.encode(as_dict(source, looked.page)) if json else as_text(source, looked.page))
            if album is not None:
                album.add(path, image, looked)
    if album is not None:
        typer.echo(f"digit-agent: every step is shown in {printable(album.index)}", err=True)
    if failed:
        raise typer.Exit(1)


def as_dict(source: str, page: Page) -> dict[str, object]:
    """A page as plain types: what `--json` prints."""
    digits = [{"digit": d.digit, "probability": round(d.probability, 4), "box": list(d.box)} for d in page.digits]
    readings = [{"text": r.text, "box": list(r.box)} for r in page.readings]
    return {"source": source, "width": page.width, "height": page.height, "digits": digits, "readings": readings}


def as_text(source: str, page: Page) -> str:
    """A page for people: the picture's name, and its numbers line by line, as they stand on it."""
    count = len(page.digits)
    lines = [f"{source}  {page.width}×{page.height}, {count or 'no'} digit{'' if count == 1 else 's'}"]
    bottom: int | None = None
    for reading in page.readings:
        beside = bottom is not None and reading.box.centre[1] < bottom
        lines[-1:] = [f"{lines[-1]}   {reading.text}"] if beside else [lines[-1], f"  {reading.text}"]
        bottom = reading.box.bottom
    return "\n".join(lines)


def _tell(error: Exception) -> bool:
    typer.echo(f"digit-agent: {error}", err=True)
    return True
