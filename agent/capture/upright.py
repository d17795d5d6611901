"""Turn pictures upright as their EXIF orientation says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from agent.vision.pixels import Pixels

ORIENTATION_TAG = 0x0112
"""EXIF tag of the orientation."""
STORED_VIEWS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
}
"""The view of an upright picture in which its pixels lie as stored in the file, by EXIF orientation."""


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of a picture, 1 to 8; 1 is upright, and stands for a missing or damaged one too."""
    try:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - Pillow raises errors of many kinds; a picture without its EXIF is still a picture
        return 1
    return orientation if orientation in STORED_VIEWS else 1


def upright_canvas(width: int, height: int, orientation: int) -> tuple[Pixels, Pixels]:
    """Return an empty upright picture, and its view to which the pixels are written in the order of the file.

    Args:
        width: width as stored, in pixels.
        height: height as stored, in pixels.
        orientation: EXIF orientation, 1 to 8.

    Returns:
        The upright picture, BGR uint8 (H, W, 3); and the same memory as uint8 (height, width, 3).
    """
    upright = np.empty((height, width, 3) if orientation < 5 else (width, height, 3), np.uint8)
    return upright, STORED_VIEWS[orientation](upright) if orientation in STORED_VIEWS else upright
