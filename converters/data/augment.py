"""Other hands, other pens, other cameras: ink bent and drawn anew, and candidates seen anew.

All chance comes from a NumPy generator, so a seed gives the same again.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.glyph import SIZE_PX, normalise

Glyphs = NDArray[np.uint8]

ENLARGED_PX = 2 * SIZE_PX
INK = 48
"""Grey value from which a pixel counts as ink when the glyph is cropped anew."""


def enlarge(glyph: Glyphs) -> Glyphs:
    """A glyph at twice its size, uint8 (56, 56), where strokes can be bent and thinned."""
    return np.asarray(cv2.resize(glyph, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def add_strokes(rng: np.random.Generator, ink: Glyphs, label: int) -> Glyphs:
    """Often a flag on a 1, and at times a bar across a 7, as Europe and Latin America write them.

    MNIST, written in the United States, has few of them.
    """
    box = ink_box(ink)
    if box is None or label not in (1, 7) or rng.random() < 0.5:
        return ink
    pen = max(2, round(np.count_nonzero(ink > INK) / (box.w + box.h)))
    if label == 1:
        x = int(np.flatnonzero(ink[box.y + 1] > INK // 2).mean()) if (ink[box.y + 1] > INK // 2).any() else box.x
        start = np.array([x, box.y + pen // 2])
        angle, length = rng.uniform(0.3, 1.2), rng.uniform(0.2, 0.5) * box.h
        end = start + length * np.array([-np.cos(angle), np.sin(angle)])
    else:
        y = box.y + round(rng.uniform(0.4, 0.6) * box.h)
        x = int(np.flatnonzero(ink[y] > INK // 2).mean()) if (ink[y] > INK // 2).any() else int(box.centre[0])
        reach, rise = rng.uniform(0.15, 0.3) * box.h, rng.normal(0, 0.06) * box.h
        start, end = np.array([x - reach, y + rise]), np.array([x + reach, y - rise])
    drawn = ink.copy()
    cv2.line(drawn, _point(start), _point(end), 255, pen, cv2.LINE_AA)
    return drawn


def _point(at: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(at[0])), round(float(at[1]))


def bend(rng: np.random.Generator, ink: Glyphs, strength: float = 1.0) -> Glyphs:
    """Rotation, slant, aspect and a smooth random displacement, in one resampling; uint8 (h, w)."""
    h, w = ink.shape
    turn, slant = rng.normal(0, 0.13 * strength), rng.normal(0, 0.20 * strength)
    stretch = np.exp(rng.normal(0, 0.12 * strength))
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, slant], [0, 1 / stretch]]) * 1.12
    xs, ys = np.arange(w, dtype=np.float32) - w / 2, np.arange(h, dtype=np.float32)[:, None] - h / 2
    coarse = rng.normal(0, 0.025 * strength * h, (5, 5, 2)).astype(np.float32)
    wave = np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    wave[..., 0] += np.float32(matrix[0, 0]) * xs + np.float32(matrix[0, 1]) * ys + w / 2
    wave[..., 1] += np.float32(matrix[1, 0]) * xs + np.float32(matrix[1, 1]) * ys + h / 2
    return np.asarray(cv2.remap(ink, wave[..., 0], wave[..., 1], cv2.INTER_LINEAR), np.uint8)


def change_pen(rng: np.random.Generator, ink: Glyphs) -> Glyphs:
    """A finer or a broader pen, at times with hard edges as a threshold leaves them; uint8 (h, w)."""
    width = int(rng.choice([0, 0, 2, 3]))
    if width:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        thinner = rng.random() < 0.5
        changed = cv2.erode(ink, kernel) if thinner else cv2.dilate(ink, kernel)
        if not thinner or np.count_nonzero(changed > INK) > 0.45 * np.count_nonzero(ink > INK):
            ink = np.asarray(changed, np.uint8)
    if rng.random() < 0.4:
        ink = np.where(ink > rng.integers(70, 150), ink if rng.random() < 0.5 else 255, 0).astype(np.uint8)
    return ink


def degrade(rng: np.random.Generator, ink: Glyphs) -> Glyphs:
    """Few pixels, blur and noise on the ink; uint8 (h, w)."""
    h, w = ink.shape
    if rng.random() < 0.3:
        small = rng.uniform(0.25, 0.6)
        ink = np.asarray(cv2.resize(ink, None, fx=small, fy=small, interpolation=cv2.INTER_AREA), np.uint8)
        ink = np.asarray(cv2.resize(ink, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.3:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.6, 1.6)), np.uint8)
    if rng.random() < 0.3:
        grain = rng.normal(1, rng.uniform(0.05, 0.3), (h // 2, w // 2)).astype(np.float32)
        ink = np.clip(ink * cv2.resize(grain, (w, h)), 0, 255).astype(np.uint8)
    return ink


def vary_surroundings(rng: np.random.Generator, windows: Glyphs) -> Glyphs:
    """A candidate, uint8 (3, h, w), a little turned, slanted, stretched and moved, at times not seen from afar."""
    _, h, w = windows.shape
    if rng.random() < 0.7:
        stretch, slant, turn = np.exp(rng.normal(0, 0.08, 2)), rng.normal(0, 0.12), rng.normal(0, 0.07)
        change = np.array([[stretch[0], slant], [turn, stretch[1]]])
        middle = np.array([w / 2, h / 2])
        matrix = np.column_stack([change, middle - change @ middle + rng.normal(0, 0.5, 2)])
        seen = (cv2.warpAffine(window, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE) for window in windows)
        windows = np.stack([np.asarray(window, np.uint8) for window in seen])
    varied = windows * np.exp(rng.normal(0, 0.25))
    if rng.random() < 0.15:  # what stands far away must not be all that a digit is told by
        varied[2] = 0
    if rng.random() < 0.3:
        varied = varied + rng.normal(0, 3, windows.shape)
    return np.asarray(np.clip(varied, 0, 255), np.uint8)


def ink_box(ink: Glyphs) -> Box | None:
    """The box around what counts as ink; None where there is none."""
    x, y, w, h = cv2.boundingRect((ink > INK).astype(np.uint8))
    return Box(x, y, w, h) if w and h else None


def crop_and_normalise(ink: Glyphs) -> Glyphs:
    """Crop tight around the ink and normalise as on the board; uint8 (28, 28), empty where no ink is left."""
    box = ink_box(ink)
    if box is None:
        return np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    crop = ink[box.y : box.bottom, box.x : box.right]
    return normalise(np.where(crop > INK // 2, crop, 0).astype(np.uint8))
