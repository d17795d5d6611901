"""How well single fields of forms are read, by what makes them hard: `python -m benchmarks.fields --data data/mnist`.

The fields are small pictures, drawn as those that the nets learn from, but of MNIST's test digits, which no net has
learnt from; without `--fonts` anyone gets the same ones. Text accuracy is 1 less the edits that lead from what was read
to what is written, for each digit that is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent import Reader
from agent.vision.page import Page
from agent.vision.pipeline import QUICK, THOROUGH
from benchmarks.scenes import DetectionCounts, match_digits
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.scenes.fields import MEDIA, SEPARATORS, SIZES, SURROUNDS, FieldStyle, FormField, draw_field
from converters.data.scenes.fonts import Fonts, load_fonts

SEED = 11
NO_COUNTS = DetectionCounts()


@dataclass(frozen=True)
class FieldScores:
    """How some fields were read."""

    counts: DetectionCounts = NO_COUNTS
    correct_characters: int = 0
    """Digits less edits, of each field at least 0."""
    exact: int = 0
    """Fields whose digits are all right, and no others were read."""

    def __add__(self, other: FieldScores) -> FieldScores:
        return FieldScores(
            self.counts + other.counts, self.correct_characters + other.correct_characters, self.exact + other.exact
        )


def score_field(field: FormField, page: Page) -> FieldScores:
    """How a field was read."""
    text = "".join(reading.text for reading in page.readings)
    right = max(0, len(field.text) - edit_distance(field.text, text))
    return FieldScores(match_digits(field.scene, page.digits), right, int(text == field.text))


def edit_distance(a: str, b: str) -> int:
    """The least number of characters put in, taken out or changed between two texts (Levenshtein's distance)."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, d in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (c != d))
    return row[-1]


def draw_fields(digits: LabelledImages, each: int, fonts: Fonts | None = None, seed: int = SEED) -> Iterator[FormField]:
    """So many fields of each surround in each medium, of all sizes and separators by turns."""
    pairs = list(product(SIZES, SEPARATORS))
    for number, (surround, medium, turn) in enumerate(product(SURROUNDS, MEDIA, range(each))):
        size, separator = pairs[(number + turn) % len(pairs)]
        kind = FieldStyle(surround, size, separator, medium)
        yield draw_field(np.random.default_rng((seed, number)), kind, digits, fonts)


def as_table(rows: dict[str, FieldScores]) -> Table:
    """The results for people."""
    table = Table("fields", "of", "digits", "false", "read-F1", "text", "exact", box=SIMPLE_HEAD)
    for name in (*SURROUNDS, *SIZES, *(f"separator: {s}" for s in SEPARATORS), *MEDIA, "all"):
        read, c = rows[name], rows[name].counts
        table.add_row(
            name,
            f"{c.pages}",
            f"{c.digits}",
            f"{c.false}",
            f"{c.read_f1:.3f}",
            f"{read.text_right / c.digits:.3f}",
            f"{read.exact / c.pages:.3f}",
        )
    return table


def main(
    data: Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")],
    each: Annotated[int, typer.Option(min=1, help="Fields of each surround in each medium.")] = 18,
    quick: Annotated[bool, typer.Option("--quick", help="Look quickly.")] = False,
    fonts: Annotated[Path | None, typer.Option(metavar="DIR", help="Fonts in hand/ and print/ for labels.")] = None,
    seed: Annotated[int, typer.Option(help="Other fields.")] = SEED,
) -> None:
    """Read drawn fields, and print how well, by what stands around them, size, separator and medium."""
    cv2.setNumThreads(1)
    images, labels = load_mnist(data, "test")
    digits = LabelledImages(images, labels.astype(np.int64))
    reader = Reader(depth=QUICK if quick else THOROUGH)
    fields = draw_fields(digits, each, load_fonts(fonts) if fonts else None, seed)
    rows: dict[str, FieldScores] = {}
    total = each * len(SURROUNDS) * len(MEDIA)
    for field in track(fields, "reading fields", total=total, console=Console(stderr=True)):
        read, kind = score_field(field, reader.read(field.scene.image)), field.style
        for row in (kind.surround, kind.size, f"separator: {kind.separator}", kind.medium, "all"):
            rows[row] = rows.get(row, FieldScores()) + read
    Console().print(as_table(rows))


if __name__ == "__main__":
    typer.run(main)
