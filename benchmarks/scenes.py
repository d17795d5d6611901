"""Accuracy on rendered pages, by layout and condition: `python -m benchmarks.scenes --data data/mnist`.

The pages are drawn with the test digits of MNIST, which no net is trained with. No font files are used, so the pages
are the same on each machine. Pages without digits (print, words, crosses, textures, blank paper) count false
detections. It takes some minutes. Exit code 0, or 1 if the data cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent import Reader
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.pipeline import QUICK, THOROUGH
from benchmarks.report import run_benchmark
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.scenes import Scene
from converters.data.scenes.draw import LAYOUTS, Conditions, draw_page

CONDITIONS = {
    "plain": Conditions(),
    "turned 10°": Conditions(rotation_deg=10),
    "turned -20°": Conditions(rotation_deg=-20),
    "shadow": Conditions(shadow=True),
    "show-through": Conditions(show_through=True),
    "stained": Conditions(stained=True),
    "light on dark": Conditions(dark=True),
    "dark and light": Conditions(half_dark=True),
    "print beside": Conditions(printed_part=True),
}
"""The conditions to measure, by their names in the table."""
WITHOUT_DIGITS = "nothing"
"""The layout without digits."""
MIN_FOUND_IOU, MIN_IGNORED_IOU = 0.5, 0.3
"""Lowest IoU at which a detection finds a digit, and IoU with an ignored box above which a detection is ignored."""


@dataclass(frozen=True)
class DetectionCounts:
    """Counts of detections on some pages."""

    pages: int = 0
    digits: int = 0
    """Digits in the ground truth."""
    found: int = 0
    """Number of digits whose box was found."""
    right: int = 0
    """Found digits with the right label."""
    false: int = 0
    """Number of detections that match no digit and no ignored box."""

    def __add__(self, other: DetectionCounts) -> DetectionCounts:
        return DetectionCounts(
            self.pages + other.pages,
            self.digits + other.digits,
            self.found + other.found,
            self.right + other.right,
            self.false + other.false,
        )

    @property
    def read_f1(self) -> float:
        """F1 score of the right digits; 1 if there are no digits and no detections."""
        total = self.digits + self.found + self.false
        return 2 * self.right / total if total else 1.0


def match_digits(scene: Scene, digits: tuple[Digit, ...]) -> DetectionCounts:
    """Match detections with the ground truth, largest IoU first, each box once."""
    pairs = sorted(
        ((box.iou(d.box), i, j) for i, (_, box) in enumerate(scene.digits) for j, d in enumerate(digits)),
        reverse=True,
    )
    matches: dict[int, int] = {}
    used: set[int] = set()
    for iou, i, j in pairs:
        if iou >= MIN_FOUND_IOU and i not in matches and j not in used:
            matches[i] = j
            used.add(j)
    right = sum(scene.digits[i][0] == digits[j].digit for i, j in matches.items())
    false = sum(j not in used and not _is_ignored(d.box, scene) for j, d in enumerate(digits))
    return DetectionCounts(1, len(scene.digits), len(matches), right, false)


def _is_ignored(box: Box, scene: Scene) -> bool:
    return any(box.iou(other) > MIN_IGNORED_IOU for other in scene.ignored)


def draw_pages(digits: LabelledImages, pages: int, empty: int, seed: int) -> Iterator[tuple[str, str, Scene]]:
    """Yield layout, condition and page.

    Args:
        digits: glyphs to draw the digits from.
        pages: number of pages for each layout with digits under each condition.
        empty: number of pages without digits.
        seed: seed of the pages.
    """
    for layout in LAYOUTS:
        if layout == WITHOUT_DIGITS:
            for number in range(empty):
                yield layout, "plain", draw_page(np.random.default_rng((seed, number)), layout, digits)
            continue
        for condition, conditions in CONDITIONS.items():
            for number in range(pages):
                rng = np.random.default_rng((seed, number))
                yield layout, condition, draw_page(rng, layout, digits, conditions=conditions)


def main(
    data: Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder of MNIST.")],
    pages: Annotated[int, typer.Option(min=0, help="Pages per layout and condition.")] = 2,
    empty: Annotated[int, typer.Option(min=0, help="Pages without digits.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the pages.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Read with quick looks.")] = False,
) -> None:
    """Read rendered pages, and print the accuracy by layout and condition."""
    images, labels = load_mnist(data, "test")
    digits = LabelledImages(images, labels.astype(np.int64))
    reader = Reader(depth=QUICK if quick else THOROUGH)
    total = pages * len(CONDITIONS) * (len(LAYOUTS) - 1) + empty
    rows: dict[str, DetectionCounts] = {}
    for layout, condition, scene in track(
        draw_pages(digits, pages, empty, seed), "reading pages", total=total, console=Console(stderr=True)
    ):
        counts = match_digits(scene, reader.read(scene.image).digits)
        for row in (layout, condition, "all") if layout != WITHOUT_DIGITS else (layout,):
            rows[row] = rows.get(row, DetectionCounts()) + counts
    table = Table("pages", "of", "digits", "found", "right", "false", "read-F1", box=SIMPLE_HEAD)
    for name in (*LAYOUTS, *CONDITIONS, "all"):
        c = rows.get(name, DetectionCounts())
        cells = (c.pages, c.digits, c.found, c.right, c.false)
        table.add_row(name, *map(str, cells), f"{c.read_f1:.3f}" if c.digits else "–")
    Console().print(table)


if __name__ == "__main__":
    run_benchmark(main, "scenes")
