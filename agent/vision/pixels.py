"""Convert pictures of several kinds to the one kind that the pipeline reads: BGR, uint8 (H, W, 3)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from profiles.errors import UsageError

Pixels = NDArray[np.uint8]
"""BGR, uint8 (H, W, 3)."""
KINDS = "uint8: BGR (H, W, 3), grey (H, W) or BGRA (H, W, 4); or float 0..1: BGR (H, W, 3) or grey (H, W)"


def to_bgr(picture: object) -> Pixels:
    """Return a picture as BGR, uint8 (H, W, 3); a picture of this kind is returned unchanged, not copied.

    The colour order cannot be checked: RGB is read as if it were BGR.

    Args:
        picture: uint8 BGR (H, W, 3), grey (H, W) or BGRA (H, W, 4), where transparent pixels become white; or float
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
    return lay_on_white(pixels) if channels == 4 else pixels


def lay_on_white(bgra: NDArray[np.uint8]) -> Pixels:
    """Draw a picture with an alpha channel, BGRA uint8 (H, W, 4), on a white background.

    The colour of transparent pixels is often black, and would be read as ink.
    """
    alpha = cv2.cvtColor(bgra[..., 3], cv2.COLOR_GRAY2BGR)
    ink = cv2.multiply(bgra[..., :3], alpha, scale=1 / 255)
    return np.asarray(cv2.add(ink, cv2.bitwise_not(alpha)), np.uint8)


def _from_float(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    low, high = float(picture.min()), float(picture.max())
    if not (low >= 0 and high <= 1):  # also true for NaN
        raise UsageError(
            f"a float picture must have values from 0 to 1, not {low:g} to {high:g}",
            advice="scale it, or convert it to uint8",
        )
    return np.asarray(np.rint(picture * 255), np.uint8)
