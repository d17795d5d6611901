"""Accuracy on turned pages, by angle: `python -m benchmarks.angles --data data/mnist`, about five minutes.

Small pages of numbers, tables, forms and lone numbers are drawn with the built-in handwriting and with the test digits
of MNIST, which no net is trained with. Each page is turned by each angle. A page is found if it is read at its own
angle, to 15 degrees. A sure wrong digit has a probability of 0.9 or more and no true digit of its label at its place.
Exit code 0, or 1 if the data cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent import Reader
from agent.drawing.handwriting import Handwriting, draw_digit, random_handwriting
from agent.drawing.paper import RULE_COLOUR, apply_ink
from agent.drawing.strokes import Coverage
from agent.vision.box import Box
from agent.vision.page import Page
from benchmarks.report import run_benchmark
from benchmarks.scenes import MIN_FOUND_IOU, DetectionCounts, match_digits
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from converters.data.scenes import Scene

ANGLES_DEG = (0, 10, 30, 45, 90, 135, 180, 225, 270, 315, 330)
"""Clockwise angles by which the pages are turned."""
PAGE_PX = 640, 480
"""Width and height of a page."""
PAPER_COLOUR, PEN_COLOUR = (236, 242, 244), (92, 52, 40)
"""Colours of paper and ink, BGR."""
MARGIN_PX = 30
"""Width of the margin of a page, in pixels."""
DIGIT_PX = 26, 38
"""Smallest and largest height of the digits of a page, in pixels."""
SURE = 0.9
"""A digit with at least this probability counts as sure."""
MAX_ERROR_DEG = 15.0
"""The angle of a page counts as found if its error is at most this, in degrees."""

DrawDigit = Callable[[np.random.Generator, int, float], Coverage]
"""Draws a digit, given its label and its height in pixels."""


class Draft:
    """A page that is being written."""

    def __init__(self, rng: np.random.Generator, draw: DrawDigit) -> None:
        self.rng, self.draw = rng, draw
        self.image = np.full((PAGE_PX[1], PAGE_PX[0], 3), PAPER_COLOUR, np.uint8)
        self.height_px = float(rng.uniform(*DIGIT_PX))
        self.digits: list[tuple[int, NDArray[np.float64]]] = []
        """Label and outline of each digit, float64 (n, 2)."""

    def write(self, count: int, x: float, baseline: float) -> float:
        """Write a number at a place, as far as it fits; returns where it ends."""
        for label in self.rng.integers(0, 10, count).tolist():
            ink = self.draw(self.rng, label, self.height_px)
            left, top = round(x), round(baseline) - ink.shape[0]
            if left + ink.shape[1] > PAGE_PX[0] - MARGIN_PX or top < 0:
                break
            apply_ink(self.image, ink, left, top, PEN_COLOUR)
            self.digits.append((label, np.argwhere(ink > 96)[:, ::-1] + (left + 0.5, top + 0.5)))
            x += ink.shape[1] + self.height_px * self.rng.uniform(0.12, 0.3)
        return x

    def rule(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Print a line."""
        cv2.line(self.image, start, end, RULE_COLOUR, 2, cv2.LINE_AA)


def draw_numbers(draft: Draft) -> None:
    """Write lines of numbers on plain paper."""
    for row in range(int(draft.rng.integers(3, 7))):
        x = MARGIN_PX + draft.rng.uniform(0, 60)
        for _ in range(int(draft.rng.integers(1, 4))):
            x = draft.write(int(draft.rng.integers(2, 6)), x, 80 + 68 * row) + draft.height_px


def draw_table(draft: Draft) -> None:
    """Write numbers into a table with ruled lines."""
    rows, columns = 6, 4
    cell_w, cell_h = (PAGE_PX[0] - 2 * MARGIN_PX) // columns, (PAGE_PX[1] - 2 * MARGIN_PX) // rows
    for row in range(rows + 1):
        y = MARGIN_PX + row * cell_h
        draft.rule((MARGIN_PX, y), (MARGIN_PX + columns * cell_w, y))
    for column in range(columns + 1):
        x = MARGIN_PX + column * cell_w
        draft.rule((x, MARGIN_PX), (x, MARGIN_PX + rows * cell_h))
    for row in range(1, rows + 1):
        for column in range(columns):
            draft.write(int(draft.rng.integers(1, 4)), MARGIN_PX + column * cell_w + 12, MARGIN_PX + row * cell_h - 16)


def draw_form(draft: Draft) -> None:
    """Write numbers on the ruled lines of a form, with printed words before them."""
    for row in range(6):
        y = 70 + 68 * row
        cv2.putText(
            draft.image, "Amount No."[: 6 + row % 5], (MARGIN_PX, y - 4), cv2.FONT_HERSHEY_DUPLEX, 0.8, (60, 60, 60)
        )
        draft.rule((220, y + 4), (PAGE_PX[0] - MARGIN_PX, y + 4))
        draft.write(int(draft.rng.integers(3, 8)), 240, y)


def draw_lone_number(draft: Draft) -> None:
    """Write a single number of three digits."""
    draft.write(3, 250, 250)


LAYOUTS: dict[str, Callable[[Draft], None]] = {
    "numbers": draw_numbers,
    "table": draw_table,
    "form": draw_form,
    "lone number": draw_lone_number,
}
"""Functions that fill a page, by their names in the table."""


