"""Lines of a pen: smooth paths, and ink of any width along them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""Points (n, 2), x to the right and y down."""
Coverage = NDArray[np.uint8]
"""How much of each pixel is inked, uint8 (h, w), cropped tight; 255 is all of it."""

STEPS = 4
_T = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
_BASIS = (
    np.concatenate([_T**0, _T, _T**2, _T**3], axis=1)
    @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    / 2
)


def smooth(points: Stroke) -> Stroke:
    """The Catmull-Rom spline through two or more points, each gap in `STEPS` steps."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)  # (n - 1, 4, 2)
    return np.concatenate([(_BASIS @ windows).reshape(-1, 2), points[-1:]])


def sway(rng: np.random.Generator, paths: Sequence[Stroke], amount: float) -> list[Stroke]:
    """Bend paths of height 1 as a whole, by waves as long as themselves, so that no two are alike."""
    turn, phase = rng.uniform(0.6, 1.6, (2, 2)), rng.uniform(0, 2 * np.pi, 2)
    return [path + amount * np.sin(np.pi * (path @ turn) + phase) for path in paths]


def ink_paths(
    rng: np.random.Generator, paths: Sequence[Stroke], pen_px: float, pressure: float = 0.0
) -> tuple[Coverage, tuple[int, int]]:
    """Ink along paths.

    Args:
        rng: makes the pressure.
        paths: in pixels.
        pen_px: width of the line.
        pressure: how far the width varies along the line, 0..1.

    Returns:
        The ink and where its left top corner lies on the paths' plane.
    """
    fine = 4 if pen_px < 3 else 2
    margin = pen_px / 2 + 1.5
    low = np.floor(np.min([path.min(axis=0) for path in paths], axis=0) - margin)
    high = np.max([path.max(axis=0) for path in paths], axis=0) + margin
    w, h = np.ceil(high - low).astype(int)
    ink = np.zeros((h * fine, w * fine), np.uint8)
    for path in paths:
        dots = np.rint((path - low) * fine * 16).astype(np.int32)
        if pressure == 0:
            cv2.polylines(ink, [dots.reshape(-1, 1, 2)], False, 255, max(1, round(pen_px * fine)), cv2.LINE_AA, 4)
            continue
        widths = np.maximum(1, np.rint(pen_px * fine * _pressure(rng, len(path), pressure))).astype(int).tolist()
        rows = dots.tolist()
        for start, end, width in zip(rows, rows[1:], widths, strict=False):
            cv2.line(ink, start, end, 255, width, cv2.LINE_AA, 4)
    small = np.asarray(cv2.resize(ink, (int(w), int(h)), interpolation=cv2.INTER_AREA), np.uint8)
    return crop(small, (int(low[0]), int(low[1])))


def _pressure(rng: np.random.Generator, count: int, strength: float) -> NDArray[np.float64]:
    """Relative widths along a line: swelling and shrinking, and fine where the pen leaves."""
    along = np.linspace(0, 1, count)
    waves = np.sin(2 * np.pi * (along * rng.uniform(0.5, 2) + rng.uniform()))
    return np.asarray((1 + 0.35 * strength * waves) * (1 - 0.6 * strength * along ** rng.uniform(4, 12)))


def crop(ink: Coverage, at: tuple[int, int] = (0, 0)) -> tuple[Coverage, tuple[int, int]]:
    """Cut off the margins without ink; the rest, at least 1x1, and where its left top corner lies."""
    x, y, w, h = cv2.boundingRect((ink > 20).astype(np.uint8))
    return ink[y : y + max(h, 1), x : x + max(w, 1)], (at[0] + x, at[1] + y)
