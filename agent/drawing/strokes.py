"""Pen strokes: smooth curves through points, and ink along them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""Points of a pen's path, float64 (n, 2), x to the right and y down."""
Coverage = NDArray[np.uint8]
"""Share of each pixel that is covered with ink, uint8 (h, w), cropped to the ink; 255 is full cover."""

SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates that OpenCV draws at."""
SUBPIXELS = 1 << SUBPIXEL_BITS


@lru_cache
def _catmull_rom_basis(steps: int) -> NDArray[np.float64]:
    """Weights of four neighbouring points at `steps` positions between the two middle ones, float64 (steps, 4)."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    powers = np.concatenate([t**0, t, t**2, t**3], axis=1)
    return np.asarray(powers @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2)


def catmull_rom(points: Stroke, steps: int = 4) -> Stroke:
    """Return the Catmull-Rom spline through two or more points, with `steps` samples between two points."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)  # (n - 1, 4, 2)
    return np.concatenate([(_catmull_rom_basis(steps) @ windows).reshape(-1, 2), points[-1:]])


def catmull_rom_with_corners(points: Stroke, steps: int = 8) -> Stroke:
    """Return the Catmull-Rom spline through points; a point that is listed twice is a sharp corner."""
    corners = np.flatnonzero((points[1:] == points[:-1]).all(axis=1)) + 1
    curves = [catmull_rom(part, steps)[:-1] for part in np.split(points, corners)]
    return np.concatenate([*curves, points[-1:]])


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
    """Draw strokes of constant darkness. Their width may vary along a stroke.

    Args:
        rng: varies the pressure.
        strokes: points in pixels.
        pen_px: width of the line, in pixels.
        pressure: how much the width varies along a stroke, 0..1.

    Returns:
        The coverage, and the position x, y of its top left corner in the coordinates of the strokes.
    """
    scale = 4 if pen_px < 3 else 2
    margin = pen_px / 2 + 1.5
    low = np.floor(np.min([stroke.min(axis=0) for stroke in strokes], axis=0) - margin)
    high = np.max([stroke.max(axis=0) for stroke in strokes], axis=0) + margin
    w, h = np.ceil(high - low).astype(int).tolist()
    canvas = np.zeros((h * scale, w * scale), np.uint8)
    for stroke in strokes:
        points = np.rint((stroke - low) * scale * SUBPIXELS).astype(np.int32)
        if pressure == 0:
            width_px = max(1, round(pen_px * scale))
            cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 255, width_px, cv2.LINE_AA, SUBPIXEL_BITS)
        else:
            widths_px = pen_px * scale * _width_profile(rng, len(stroke), pressure)
            _draw_segments(canvas, points, widths_px, np.full(len(stroke), 255))
    return crop_to_ink(_shrink(canvas, scale), (int(low[0]), int(low[1])))


def draw_tapered_strokes(rng: np.random.Generator, strokes: Sequence[Stroke], pen_px: float) -> Coverage:
    """Draw strokes with a pen that is thinner and lighter where it lands and where it leaves the paper.

    Args:
        rng: varies the pressure along each stroke.
        strokes: points in pixels.
        pen_px: width of the line at full pressure, in pixels.
    """
    scale = 3
    low = np.min([stroke.min(axis=0) for stroke in strokes], axis=0) - pen_px
    high = np.max([stroke.max(axis=0) for stroke in strokes], axis=0) + pen_px
    w, h = (np.ceil(high - low).astype(int) + 1).tolist()
    canvas = np.zeros((h * scale, w * scale), np.uint8)
    for stroke in strokes:
        along = np.linspace(0, 1, len(stroke))
        wave = 0.08 * np.sin(2 * np.pi * (along * rng.uniform(0.5, 1.5) + rng.uniform()))
        ends = 1 - 0.35 * np.exp(-along * rng.uniform(10, 30)) - 0.45 * np.exp((along - 1) * rng.uniform(10, 30))
        levels = np.clip(235 * (0.75 + 0.25 * ends) * (1 + wave), 0, 255).astype(int)
        points = SUBPIXELS * np.rint((stroke - low) * scale).astype(int)
        _draw_segments(canvas, points, pen_px * scale * ends * (1 + wave), levels)
    return crop_to_ink(_shrink(canvas, scale), min_level=24)[0]


def _width_profile(rng: np.random.Generator, count: int, strength: float) -> NDArray[np.float64]:
    """Return the relative widths along a stroke: a wave, and thin at the end of the stroke."""
    along = np.linspace(0, 1, count)
    waves = np.sin(2 * np.pi * (along * rng.uniform(0.5, 2) + rng.uniform()))
    return np.asarray((1 + 0.35 * strength * waves) * (1 - 0.6 * strength * along ** rng.uniform(4, 12)))


def _draw_segments(
    canvas: Coverage, points: NDArray[np.integer], widths_px: NDArray[np.float64], levels: NDArray[np.integer]
) -> None:
    """Draw the segments of one stroke; each has the width and the level of the point where it begins.

    Args:
        canvas: uint8 (h, w), changed in place.
        points: (n, 2), in `SUBPIXELS` of the canvas.
        widths_px: (n,), at least one pixel is drawn.
        levels: (n,), 0..255.
    """
    rows, widths = points.tolist(), np.maximum(1, np.rint(widths_px)).astype(int).tolist()
    for start, end, width_px, level in zip(rows, rows[1:], widths, levels.tolist(), strict=False):
        cv2.line(canvas, start, end, level, width_px, cv2.LINE_AA, SUBPIXEL_BITS)


def _shrink(canvas: Coverage, scale: int) -> Coverage:
    """Average blocks of `scale` by `scale` pixels."""
    h, w = canvas.shape
    return np.asarray(cv2.resize(canvas, (w // scale, h // scale), interpolation=cv2.INTER_AREA), np.uint8)


def crop_to_ink(
    coverage: Coverage, corner: tuple[int, int] = (0, 0), min_level: int = 20
) -> tuple[Coverage, tuple[int, int]]:
    """Cut off the margins without ink.

    Args:
        coverage: uint8 (h, w).
        corner: position of its top left pixel, x and y.
        min_level: pixels up to this level count as margin.

    Returns:
        The rest, at least 1×1, and the position of its top left pixel.
    """
    x, y, w, h = cv2.boundingRect((coverage > min_level).astype(np.uint8))
    return coverage[y : y + max(h, 1), x : x + max(w, 1)], (corner[0] + x, corner[1] + y)
