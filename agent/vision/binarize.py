"""Binarize ink: make a mask and remove ruled lines and form boxes from it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.components import Components, digit_height, find_components
from agent.vision.form_boxes import remove_form_boxes
from agent.vision.ink import Ink
from agent.vision.ruled_lines import remove_ruled_lines

Mask = NDArray[np.uint8]

MIN_COMPONENT_PX = 9
"""Smallest height or width, in working pixels, at which a component can be recognised; in an enlarged picture it grows
with the scale. Raising it loses small digits, lowering it lets specks in. Chosen by trial on drawn pages and the sample
pictures."""
MAX_MASK_THRESHOLD = 250
"""Highest strength, of 255, at which a mask is made, so that the strongest ink is always in it. Lowering it lets weaker
ink into the masks of large factors. Not tuned. The sensitivity run found no effect at ±20 %."""
MAX_SPECK_SHARE = 0.28
"""A mask may be texture if the boxes of its specks cover more than this share of its ink. Raising it lets grainy blank
pages through, lowering it drops pages with fine print. Chosen by trial on drawn pages and the sample pictures. The
sensitivity run found no effect at ±20 %."""
TEXTURE_GRID = 6
"""The mask is divided into this many rows and columns to find out whether its specks are everywhere. Raising it makes
the cells smaller. Not tuned. The sensitivity run found no effect at ±20 %."""
MIN_TEXTURE_CELLS = 0.6
"""A mask is texture if more than this share of the cells of the grid has specks. Raising it lets grainy blank pages
through. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


class Binarized(NamedTuple):
    """A mask and the writing in it."""

    mask: Mask
    """uint8 (h, w) of 0 and 1: all ink above the threshold, with ruled lines and form boxes."""
    written: Components
    """Components without ruled lines and form boxes."""
    digit_px: float
    """Estimated height of the digits in working pixels."""
    min_px: float
    """Smallest height or width in working pixels at which a component can be recognised."""


def binarize(ink: Ink, factor: float) -> Binarized:
    """Make a mask at `factor` times the threshold of the ink, without ruled lines and form boxes.

    If the mask is only texture, it has no written components.
    """
    _, mask = cv2.threshold(ink.strength, min(MAX_MASK_THRESHOLD, ink.threshold * factor), 1, cv2.THRESH_BINARY)
    min_px = MIN_COMPONENT_PX * max(1.0, ink.scale)
    components = find_components(np.asarray(mask, np.uint8))
    if _is_texture(components, min_px):
        return Binarized(components.mask, Components(components.mask, components.boxes[:0], []), min_px, min_px)
    without_boxes = remove_form_boxes(components)
    digit_px = digit_height(without_boxes, min_px)
    return Binarized(components.mask, remove_ruled_lines(without_boxes, digit_px), digit_px, min_px)


def printed_lines(binarized: Binarized) -> Mask:
    """Return the pixels of the ruled lines and form boxes, uint8 (h, w) of 0 and 1."""
    return np.asarray(cv2.subtract(binarized.mask, binarized.written.mask), np.uint8)


def _is_texture(components: Components, min_px: float) -> bool:
    """Return whether a mask is only texture: mostly specks, and specks in most parts of the page.

    The grain of a blank page is such a texture. The specks of fine print and of dotted lines are only in some parts.
    """
    specks = components.boxes[components.boxes[:, 2:].max(axis=1, initial=0) < min_px]
    if specks[:, 2:].prod(axis=1).sum() <= MAX_SPECK_SHARE * cv2.countNonZero(components.mask):
        return False
    cells = specks[:, :2] * (TEXTURE_GRID, TEXTURE_GRID) // components.mask.shape[::-1]
    return len(np.unique(cells, axis=0)) > MIN_TEXTURE_CELLS * TEXTURE_GRID**2
