"""Pen strokes: smooth paths, and their rasterization with a pen of any width."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""Points of a path, float64 (n, 2), x to the right, y down."""
Coverage = NDArray[np.uint8]
"""Share of each pixel that is inked, uint8 (h, w), 255 is all of it; cropped tight."""

SPLINE_STEPS = 4
"""Points of the spline per gap between two control points."""
_T = np.linspace(0, 1, SPLINE_STEPS, endpoint=False)[:, None]
_BASIS = (
    np.concatenate([_T**0, _T, _T**2, _T**3], axis=1)
    @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    / 2
)


def catmull_rom(points: Stroke) -> Stroke:
    """Return the Catmull-Rom spline through two or more points, with `SPLINE_STEPS` points per gap."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)  # (n - 1, 4, 2)
    return np.concatenate([(_BASIS @ windows).reshape(-1, 2), points[-1:]])


def distort_strokes(rng: np.random.Generator, strokes: Sequence[Stroke], amount: float) -> list[Stroke]:
    """Bend strokes of height 1 together, by a random wave of about their own length.

    Args:
        rng: random generator.
        strokes: strokes of one digit, of height 1.
        amount: amplitude of the wave.
    """
    turn, phase = rng.uniform(0.6, 1.6, (2, 2)), rng.uniform(0, 2 * np.pi, 2)
    return [stroke + amount * np.sin(np.pi * (stroke @ turn) + phase) for stroke in strokes]


def draw_strokes(
    rng: np.random.Generator, strokes: Sequence[Stroke], pen_px: float, pressure: float = 0.0
) -> tuple[Coverage, tuple[int, int]]:
    """Rasterize strokes.

    Args:
        rng: random generator of the pressure.
        strokes: strokes, in pixels.
        pen_px: width of the pen.
        pressure: how much the width varies along a stroke, 0..1.

    Returns:
        The coverage, and the position x, y of its top left corner in the coordinates of the strokes.
    """
    fine = 4 if pen_px < 3 else 2
    margin = pen_px / 2 + 1.5
    low = np.floor(np.min([stroke.min(axis=0) for stroke in strokes], axis=0) - margin)
    high = np.max([stroke.max(axis=0) for stroke in strokes], axis=0) + margin
    w, h = np.ceil(high - low).astype(int)
    ink = np.zeros((h * fine, w * fine), np.uint8)
    for stroke in strokes:
        dots = np.rint((stroke - low) * fine * 16).astype(np.int32)
        if pressure == 0:
            cv2.polylines(ink, [dots.reshape(-1, 1, 2)], False, 255, max(1, round(pen_px * fine)), cv2.LINE_AA, 4)
            continue
        widths = np.maximum(1, np.rint(pen_px * fine * _width_profile(rng, len(stroke), pressure))).astype(int).tolist()
        rows = dots.tolist()
        for start, end, width in zip(rows, rows[1:], widths, strict=False):
            cv2.line(ink, start, end, 255, width, cv2.LINE_AA, 4)
    small = np.asarray(cv2.resize(ink, (int(w), int(h)), interpolation=cv2.INTER_AREA), np.uint8)
    return crop_to_ink(small, (int(low[0]), int(low[1])))


def _width_profile(rng: np.random.Generator, count: int, strength: float) -> NDArray[np.float64]:
    """Return the relative widths along a stroke: a wave, and thin at the end of the stroke."""
    along = np.linspace(0, 1, count)
    waves = np.sin(2 * np.pi * (along * rng.uniform(0.5, 2) + rng.uniform()))
    return np.asarray((1 + 0.35 * strength * waves) * (1 - 0.6 * strength * along ** rng.uniform(4, 12)))


def crop_to_ink(ink: Coverage, at: tuple[int, int] = (0, 0)) -> tuple[Coverage, tuple[int, int]]:
    """Cut off the margins without ink. Return the rest, at least 1x1, and the position of its top left corner.

    Args:
        ink: coverage.
        at: position of the top left corner before.
    """
    x, y, w, h = cv2.boundingRect((ink > 20).astype(np.uint8))
    return ink[y : y + max(h, 1), x : x + max(w, 1)], (at[0] + x, at[1] + y)
