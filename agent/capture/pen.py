"""Handwritten digits, drawn: pen strokes along splines, in the hand of a writer that a seed invents.

Each digit has a few shapes as people write them; a writer keeps to one of each, with a slant, a width and a pen of
their own, and no two of the writer's digits are quite the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SHAPES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (  # 0
        ("42 2  20 10  5 45  12 85  33 100  56 86  65 50  56 13  40 1  30 5",),
        ("50 7  27 1  6 32  7 76  28 100  52 80  58 40  46 6  36 3",),
    ),
    (  # 1
        ("16 0  15 35  13 70  12 100",),
        ("2 20  13 11  22 0  22 0  22 35  20 70  20 100",),
    ),
    (  # 2
        ("6 24  16 6  38 0  57 16  52 42  30 70  2 98  2 98  30 95  66 97",),
        ("7 20  22 2  45 5  55 26  44 55  24 83  8 97  2 88  14 81  34 92  54 100  70 93",),
    ),
    (  # 3
        ("6 13  25 0  50 9  48 31  23 46  23 46  50 53  58 74  42 95  18 99  1 87",),
        ("5 3  30 3  56 1  56 1  40 20  24 40  24 40  50 48  60 70  44 94  18 100  0 89",),
    ),
    (  # 4
        ("15 2  9 26  3 55  3 55  30 56  66 52", "50 20  48 60  45 100"),
        ("44 0  22 34  0 64  0 64  33 65  68 62", "46 1  47 50  46 100"),
    ),
    (  # 5
        ("15 4  12 24  9 45  9 45  32 38  53 52  56 76  37 97  14 99  0 89", "15 4  35 4  60 0"),
        ("56 2  36 3  16 5  16 5  12 25  8 43  8 43  30 38  52 50  55 76  37 97  15 100  0 92",),
    ),
    (  # 6
        ("50 0  28 16  10 45  5 75  20 98  43 96  55 76  43 57  22 60  8 76",),
        ("38 0  18 30  5 64  10 92  31 100  51 86  48 64  28 56  9 70",),
    ),
    (  # 7
        ("0 4  30 4  60 1  60 1  42 40  29 70  20 100",),
        ("3 6  30 4  60 2  60 2  43 38  30 70  22 100", "16 51  36 50  58 46"),
    ),
    (  # 8
        ("50 13  32 0  11 10  14 33  34 48  54 68  51 90  28 100  6 89  9 67  30 48  49 30  52 12  42 3",),
        ("32 46  12 35  11 13  30 0  50 11  48 34  28 47  7 64  7 88  30 100  54 88  54 64  34 47",),
    ),
    (  # 9
        ("51 14  35 1  12 8  3 29  15 48  38 43  51 18  51 18  51 45  47 72  44 100",),
        ("53 17  37 1  13 8  5 31  18 49  41 41  53 17  55 45  50 75  35 97  10 98",),
    ),
)
"""For each digit its shapes, each of strokes, each a row of points "x y" in hundredths of the height, x to the right,
y down. A point that stands twice is a corner."""


@dataclass(frozen=True)
class Hand:
    """How one person writes, and with what."""

    shapes: tuple[int, ...]
    """For each digit which of its `SHAPES`."""
    slant: float
    """Shift to the right per height; negative leans to the left."""
    stretch: float
    """Width, relative to the shapes."""
    stroke: float
    """Width of the pen's line, in heights."""
    unrest: float
    """How far points stray, in heights."""


def invent_hand(rng: np.random.Generator) -> Hand:
    """A new writer."""
    return Hand(
        shapes=tuple(int(rng.integers(len(shapes))) for shapes in SHAPES),
        slant=float(np.clip(rng.normal(0.1, 0.1), -0.12, 0.3)),
        stretch=float(rng.uniform(0.85, 1.1)),
        stroke=float(rng.uniform(0.06, 0.11)),
        unrest=float(rng.uniform(0.008, 0.02)),
    )


