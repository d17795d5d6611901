"""Ruled lines, grids and boxes: found as long thin runs in a mask, and taken out without cutting the digits on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.components import Components, cut_out, find_components

Mask = NDArray[np.uint8]

SPAN_HEIGHTS = 2.5
"""A line is longer than this many digits are high."""
RUN_HEIGHTS = 0.9
"""Straight runs this long are pieces of lines; shorter ones may be a digit's bar."""
SLIMNESS = 12
"""A line is at least this many times longer than it is thick."""
LEAST_RUN_PX = 8
"""Shorter runs are nothing."""


def remove_ruled_lines(components: Components, digit_px: float) -> Components:
    """The components of a mask without level and upright lines.

    Args:
        components: of the mask with lines; they are given back where there are none.
        digit_px: about how high digits are; lines are told by being much longer.
    """
    long = cut_out(components, SPAN_HEIGHTS * digit_px)
    if not long:
        return components
    rules = np.zeros_like(components.mask)
    for atom in long:
        x, y, w, h = atom.box
        here = rules[y : y + h, x : x + w]
        here |= horizontal_lines(atom.mask, SPAN_HEIGHTS * digit_px, RUN_HEIGHTS * digit_px, SLIMNESS)
        here |= vertical_lines(atom.mask, SPAN_HEIGHTS * digit_px, RUN_HEIGHTS * digit_px, SLIMNESS)
    return without(components, rules)


def without(components: Components, lines: Mask) -> Components:
    """The components of a mask without some of its pixels; the same ones where there are none."""
    if not lines.any():
        return components
    return find_components(np.asarray(components.mask & ~lines, np.uint8))


def run_length(run_px: float) -> int:
    """How many pixels a straight run has at least that is to be `run_px` long."""
    return max(LEAST_RUN_PX, round(run_px))


def vertical_lines(mask: Mask, span_px: float, run_px: float, slimness: float) -> Mask:
    """As `horizontal_lines`, from top to bottom."""
    return _turned(horizontal_lines(_turned(mask), span_px, run_px, slimness))


def horizontal_lines(mask: Mask, span_px: float, run_px: float, slimness: float) -> Mask:
    """The pixels of level lines, but those where a stroke crosses.

    Args:
        mask: uint8 (h, w) of 0 and 1.
        span_px: how long they are at least.
        run_px: how long the straight runs are at least that they consist of; never less than LEAST_RUN_PX.
        slimness: how many times longer than thick they are at least.
    """
    lines = np.zeros_like(mask)
    run = run_length(run_px)
    if mask.shape[1] < span_px:
        return lines
    runs = _open(mask, np.ones((1, run), np.uint8))
    if not runs.any():
        return lines
    joined = np.asarray(cv2.bitwise_and(cv2.dilate(runs, np.ones((3, run), np.uint8)), mask), np.uint8)
    for line in cut_out(find_components(joined), span_px):
        x, y, w, h = line.box
        thickness = line.area / w
        if w < span_px or thickness * slimness > w:
            continue
        longer = round(thickness) + 3
        top = min(y, longer)
        crossing = _open(mask[y - top : y + h + longer, x : x + w], np.ones((longer, 1), np.uint8))
        lines[y : y + h, x : x + w] |= line.mask & (1 - crossing[top : top + h])
    return lines


def _turned(mask: Mask) -> Mask:
    return np.asarray(cv2.transpose(mask), np.uint8)


def _open(mask: Mask, kernel: Mask) -> Mask:
    """Morphological opening that takes what lies outside for paper; OpenCV's own default takes it for ink."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(opened, np.uint8)
