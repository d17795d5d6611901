"""How much a board learns from the corrections of a new writer: `python -m benchmarks.learning HANDWRITING`.

Writers who were kept out of training write numbers of one to four digits with half of their digits, which are
corrected, and 40 numbers with the other half, which are read before and after. It takes about 15 minutes.
Exit code 0, or 1 if a file cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.choice.choose import choose_nets
from agent.learn.examples import KnownNumber
from agent.learn.learn import REMEMBERED, TESTED, fit, is_right, logits_of_picture, with_adjustments
from agent.learn.remember import draw_numbers, remember
from agent.paths import shipped_artifacts
from agent.vision.classify import Nets
from agent.vision.pipeline import read_page, trace_page
from benchmarks.numbers.handwriting import is_legible, place, right_of
from benchmarks.numbers.sheet import WrittenSheet, draw_sheet
from benchmarks.report import run_benchmark
from converters.data.strokes import PenItem, Stroke, is_held_out, load_pen_items
from profiles.board import detect_board

Rng = np.random.Generator
COUNTS = (20, 50, 100, 200)
"""Numbers of corrections."""
WRONG_COUNT, WRONG_SHARE = 100, 0.05
"""With this many corrections, this share of them is false in a run of its own."""
TEST_NUMBERS = 40
WRITERS = 20
MIN_ITEMS = 70
"""A writer with fewer digits is left out."""


def main(
    handwriting: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with `unipen` and `pendigits`.")],
    *,
    writers: Annotated[int, typer.Option(metavar="N", min=1, help="Number of writers.")] = WRITERS,
) -> None:
    """Read numbers of new writers before and after a board learned from their corrections."""
    nets = choose_nets(shipped_artifacts(), detect_board().profile)
    replay = remember(draw_numbers(*REMEMBERED), nets)
    drawn = draw_numbers(*TESTED)
    columns = ["before", *(str(count) for count in COUNTS), f"{WRONG_COUNT}, 5 % false"]
    table = Table("writer", *columns, "drawn numbers", box=SIMPLE_HEAD)
    rows = []
    for writer, items in _new_writers(handwriting, writers).items():
        rng = np.random.default_rng(1)
        shuffled = [items[index] for index in rng.permutation(len(items))]
        half = len(shuffled) // 2
        corrected = [_write(rng, shuffled[:half]) for _ in range(COUNTS[-1])]
        test = [_write(rng, shuffled[half:]) for _ in range(TEST_NUMBERS)]
        traces = [trace_page(one.image, nets) for one in corrected]
        learnt = [logits_of_picture(trace, one, nets) for trace, one in zip(traces, corrected, strict=True)]
        subsets = [learnt[:count] for count in COUNTS]
        false = [_falsified(rng, one) if n < WRONG_SHARE * WRONG_COUNT else one for n, one in enumerate(corrected)]
        subsets.append(
            [logits_of_picture(trace, one, nets) for trace, one in zip(traces, false, strict=True)][:WRONG_COUNT]
        )
        adjusted = [with_adjustments(nets, fit([one for one in part if one is not None], replay)) for part in subsets]
        row = [_errors(nets, test), *(_errors(one, test) for one in adjusted)]
        rows.append([*row, _errors(adjusted[COUNTS.index(WRONG_COUNT)], drawn)])
        table.add_row(writer, *map(str, rows[-1]))
    table.add_section()
    table.add_row(f"all of {TEST_NUMBERS * len(rows)}", *(str(sum(column)) for column in zip(*rows, strict=True)))
    console = Console()
    console.print(table)
    console.print(_summary(rows))


def _summary(rows: Sequence[Sequence[int]]) -> str:
    """Say how the errors of the writers changed with 100 corrections."""
    column = 1 + COUNTS.index(WRONG_COUNT)
    change = [row[0] - row[column] for row in rows]
    spread = stdev(change) if len(change) > 1 else 0.0
    worse = sum(one < 0 for one in change)
    return (
        f"with {WRONG_COUNT} corrections {mean(change):.2f} of {TEST_NUMBERS} numbers more are right in the mean over "
        f"writers (standard deviation {spread:.2f}); {worse} of {len(rows)} writers are read worse"
    )


def _new_writers(folder: Path, count: int) -> Mapping[str, Sequence[PenItem]]:
    """Return the digits of writers who were kept out of training and wrote all ten digits."""
    by_writer: dict[str, list[PenItem]] = {}
    for name in ("unipen/digits", "pendigits/pendigits"):
        for item in load_pen_items(folder / f"{name}.npz", name.partition("/")[0]):
            if is_held_out(item.writer) and is_legible(item):
                by_writer.setdefault(item.writer, []).append(item)
    complete = {
        writer: items
        for writer, items in sorted(by_writer.items())
        if len(items) >= MIN_ITEMS and len({item.label for item in items}) == 10
    }
    return dict(list(complete.items())[:count])


def _write(rng: Rng, items: Sequence[PenItem]) -> KnownNumber:
    strokes, text, x = list[Stroke](), "", 0.0
    for _ in range(int(rng.integers(1, 5))):
        item = items[int(rng.integers(len(items)))]
        placed = place(item, x, float(rng.normal(0, 0.03)), height=float(rng.normal(1, 0.06)))
        strokes += placed
        text += item.label
        x = right_of(placed) + max(-0.1, float(rng.normal(0.2, 0.08)))
    image, box = draw_sheet(rng, WrittenSheet(strokes))
    assert box is not None
    return KnownNumber(image, box, text)


def _falsified(rng: Rng, known: KnownNumber) -> KnownNumber:
    """Return a number whose correction has a wrong digit."""
    at = int(rng.integers(len(known.text)))
    wrong = (int(known.text[at]) + int(rng.integers(1, 10))) % 10
    return replace(known, text=f"{known.text[:at]}{wrong}{known.text[at + 1 :]}")


def _errors(nets: Nets, numbers: Sequence[KnownNumber]) -> int:
    return sum(not is_right(read_page(one.image, nets), one) for one in numbers)


if __name__ == "__main__":
    run_benchmark(main, "learning")
