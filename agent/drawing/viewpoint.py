"""The position of a camera above a sheet of paper."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""Width and height, in pixels."""
Offset = tuple[float, float]
"""A shift: x to the right and y down, in pixels."""


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


FOCAL_SHARE = 1.2
"""Focal length of a phone's camera, in longer sides of its frame. A smaller one has a stronger perspective."""


def tilted_view(
    sheet_px: Size,
    frame_px: Size,
    *,
    tilt_deg: float,
    towards_deg: float,
    angle_deg: float,
    fill: float,
) -> NDArray[np.float64]:
    """Return the homography from a sheet to the frame of a camera that looks at its centre from the side.

    Args:
        sheet_px: size of the sheet's image.
        frame_px: size of the frame.
        tilt_deg: angle between the camera's axis and the vertical, in degrees.
        towards_deg: side of the sheet on which the camera is, in degrees clockwise from its right edge.
        angle_deg: rotation of the sheet in the image, clockwise, in degrees.
        fill: share of the frame that the sheet takes, along the side where it takes the larger share.

    Returns:
        float64 (3, 3).
    """
    tilt, towards, angle = (math.radians(value) for value in (tilt_deg, towards_deg, angle_deg))
    focal = FOCAL_SHARE * max(frame_px)
    to_axis, back = _rotation(2, -towards), _rotation(2, towards + angle)
    columns = (back @ _rotation(1, tilt) @ to_axis)[:, :2]
    sheet_centre = np.array([0.0, 0.0, focal])
    camera = np.array([[focal, 0, 0], [0, focal, 0], [0, 0, 1.0]])
    centred = np.array([[1, 0, -sheet_px[0] / 2], [0, 1, -sheet_px[1] / 2], [0, 0, 1.0]])
    scale = 1e-6
    corners = np.array([(x, y, 1.0) for x in (0, sheet_px[0]) for y in (0, sheet_px[1])]).T
    half = np.array(frame_px) / 2
    for _ in range(8):  # a nearer sheet has a stronger perspective, so its size is found step by step
        homography = camera @ np.column_stack([scale * columns, sheet_centre]) @ centred
        mapped = homography @ corners
        scale *= fill / float((np.abs(mapped[:2] / mapped[2]).max(axis=1) / half).max())
    to_frame = np.array([[1, 0, half[0]], [0, 1, half[1]], [0, 0, 1.0]])
    return np.asarray(to_frame @ camera @ np.column_stack([scale * columns, sheet_centre]) @ centred, np.float64)


def _rotation(axis: int, angle_rad: float) -> NDArray[np.float64]:
    """Return the matrix of a rotation about an axis (0, 1 or 2), float64 (3, 3)."""
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[one, other, one, other], [one, other, other, one]] = cos, cos, -sin, sin
    return matrix
