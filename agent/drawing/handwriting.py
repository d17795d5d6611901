"""Handwritten digits, drawn in the handwriting of an invented person.

Each digit has a few shapes in which people write it. A person keeps to one shape of each digit, to a slant, a width and
a pen. Each digit is still a little different from the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.drawing.strokes import Coverage, Stroke, catmull_rom_with_corners, draw_tapered_strokes

DIGIT_SHAPES: tuple[tuple[tuple[str, ...], ...], ...] = (
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
"""The shapes of each digit, 0 to 9.

A shape is a tuple of strokes. A stroke is a text of points "x y" in hundredths of the digit's height, x to the right,
y down. A point that is listed twice is a corner.
"""


@dataclass(frozen=True)
class Handwriting:
    """The way one person writes digits, and the pen."""

    shapes: tuple[int, ...]
    """Index into `DIGIT_SHAPES` for each digit."""
    slant: float
    """Shift to the right per height; negative values lean to the left."""
    width_scale: float
    """Width of the digits, relative to `DIGIT_SHAPES`."""
    pen_width: float
    """Width of the pen's line, in digit heights."""
    jitter: float
    """Standard deviation of the points' position, in digit heights."""


def random_handwriting(rng: np.random.Generator) -> Handwriting:
    """Invent a person's handwriting."""
    return Handwriting(
        shapes=tuple(int(rng.integers(len(shapes))) for shapes in DIGIT_SHAPES),
        slant=float(np.clip(rng.normal(0.1, 0.1), -0.12, 0.3)),
        width_scale=float(rng.uniform(0.85, 1.1)),
        pen_width=float(rng.uniform(0.06, 0.11)),
        jitter=float(rng.uniform(0.008, 0.02)),
    )


def draw_digit(
    rng: np.random.Generator, digit: int, height_px: float, handwriting: Handwriting | None = None
) -> Coverage:
    """Write one digit.

    Args:
        rng: varies the digit.
        digit: 0..9.
        height_px: mean height of the digits, in pixels. The height of a digit differs from it by a few per cent.
        handwriting: handwriting of the digit; None invents one.

    Returns:
        Ink, uint8 (h, w), 255 at full cover and 0 without ink, cropped to the ink.
    """
    handwriting = handwriting or random_handwriting(rng)
    strokes = DIGIT_SHAPES[digit][handwriting.shapes[digit]]
    shear = handwriting.slant + rng.normal(0, 0.03)
    across = handwriting.width_scale * rng.normal(1, 0.05)
    scale_px = height_px * rng.normal(1, 0.03)
    transform = np.array([[across, 0.0], [-shear, 1.0]]) @ _rotation(rng.normal(0, 0.03))
    curves = []
    for stroke in strokes:
        points = np.array(stroke.split(), np.float64).reshape(-1, 2) / 100
        jittered = points + _jitter(rng, points, handwriting.jitter)
        curves.append(catmull_rom_with_corners(jittered @ transform) * scale_px)
    return draw_tapered_strokes(rng, curves, max(1.2, handwriting.pen_width * height_px))


def _jitter(rng: np.random.Generator, points: Stroke, amount: float) -> Stroke:
    """Return random shifts of points. Both points of a corner get the same shift, so that the corner stays sharp."""
    shifts = rng.normal(0, amount, points.shape)
    repeated = np.flatnonzero((points[1:] == points[:-1]).all(axis=1)) + 1
    shifts[repeated] = shifts[repeated - 1]
    return shifts


def _rotation(angle_rad: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, sin], [-sin, cos]])
