"""How the time of a look grows with the page: `python -m benchmarks.scaling`, about a minute.

Pages with more and more digits, pixels, words and grain of the paper are read with a quick and with a thorough look, on
one thread. Nothing may grow faster than its input: exit code 1 if the time of a look grows by a larger factor than the
digits, pixels or words of a page, else 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.paths import default_artifacts
from agent.vision.pipeline import QUICK, THOROUGH, read_page
from benchmarks.note_images import NoteRow, draw_note
from benchmarks.reading import load_single_thread_nets, median_ms
from benchmarks.report import Bound, check_bounds, run_benchmark

Picture = NDArray[np.uint8]

ROUNDS = 3
"""Number of timed looks at each page."""
VGA, FULL_HD, PHOTO = (640, 480), (1632, 1224), (4000, 3000)
"""Sizes of pages, width and height in pixels: 0.3, 2 and 12 megapixels."""
ROWS: Mapping[int, tuple[NoteRow, ...]] = {
    1: ((48, 1),),
    20: ((48, 5),) * 4,
    100: ((48, 20),) * 5,
    400: ((24, 40),) * 10,
}
"""Rows of a page by its number of digits."""
WORDS = (10, 100, 400)
"""Numbers of words."""
GRAIN = (0, 10, 30)
"""Standard deviations of the grain of the paper, in grey levels 0..255."""
LETTER_PX = 11
"""Width of a letter."""


@dataclass(frozen=True, eq=False)
class ScaledPage:
    """A page of a series whose pages differ in one thing."""

    series: str
    amount: float
    """Amount of the thing in which the pages differ, such as digits or words."""
    image: Picture
    """The picture of the page, BGR uint8 (H, W, 3)."""
    limited: bool = True
    """Whether the time may grow no faster than the amount."""


def main() -> int:
    """Time quick and thorough looks at all pages, and check that no time grows faster than its input."""
    cv2.setNumThreads(1)
    nets = load_single_thread_nets(default_artifacts())
    pages = list(draw_pages())
    calls: list[Callable[[], object]] = [
        partial(read_page, page.image, nets, depth) for page in pages for depth in (QUICK, THOROUGH)
    ]
    times_ms = np.reshape(median_ms(calls, ROUNDS), (len(pages), 2)).tolist()
    console = Console()
    console.print(as_table(pages, times_ms))
    return check_bounds(bounds(pages, times_ms), console)


def draw_pages() -> Iterator[ScaledPage]:
    """Yield the pages, series by series, each with more than the one before."""
    for count, rows in ROWS.items():
        yield ScaledPage("digits, 2 megapixels", count, draw_note(FULL_HD, rows).image)
    for size_px in (VGA, FULL_HD, PHOTO):
        height_px = size_px[1] // 10
        page = draw_note(size_px, [(height_px, 5)] * 4)
        yield ScaledPage("megapixels, 20 digits", size_px[0] * size_px[1] / 1e6, page.image)
    for count in WORDS:
        yield ScaledPage("words, 2 megapixels", count, draw_words(FULL_HD, count))
    for level in GRAIN:
        rng = np.random.default_rng(0)
        paper = np.clip(rng.normal(200, level, (FULL_HD[1], FULL_HD[0], 3)), 0, 255).astype(np.uint8)
        yield ScaledPage("grain of blank paper, 2 megapixels", level, paper, limited=False)


def draw_words(size_px: tuple[int, int], count: int) -> Picture:
    """Return a page of printed words of five letters, BGR uint8 (H, W, 3)."""
    rng = np.random.default_rng(0)
    page = np.full((size_px[1], size_px[0], 3), 235, np.uint8)
    per_row = size_px[0] // (7 * LETTER_PX)
    for number in range(count):
        word = "".join(map(chr, rng.integers(ord("a"), ord("z") + 1, 5)))
        place = 7 * LETTER_PX * (number % per_row) + LETTER_PX, 40 * (number // per_row + 1)
        cv2.putText(page, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 2, cv2.LINE_AA)
    return page


def bounds(pages: Sequence[ScaledPage], times_ms: Sequence[Sequence[float]]) -> Iterator[Bound]:
    """Yield a bound for each step of a series: the growth of the time divided by that of the input is at most 1."""
    for (before, before_ms), (page, page_ms) in pairwise(zip(pages, times_ms, strict=True)):
        if page.limited and page.series == before.series:
            growth = page.amount / before.amount
            for depth, was, now in zip(("quick", "thorough"), before_ms, page_ms, strict=True):
                what = f"times as fast as the {page.series}, to {page.amount:g}, grows the time of a {depth} look"
                yield Bound(what, now / was / growth, at_most=1.0)


def as_table(pages: Sequence[ScaledPage], times_ms: Sequence[Sequence[float]]) -> Table:
    """Return a table of the median CPU times in milliseconds."""
    table = Table(title="one thread, median CPU time", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("page")
    for heading in ("how much", "quick, ms", "thorough, ms"):
        table.add_column(heading, justify="right")
    for page, (quick_ms, thorough_ms) in zip(pages, times_ms, strict=True):
        table.add_row(page.series, f"{page.amount:.3g}", f"{quick_ms:.1f}", f"{thorough_ms:.1f}")
    return table


if __name__ == "__main__":
    run_benchmark(main, "scaling")
