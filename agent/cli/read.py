"""`digit-agent read`: read the numbers in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option, settings_to_use
from agent.config.options import Config
from agent.vision.value import AMBIGUOUS

if TYPE_CHECKING:
    from agent.vision.lines import Reading
    from agent.vision.page import Page


def read(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Pictures, folders or quoted globs of pictures.")],
    *,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one line of JSON per picture. Keys: source, width and height (pixels), digits (digit, "
            "probability, box) and readings (text, value, box, confidence, digits and more). Boxes are [x, y, width, "
            "height] in pixels of the upright picture; probability and confidence are 0..1.",
        ),
    ] = False,
    decimal_comma: Annotated[bool | None, option("decimal_comma")] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write web pages to DIR. They show each step, and the reason why each candidate was rejected.",
        ),
    ] = None,
) -> None:
    """Read the numbers in pictures and print them, in reading order.

    If a picture cannot be read, a message is printed on stderr, the other pictures are still read, and the exit code
    is 1.

    If a picture is read wrongly, use `--explain DIR` and open DIR/index.html in a browser: it shows the ink, every
    candidate with the reason why it was rejected, the input of the nets, and the readings.

    Example: `digit-agent read note.jpg scans/ --json`
    """
    import msgspec
    from rich.console import Console

    from agent.capture.file import printable
    from agent.capture.pictures import find_pictures, load_picture
    from agent.reader import Reader
    from profiles.errors import SourceError

    report = None
    if explain is not None:
        from agent.explain.report import ExplainReport

        report = ExplainReport(explain)
    failed = False
    reader: Reader | None = None
    for text in files:
        try:
            paths = find_pictures(text)
        except SourceError as error:
            failed = _print_error(error)
            continue
        for path in paths:
            try:
                image = load_picture(path)
            except SourceError as error:
                failed = _print_error(error)
                continue
            if reader is None:
                with Console(stderr=True).status("looking for the best net"):
                    settings = settings_to_use(Config(artifacts=artifacts, decimal_comma=decimal_comma), config)
                    reader = Reader(settings.artifacts, decimal_comma=settings.decimal_comma)
            source, trace = printable(path), reader.trace(image)
            page = trace.page
            typer.echo(msgspec.json.encode({"source": source, **page.to_dict()}) if json else as_text(source, page))
            if report is not None:
                report.add(path, image, trace)
    if report is not None:
        typer.echo(f"digit-agent: every step is shown in {printable(report.index)}", err=True)
    if failed:
        raise typer.Exit(1)


def as_text(source: str, page: Page) -> str:
    """Format a page for people: the name of the picture, and its numbers in lines as in the picture."""
    count = len(page.digits)
    lines = [f"{source}  {page.width}×{page.height}, {count or 'no'} digit{'' if count == 1 else 's'}"]
    bottom: int | None = None
    for reading in page.readings:
        beside = bottom is not None and reading.box.centre[1] < bottom
        lines[-1:] = [f"{lines[-1]}   {_number(reading)}"] if beside else [lines[-1], f"  {_number(reading)}"]
        bottom = reading.box.bottom
    return "\n".join(lines)


def _number(reading: Reading) -> str:
    """Format a number, with its value if it is written otherwise, or with its possible values."""
    if reading.value is not None:
        return reading.text if str(reading.value) == reading.text else f"{reading.text} = {reading.value}"
    return f"{reading.text} ({reading.value_note})" if reading.value_note.startswith(AMBIGUOUS) else reading.text


def _print_error(error: Exception) -> bool:
    """Print an error on stderr, and return True: something failed."""
    typer.echo(f"digit-agent: {error}", err=True)
    return True
