"""Convert pictures of several kinds to the one kind that the pipeline reads: BGR, uint8 (H, W, 3)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from profiles.errors import UsageError

Pixels = NDArray[np.uint8]
"""Colour picture, BGR uint8 (H, W, 3)."""
KINDS = "uint8: BGR (H, W, 3), grey (H, W) or BGRA (H, W, 4); or float 0..1: BGR (H, W, 3) or grey (H, W)"
MAX_INK_SHARE = 0.5
"""A transparent picture with a larger visible share shows its own paper. Raising it takes light paper for ink. A guess
that was never measured."""
MAX_DARK_SHARE = 0.01
"""Share of the visible pixels of light ink that may be dark. Raising it takes dark ink on light paper for light ink. A
guess that was never measured."""


def to_bgr(picture: object) -> Pixels:
    """Return a picture as BGR, uint8 (H, W, 3); a picture of this kind is returned unchanged, not copied.

    The colour order cannot be checked: RGB is read as if it were BGR.

    Args:
        picture: uint8 BGR (H, W, 3), grey (H, W) or BGRA (H, W, 4), where transparent pixels become white, or
            black behind light ink; or float
            0..1, BGR (H, W, 3) or grey (H, W).

    Raises:
        UsageError: it is not such an array, it is empty, or it has NaN or values outside 0..1.
    """
    if picture is None:
        raise UsageError(
            "there is no picture: None",
            advice="cv2.imread returns None for a file that it cannot read; pass the path of the file instead",
        )
    if not isinstance(picture, np.ndarray):
        raise UsageError(
            f"a picture must be a path or an array, not {type(picture).__name__}",
            advice="convert it with numpy.asarray",
        )
    is_float = np.issubdtype(picture.dtype, np.floating)
    channels = 1 if picture.ndim == 2 else picture.shape[2] if picture.ndim == 3 else 0
    valid_shape = picture.ndim == 2 or (picture.ndim == 3 and channels in ((3,) if is_float else (3, 4)))
    if not (is_float or picture.dtype == np.uint8) or not valid_shape or picture.size == 0:
        raise UsageError(f"a picture cannot be {picture.dtype} {picture.shape}", advice=f"pass {KINDS}")
    pixels = _from_float(picture) if is_float else picture
    if channels == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    if channels == 4:
        light_ink = is_light_ink(visible_histogram(pixels), pixels.shape[0] * pixels.shape[1])
        return lay_on(pixels, white=not light_ink)
    return pixels


def lay_on(bgra: NDArray[np.uint8], *, white: bool) -> Pixels:
    """Draw a picture with an alpha channel, BGRA uint8 (H, W, 4), on white or on black.

    The colour of transparent pixels is often black, and would be read as ink.
    """
    alpha = cv2.cvtColor(bgra[..., 3], cv2.COLOR_GRAY2BGR)
    ink = cv2.multiply(bgra[..., :3], alpha, scale=1 / 255)
    return np.asarray(cv2.add(ink, cv2.bitwise_not(alpha)) if white else ink, np.uint8)


def visible_histogram(bgra: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return how many of the visible pixels have each brightness, int (256,); visible is at least half opaque."""
    grey = cv2.cvtColor(bgra, cv2.COLOR_BGRA2GRAY)
    return np.bincount(grey[bgra[..., 3] >= 128], minlength=256)


def is_light_ink(visible: NDArray[np.intp], pixels: int) -> bool:
    """Return whether a transparent picture is light ink, which would be lost on a white background.

    Args:
        visible: result of `visible_histogram`.
        pixels: number of pixels of the picture.
    """
    count = int(visible.sum())
    return 0 < count < MAX_INK_SHARE * pixels and int(visible[:128].sum()) <= MAX_DARK_SHARE * count


def _from_float(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    low, high = float(picture.min()), float(picture.max())
    if not (low >= 0 and high <= 1):  # also true for NaN
        raise UsageError(
            f"a float picture must have values from 0 to 1, not {low:g} to {high:g}",
            advice="scale it, or convert it to uint8",
        )
    return np.asarray(np.rint(picture * 255), np.uint8)
