"""Ruled lines and grids: find them as long thin runs in a mask, and remove them without cutting the digits on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.components import Components, cut_out, find_components

Mask = NDArray[np.uint8]

MIN_LINE_HEIGHTS = 2.5
"""A ruled line is longer than this many heights of a digit. Lowering it takes bars of digits for lines. Chosen by trial
on drawn pages and the sample pictures."""
MIN_RUN_HEIGHTS = 0.9
"""A ruled line consists of straight runs at least this many heights of a digit long; shorter ones may be bars of
digits. Raising it leaves short lines in the ink. Chosen by trial on drawn pages and the sample pictures."""
MIN_SLIMNESS = 12
"""A ruled line is at least this many times as long as thick. Raising it leaves thick lines in the ink. Chosen by trial
on drawn pages and the sample pictures."""
MIN_RUN_PX = 8
"""Shortest straight run in working pixels, also for small digits. Raising it misses lines in small pictures. Chosen by
trial on drawn pages and the sample pictures."""
MIN_CROSSING_EXTRA_PX = 3
"""A stroke crosses a ruled line if it is longer than the line is thick by at least this many working pixels. Raising it
cuts more strokes where they meet a line, lowering it keeps parts of lines. Chosen by trial."""
MAX_RUN_STEP_PX = 1
"""Pixels next to a straight run belong to the line up to this many working pixels above and below the run, because a
line may lean or be rough. Raising it cuts into digits on the line. Chosen by trial."""


def remove_ruled_lines(components: Components, digit_px: float) -> Components:
    """Return the components of a mask without horizontal and vertical lines.

    Args:
        components: components of the mask. The same object is returned if there are no lines.
        digit_px: estimated height of the digits in working pixels.
    """
    long = cut_out(components, MIN_LINE_HEIGHTS * digit_px)
    if not long:
        return components
    lines = np.zeros_like(components.mask)
    for atom in long:
        x, y, w, h = atom.box
        here = lines[y : y + h, x : x + w]
        here |= horizontal_lines(atom.mask, MIN_LINE_HEIGHTS * digit_px, MIN_RUN_HEIGHTS * digit_px, MIN_SLIMNESS)
        here |= vertical_lines(atom.mask, MIN_LINE_HEIGHTS * digit_px, MIN_RUN_HEIGHTS * digit_px, MIN_SLIMNESS)
    return without(components, lines)


def without(components: Components, lines: Mask) -> Components:
    """Return the components of a mask without some of its pixels; the same object if there are none."""
    if not lines.any():
        return components
    return find_components(np.asarray(components.mask & ~lines, np.uint8))


def run_length(run_px: float) -> int:
    """Return the number of pixels of a run of `run_px`: rounded, and at least `MIN_RUN_PX`."""
    return max(MIN_RUN_PX, round(run_px))


def vertical_lines(mask: Mask, span_px: float, run_px: float, slimness: float) -> Mask:
    """Return the pixels of vertical lines; arguments as in `horizontal_lines`."""
    return _transposed(horizontal_lines(_transposed(mask), span_px, run_px, slimness))


def horizontal_lines(mask: Mask, span_px: float, run_px: float, slimness: float) -> Mask:
    """Return the pixels of horizontal lines, uint8 (h, w) of 0 and 1. Pixels where a stroke crosses a line are 0.

    Args:
        mask: uint8 (h, w) of 0 and 1.
        span_px: smallest length of a line.
        run_px: smallest length of the straight runs in it; at least `MIN_RUN_PX` is used.
        slimness: a line is at least this many times as long as thick.
    """
    lines = np.zeros_like(mask)
    run = run_length(run_px)
    if mask.shape[1] < span_px:
        return lines
    runs = _open(mask, np.ones((1, run), np.uint8))
    if not runs.any():
        return lines
    thick_runs = cv2.dilate(runs, np.ones((2 * MAX_RUN_STEP_PX + 1, run), np.uint8))
    joined = np.asarray(cv2.bitwise_and(thick_runs, mask), np.uint8)
    for line in cut_out(find_components(joined), span_px):
        x, y, w, h = line.box
        thickness = line.area / w
        if w < span_px or thickness * slimness > w:
            continue
        longer = round(thickness) + MIN_CROSSING_EXTRA_PX
        top = min(y, longer)
        crossing = _open(mask[y - top : y + h + longer, x : x + w], np.ones((longer, 1), np.uint8))
        lines[y : y + h, x : x + w] |= line.mask & (1 - crossing[top : top + h])
    return lines


def _transposed(mask: Mask) -> Mask:
    """Return the transposed mask."""
    return np.asarray(cv2.transpose(mask), np.uint8)


def _open(mask: Mask, kernel: Mask) -> Mask:
    """Morphological opening that takes the outside for paper; the default of OpenCV takes it for ink."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(opened, np.uint8)
