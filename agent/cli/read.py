"""`digit-agent read`: stills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.vision.page import Page


def read(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Pictures, folders or globs of pictures.")],
    artifacts: Annotated[
        Path | None, typer.Option(help="Folder of artifacts; those that ship with the package if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a picture.")] = False,
) -> None:
    """Read the numbers on pictures.

    Example: `digit-agent read note.jpg scans/ --json`

    A picture that cannot be read is told on stderr, the others are read all the same, and the exit code is 1.
    """
    import msgspec

    from agent.capture.pictures import find_pictures, load_picture
    from agent.reader import Reader
    from profiles.errors import SourceError

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
            reader = reader or Reader(artifacts)
            page = reader.read(image)
            typer.echo(msgspec.json.encode(as_dict(str(path), page)).decode() if as_json else as_text(str(path), page))
    if failed:
        raise typer.Exit(1)


def as_dict(source: str, page: Page) -> dict[str, object]:
    """A page as plain types: what `--json` prints."""
    digits = [{"digit": d.digit, "probability": round(d.probability, 4), "box": list(d.box)} for d in page.digits]
    readings = [{"text": r.text, "confidence": round(r.confidence, 4), "box": list(r.box)} for r in page.readings]
    return {"source": source, "width": page.width, "height": page.height, "digits": digits, "readings": readings}


def as_text(source: str, page: Page) -> str:
    """A page for people: the picture's name, and its numbers line by line."""
    lines = [f"{source}  ({page.width}×{page.height}, {len(page.digits)} digits)"]
    bottom: int | None = None
    for reading in page.readings:
        beside = bottom is not None and reading.box.centre[1] < bottom
        lines[-1:] = [f"{lines[-1]}   {reading.text}"] if beside else [lines[-1], f"  {reading.text}"]
        bottom = reading.box.bottom
    return "\n".join(lines if page.readings else [*lines, "  no digits found"])


def _tell(error: Exception) -> bool:
    typer.echo(f"digit-agent: {error}", err=True)
    return True
