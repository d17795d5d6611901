"""Strokes: what one mask of the ink shows, without ruled lines and boxes; and ink as it is beside darker ink."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.components import LEAST_PX, Components, digit_height, find_components
from agent.vision.form_boxes import remove_form_boxes
from agent.vision.ink import Ink, extract_faint, rescale_without_print
from agent.vision.ruled_lines import remove_ruled_lines

Mask = NDArray[np.uint8]

MOST_SPECKS = 0.28
"""Boxes of specks may cover so much, as a share of a mask's ink."""
GRAIN_CELLS = 6
"""A picture is parted into so many rows and columns ..."""
MOST_GRAINY = 0.6
"""... of whose cells so many may hold specks."""
PRINT_FACTOR = 0.7
"""Lines that may be darker than what is written are sought at this multiple of the ink's level."""
FAINT = 0.35
"""Ink that is nowhere darker than the level, be it darker than this share of it, no mask shows well."""
FAINT_FACTOR = 0.9
"""What is written so faintly is told from a mask at this multiple of its own level."""
HALO_PX = 7
"""What lies so close around other ink is its blurred border."""
MOST_KNOWN = 0.1
"""A component of fainter writing is covered by other ink at most so far ..."""
LEAST_NEW = 4
"""... and at least so many are large enough for digits ..."""
MOST_NEW_SPECKS = 25
"""... with at most so many specks for each."""


class Binarized(NamedTuple):
    """What one mask shows."""

    mask: Mask
    """uint8 (h, w) of 0 and 1: all ink, ruled lines and boxes included."""
    written: Components
    """Without these."""
    digit_px: float
    """About how high digits are."""
    least_px: float
    """Below it nothing can be told."""


def binarize(ink: Ink, factor: float) -> Binarized:
    """One mask, cut at `factor` times the ink's level, and what is written in it."""
    _, mask = cv2.threshold(ink.strength, min(250, ink.threshold * factor), 1, cv2.THRESH_BINARY)
    least_px = LEAST_PX * max(1.0, ink.scale)
    components = find_components(np.asarray(mask, np.uint8))
    if _is_texture(components, least_px):
        return Binarized(components.mask, Components(components.mask, components.boxes[:0], []), least_px, least_px)
    unframed = remove_form_boxes(components)
    digit_px = digit_height(unframed, least_px)
    return Binarized(components.mask, remove_ruled_lines(unframed, digit_px), digit_px, least_px)


def _is_texture(components: Components, least_px: float) -> bool:
    """Whether too much of a mask is specks: a blank page's grain, out of which chance makes shapes of any kind.

    Grain is everywhere; fine print and dotted lines are not.
    """
    specks = components.boxes[components.boxes[:, 2:].max(axis=1, initial=0) < least_px]
    if specks[:, 2:].prod(axis=1).sum() <= MOST_SPECKS * cv2.countNonZero(components.mask):
        return False
    cells = specks[:, :2] * (GRAIN_CELLS, GRAIN_CELLS) // components.mask.shape[::-1]
    return len(np.unique(cells, axis=0)) > MOST_GRAINY * GRAIN_CELLS**2


def beside_print(ink: Ink) -> Ink:
    """The ink as it is beside ruled lines and boxes, which may be far darker than what is written."""
    strokes = binarize(ink, PRINT_FACTOR)
    lines = cv2.subtract(strokes.mask, strokes.written.mask)
    if not cv2.countNonZero(lines):
        return ink
    _, labels = cv2.connectedComponents(strokes.mask)
    with_lines = np.bincount(labels[lines > 0], minlength=labels.max() + 1) > 0  # corners and the teeth of combs, too
    return rescale_without_print(ink, with_lines[labels].astype(np.uint8))


def beside_ink(ink: Ink) -> Ink | None:
    """The ink as it is of what is so faint that no mask shows it; None where nothing of a digit's size is.

    Beside print, a marker, or the dark table that a sheet lies on, pencil is little more than the paper's texture.
    """
    _, shown = cv2.threshold(ink.strength, FAINT * ink.threshold, 1, cv2.THRESH_BINARY)
    _, labels = cv2.connectedComponents(shown)
    dark = np.bincount(labels[ink.strength > ink.threshold], minlength=labels.max() + 1) > 0
    dark[0] = False  # the paper
    halo = np.ones((HALO_PX, HALO_PX), np.uint8)
    known = np.asarray(cv2.dilate(dark[labels].astype(np.uint8), halo), np.uint8)
    faint = extract_faint(ink, known)
    if faint is None:
        return None
    strokes = binarize(faint, FAINT_FACTOR)
    x, y, w, h = strokes.written.boxes.T
    sums = cv2.integral(known)
    covered = sums[y + h, x + w] - sums[y, x + w] - sums[y + h, x] + sums[y, x]
    new = covered < MOST_KNOWN * w * h
    large = int((new & (np.maximum(w, h) >= strokes.least_px)).sum())
    specks = int(new.sum()) - large
    return faint if large >= LEAST_NEW and specks <= MOST_NEW_SPECKS * large else None
