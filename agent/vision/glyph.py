"""Glyphs: the ink of a candidate, scaled and centred as in MNIST.

The board, the training on scenes and the evaluation of nets all use the function `normalise`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import Candidate
from agent.vision.ink import Ink

SIZE_PX = 28
"""Width and height of a glyph, as in MNIST."""
INNER_PX = 20
"""Longer side of the ink in a glyph, as in MNIST."""


def cut_glyph(ink: Ink, candidate: Candidate) -> NDArray[np.uint8]:
    """Return the ink of a candidate as a glyph, uint8 (28, 28), without the ink of its neighbours."""
    return normalise(own_ink(ink, candidate))


def own_ink(ink: Ink, candidate: Candidate) -> NDArray[np.uint8]:
    """Return the ink of a candidate, uint8 (h, w), as large as its box, without the ink of its neighbours."""
    box = candidate.box
    strength = ink.strength[box.y : box.bottom, box.x : box.right]
    if len(candidate.atoms) == 1:
        return strength * candidate.atoms[0].mask
    mask = np.zeros((box.h, box.w), np.uint8)
    for atom in candidate.atoms:
        x, y = atom.box.x - box.x, atom.box.y - box.y
        mask[y : y + atom.box.h, x : x + atom.box.w] |= atom.mask
    return strength * mask


def normalise(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale ink into a square of 20 pixels and put its centre of mass at the middle of 28 x 28 pixels.

    MNIST was made in this way (http://yann.lecun.com/exdb/mnist): scaled with its aspect ratio kept, anti-aliased, then
    centred by the centre of mass.

    Args:
        ink: uint8 (h, w), bright ink on 0, cropped to the ink, at least 1 x 1.

    Returns:
        uint8 (28, 28), bright ink on 0.
    """
    h, w = ink.shape
    scale = INNER_PX / max(h, w)
    inner_w, inner_h = max(1, round(w * scale)), max(1, round(h * scale))
    small = cv2.resize(ink, (inner_w, inner_h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, peak, _, _ = cv2.minMaxLoc(small)
    glyph = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    if peak == 0:
        return glyph
    small = cv2.convertScaleAbs(small, alpha=255 / peak)  # thin strokes fade when they are scaled down
    mass = cv2.moments(small)
    middle = SIZE_PX / 2  # the same middle as in MNIST, whose digits come back unchanged
    left, top = round(middle - mass["m10"] / mass["m00"]), round(middle - mass["m01"] / mass["m00"])
    glyph[max(0, top) : top + inner_h, max(0, left) : left + inner_w] = small[
        max(0, -top) : SIZE_PX - top, max(0, -left) : SIZE_PX - left
    ]
    return glyph
