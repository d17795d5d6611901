"""`digit-agent read`: read the numbers in pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option, settings_to_use
from agent.config.options import Config
from agent.vision.value import AMBIGUOUS
from profiles.foreign_text import show, to_json

if TYPE_CHECKING:
    from agent.capture.mounting import Mounting
    from agent.explain.report import ExplainReport
    from agent.reader import Reader
    from agent.vision.box import Box
    from agent.vision.lines import Reading
    from agent.vision.page import Page
    from agent.vision.pixels import Pixels
    from profiles.errors import SourceError

    PicturePrinter = Callable[[str, Pixels, Box, Reader], None]


def read(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Pictures, folders or quoted globs of pictures; `-` is the standard input."
        ),
    ],
    *,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one line of JSON per picture. Keys: source (the file, and its page if there are several), "
            "width and height (pixels), angle_deg (clockwise, if the page is turned), digits (digit, "
            "probability, box) and readings (text, value, box, confidence, digits and more). Boxes are [x, y, width, "
            "height] in pixels of the picture as its EXIF tag, --rotate and --flip turn it; probability and confidence "
            "are 0..1. With --form: source, form, sure and fields (by name: value, text, raw_text, confidence, sure, "
            "broken, corners). With --table: source and rows of cells (texts, confidence, corners). Corners are four "
            "[x, y] in the same pixels, clockwise from the upper left of the sheet.",
        ),
    ] = False,
    roi: Annotated[str | None, option("roi")] = None,
    rotate: Annotated[int | None, option("rotate")] = None,
    flip: Annotated[bool | None, option("flip")] = None,
    decimal_comma: Annotated[bool | None, option("decimal_comma")] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write web pages to DIR. They show each step, the reason why each candidate was rejected, and the "
            "fields of a form or the cells of a table.",
        ),
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option(
            metavar="FORM",
            help="Read filled-in forms: the TOML file of a form, or a folder of such files. In a folder, the agent "
            "finds out which form is in the picture.",
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Read the ruled table of each picture: each number in its cell.")
    ] = False,
    keep_print: Annotated[
        bool | None,
        typer.Option(
            "--print/--no-print",
            help="With --table: whether printed numbers are kept. They are told by their black or grey ink in a table "
            "that is filled in with a coloured pen. [default: --print]",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="With --form: print one row per sheet; the last column names what to check. With --table: print the "
            "rows of each table, with an empty line between two tables.",
        ),
    ] = False,
) -> None:
    """Read the numbers in pictures and print them, in reading order.

    All pages of a TIFF or PDF are read. HEIC and PDF need an extra: `pip install 'digit-agent[pictures]'`. In a folder,
    files that are not pictures are skipped, and named on stderr; folders in it are not entered.

    Exit code: 0 if every picture was read, with or without digits in it; 1 if one could not be read (the others are
    still read); 2 for wrong use.

    If a picture is read wrongly, use `--explain DIR` and open DIR/index.html in a browser: it shows the ink, every
    candidate with the reason why it was rejected, the input of the nets, and the readings.

    Example: `digit-agent read note.jpg scans/ --json`
    """
    from rich.console import Console

    from agent.capture.file_name import printable
    from agent.capture.mounting import parse_mounting
    from agent.reader import Reader
    from agent.views.progress import progress

    _check_options(form, table=table, csv=csv, json=json, roi=roi, keep_print=keep_print)
    report = None
    if explain is not None:
        from agent.explain.report import ExplainReport

        report = ExplainReport(explain)
    print_picture = _printer(form, table=table, csv=csv, json=json, report=report, keep_print=keep_print is not False)
    errors: list[SourceError] = []
    reader: Reader | None = None
    for source, image, region in _pictures(files, parse_mounting(roi, rotate, flip), errors):
        if reader is None:
            with progress(Console(stderr=True), "looking for the best net") as report_progress:
                settings = settings_to_use(Config(artifacts=artifacts, decimal_comma=decimal_comma), config)
                reader = Reader(settings.artifacts, decimal_comma=settings.decimal_comma, progress=report_progress)
        with _reported(errors):
            print_picture(source, image, region, reader)
    if report is not None:
        typer.echo(f"digit-agent: every step is shown in {show(printable(report.index))}", err=True)
    if errors:
        raise typer.Exit(1)


def _printer(
    form: Path | None, *, table: bool, csv: bool, json: bool, report: ExplainReport | None, keep_print: bool
) -> PicturePrinter:
    """Return the function that reads a picture and prints what is wanted of it: a record, a table, or all numbers."""
    if form is not None:
        from agent.cli.read_forms import FormPrinter

        return FormPrinter(form, json=json, as_csv=csv, report=report).read
    if table:
        from agent.cli.read_table import print_table

        return partial(print_table, json=json, as_csv=csv, keep_print=keep_print, report=report)
    return partial(_print_page, json=json, report=report)


def _print_page(
    source: str, image: Pixels, region: Box, reader: Reader, *, json: bool, report: ExplainReport | None
) -> None:
    """Read all numbers in a region of a picture, and print them."""
    from agent.vision.parts import cut, find_parts, join_parts, move_page

    inside = cut(image, region)
    parts = find_parts(region.w, region.h)
    pages = []
    for number, part in enumerate(parts, 1):
        trace = reader.trace(cut(inside, part))
        pages.append(trace.page)
        if report is not None:
            title = source if len(parts) == 1 else f"{source}, part {number} of {len(parts)}"
            report.add(Path(title), cut(inside, part), trace)
    page = move_page(join_parts(region.w, region.h, parts, pages), region, image.shape[1], image.shape[0])
    typer.echo(to_json({"source": source, **page.to_dict()}) if json else as_text(source, page))


def _check_options(
    form: Path | None, *, table: bool, csv: bool, json: bool, roi: str | None, keep_print: bool | None
) -> None:
    """Refuse options that have no meaning together."""
    from profiles.errors import UsageError

    if csv and ((form is None and not table) or json):
        raise UsageError(
            "--csv prints records of forms, or tables", advice="give --form FORM or --table, and no --json"
        )
    if keep_print is not None and not table:
        raise UsageError("--print and --no-print are for tables", advice="give --table")
    if form is not None and table:
        raise UsageError("--form and --table exclude each other", advice="give one of them")
    if (form is not None or table) and roi is not None:
        raise UsageError("--form and --table find the sheet themselves", advice="leave out --roi")


def _pictures(files: Sequence[str], mounting: Mounting, errors: list[SourceError]) -> Iterator[tuple[str, Pixels, Box]]:
    """Yield the name, the turned pixels, and the region to read of each page of each picture.

    What is skipped, and each error, is printed on stderr.

    Args:
        files: pictures, folders and globs, as the user named them.
        mounting: how each picture is turned, and which region is read.
        errors: receives the errors.
    """
    from agent.capture.file_name import printable
    from agent.capture.picture_file import PictureFile
    from agent.capture.pictures import find_pictures

    reported = partial(_reported, errors)
    for text in files:
        paths: tuple[Path, ...] = ()
        with reported():
            found = find_pictures(text)
            paths = found.paths
            if found.skipped:
                typer.echo(f"digit-agent: {show(printable(text))}: skipped {show(found.describe_skipped())}", err=True)
        for path in paths:
            with reported(), PictureFile(path) as file:
                for number in range(file.page_count):
                    with reported():
                        image = mounting.turn(file.load(number))
                        yield file.title(number), image, _region(mounting, image, file.title(number))


@contextmanager
def _reported(errors: list[SourceError]) -> Iterator[None]:
    """Print the error of a picture on stderr and keep it, instead of raising it."""
    from profiles.errors import SourceError

    try:
        yield
    except SourceError as error:
        typer.echo(f"digit-agent: {show(error)}", err=True)
        errors.append(error)


def _region(mounting: Mounting, image: Pixels, title: str) -> Box:
    from profiles.errors import PictureError

    try:
        return mounting.box(image.shape[1], image.shape[0])
    except PictureError as error:
        raise PictureError(f"{title}: {error.what}", advice=error.advice) from error


def as_text(source: str, page: Page) -> str:
    """Format a page for people: the name of the picture, and its numbers in lines as on the upright page."""
    from agent.vision.box import union
    from agent.vision.turn import Turn

    count = len(page.digits)
    lines = [f"{show(source)}  {page.width}×{page.height}, {count or 'no'} digit{'' if count == 1 else 's'}"]
    if page.angle_deg:
        lines[0] += f", turned clockwise by {page.angle_deg:.0f}°"
    turn = Turn(page.angle_deg, page.width, page.height)
    bottom: int | None = None
    for reading in page.readings:
        box = union(turn.to_upright(digit.box) for digit in reading.digits)
        beside = bottom is not None and box.centre[1] < bottom
        lines[-1:] = [f"{lines[-1]}   {_number(reading)}"] if beside else [lines[-1], f"  {_number(reading)}"]
        bottom = box.bottom
    return "\n".join(lines)


def _number(reading: Reading) -> str:
    """Format a number, with its value if it is written otherwise, and with what is doubtful."""
    value = "" if reading.value is None or str(reading.value) == reading.text else f" = {reading.value}"
    ambiguous = reading.value_note if reading.value_note.startswith(AMBIGUOUS) else ""
    notes = ", ".join(note for note in (ambiguous, reading.cut_by_edge and "the edge may cut it") if note)
    return f"{reading.shown_text}{value}{f' ({notes})' if notes else ''}"
