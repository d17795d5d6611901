"""Data augmentation of outliers and contexts, one image at a time: distortion, pen width, and loss of quality.

Digits for the training of classifiers are distorted by `converters.train.digit_augmentation` instead. They only get the
additional strokes of `add_strokes` here.

All random numbers come from the NumPy generator that is passed in, so a seed always gives the same result.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.glyph import SIZE_PX, normalise

Glyphs = NDArray[np.uint8]

ENLARGED_PX = 2 * SIZE_PX
"""Width and height of an enlarged glyph."""
MIN_INK_VALUE = 48
"""Smallest grey value that counts as ink when an augmented glyph is cropped. Chosen by trial."""


def enlarge(glyph: Glyphs) -> Glyphs:
    """Return a glyph at twice its size, uint8 (56, 56): large enough to distort and thin its strokes."""
    return np.asarray(cv2.resize(glyph, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def add_strokes(rng: np.random.Generator, ink: Glyphs, label: int) -> Glyphs:
    """Add a flag to half of the ones and a bar to half of the sevens; other digits stay as they are.

    Europe and Latin America write them so. MNIST was written in the United States and has few of them.

    Args:
        rng: random generator.
        ink: enlarged glyph, uint8 (56, 56).
        label: digit that the glyph shows.
    """
    box = ink_box(ink)
    if box is None or label not in (1, 7) or rng.random() < 0.5:
        return ink
    pen = max(2, round(np.count_nonzero(ink > MIN_INK_VALUE) / (box.w + box.h)))
    if label == 1:
        x = _mean_ink_x(ink[box.y + 1], box.x)
        start = np.array([x, box.y + pen // 2])
        angle, length = rng.uniform(0.3, 1.2), rng.uniform(0.2, 0.5) * box.h
        end = start + length * np.array([-np.cos(angle), np.sin(angle)])
    else:
        y = box.y + round(rng.uniform(0.4, 0.6) * box.h)
        x = _mean_ink_x(ink[y], int(box.centre[0]))
        reach, rise = rng.uniform(0.15, 0.3) * box.h, rng.normal(0, 0.06) * box.h
        start, end = np.array([x - reach, y + rise]), np.array([x + reach, y - rise])
    drawn = ink.copy()
    cv2.line(drawn, _point(start), _point(end), 255, pen, cv2.LINE_AA)
    return drawn


def _mean_ink_x(row: Glyphs, default: int) -> int:
    """Return the mean x of the ink in a row of pixels; `default` if there is none."""
    xs = np.flatnonzero(row > MIN_INK_VALUE // 2)
    return int(xs.mean()) if len(xs) else default


def _point(at: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(at[0])), round(float(at[1]))


def distort(rng: np.random.Generator, ink: Glyphs, strength: float = 1.0) -> Glyphs:
    """Rotate, slant, stretch and smoothly displace the ink, uint8 (h, w), in one resampling."""
    h, w = ink.shape
    angle, slant = rng.normal(0, 0.13 * strength), rng.normal(0, 0.20 * strength)
    stretch = np.exp(rng.normal(0, 0.12 * strength))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, slant], [0, 1 / stretch]]) * 1.12
    xs, ys = np.arange(w, dtype=np.float32) - w / 2, np.arange(h, dtype=np.float32)[:, None] - h / 2
    coarse = rng.normal(0, 0.025 * strength * h, (5, 5, 2)).astype(np.float32)
    displacement = np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    displacement[..., 0] += np.float32(matrix[0, 0]) * xs + np.float32(matrix[0, 1]) * ys + w / 2
    displacement[..., 1] += np.float32(matrix[1, 0]) * xs + np.float32(matrix[1, 1]) * ys + h / 2
    return np.asarray(cv2.remap(ink, displacement[..., 0], displacement[..., 1], cv2.INTER_LINEAR), np.uint8)


def change_pen(rng: np.random.Generator, ink: Glyphs) -> Glyphs:
    """Make the strokes, uint8 (h, w), thinner or thicker; sometimes give them the hard edges of a thresholded image."""
    width = int(rng.choice([0, 0, 2, 3]))
    if width:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        thinner = rng.random() < 0.5
        changed = cv2.erode(ink, kernel) if thinner else cv2.dilate(ink, kernel)
        if not thinner or np.count_nonzero(changed > MIN_INK_VALUE) > 0.45 * np.count_nonzero(ink > MIN_INK_VALUE):
            ink = np.asarray(changed, np.uint8)
    if rng.random() < 0.4:
        ink = np.where(ink > rng.integers(70, 150), ink if rng.random() < 0.5 else 255, 0).astype(np.uint8)
    return ink


def degrade(rng: np.random.Generator, ink: Glyphs) -> Glyphs:
    """Reduce the resolution of the ink, uint8 (h, w), blur it and add noise, each in three of ten calls."""
    h, w = ink.shape
    if rng.random() < 0.3:
        scale = rng.uniform(0.25, 0.6)
        ink = np.asarray(cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        ink = np.asarray(cv2.resize(ink, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.3:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.6, 1.6)), np.uint8)
    if rng.random() < 0.3:
        grain = rng.normal(1, rng.uniform(0.05, 0.3), (h // 2, w // 2)).astype(np.float32)
        ink = np.clip(ink * cv2.resize(grain, (w, h)), 0, 255).astype(np.uint8)
    return ink


def vary_context(rng: np.random.Generator, context: Glyphs) -> Glyphs:
    """Rotate, slant, stretch and move a context, uint8 (3, h, w), a little; vary its brightness and add noise.

    Sometimes the third channel, the far surroundings, is blank.
    """
    _, h, w = context.shape
    if rng.random() < 0.7:
        stretch, slant, angle = np.exp(rng.normal(0, 0.08, 2)), rng.normal(0, 0.12), rng.normal(0, 0.07)
        change = np.array([[stretch[0], slant], [angle, stretch[1]]])
        centre = np.array([w / 2, h / 2])
        matrix = np.column_stack([change, centre - change @ centre + rng.normal(0, 0.5, 2)])
        warped = (cv2.warpAffine(channel, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE) for channel in context)
        context = np.stack([np.asarray(channel, np.uint8) for channel in warped])
    varied = context * np.exp(rng.normal(0, 0.25))
    if rng.random() < 0.15:  # a net must not rely on the far surroundings alone
        varied[2] = 0
    if rng.random() < 0.3:
        varied = varied + rng.normal(0, 3, context.shape)
    return np.asarray(np.clip(varied, 0, 255), np.uint8)


def ink_box(ink: Glyphs) -> Box | None:
    """Return the bounding box of the ink; None if there is none."""
    x, y, w, h = cv2.boundingRect((ink > MIN_INK_VALUE).astype(np.uint8))
    return Box(x, y, w, h) if w and h else None


def crop_and_normalise(ink: Glyphs) -> Glyphs:
    """Crop to the ink and normalise as on the board; uint8 (28, 28), empty if no ink is left."""
    box = ink_box(ink)
    if box is None:
        return np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    crop = ink[box.y : box.bottom, box.x : box.right]
    return normalise(np.where(crop > MIN_INK_VALUE // 2, crop, 0).astype(np.uint8))