def draw_digit(rng: np.random.Generator, digit: int, height_px: float, hand: Hand | None = None) -> NDArray[np.uint8]:
    """Write one digit.

    Args:
        rng: What makes it differ from the same hand's last one.
        digit: 0..9.
        height_px: Height of the writing, in pixels; the digit differs from it by a few per cent.
        hand: Who writes; a new writer where it is None.

    Returns:
        Ink, uint8 (h, w), 255 where it is full and 0 where there is none, cropped tight.
    """
    hand = hand or invent_hand(rng)
    strokes = SHAPES[digit][hand.shapes[digit]]
    shear = hand.slant + rng.normal(0, 0.03)
    across = hand.stretch * rng.normal(1, 0.05)
    scale_px = height_px * rng.normal(1, 0.03)
    turned = np.array([[across, 0.0], [-shear, 1.0]]) @ _rotation(rng.normal(0, 0.03))
    paths = []
    for stroke in strokes:
        points = np.array(stroke.split(), np.float64).reshape(-1, 2) / 100
        paths.append(spline((points + _stray(rng, points, hand.unrest)) @ turned) * scale_px)
    return draw_strokes(rng, paths, max(1.2, hand.stroke * height_px))


def _stray(rng: np.random.Generator, points: NDArray[np.float64], unrest: float) -> NDArray[np.float64]:
    """Random shifts; a corner, which is a point twice, stays one."""
    shifts = rng.normal(0, unrest, points.shape)
    twice = np.flatnonzero((points[1:] == points[:-1]).all(axis=1)) + 1
    shifts[twice] = shifts[twice - 1]
    return shifts


def _rotation(angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])


def spline(points: NDArray[np.float64], steps: int = 8) -> NDArray[np.float64]:
    """A smooth line through points: Catmull-Rom, broken where a point stands twice.

    Args:
        points: float64 (n, 2), n >= 2.
        steps: Samples between two points.

    Returns:
        float64 (m, 2).
    """
    breaks = np.flatnonzero((points[1:] == points[:-1]).all(axis=1)) + 1
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for part in np.split(points, breaks):
        before, after = 2 * part[0] - part[1], 2 * part[-1] - part[-2]
        p = np.vstack((before, part, after))
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
            pieces.append(b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))))
    return np.vstack([*pieces, points[-1:]])


def draw_strokes(rng: np.random.Generator, paths: list[NDArray[np.float64]], stroke_px: float) -> NDArray[np.uint8]:
    """Draw along paths with a pen whose pressure changes: lighter where it lands and leaves.

    Args:
        rng: Makes the pressure.
        paths: float64 (n, 2) each, x and y in pixels.
        stroke_px: Width of the line, in pixels.

    Returns:
        Ink, uint8 (h, w), cropped tight.
    """
    fine = 3
    low = np.min([path.min(axis=0) for path in paths], axis=0) - stroke_px
    high = np.max([path.max(axis=0) for path in paths], axis=0) + stroke_px
    w, h = np.ceil(high - low).astype(int) + 1
    ink = np.zeros((h * fine, w * fine), np.uint8)
    for path in paths:
        along = np.linspace(0, 1, len(path))
        wave = 0.08 * np.sin(2 * np.pi * (along * rng.uniform(0.5, 1.5) + rng.uniform()))
        ends = 1 - 0.35 * np.exp(-along * rng.uniform(10, 30)) - 0.45 * np.exp((along - 1) * rng.uniform(10, 30))
        widths_px = np.maximum(1, np.rint(stroke_px * fine * ends * (1 + wave))).astype(int)
        shades = np.clip(235 * (0.75 + 0.25 * ends) * (1 + wave), 0, 255).astype(int)
        dots = np.rint((path - low) * fine).astype(int).tolist()
        for start, end, width_px, shade in zip(dots, dots[1:], widths_px.tolist(), shades.tolist(), strict=False):
            cv2.line(ink, start, end, shade, width_px, cv2.LINE_AA)
    small = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA)
    x, y, w, h = cv2.boundingRect(cv2.threshold(small, 24, 255, cv2.THRESH_BINARY)[1])
    return np.asarray(small[y : y + h, x : x + w])
