"""Very long pictures, read in overlapping parts: scaled down as a whole, their digits would be too small to find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import STAGES, Page
from agent.vision.pixels import Pixels

MAX_RATIO = 2.0
"""Ratio of the sides of a part. A picture that is longer is split. Raising it makes digits smaller before they are
found, lowering it takes more time. A guess that was never measured."""
MIN_PART_PX = 1600
"""Smallest length of a part: a part is analysed at this size, so a shorter one would not show more. Raising it makes
digits smaller before they are found. Fixed by `longest_px` of `agent.vision.pipeline.THOROUGH`."""
OVERLAP_SHARE = 1 / 3
"""Share of a part that the next one repeats. A number of this length is whole in one of them. Raising it takes more
time. A guess that was never measured."""
MAX_COVERED_SHARE = 0.5
"""A reading of which another part's reading covers more than this was read twice. Raising it keeps more readings twice.
A guess that was never measured."""


def find_parts(width: int, height: int) -> tuple[Box, ...]:
    """Return the parts in which a picture is read, along its longer side; a single one unless it is very long."""
    longer, shorter = max(width, height), min(width, height)
    length = max(MIN_PART_PX, round(MAX_RATIO * shorter))
    if longer <= length:
        return (Box(0, 0, width, height),)
    steps = -(-(longer - length) // round((1 - OVERLAP_SHARE) * length))
    starts = [round(number * (longer - length) / steps) for number in range(steps + 1)]
    if width > height:
        return tuple(Box(start, 0, length, height) for start in starts)
    return tuple(Box(0, start, width, length) for start in starts)


def read_parts(image: Pixels, read: Callable[[Pixels], Page]) -> Page:
    """Read a picture, part by part if it is very long.

    Args:
        image: BGR, uint8 (H, W, 3).
        read: reads a picture or a part of it.
    """
    height, width = image.shape[:2]
    parts = find_parts(width, height)
    return join_parts(width, height, parts, [read(cut(image, part)) for part in parts])


def cut(image: Pixels, part: Box) -> Pixels:
    """Return a part of a picture, BGR uint8 (h, w, 3)."""
    return np.ascontiguousarray(image[part.y : part.bottom, part.x : part.right])


def join_parts(width: int, height: int, parts: Sequence[Box], pages: Sequence[Page]) -> Page:
    """Return the page of a picture from the pages of its parts.

    Each number counts in the part in whose middle it lies; there it is whole.

    Args:
        width: width of the picture in pixels.
        height: height of the picture in pixels.
        parts: result of `find_parts`, or a single box anywhere in the picture.
        pages: one page for each part.
    """
    if len(parts) == 1:
        return move_page(pages[0], parts[0], width, height)
    along = 0 if width > height else 1
    ends = [(a[along] + b[along] + b[2 + along]) / 2 for a, b in zip(parts[1:], parts, strict=False)]
    kept: list[Reading] = []
    for part, page, start, end in zip(parts, pages, [0.0, *ends], [*ends, float(max(width, height))], strict=True):
        moved = [move_reading(reading, part) for reading in page.readings]
        own = [reading for reading in moved if start <= reading.box.centre[along] < end]
        kept += [reading for reading in own if not any(_covers(other.box, reading.box) for other in kept)]
    readings = tuple(_in_order(kept))
    return replace(
        max(pages, key=lambda page: len(page.digits)),
        width=width,
        height=height,
        digits=tuple(digit for reading in readings for digit in reading.digits),
        readings=readings,
        stage_ms={stage: sum(page.stage_ms[stage] for page in pages) for stage in STAGES},
    )


def move_page(page: Page, part: Box, width: int, height: int) -> Page:
    """Return the page of a part as a page of the picture, which has this width and height in pixels."""
    if part == Box(0, 0, width, height):
        return page
    digits = tuple(_moved_digit(digit, part) for digit in page.digits)
    readings = tuple(move_reading(reading, part) for reading in page.readings)
    return replace(page, width=width, height=height, digits=digits, readings=readings)


def move_reading(reading: Reading, part: Box) -> Reading:
    """Return a reading of a part in pixels of the picture."""
    digits, undecided = (tuple(_moved_digit(digit, part) for digit in of) for of in (reading.digits, reading.undecided))
    return replace(reading, box=_moved_box(reading.box, part), digits=digits, undecided=undecided)


def _moved_digit(digit: Digit, part: Box) -> Digit:
    return replace(digit, box=_moved_box(digit.box, part))


def _moved_box(box: Box, part: Box) -> Box:
    return box._replace(x=box.x + part.x, y=box.y + part.y)


def _covers(other: Box, box: Box) -> bool:
    w = min(box.right, other.right) - max(box.x, other.x)
    h = min(box.bottom, other.bottom) - max(box.y, other.y)
    return min(w, h) > 0 and w * h > MAX_COVERED_SHARE * box.w * box.h


def _in_order(readings: Iterable[Reading]) -> list[Reading]:
    """Return readings line by line, and from left to right in each line."""
    lines: list[list[Reading]] = []
    for reading in sorted(readings, key=lambda one: one.box.centre[1]):
        if lines and reading.box.centre[1] < lines[-1][0].box.bottom:
            lines[-1].append(reading)
        else:
            lines.append([reading])
    return [reading for line in lines for reading in sorted(line, key=lambda one: one.box.x)]