def draw_turned(rng: np.random.Generator, layout: str, draw: DrawDigit, angle_deg: float) -> Scene:
    """Draw a page and turn it clockwise.

    Args:
        rng: random generator; the same state gives the same page at each angle.
        layout: one of `LAYOUTS`.
        draw: draws a digit.
        angle_deg: angle by which the page is turned clockwise.
    """
    draft = Draft(rng, draw)
    LAYOUTS[layout](draft)
    w, h = PAGE_PX
    matrix = np.asarray(cv2.getRotationMatrix2D((w / 2, h / 2), -angle_deg, 1.0), np.float64)
    size = np.rint(np.abs(matrix[:, :2]) @ PAGE_PX).astype(int)
    matrix[:, 2] += (size - PAGE_PX) / 2
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the centre of the first pixel
    turned = cv2.warpAffine(draft.image, shifted, size.tolist(), flags=cv2.INTER_CUBIC, borderValue=PAPER_COLOUR)
    image = np.asarray(np.clip(turned + rng.normal(0, 3, turned.shape), 0, 255), np.uint8)
    return Scene(image, tuple((label, _box(points @ matrix[:, :2].T + matrix[:, 2])) for label, points in draft.digits))


def _box(points: NDArray[np.float64]) -> Box:
    left, top = np.floor(points.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
    return Box(left, top, right - left, bottom - top)


def mnist_digit(digits: LabelledImages) -> DrawDigit:
    """Return a function that draws digits of a data set."""

    def draw(rng: np.random.Generator, label: int, height_px: float) -> Coverage:
        glyph = digits.images[rng.choice(np.flatnonzero(digits.labels == label))]
        x, y, w, h = cv2.boundingRect((glyph > 60).astype(np.uint8))
        scale = height_px / h
        return np.asarray(
            cv2.resize(glyph[y : y + h, x : x + w], (max(3, round(w * scale)), round(height_px))), np.uint8
        )

    return draw


def hand_digit(seed: int) -> DrawDigit:
    """Return a function that draws digits in the built-in handwriting of one person."""
    return partial(_draw_by_hand, handwriting=random_handwriting(np.random.default_rng(seed)))


def _draw_by_hand(rng: np.random.Generator, label: int, height_px: float, *, handwriting: Handwriting) -> Coverage:
    return draw_digit(rng, label, height_px, handwriting)


@dataclass(frozen=True)
class AngleScores:
    """Scores of the pages of one layout at one angle."""

    counts: DetectionCounts
    angles_found: int
    sure: int
    sure_wrong: int

    def __add__(self, other: AngleScores) -> AngleScores:
        return AngleScores(
            self.counts + other.counts,
            self.angles_found + other.angles_found,
            self.sure + other.sure,
            self.sure_wrong + other.sure_wrong,
        )


NO_SCORES = AngleScores(DetectionCounts(), 0, 0, 0)


def score_page(scene: Scene, page: Page, angle_deg: float) -> AngleScores:
    """Compare the page read from a turned page with the truth."""
    error_deg = abs((page.angle_deg - angle_deg + 180) % 360 - 180)
    sure = [digit for digit in page.digits if digit.probability >= SURE]
    wrong = sum(
        not any(label == digit.digit and box.iou(digit.box) >= MIN_FOUND_IOU for label, box in scene.digits)
        for digit in sure
    )
    # Deskewing corrects small angles, and does not report them.
    found = error_deg <= MAX_ERROR_DEG
    return AngleScores(match_digits(scene, page.digits), int(found), len(sure), wrong)


def main(
    data: Annotated[Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder of MNIST.")],
    pages: Annotated[int, typer.Option(min=1, help="Pages per layout, handwriting and angle.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the pages.")] = 5,
    angles: Annotated[
        list[float] | None, typer.Option("--angle", metavar="DEG", help="Angle; may be given several times.")
    ] = None,
) -> None:
    """Read turned pages, and print the accuracy by angle and by layout."""
    cv2.setNumThreads(1)
    images, labels = load_mnist(data, "test")
    digits = LabelledImages(images, labels.astype(np.int64))
    reader = Reader()
    rows: dict[str, AngleScores] = {}
    places = list(draw_pages(digits, pages, seed, angles or ANGLES_DEG))
    for layout, angle_deg, scene in track(places, "reading pages", console=Console(stderr=True)):
        scores = score_page(scene, reader.read(scene.image), angle_deg)
        for row in (f"{angle_deg:g}°", layout):
            rows[row] = rows.get(row, NO_SCORES) + scores
    table = Table("pages", "of", "angle found", "digits", "read-F1", "sure", "sure and wrong", box=SIMPLE_HEAD)
    for name, s in rows.items():
        c = s.counts
        cells = (c.pages, s.angles_found, c.digits, f"{c.read_f1:.3f}", s.sure, s.sure_wrong)
        table.add_row(name, *map(str, cells))
    Console().print(table)


def draw_pages(
    digits: LabelledImages, pages: int, seed: int, angles_deg: Sequence[float]
) -> Iterator[tuple[str, float, Scene]]:
    """Yield layout, angle and page: the same pages at each angle."""
    for angle_deg, layout, number in product(angles_deg, LAYOUTS, range(pages)):
        for index, draw in enumerate((hand_digit(seed + number), mnist_digit(digits))):
            yield layout, angle_deg, draw_turned(np.random.default_rng((seed, number, index)), layout, draw, angle_deg)


if __name__ == "__main__":
    run_benchmark(main, "angles")
