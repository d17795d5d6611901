"""Measure how well forms are found and read.

Exit code 0, or 1 if the handwriting cannot be read.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.drawing.paper import RULINGS, write_sheet
from agent.forms.locate import FormFinder
from agent.forms.read_form import read_form
from agent.forms.record import RecordField
from agent.reader import Reader
from agent.vision.pixels import Pixels
from benchmarks.forms.designs import Design, all_designs
from benchmarks.forms.filled import blank_sheet, fill_in, known_form
from benchmarks.forms.photo import photograph
from benchmarks.numbers.handwriting import HeldOutHandwriting, load_handwriting
from benchmarks.report import run_benchmark
from profiles.errors import FormNotFoundError

SEED = 61


@dataclass(frozen=True)
class Measured:
    """One field of a photographed form."""

    design: str
    truth: str
    read: RecordField


@dataclass
class FormFigures:
    """What became of the photographs of one form."""

    design: str
    photos: int = 0
    found: int = 0
    seconds: float = 0.0
    """Time of the processor, for all photographs."""
    fields: list[Measured] | None = None


def measure(design: Design, photos: int, handwriting: HeldOutHandwriting, reader: Reader, folder: Path) -> FormFigures:
    """Photograph a form several times, filled in by different writers, and read it."""
    form = known_form(design, folder)
    finder = FormFinder(form)
    outcome, fields = FormFigures(form.name), list[Measured]()
    for number in range(photos):
        rng = np.random.default_rng((SEED, form.size[0] > 300, len(form.fields), number))
        texts = design.texts(rng)
        photo = photograph(rng, fill_in(rng, design, texts, handwriting))
        outcome.photos += 1
        started = time.process_time()
        try:
            record = read_form(photo, finder, reader.read_fields)
        except FormNotFoundError:
            continue
        finally:
            outcome.seconds += time.process_time() - started
        outcome.found += 1
        fields += [Measured(form.name, texts[field.name], field) for field in record.fields]
    outcome.fields = fields
    return outcome


def other_pages(count: int) -> Iterator[tuple[str, Pixels]]:
    """Yield notes and blank forms, in turn. Each has the name of the form that it shows, empty for a note."""
    rng = np.random.default_rng(SEED)
    designs = all_designs()
    for number in range(count):
        if number % 2:
            yield "", photograph(rng, write_sheet(rng, RULINGS[number % 3]).image)
        else:
            design = designs[number // 2 % len(designs)]
            yield design.form.name, photograph(rng, blank_sheet(design))


def false_finds(count: int, folder: Path) -> tuple[int, int]:
    """Search forms on pages that do not show them. Return the number of forms found, and the number of searches."""
    finders = [FormFinder(known_form(design, folder)) for design in all_designs()]
    found = attempts = 0
    for name, page in other_pages(count):
        for finder in (one for one in finders if one.form.name != name):
            attempts += 1
            try:
                finder.find(page)
                found += 1
            except FormNotFoundError:
                pass
    return found, attempts


def table_of(outcomes: Sequence[FormFigures]) -> Table:
    """Return the figures of each form and of all."""
    table = Table(box=SIMPLE_HEAD)
    for title in ("form", "photos", "found", "fields", "exact without rules", "exact", "sure", "wrong of sure", "s"):
        table.add_column(title, justify="left" if title == "form" else "right")
    everything = [field for outcome in outcomes for field in outcome.fields or ()]
    rows = [(one.design, one.photos, one.found, one.seconds, one.fields or []) for one in outcomes]
    totals = (
        sum(one.photos for one in outcomes),
        sum(one.found for one in outcomes),
        sum(one.seconds for one in outcomes),
    )
    for name, photos, found, seconds, fields in [*rows, ("all", *totals, everything)]:
        raw = sum(one.read.raw_text == one.truth for one in fields)
        exact = sum(one.read.text == one.truth for one in fields)
        sure = [one for one in fields if one.read.is_sure]
        wrong = sum(one.read.text != one.truth for one in sure)
        cells = (photos, found, len(fields), _share(raw, len(fields)), _share(exact, len(fields)))
        times = f"{seconds / max(1, photos):.2f}"
        table.add_row(name, *map(str, cells), _share(len(sure), len(fields)), _share(wrong, len(sure)), times)
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def main(
    handwriting: Annotated[Path, typer.Option(metavar="DIR", help="Folder with `unipen` and `pendigits`.")],
    photos: Annotated[int, typer.Option(min=1, help="Photographs of each form.")] = 40,
    pages: Annotated[int, typer.Option(min=0, help="Pages of other kinds.")] = 200,
    list_wrong: Annotated[bool, typer.Option("--list", help="List the fields that are read wrongly.")] = False,
) -> None:
    """Photograph five forms, filled in by held-out writers, and read them; then search the forms on other pages."""
    hands, reader, console = load_handwriting(handwriting), Reader(), Console(width=130)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = [measure(design, photos, hands, reader, Path(folder)) for design in all_designs()]
        console.print(table_of(outcomes))
        for one in (one for outcome in outcomes for one in outcome.fields or () if one.read.text != one.truth):
            if list_wrong:
                read = one.read
                console.print(
                    f"{one.design} {read.name}: {one.truth!r} read as {read.text!r} (raw {read.raw_text!r}), "
                    f"{read.confidence:.3f} {'sure' if read.is_sure else ', '.join(read.broken)}",
                    highlight=False,
                )
        if pages:
            found, attempts = false_finds(pages, Path(folder))
            console.print(f"found where it is not: {found} of {attempts}")


if __name__ == "__main__":
    run_benchmark(main, "benchmarks.forms")
