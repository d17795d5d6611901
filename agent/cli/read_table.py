"""`digit-agent read --table`: print ruled tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from profiles.foreign_text import show, to_json

if TYPE_CHECKING:
    from agent.explain.figures import SheetArea
    from agent.explain.report import ExplainReport
    from agent.forms.table import RuledTable
    from agent.reader import Reader
    from agent.vision.box import Box
    from agent.vision.pixels import Pixels


def print_table(
    source: str,
    image: Pixels,
    _region: Box,
    reader: Reader,
    *,
    json: bool,
    as_csv: bool,
    keep_print: bool = True,
    report: ExplainReport | None = None,
) -> None:
    """Read the table of a picture, and print it as text, as JSON, or as CSV with an empty line below.

    Without `keep_print`, black and grey ink is left out if the table is filled in with a coloured pen.
    The report, if there is one, gets the grid, and how its cells were read.

    Raises:
        PictureError: there is no ruled table.
    """
    from agent.forms.table import read_table
    from profiles.errors import PictureError

    read = reader.read_fields if report is None else report.explaining(reader.trace_fields, Path(f"{source}, cells"))
    try:
        table = read_table(image, read, keep_print=keep_print)
    except PictureError as error:
        raise PictureError(f"{source}: {error.what}", advice=error.advice) from error
    if report is not None:
        report.add_sheet(Path(source), image, _areas(table), table.to_csv())
    if json:
        typer.echo(to_json({"source": source, **table.to_dict()}))
    else:
        typer.echo(table.to_csv() if as_csv else _as_text(source, table))


def _areas(table: RuledTable) -> list[SheetArea]:
    from agent.explain.figures import SheetArea

    return [
        SheetArea(
            cell.corners, cell.text, f"row {row}, column {column}: {cell.text or 'empty'} ({cell.confidence:.2f})"
        )
        for row, cells in enumerate(table.cells, 1)
        for column, cell in enumerate(cells, 1)
    ]


def _as_text(source: str, table: RuledTable) -> str:
    """Format a table for people, in columns."""
    widths = [max(map(len, column)) for column in zip(*table.rows, strict=True)]
    lines = ["  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)) for row in table.rows]
    head = f"{show(source)}  {_counted(len(table.rows), 'row')}, {_counted(len(widths), 'column')}"
    return "\n".join([head, *(f"  {line}".rstrip() for line in lines)])


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
