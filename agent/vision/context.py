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
"""Number of channels of a context: own ink, all ink nearby, all ink further away."""
FAR_FACTOR = 4
"""Factor by which the window of the third channel is wider and higher. The verifier is trained with it."""
OUTSIDE = 128
"""Value of the pixels outside the picture: neither paper (0) nor ink (255). The verifier is trained with it."""
MIN_WARP_SCALE = 0.6
"""Smallest scale at which a window is warped directly; below it bilinear warping skips pixels, so a smaller copy of
the ink is used. The verifier is trained with it."""

Strength = NDArray[np.uint8]
"""Ink, uint8 (h, w)."""


def cut_context(ink: Ink, candidates: Sequence[Candidate]) -> NDArray[np.uint8]:
    """Return the contexts of candidates, uint8 (n, 3, 32, 48), bright ink on 0.

    Args:
        ink: the ink of the picture.
        candidates: candidates that were found in this ink.
    """
    pyramid = [ink.strength]
    windows = np.zeros((len(candidates), CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    for window, candidate in zip(windows, candidates, strict=True):
        scale = INNER_PX / max(candidate.box.w, candidate.box.h)
        _place_own(window[0], own_ink(ink, candidate), scale)
        draw_context(window[1:], pyramid, candidate.box.centre, scale)
    return windows


def _place_own(window: Strength, ink: Strength, scale: float) -> None:
    """Draw the ink of a candidate, uint8 (h, w), into the middle of a window."""
    w, h = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = round((HEIGHT_PX - h) / 2), round((WIDTH_PX - w) / 2)
    window[y : y + h, x : x + w] = small


def draw_context(windows: Strength, pyramid: list[Strength], centre: tuple[float, float], scale: float) -> None:
    """Draw all ink around a point, nearby and further away, into `windows`.

    Args:
        windows: uint8 (2, 32, 48), filled in place.
        pyramid: the ink, uint8 (h, w), followed by copies of half the size each; missing copies are appended.
        centre: x and y of the point.
        scale: pixels of the first window per pixel of ink. The second window has 1/`FAR_FACTOR` of this scale, so it
            shows more.
    """
    for window, size in zip(windows, (scale, scale / FAR_FACTOR), strict=True):
        level = 0
        while size * 2**level < MIN_WARP_SCALE:
            level += 1
        while len(pyramid) <= level:
            pyramid.append(_half(pyramid[-1]))
        source = pyramid[level]
        scale_x, scale_y = (size * pyramid[0].shape[axis] / source.shape[axis] for axis in (1, 0))
        shift_x, shift_y = WIDTH_PX / 2 - size * centre[0], HEIGHT_PX / 2 - size * centre[1]
        matrix = np.array([[scale_x, 0, shift_x], [0, scale_y, shift_y]])
        cv2.warpAffine(source, matrix, (WIDTH_PX, HEIGHT_PX), dst=window, flags=cv2.INTER_LINEAR, borderValue=OUTSIDE)


def _half(picture: Strength) -> Strength:
    size = [max(1, round(side / 2)) for side in picture.shape[::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
