"""`digit-agent read --form`: read filled-in forms and print a record of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from profiles.foreign_text import show, show_cell, to_json

if TYPE_CHECKING:
    from agent.explain.figures import SheetArea
    from agent.explain.report import ExplainReport
    from agent.forms.locate import FormFinder
    from agent.forms.record import Record
    from agent.reader import Reader
    from agent.vision.box import Box
    from agent.vision.pixels import Pixels


class FormPrinter:
    """Reads forms and prints their records, as text, as JSON or as CSV.

    Args:
        path: file of a form, or a folder of such files.
        json: whether to print one object of JSON per sheet.
        as_csv: whether to print one row of CSV per sheet.
        report: gets the fields of each sheet, and how they were read; None without explanation.

    Raises:
        FormError: a file cannot be read, or contains a mistake.
        PictureError: a reference picture cannot be read.
    """

    def __init__(self, path: Path, *, json: bool, as_csv: bool, report: ExplainReport | None = None) -> None:
        from agent.forms.document import load_forms
        from agent.forms.locate import FormFinder

        self._finders: Sequence[FormFinder] = [FormFinder(form) for form in load_forms(path)]
        self._json, self._as_csv, self._report = json, as_csv, report
        names = (field.name for finder in self._finders for field in finder.form.fields)
        self._columns = list(dict.fromkeys(names))
        if as_csv:
            typer.echo(_csv_row(["source", "form", *self._columns, "to_check"]))

    def read(self, source: str, image: Pixels, _region: Box, reader: Reader) -> None:
        """Read the form in a picture, and print its record.

        Raises:
            FormNotFoundError: none of the forms is in the picture.
        """
        from agent.forms.locate import find_form
        from agent.forms.read_form import read_located
        from agent.views.lines import record_lines
        from profiles.errors import FormNotFoundError

        try:
            index, location = find_form(self._finders, image)
        except FormNotFoundError as error:
            raise FormNotFoundError(f"{source}: {error.what}", advice=error.advice) from error
        report = self._report
        title = Path(f"{source}, fields")
        read = reader.read_fields if report is None else report.explaining(reader.trace_fields, title)
        record = read_located(image, self._finders[index], location, read)
        if report is not None:
            report.add_sheet(Path(source), image, _areas(record), "\n".join(record_lines(record)))
        typer.echo(self._format(source, record))

    def _format(self, source: str, record: Record) -> str:
        from agent.views.lines import record_lines

        if self._json:
            return to_json({"source": source, **record.to_dict()})
        if self._as_csv:
            values = {field.name: field.value_text for field in record.fields}
            to_check = " ".join(record.to_check)
            return _csv_row([source, record.form, *(values.get(name, "") for name in self._columns), to_check])
        return "\n".join([f"{show(source)}  form {record.form}", *record_lines(record)])


def _areas(record: Record) -> list[SheetArea]:
    from agent.explain.figures import SheetArea

    return [
        SheetArea(field.corners, field.text, f"{field.name}: {field.text or 'empty'} ({field.confidence:.2f})")
        for field in record.fields
    ]


def _csv_row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(map(show_cell, cells))
    return out.getvalue()
