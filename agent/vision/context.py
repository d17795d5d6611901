"""Contexts: a candidate with everything around it. They show whether it is part of a letter, a line or another digit.

A context has three channels of 32 x 48 pixels. The first one shows the candidate's own ink in the middle of a window
that is two of its sizes high and three wide. The second one shows all ink in this window, with lines and neighbours.
The third one shows a window that is four times as wide and high: printed text, a table, or a number on its own. Pixels
outside the picture are grey, so that half a letter at the edge of the picture does not look like a 1.

The size of a context is also fixed in `INPUT_SHAPES` in `profiles.manifest` and in the `AvgPool2d` of the verifier in
`converters.nets.tiers`. To change it, change all three and train the verifiers again. `converters.data.context`
mixes the contexts that a verifier is trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import Candidate
from agent.vision.glyph import own_ink
from agent.vision.ink import Ink

HEIGHT_PX = 32
"""Height of a context. The verifier is trained with it."""
WIDTH_PX = 48
"""Width of a context. The verifier is trained with it."""
INNER_PX = 16
"""Longer side of the candidate's box in the first two channels. The verifier is trained with it."""
CHANNELS = 3
"""Number of channels of a context: own ink, all ink nearby, all ink further away. The verifier is trained with it."""
FAR_FACTOR = 4
"""Factor by which the window of the third channel is wider and higher. The verifier is trained with it."""
OUTSIDE = 128
"""Value of the pixels outside the picture: neither paper (0) nor ink (255). The verifier is trained with it."""
MIN_WARP_SCALE = 0.6
"""Smallest scale at which a window is warped directly; below it bilinear warping skips pixels, so a smaller copy of
the ink is used. The verifier is trained with it."""
HALVINGS = 2.0 ** np.arange(16)
"""Factors by which smaller copies of the ink are smaller. With more, longer ink than 65,536 pixels can be warped. Not
tuned."""

Strength = NDArray[np.uint8]
"""Ink, uint8 (h, w)."""


def cut_context(ink: Ink, candidates: Sequence[Candidate]) -> NDArray[np.uint8]:
    """Return the contexts of candidates, uint8 (n, 3, 32, 48), bright ink on 0.

    Args:
        ink: the ink of the picture.
        candidates: candidates that were found in this ink.
    """
    return place_in_context(ink, candidates, [own_ink(ink, candidate) for candidate in candidates])


def place_in_context(ink: Ink, candidates: Sequence[Candidate], own: Sequence[Strength]) -> NDArray[np.uint8]:
    """Return the same as `cut_context`; `own` has the ink of each candidate, uint8 (h, w), as `own_ink` returns it."""
    windows = np.zeros((len(candidates), CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    sides = np.array([candidate.box for candidate in candidates], np.float64).reshape(-1, 4)
    scales = INNER_PX / sides[:, 2:].max(axis=1, initial=1)
    for window, strength, scale in zip(windows, own, scales.tolist(), strict=True):
        _place_own(window[0], strength, scale)
    draw_context(windows[:, 1:], ink.strength, sides[:, :2] + sides[:, 2:] / 2, scales)
    return windows


def _place_own(window: Strength, ink: Strength, scale: float) -> None:
    """Draw the ink of a candidate, uint8 (h, w), into the middle of a window."""
    w, h = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = round((HEIGHT_PX - h) / 2), round((WIDTH_PX - w) / 2)
    window[y : y + h, x : x + w] = small


def draw_context(
    windows: NDArray[np.uint8], ink: Strength, centres: NDArray[np.float64], scales: NDArray[np.float64]
) -> None:
    """Draw all ink around points, nearby and further away, into `windows`.

    Args:
        windows: uint8 (n, 2, 32, 48), filled in place.
        ink: all ink, uint8 (h, w).
        centres: x and y of each point, float64 (n, 2).
        scales: pixels of the first window of each point per pixel of ink, float64 (n,). The second window has
            1/`FAR_FACTOR` of this scale, so it shows more.
    """
    sizes = np.stack([scales, scales / FAR_FACTOR], axis=1)
    levels = (sizes[..., None] * HALVINGS < MIN_WARP_SCALE).sum(axis=-1)
    pyramid = [ink]
    for _ in range(levels.max(initial=0)):
        pyramid.append(_half(pyramid[-1]))
    shapes = np.array([source.shape for source in pyramid])[levels]
    matrices = np.zeros((len(windows), 2, 2, 3))
    matrices[..., 0, 0] = sizes * ink.shape[1] / shapes[..., 1]
    matrices[..., 1, 1] = sizes * ink.shape[0] / shapes[..., 0]
    matrices[..., 2] = np.array([WIDTH_PX, HEIGHT_PX]) / 2 - sizes[..., None] * centres[:, None]
    for window, level, matrix in zip(
        chain.from_iterable(windows), levels.ravel().tolist(), matrices.reshape(-1, 2, 3), strict=True
    ):
        cv2.warpAffine(
            pyramid[level], matrix, (WIDTH_PX, HEIGHT_PX), dst=window, flags=cv2.INTER_LINEAR, borderValue=OUTSIDE
        )


def _half(picture: Strength) -> Strength:
    size = [max(1, round(side / 2)) for side in picture.shape[::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
