"""Draw a picture in a terminal, with the boxes and labels of its digits.

With 256 or more colours each cell is a half block. It shows two pixels: one in the foreground colour and one in the
background colour. With fewer colours only the ink is drawn, as braille characters with eight dots each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from agent.vision.page import Page

Pixels = NDArray[np.uint8]
Point = tuple[int, int]
Rgb = tuple[int, int, int]

HALF_BLOCK = "▀"
BRAILLE = 0x2800
BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""Bit of each dot of a braille cell, by row and column (Unicode 15, chapter 21.1)."""
COLOUR_STEP = 8
"""Colours are rounded down to multiples of this, so that equal neighbours share one escape code."""
HIGH_CONFIDENCE, MEDIUM_CONFIDENCE = 0.9, 0.6
"""Confidence, 0..1, from which a reading is shown in green, and from which it is shown in yellow instead of red."""
HIGH_RGB, MEDIUM_RGB, LOW_RGB = (64, 224, 128), (255, 200, 64), (255, 96, 96)
MIN_OUTLINED_PX = 8
"""Median digit height on the screen, in pixels, below which readings are underlined instead of outlining digits."""
INK_CONTRAST = 12
"""Difference in grey levels from which a pixel darker than its surroundings counts as ink. Chosen by trial."""


class Picture:
    """A Rich renderable of a frame with its digits, as large as the space allows.

    Args:
        image: BGR uint8 (H, W, 3).
        page: the digits and readings of the frame.
        columns: width of the space, in cells.
        rows: height of the space, in cells.
    """

    def __init__(self, image: Pixels, page: Page, columns: int, rows: int) -> None:
        self._image, self._page = image, page
        height, width = image.shape[:2]
        self._scale = min(columns / width, 2 * rows / height)
        self.columns = max(1, min(columns, round(width * self._scale)))
        self.rows = max(1, min(rows, round(height * self._scale / 2)))
        heights = sorted(digit.box.h for digit in page.digits)
        self._small = bool(heights) and heights[len(heights) // 2] * self._scale < MIN_OUTLINED_PX

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        many_colours = console.color_system in ("256", "truecolor") and not console.no_color
        cells = self._half_blocks() if many_colours else self._braille()
        for (row, column), (text, style) in self._labels(many_colours).items():
            cells[row][column] = (text, style)
        for line in cells:
            yield from _runs(line)
            yield Segment.line()

    def _half_blocks(self) -> list[list[tuple[str, Style]]]:
        pixels = few_colours(shrink(self._image, self.columns, 2 * self.rows))
        for start, end, rgb in self._marks(self._scale):
            cv2.rectangle(pixels, start, end, rgb[::-1])
        pairs = pixels.reshape(self.rows, 2, self.columns, 3).swapaxes(1, 2).reshape(self.rows, self.columns, 6)
        return [[(HALF_BLOCK, _style(*pair)) for pair in row] for row in pairs.tolist()]

    def _braille(self) -> list[list[tuple[str, Style]]]:
        grey = cv2.cvtColor(shrink(self._image, 2 * self.columns, 4 * self.rows), cv2.COLOR_BGR2GRAY)
        around = cv2.blur(grey, (15, 15)).astype(np.int16)
        dots = (grey < around - INK_CONTRAST).astype(np.uint8)
        for start, end, _ in self._marks(2 * self._scale):
            cv2.rectangle(dots, start, end, 1)
        cells = (dots.reshape(self.rows, 4, self.columns, 2) * BRAILLE_BITS[:, None, :]).sum(axis=(1, 3))
        return [[(chr(BRAILLE + value), Style.null()) for value in row] for row in cells.tolist()]

    def _marks(self, scale: float) -> Iterator[tuple[Point, Point, Rgb]]:
        """Yield the corners and the colours of the rectangles to draw.

        They outline the digits; if the digits are small, they are lines below the readings.
        """
        if self._small:
            for reading in self._page.readings:
                box, bottom = reading.box, int(reading.box.bottom * scale) + 1
                yield (int(box.x * scale), bottom), (int(box.right * scale), bottom), _rgb(reading.confidence)
            return
        for digit in self._page.digits:
            box = digit.box
            start = int(box.x * scale) - 1, int(box.y * scale) - 1
            yield start, (int(box.right * scale) + 1, int(box.bottom * scale) + 1), _rgb(digit.probability)

    def _labels(self, many_colours: bool) -> dict[tuple[int, int], tuple[str, Style]]:
        """Return the text and the style of each labelled cell by its row and column.

        A label is above the box of its digit; if the digits are small, on the digit, at half the reading's height.
        """
        labels: dict[tuple[int, int], tuple[str, Style]] = {}
        for box, digit in ((reading.box, digit) for reading in self._page.readings for digit in reading.digits):
            y = box.centre[1] * self._scale if self._small else digit.box.y * self._scale - 3
            row, column = int(y / 2), int(digit.box.centre[0] * self._scale)
            cell = min(max(row, 0), self.rows - 1), min(column, self.columns - 1)
            colour, black = Color.from_rgb(*_rgb(digit.probability)), Color.from_rgb(0, 0, 0)
            style = Style(color=colour, bgcolor=black, bold=True) if many_colours else Style(reverse=True)
            labels[cell] = str(digit.digit), style
        return labels


def shrink(image: Pixels, width: int, height: int) -> Pixels:
    """Scale a picture and keep thin dark strokes: each new pixel is halfway between the mean and the minimum.

    Args:
        image: BGR uint8 (H, W, 3).
        width: new width in pixels.
        height: new height in pixels.

    Returns:
        BGR uint8 (height, width, 3).
    """
    finer = max(2, min(round(image.shape[1] / width / 4), 4))
    large = cv2.resize(image, (finer * width, finer * height), interpolation=cv2.INTER_AREA)
    blocks = large.reshape(height, finer, width, finer, 3)
    return np.asarray((blocks.mean(axis=(1, 3)) + blocks.min(axis=(1, 3))) / 2, np.uint8)


def few_colours(image: Pixels) -> Pixels:
    """Smooth the noise of a picture, BGR uint8 (H, W, 3), keep its edges, and round its colours."""
    smooth = cv2.bilateralFilter(image, 5, 24, 3)
    return np.asarray(smooth // COLOUR_STEP * COLOUR_STEP, np.uint8)


def _rgb(probability: float) -> Rgb:
    if probability >= HIGH_CONFIDENCE:
        return HIGH_RGB
    return MEDIUM_RGB if probability >= MEDIUM_CONFIDENCE else LOW_RGB


def _runs(cells: list[tuple[str, Style]]) -> Iterator[Segment]:
    """Join neighbouring cells of the same style."""
    for style, run in groupby(cells, key=lambda cell: cell[1]):
        yield Segment("".join(text for text, _ in run), style)


@lru_cache(maxsize=8192)
def _style(*pair: int) -> Style:
    """Return the style of a half block: `pair` is B, G, R of its upper pixel, then of its lower one."""
    b, g, r, below_b, below_g, below_r = pair
    return Style(color=Color.from_rgb(r, g, b), bgcolor=Color.from_rgb(below_r, below_g, below_b))
