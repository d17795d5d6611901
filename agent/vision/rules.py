"""Ruled lines, grids and boxes: found as long thin runs in a mask, and taken out without cutting the digits on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

SPAN_HEIGHTS = 2.5
"""A line is longer than this many digits are high."""
RUN_HEIGHTS = 0.9
"""Straight runs this long are pieces of lines; shorter ones may be a digit's bar."""
SLIMNESS = 12
"""A line is at least this many times longer than it is thick."""


def remove_rules(mask: Mask, digit_px: float) -> Mask:
    """The mask, uint8 (h, w) of 0 and 1, without level and upright lines.

    Args:
        mask: ink is 1.
        digit_px: about how high digits are; lines are told by being much longer.
    """
    level = _lines(mask, digit_px)
    upright = np.ascontiguousarray(_lines(np.ascontiguousarray(mask.T), digit_px).T)
    return np.asarray(mask & ~(level | upright), np.uint8)


def _lines(mask: Mask, digit_px: float) -> Mask:
    """The pixels of level lines, but those where a stroke crosses."""
    lines = np.zeros_like(mask)
    run = max(8, round(RUN_HEIGHTS * digit_px))
    if run >= mask.shape[1]:
        return lines
    runs = _open(mask, np.ones((1, run), np.uint8))
    joined = cv2.bitwise_and(cv2.dilate(runs, np.ones((3, run), np.uint8)), mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= SPAN_HEIGHTS * digit_px):
        x, y, w, h, area = (int(v) for v in stats[label])
        thickness = area / w
        if label == 0 or thickness * SLIMNESS > w:
            continue
        longer = round(thickness) + 3
        here = np.s_[max(0, y - longer) : y + h + longer, x : x + w]
        crossing = _open(mask[here], np.ones((longer, 1), np.uint8))
        lines[here] |= (labels[here] == label).astype(np.uint8) & (1 - crossing)
    return lines


def _open(mask: Mask, kernel: Mask) -> Mask:
    """Morphological opening that takes what lies outside for paper; OpenCV's own default takes it for ink."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(opened, np.uint8)
