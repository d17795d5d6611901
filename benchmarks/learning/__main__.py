"""How much a board learns from the corrections of a new writer: `python -m benchmarks.learning HANDWRITING`.

Writers who were kept out of training write numbers of one to four digits with half of their digits, which are
corrected, and 40 numbers with the other half, which are read before and after. A digit counts as wrong if both nets
together take its cut-out for another digit; a number counts as wrong if any digit is wrong, missing or too many. It
takes about 15 minutes. Exit code 0, or 1 if a file cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from agent.choice.choose import choose_nets
from agent.choice.learned import Matrix, adjust
from agent.learn.examples import KnownNumber
from agent.learn.learn import (
    REMEMBERED,
    TESTED,
    LogitsOfPicture,
    fit,
    is_right,
    logits_of_picture,
    with_adjustments,
)
from agent.learn.remember import Replay, draw_numbers, remember
from agent.paths import shipped_artifacts
from agent.vision.classify import Nets, fuse
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.pipeline import read_page, trace_page
from benchmarks.learning.plot import errors_plot
from benchmarks.learning.writers import falsified, new_writers, write_numbers
from benchmarks.numbers.tables import TextTable
from benchmarks.report import MEASURED, replace_table, run_benchmark
from converters.data.strokes import PenItem
from profiles.board import detect_board
from profiles.manifest import Role

COUNTS = (0, 20, 50, 100, 200)
"""Numbers of corrections."""
WRONG_COUNT, WRONG_SHARE = 100, 0.05
"""With this many corrections, this share of them is false in a run of its own."""
TEST_NUMBERS = 40
WRITERS = 20
NAMES = ("none", *map(str, COUNTS[1:]), f"{WRONG_COUNT}, {WRONG_SHARE:.0%} of them false")
"""What was corrected, column by column."""
DOCUMENT = MEASURED.with_name("learning.md")
PLOT = MEASURED.with_name("learning.svg")
Adjustments = Mapping[Role, Matrix]


@dataclass(frozen=True)
class Errors:
    """Errors of one writer: after each of `COUNTS` corrections, then with false ones among `WRONG_COUNT`."""

    numbers: Sequence[int]
    """Wrong numbers of `TEST_NUMBERS`."""
    digits: Sequence[int]
    """Wrong cut-outs of digits."""
    cut_outs: int
    """Cut-outs of digits in the test numbers; each digit has some, in masks of different thresholds."""
    drawn: int
    """Wrong numbers of the drawn ones with `WRONG_COUNT` corrections, all true."""


def main(
    handwriting: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with `unipen` and `pendigits`.")],
    *,
    writers: Annotated[int, typer.Option(metavar="N", min=1, help="Number of writers.")] = WRITERS,
    save: Annotated[bool, typer.Option("--save", help="Write the table and the plot into docs/.")] = False,
) -> None:
    """Read numbers of new writers before and after a board learned from their corrections."""
    nets = choose_nets(shipped_artifacts(), detect_board().profile)
    replay = remember(draw_numbers(*REMEMBERED), nets)
    drawn = draw_numbers(*TESTED)
    chosen = track(new_writers(handwriting, writers).items(), "writers", console=Console(stderr=True))
    rows = {writer: _errors_of(items, nets, replay, drawn) for writer, items in chosen}
    errors = list(rows.values())
    console = Console(width=160)
    console.print(_by_writer(rows).for_terminal(), _of_all(errors).for_terminal(), *_summary(errors), sep="\n")
    if save:
        lines = [*_of_all(errors).markdown(), "", *(f"- {line}" for line in _summary(errors))]
        replace_table("learning", [*lines, "", f"![Errors over corrections]({PLOT.name})"], DOCUMENT)
        numbers, digits = (_shares(errors, digits=digits)[: len(COUNTS)] for digits in (False, True))
        PLOT.write_text(errors_plot(COUNTS, {"numbers": numbers, "digits": digits}))


def _errors_of(items: Sequence[PenItem], nets: Nets, replay: Replay, drawn: Sequence[KnownNumber]) -> Errors:
    """Let the nets learn from corrections of one writer, and count the errors."""
    rng = np.random.default_rng(1)
    numbers = write_numbers(rng, items, COUNTS[-1], TEST_NUMBERS)
    traces = [trace_page(one.image, nets) for one in numbers.corrected]
    learnt = [logits_of_picture(trace, one, nets) for trace, one in zip(traces, numbers.corrected, strict=True)]
    false = list(learnt[:WRONG_COUNT])
    for index in range(round(WRONG_SHARE * WRONG_COUNT)):
        false[index] = logits_of_picture(traces[index], falsified(rng, numbers.corrected[index]), nets)
    subsets = [learnt[:count] for count in COUNTS[1:]] + [false]
    fitted: list[Adjustments] = [{}, *(fit([one for one in part if one is not None], replay) for part in subsets)]
    adjusted = [with_adjustments(nets, one) for one in fitted]
    tested = [logits_of_picture(trace_page(one.image, nets), one, nets) for one in numbers.test]
    found = [one for one in tested if one is not None]
    return Errors(
        [_wrong_numbers(one, numbers.test) for one in adjusted],
        [sum(_wrong_digits(one, adjustments) for one in found) for adjustments in fitted],
        sum(int(np.count_nonzero(one.classes != NOT_A_DIGIT)) for one in found),
        _wrong_numbers(adjusted[COUNTS.index(WRONG_COUNT)], drawn),
    )


def _wrong_numbers(nets: Nets, numbers: Sequence[KnownNumber]) -> int:
    return sum(not is_right(read_page(one.image, nets), one) for one in numbers)


def _wrong_digits(picture: LogitsOfPicture, adjustments: Adjustments) -> int:
    """Return how many cut-outs of digits the adjusted nets take for another digit."""
    logits = {
        role: adjust(picture.logits[role], adjustments[role]) if role in adjustments else picture.logits[role]
        for role in ("classifier", "verifier")
    }
    said = fuse(logits["verifier"], logits["classifier"])[:, :NOT_A_DIGIT].argmax(axis=1)
    is_digit = picture.classes != NOT_A_DIGIT
    return int(np.count_nonzero(said[is_digit] != picture.classes[is_digit]))


def _by_writer(rows: Mapping[str, Errors]) -> TextTable:
    """Return the errors of each writer: numbers / digits."""
    head = ("writer", *NAMES, "cut-outs of digits")
    lines = [
        (writer, *(f"{n} / {d}" for n, d in zip(one.numbers, one.digits, strict=True)), str(one.cut_outs))
        for writer, one in rows.items()
    ]
    return TextTable(f"Wrong of {TEST_NUMBERS} numbers / wrong cut-outs of digits, by corrections", head, lines)


def _of_all(rows: Sequence[Errors]) -> TextTable:
    """Return the errors of all writers together."""
    numbers, digits = (
        [str(sum(column)) for column in zip(*counts, strict=True)]
        for counts in ([one.numbers for one in rows], [one.digits for one in rows])
    )
    return TextTable(
        f"Errors of {len(rows)} writers, by corrections",
        ("wrong", *NAMES, "of"),
        [
            ("numbers", *numbers, f"{TEST_NUMBERS * len(rows):,}"),
            ("cut-outs of digits", *digits, f"{sum(one.cut_outs for one in rows):,}"),
        ],
    )


def _summary(rows: Sequence[Errors]) -> list[str]:
    """Say how the errors changed with `WRONG_COUNT` corrections."""
    column = COUNTS.index(WRONG_COUNT)
    lines = []
    for what, digits in (("numbers", False), ("digits", True)):
        shares = _shares(rows, digits=digits)
        errors = [one.digits if digits else one.numbers for one in rows]
        change = [one[0] - one[column] for one in errors]
        spread = stdev(change) if len(change) > 1 else 0.0
        lines.append(
            f"{what}: {shares[0]:.1%} wrong before, {shares[column]:.1%} after {WRONG_COUNT} corrections, "
            f"{shares[-1]:.1%} if 5 % of them are false; {mean(change):.2f} errors fewer a writer "
            f"(standard deviation {spread:.2f}); {sum(one < 0 for one in change)} of {len(rows)} writers have more"
        )
    total = TESTED[1] * len(rows)
    lines.append(f"drawn numbers of other hands: {sum(one.drawn for one in rows)} of {total} wrong after learning")
    return lines


def _shares(rows: Sequence[Errors], *, digits: bool) -> list[float]:
    """Return the share of errors of all writers in each column, 0..1."""
    of = sum(one.cut_outs if digits else TEST_NUMBERS for one in rows)
    return [sum(column) / of for column in zip(*(one.digits if digits else one.numbers for one in rows), strict=True)]


if __name__ == "__main__":
    run_benchmark(main, "learning")
