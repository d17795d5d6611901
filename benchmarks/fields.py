"""Accuracy on rendered form fields, by style: `python -m benchmarks.fields --data data/mnist`, about two minutes.

The fields are small images. They are drawn like the fields for training, but with the test digits of MNIST, which no
net is trained with. Without `--fonts` the fields are the same on each machine. Text accuracy is 1 minus the edit
distance between reading and text, per digit of the text. Exit code 0, or 1 if the data or the fonts cannot be read.
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
from benchmarks.report import run_benchmark
from benchmarks.scenes import DetectionCounts, match_digits
from benchmarks.string_metrics import edit_distance
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.scenes.fields import MEDIA, SEPARATORS, SIZES, SURROUNDS, FieldStyle, FormField, draw_field
from converters.data.scenes.fonts import Fonts, load_fonts

SEED = 11
"""Seed of the published figures."""
NO_COUNTS = DetectionCounts()


@dataclass(frozen=True)
class FieldScores:
    """Scores of some fields."""

    counts: DetectionCounts = NO_COUNTS
    correct_characters: int = 0
    """Sum of the digits of each text minus its edit distance, at least 0 per field."""
    exact: int = 0
    """Fields that were read without any error."""

    def __add__(self, other: FieldScores) -> FieldScores:
        return FieldScores(
            self.counts + other.counts, self.correct_characters + other.correct_characters, self.exact + other.exact
        )


def score_field(field: FormField, page: Page) -> FieldScores:
    """Compare the page read from a field with the ground truth."""
    text = "".join(reading.digits_text for reading in page.readings)
    right = max(0, len(field.text) - edit_distance(field.text, text))
    return FieldScores(match_digits(field.scene, page.digits), right, int(text == field.text))


def draw_fields(digits: LabelledImages, each: int, fonts: Fonts | None = None, seed: int = SEED) -> Iterator[FormField]:
    """Yield fields of each surround in each medium, with sizes and separators in turn.

    Args:
        digits: glyphs to draw the digits from.
        each: number of fields per surround and medium.
        fonts: fonts to draw text with; None takes OpenCV's Hershey fonts.
        seed: seed of the fields.
    """
    pairs = list(product(SIZES, SEPARATORS))
    for number, (surround, medium, turn) in enumerate(product(SURROUNDS, MEDIA, range(each))):
        size, separator = pairs[(number + turn) % len(pairs)]
        style = FieldStyle(surround, size, separator, medium)
        yield draw_field(np.random.default_rng((seed, number)), style, digits, fonts)


def as_table(rows: dict[str, FieldScores]) -> Table:
    """Return a table of the scores by surround, size, separator and medium."""
    table = Table("fields", "of", "digits", "false", "read-F1", "text", "exact", box=SIMPLE_HEAD)
    for name in (*SURROUNDS, *SIZES, *(f"separator: {s}" for s in SEPARATORS), *MEDIA, "all"):
        scores, c = rows[name], rows[name].counts
        table.add_row(
            name,
            f"{c.pages}",
            f"{c.digits}",
            f"{c.false}",
            f"{c.read_f1:.3f}",
            f"{scores.correct_characters / c.digits:.3f}",
            f"{scores.exact / c.pages:.3f}",
        )
    return table


def main(
    data: Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder of MNIST.")],
    each: Annotated[int, typer.Option(min=1, help="Fields per surround and medium.")] = 18,
    quick: Annotated[bool, typer.Option("--quick", help="Read with quick looks.")] = False,
    fonts: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder with fonts in hand/ and print/.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the fields.")] = SEED,
) -> None:
    """Read rendered form fields, and print the accuracy by surround, size, separator and medium."""
    cv2.setNumThreads(1)
    images, labels = load_mnist(data, "test")
    digits = LabelledImages(images, labels.astype(np.int64))
    reader = Reader(depth=QUICK if quick else THOROUGH)
    fields = draw_fields(digits, each, load_fonts(fonts) if fonts else None, seed)
    rows: dict[str, FieldScores] = {}
    total = each * len(SURROUNDS) * len(MEDIA)
    for field in track(fields, "reading fields", total=total, console=Console(stderr=True)):
        scores, style = score_field(field, reader.read(field.scene.image)), field.style
        for row in (style.surround, style.size, f"separator: {style.separator}", style.medium, "all"):
            rows[row] = rows.get(row, FieldScores()) + scores
    Console().print(as_table(rows))


if __name__ == "__main__":
    run_benchmark(main, "fields")
