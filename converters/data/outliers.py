"""Draw outliers, glyphs that are not digits: letters, signs, lines, blots, scribbles, parts of digits, touching digits.

A net trained with outliers rejects far better than a threshold on the softmax does.
Letters that look like digits when they stand alone (O, l, S, Z, g, q ...) are left out: nobody can distinguish them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.data.augment import ENLARGED_PX, change_pen, crop_and_normalise, degrade, distort, enlarge, ink_box

Glyphs = NDArray[np.uint8]
DrawOutlier = Callable[[np.random.Generator, Glyphs], Glyphs]

CANVAS_PX = 64
"""Width and height of the canvas that outliers are drawn on."""
LETTERS = "ACDEFGHJKLMNPQRTUVWXYadefhkmnprtuwxyABRK"
SIGNS = '+=#*%&?$@<>{}~^"-_:;x'
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def draw_outlier(rng: np.random.Generator, digits: Glyphs) -> Glyphs:
    """Draw an outlier of a random kind; returns a glyph, uint8 (28, 28).

    Args:
        rng: random generator.
        digits: glyphs of digits, uint8 (n, 28, 28), used for parts of digits and touching digits.
    """
    kinds = list(KINDS)
    kind = kinds[int(rng.choice(len(kinds), p=[KINDS[k] for k in kinds]))]
    return crop_and_normalise(degrade(rng, change_pen(rng, kind(rng, digits))))


def _text(rng: np.random.Generator, _digits: Glyphs) -> Glyphs:
    """Draw one to three letters, or one sign."""
    count = int(rng.choice([1, 1, 1, 2, 3]))
    text = "".join(rng.choice(list(LETTERS + SIGNS if count == 1 else LETTERS.lower()), count))
    canvas = np.zeros((CANVAS_PX, CANVAS_PX * 2), np.uint8)
    font = FONTS[int(rng.integers(len(FONTS)))] | (cv2.FONT_ITALIC if rng.random() < 0.2 else 0)
    cv2.putText(canvas, text, (14, 46), font, 1.3, 255, int(rng.integers(2, 6)), cv2.LINE_AA)
    return distort(rng, canvas, 0.7)


def _lines(rng: np.random.Generator, _digits: Glyphs) -> Glyphs:
    """Draw dashes, corners, crossings, boxes and tables, as rulings and print contain them."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    width = int(rng.integers(2, 6))
    x, y = (int(v) for v in rng.integers(18, 46, 2))
    left, right, top, bottom = 9, 55, 9, 55
    shape = rng.integers(6)
    if shape in (0, 1):  # a nearly horizontal dash
        cv2.line(canvas, (left, y), (right, y + int(rng.normal(0, 5))), 255, width, cv2.LINE_AA)
    if shape in (1, 2):  # two horizontal lines, or a crossing
        cv2.line(canvas, (left, 60 - y), (right, 60 - y), 255, width, cv2.LINE_AA)
    if shape in (2, 3):
        cv2.line(canvas, (x, top), (x, bottom), 255, width, cv2.LINE_AA)
    if shape == 3:  # a corner, or half a T (the other corner is a 7)
        cv2.line(canvas, (x, top), (right, top), 255, width, cv2.LINE_AA)
    if shape == 4:
        cv2.rectangle(canvas, (left, top), (right, int(rng.integers(26, 60))), 255, width)
    if shape == 5:
        for _ in range(int(rng.integers(2, 5))):
            a, b = rng.integers(5, 59, (2, 2))
            cv2.line(canvas, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 255, width, cv2.LINE_AA)
    return distort(rng, canvas, 0.5)


def _blot(rng: np.random.Generator, _digits: Glyphs) -> Glyphs:
    """Draw dots, commas or stains."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        axes = (int(rng.integers(5, 21)), int(rng.integers(5, 21)))
        at = (int(rng.integers(20, 44)), int(rng.integers(20, 44)))
        cv2.ellipse(canvas, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return distort(rng, canvas, 1.5)


def _scribble(rng: np.random.Generator, _digits: Glyphs) -> Glyphs:
    """Draw a long smooth random stroke."""
    knots = rng.uniform(5, 59, (int(rng.integers(5, 9)), 2)).astype(np.float32)
    dense = cv2.resize(knots[:, None, :], (1, 160), interpolation=cv2.INTER_CUBIC)
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    points = np.round(dense).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [points], False, 255, int(rng.integers(2, 5)), cv2.LINE_AA)
    return canvas


def _texture(rng: np.random.Generator, _digits: Glyphs) -> Glyphs:
    """Return a component of thresholded noise, as poor light and rough paper cause it."""
    noise = cv2.GaussianBlur(rng.normal(0, 1, (CANVAS_PX, CANVAS_PX)).astype(np.float32), (0, 0), rng.uniform(1, 5))
    mask = (noise > np.quantile(noise, rng.uniform(0.6, 0.9))).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    largest = int(np.argsort(stats[1:, cv2.CC_STAT_AREA])[-int(rng.integers(1, 4)) :][0]) + 1
    return np.where(labels == largest, 255, 0).astype(np.uint8)


def _part(rng: np.random.Generator, digits: Glyphs) -> Glyphs:
    """Return less than half of a digit, cut off straight."""
    ink = distort(rng, enlarge(digits[int(rng.integers(len(digits)))]))
    box = ink_box(ink)
    if box is None:
        return ink
    keep = rng.uniform(0.25, 0.45)
    if box.w > 0.5 * box.h and rng.random() < 0.6:
        cut = round(box.w * keep)
        return ink[:, box.x : box.x + cut] if rng.random() < 0.5 else ink[:, box.right - cut : box.right]
    cut = round(box.h * keep)
    return ink[box.y : box.y + cut] if rng.random() < 0.5 else ink[box.bottom - cut : box.bottom]


def _touching(rng: np.random.Generator, digits: Glyphs) -> Glyphs:
    """Return two or three touching digits, or a digit with a large part of its neighbour."""
    row = np.zeros((ENLARGED_PX, 0), np.uint8)
    for number in range(int(rng.choice([2, 2, 2, 3]))):
        ink = distort(rng, enlarge(digits[int(rng.integers(len(digits)))]))
        box = ink_box(ink)
        if box is None:
            continue
        piece = ink[:, box.x : box.right]
        overlap = min(int(rng.integers(-2, 5)), row.shape[1], piece.shape[1]) if number else 0
        joined = np.zeros((ENLARGED_PX, row.shape[1] + piece.shape[1] - overlap), np.uint8)
        joined[:, : row.shape[1]] = row
        joined[:, row.shape[1] - overlap :] = np.maximum(joined[:, row.shape[1] - overlap :], piece)
        row = joined
    if rng.random() < 0.3:
        cut = round(row.shape[1] * rng.uniform(0.15, 0.3))
        row = row[:, cut:] if rng.random() < 0.5 else row[:, : row.shape[1] - cut]
    return np.pad(row, 6)


KINDS: dict[DrawOutlier, float] = {
    _text: 0.28,
    _lines: 0.16,
    _blot: 0.10,
    _scribble: 0.10,
    _texture: 0.12,
    _part: 0.08,
    _touching: 0.16,
}
"""Probability of each kind."""
