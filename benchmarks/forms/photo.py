"""Photographs of a sheet on a desk: any turn, 35° of tilt, shade, a hand at the edge, 1 to 12 megapixels, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.viewpoint import tilted_view
from agent.vision.pixels import Pixels

Rng = np.random.Generator
MEGAPIXELS = (1.0, 12.0)
MAX_TILT_DEG = 35.0
MIN_LIGHT = 0.4
"""Brightness of the darkest place, as a share of the brightest one."""
HAND_SHARE = 0.3
"""Share of the photographs with a hand."""
SKIN_BGR = (110, 150, 205)
JPEG_QUALITY = (70, 95)


def photograph(rng: Rng, sheet: Pixels) -> Pixels:
    """Return a photograph of a sheet, BGR uint8 (H, W, 3)."""
    return photograph_with_view(rng, sheet)[0]


def photograph_with_view(
    rng: Rng, sheet: Pixels, *, max_turn_deg: float | None = None, max_tilt_deg: float = MAX_TILT_DEG
) -> tuple[Pixels, NDArray[np.float64]]:
    """Photograph a sheet.

    Args:
        rng: chooses what is not given.
        sheet: BGR uint8 (H, W, 3).
        max_turn_deg: how far the sheet is turned at most, in degrees; None is by any right angle and a little more.
        max_tilt_deg: angle of the camera at most, in degrees.

    Returns:
        The photograph, BGR uint8 (H, W, 3), and the homography from the sheet to it, float64 (3, 3).
    """
    pixels = 1e6 * float(np.exp(rng.uniform(*np.log(MEGAPIXELS))))
    width, height = round(np.sqrt(pixels * 4 / 3)), round(np.sqrt(pixels * 3 / 4))
    homography = tilted_view(
        (sheet.shape[1], sheet.shape[0]),
        (width, height),
        tilt_deg=float(rng.uniform(0, max_tilt_deg)),
        towards_deg=float(rng.uniform(0, 360)),
        angle_deg=_turn_deg(rng, max_turn_deg),
        fill=float(rng.uniform(0.75, 0.96)),
    )
    if rng.random() < HAND_SHARE:
        sheet = _with_hand(rng, sheet)
    scale = float(np.sqrt(abs(np.linalg.det(homography[:2, :2] / homography[2, 2]))))
    if scale < 1:
        sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.35 / scale), np.uint8)
    desk = tuple(map(int, rng.integers(40, 150, 3)))
    flat = cv2.warpPerspective(sheet, homography, (width, height), borderValue=desk)
    photo = cv2.multiply(flat, _light(rng, width, height), scale=1 / 255)
    photo = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.4, 1.0)))
    noise = np.empty(photo.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    cv2.randn(noise, np.zeros(3), np.full(3, rng.uniform(1, 5)))
    photo = cv2.add(photo, noise, dtype=cv2.CV_8U)
    quality = int(rng.integers(*JPEG_QUALITY))
    encoded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8), homography


def _turn_deg(rng: Rng, max_turn_deg: float | None) -> float:
    if max_turn_deg is None:
        return float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 12))
    return float(rng.uniform(-max_turn_deg, max_turn_deg))


def _light(rng: Rng, width: int, height: int) -> Pixels:
    """Return the brightness of each pixel, 0 to 255: a slope, and often the soft edge of a shadow."""
    y, x = np.mgrid[-1:1:60j, -1:1:80j]
    towards = rng.uniform(0, 2 * np.pi)
    across = x * np.cos(towards) + y * np.sin(towards)
    light = 1 - rng.uniform(0, 0.35) * (across + 1) / 2
    if rng.random() < 0.5:
        light *= 1 - rng.uniform(0, 0.4) / (1 + np.exp(-(across - rng.uniform(-0.7, 0.7)) / rng.uniform(0.02, 0.2)))
    large = cv2.resize(np.maximum(light, MIN_LIGHT).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(np.rint(255 * large).astype(np.uint8)[..., None], 3, axis=2)


def _with_hand(rng: Rng, sheet: Pixels) -> Pixels:
    """Return a sheet that a thumb holds at a corner; it covers a mark there, and no field."""
    sheet = sheet.copy()
    height, width = sheet.shape[:2]
    corner = (width if rng.random() < 0.5 else 0, height if rng.random() < 0.5 else 0)
    size = (round(0.14 * height), round(0.09 * height))
    cv2.ellipse(sheet, corner, size, float(rng.uniform(0, 180)), 0, 360, SKIN_BGR, -1, cv2.LINE_AA)
    return sheet
