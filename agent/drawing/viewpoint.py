"""The position of a camera above a sheet of paper."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""Width and height, in pixels."""
Offset = tuple[float, float]
"""x to the right and y down, in pixels."""


def sheet_to_frame(
    sheet_px: Size,
    frame_px: Size,
    *,
    zoom: float,
    angle_rad: float,
    tilt: tuple[float, float],
    sheet_offset_px: Offset = (0, 0),
    frame_offset_px: Offset = (0, 0),
) -> NDArray[np.float64]:
    """Return the homography from the pixels of a sheet to the pixels of a camera's frame.

    Args:
        sheet_px: size of the sheet's image.
        frame_px: size of the frame.
        zoom: frame pixels per sheet pixel.
        angle_rad: rotation about the camera's axis, clockwise in the image.
        tilt: the perspective terms of x and y, per sheet pixel after zoom.
        sheet_offset_px: what to add to the sheet's centre to get the point that the camera aims at.
        frame_offset_px: what to add to the frame's centre to get the place where that point appears.

    Returns:
        float64 (3, 3).
    """
    cos, sin = zoom * math.cos(angle_rad), zoom * math.sin(angle_rad)
    from_centre = np.array(
        [[1, 0, -sheet_px[0] / 2 - sheet_offset_px[0]], [0, 1, -sheet_px[1] / 2 - sheet_offset_px[1]], [0, 0, 1]]
    )
    rotation = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    perspective = np.array([[1, 0, 0], [0, 1, 0], [tilt[0], tilt[1], 1]])
    to_frame = np.array(
        [[1, 0, frame_px[0] / 2 + frame_offset_px[0]], [0, 1, frame_px[1] / 2 + frame_offset_px[1]], [0, 0, 1]]
    )
    return np.asarray(to_frame @ perspective @ rotation @ from_centre, np.float64)
