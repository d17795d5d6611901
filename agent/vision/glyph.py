"""A glyph: ink that may be one digit, in MNIST's own manner.

The one function that makes them, `normalise`, serves the board, the training on scenes, and the judging of nets.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE_PX = 28
INNER_PX = 20


def normalise(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale ink into a 20x20 square and put its centre of mass at the middle of 28x28.

    This is how MNIST was made (http://yann.lecun.com/exdb/mnist): size-normalised with its aspect ratio kept,
    anti-aliased, then centred by the centre of mass.

    Args:
        ink: uint8 (h, w), bright ink on 0, cropped tight around the ink, at least 1x1.

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
    small = cv2.convertScaleAbs(small, alpha=255 / peak)  # fine strokes fade when they are scaled down
    mass = cv2.moments(small)
    middle = SIZE_PX / 2  # where MNIST has it: its own digits come back unchanged
    left, top = round(middle - mass["m10"] / mass["m00"]), round(middle - mass["m01"] / mass["m00"])
    glyph[max(0, top) : top + inner_h, max(0, left) : left + inner_w] = small[
        max(0, -top) : SIZE_PX - top, max(0, -left) : SIZE_PX - left
    ]
    return glyph
