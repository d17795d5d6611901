"""Rough masks of hands over a page: they hide digits, move, and differ from paper and ink."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Point = tuple[float, float]

SKIN_COLOURS = ((140, 170, 214), (96, 134, 190), (62, 92, 140), (46, 66, 104))
"""Colours of skin, BGR."""
FINGERS = ((-0.55, 0.9), (-0.18, 1.06), (0.18, 1.0), (0.52, 0.8))
"""Direction of each finger, in radians relative to the hand, and its length in hand lengths."""


def open_hand_mask(size: tuple[int, int], tip: Point, angle: float, length_px: float) -> NDArray[np.uint8]:
    """Return the mask of an open hand, uint8 (h, w), 0 or 255.

    Args:
        size: width and height of the mask.
        tip: position of the fingertips.
        angle: direction in which the hand points, in radians.
        length_px: length of the palm.
    """
    mask = np.zeros((size[1], size[0]), np.uint8)
    ahead = np.array((np.cos(angle), np.sin(angle)))
    palm = np.array(tip) - 1.5 * length_px * ahead
    for turn, reach in FINGERS:
        along = np.array((np.cos(angle + 0.5 * turn), np.sin(angle + 0.5 * turn)))
        side = 0.75 * length_px * turn * np.array((-ahead[1], ahead[0]))
        _limb(mask, palm + side, palm + side + 1.5 * reach * length_px * along, 0.3 * length_px)
    cv2.circle(mask, _pixel(palm), round(0.62 * length_px), 255, -1, cv2.LINE_AA)
    _limb(mask, palm, palm - 9 * length_px * ahead, 0.85 * length_px)
    return mask


def writing_hand_masks(
    size: tuple[int, int], tip: Point, length_px: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the masks of a right hand and of its pen that writes at `tip`, uint8 (h, w), 0 or 255."""
    hand, pen = (np.zeros((size[1], size[0]), np.uint8) for _ in range(2))
    at = np.array(tip)
    fist = at + length_px * np.array((1.2, 0.9))
    _limb(pen, at, at + length_px * np.array((1.7, -0.9)), 0.09 * length_px)
    for grip in ((0.4, -0.1), (0.5, 0.15)):
        _limb(hand, at + length_px * np.array(grip), fist, 0.3 * length_px)
    cv2.circle(hand, _pixel(fist), round(0.65 * length_px), 255, -1, cv2.LINE_AA)
    _limb(hand, fist, fist + length_px * np.array((5, 6)), 0.85 * length_px)
    return hand, pen


def blend_hand(image: Image, mask: NDArray[np.uint8], colour: tuple[int, int, int], shading_px: float) -> Image:
    """Return the image with a shaded hand and its soft shadow.

    Args:
        image: BGR uint8 (H, W, 3).
        mask: mask of the hand, uint8 (H, W).
        colour: colour of the skin, BGR.
        shading_px: width of the shading at the edge.
    """
    h, w = image.shape[:2]
    small = cv2.resize(mask, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), shading_px / 8)
    shadow = cv2.resize(np.roll(soft, (2, -2), (0, 1)), (w, h), interpolation=cv2.INTER_LINEAR)
    darkened = cv2.multiply(image, cv2.merge([cv2.convertScaleAbs(shadow, alpha=-0.45, beta=255)] * 3), scale=1 / 255)
    rounded = cv2.resize(soft, (w, h), interpolation=cv2.INTER_LINEAR)
    skin = cv2.merge([cv2.convertScaleAbs(rounded, alpha=0.4 * part / 235, beta=150 * part / 235) for part in colour])
    return np.asarray(cv2.copyTo(skin, mask, darkened), np.uint8)


def _limb(mask: NDArray[np.uint8], start: NDArray[np.float64], end: NDArray[np.float64], width_px: float) -> None:
    cv2.line(mask, _pixel(start), _pixel(end), 255, max(1, round(width_px)), cv2.LINE_AA)


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
