"""Glyphs: the ink of a candidate, scaled and centred as in MNIST.

The board, the training on scenes and the evaluation of nets all use the function `normalise_each`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import Candidate
from agent.vision.ink import Ink

SIZE_PX = 28
"""Width and height of a glyph. Fixed by the format of MNIST."""
INNER_PX = 20
"""Longer side of the ink in a glyph. Fixed by the format of MNIST."""


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
    """Return the glyph of one ink; argument and result as one row of `normalise_each`."""
    return np.asarray(normalise_each([ink])[0], np.uint8)


def normalise_each(inks: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Scale ink into a square of 20 pixels and put its centre of mass at the middle of 28 x 28 pixels.

    MNIST was made in this way (http://yann.lecun.com/exdb/mnist): scaled with its aspect ratio kept, anti-aliased, then
    centred by the centre of mass.

    Args:
        inks: each uint8 (h, w), bright ink on 0, cropped to the ink, at least 1 x 1.

    Returns:
        uint8 (n, 28, 28), bright ink on 0.
    """
    small = np.zeros((len(inks), INNER_PX, INNER_PX), np.uint8)
    for square, ink in zip(small, inks, strict=True):
        h, w = ink.shape
        scale = INNER_PX / max(h, w)
        size = max(1, round(w * scale)), max(1, round(h * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        square[: size[1], : size[0]] = cv2.resize(ink, size, interpolation=method)
    # Thin strokes fade when they are scaled down, so each glyph gets full strength again.
    peaks = np.maximum(small.max(axis=(1, 2), keepdims=True), 1)
    strong = np.rint(small * (255 / peaks).astype(np.float32)).astype(np.uint8)
    # Each square is laid on a wide paper, and the glyph is the window with its centre of mass in the middle.
    wide = np.zeros((len(inks), SIZE_PX + INNER_PX, SIZE_PX + INNER_PX), np.uint8)
    middle = SIZE_PX // 2  # the same middle as in MNIST, whose digits come back unchanged
    wide[:, middle : middle + INNER_PX, middle : middle + INNER_PX] = strong
    rows, columns = strong.sum(axis=2), strong.sum(axis=1)
    mass = np.maximum(rows.sum(axis=1), 1)
    top, left = (middle - np.rint(middle - sums @ np.arange(INNER_PX) / mass).astype(int) for sums in (rows, columns))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIZE_PX, SIZE_PX), axis=(1, 2))
    return np.asarray(windows[np.arange(len(inks)), top, left], np.uint8)
