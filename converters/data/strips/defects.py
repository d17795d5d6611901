"""Defects of strips: ruled lines, form boxes, imperfect removal of lines, blur, faint ink, and noise."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.strip import HEIGHT_PX
from converters.data.strips.texts import Rng

Gray = NDArray[np.uint8]
RuleStyle = tuple[int, int]
"""Ink and width of a printed line."""

RULE_INK = 60
"""Ink of a drawn rule above which a removal of lines erases the pixel. Raising it erases thinner parts."""


def draw_rules(rng: Rng, canvas: Gray, digit_px: float, ends: tuple[float, float]) -> None:
    """Draw one of: a row of form boxes, walls of boxes, or a ruled line.

    Args:
        rng: random generator.
        canvas: changed in place.
        digit_px: height of a digit.
        ends: left and right end of the writing.
    """
    kind = rng.random()
    style = int(rng.integers(90, 256)), int(rng.integers(1, 6))
    if kind < 0.16:
        _draw_boxes(rng, canvas, digit_px, ends, style)
    elif kind < 0.47:
        for _ in range(int(rng.integers(1, 4))):
            _draw_wall(rng, canvas, digit_px, style)
    else:
        _draw_ruled_line(rng, canvas, style)


def draw_filling_stroke(rng: Rng, canvas: Gray, digit_px: float, right: float) -> None:
    """Draw a straight or wavy stroke behind the digits, as people fill the end of an amount, in place.

    Args:
        rng: random generator.
        canvas: changed in place.
        digit_px: height of a digit.
        right: right end of the writing.
    """
    height, width = canvas.shape
    count = int(rng.integers(2, 30))
    along = np.linspace(right + 0.35 * digit_px, width * float(rng.uniform(0.95, 1.3)), count)
    if along[-1] - along[0] > 1.1 * digit_px:
        across = height / 2 + rng.normal(0, 0.03, count).cumsum() * digit_px
        points = np.rint(np.stack([along, across], 1)).astype(np.int32)
        cv2.polylines(canvas, [points[:, None]], False, 255, int(rng.integers(1, 6)), cv2.LINE_AA)


def remove_rules(rng: Rng, writing: Gray, rules: Gray) -> Gray:
    """Return the ink as the removal of ruled lines leaves it. In some strips the removal fails or tears digits apart.

    Args:
        rng: random generator.
        writing: ink without rules, uint8 (H, W).
        rules: the rules only, uint8 (H, W).
    """
    written, kind = writing.copy(), rng.random()
    if kind < 0.35:  # the digits lose what crosses a rule
        written[cv2.dilate((rules > RULE_INK).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = 0
    elif kind < 0.5:  # the rules are not found
        np.maximum(written, rules, out=written)
    elif kind < 0.6:  # parts of digits are mistaken for rules
        for _ in range(int(rng.integers(1, 5))):
            top, left = int(rng.integers(0, written.shape[0])), int(rng.integers(0, written.shape[1]))
            written[top : top + int(rng.integers(2, 8)), left : left + int(rng.integers(20, 300))] = 0
    return written


def degrade(rng: Rng, all_ink: Gray, written: Gray) -> Gray:
    """Reduce two canvases to a strip with blur, faint ink and noise; weak ink is removed from the second channel.

    Args:
        rng: random generator.
        all_ink: canvas with everything, uint8 (k * 32, k * w).
        written: canvas without rules, of the same size.

    Returns:
        uint8 (2, 32, w).
    """
    width = all_ink.shape[1] * HEIGHT_PX // all_ink.shape[0]
    canvases = (all_ink, written)
    channels = [cv2.resize(canvas, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA) for canvas in canvases]
    strip: NDArray[Any] = np.stack(channels, axis=-1).astype(np.float32)
    if rng.random() < 0.6:
        strip = cv2.GaussianBlur(strip, (0, 0), float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.4:  # low resolution
        factor = float(rng.uniform(0.35, 0.9))
        small = cv2.resize(strip, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        strip = cv2.resize(small, (width, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    strip *= float(rng.uniform(0.55, 1.6))
    if rng.random() < 0.3:  # a pen that fades
        field = cv2.resize(rng.normal(0.9, 0.35, (3, max(2, width // 10))).astype(np.float32), (width, HEIGHT_PX))
        strip *= np.clip(field, 0.25, 1.2)[..., None]
    if rng.random() < 0.5:
        strip += rng.normal(0, float(rng.uniform(2, 22)), (HEIGHT_PX, width, 1))
    if rng.random() < 0.3:  # paper with a texture
        strip[..., 0] += np.abs(rng.normal(0, 12, (HEIGHT_PX, width)))
    strip = np.clip(strip, 0, 255)
    mask = (strip[..., 1] > float(rng.uniform(25, 110))).astype(np.uint8)
    strip[..., 1] *= cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return np.ascontiguousarray(strip.astype(np.uint8).transpose(2, 0, 1))


def _draw_boxes(rng: Rng, canvas: Gray, digit_px: float, ends: tuple[float, float], style: RuleStyle) -> None:
    """Draw a row of form boxes around the writing; the upper side may be missing."""
    strength, pen = style
    height, (left, right) = canvas.shape[0], ends
    pitch = digit_px * float(rng.uniform(0.8, 1.6))
    first = left - pitch * float(rng.uniform(0, 0.4))
    top, bottom = int(height * rng.uniform(0, 0.15)), int(height * rng.uniform(0.85, 1.02))
    walls = np.arange(first, right + pitch, pitch).astype(int).tolist()
    for x in walls:
        cv2.line(canvas, (x, top), (x, bottom), strength, pen, cv2.LINE_AA)
    sides = (bottom, top) if rng.random() < 0.7 else (bottom,)
    for y in sides:
        cv2.line(canvas, (walls[0] - round(pitch), y), (walls[-1] + round(pitch), y), strength, pen, cv2.LINE_AA)


def _draw_wall(rng: Rng, canvas: Gray, digit_px: float, style: RuleStyle) -> None:
    """Draw the wall of a form box, most often at an end of the strip and as high as it, or the dark rim of a photo."""
    strength, pen = style
    height, width = canvas.shape
    places = [rng.uniform(0, 0.12), rng.uniform(0.88, 1), rng.uniform(0, 1)]
    x = int(rng.choice(places, p=[0.45, 0.45, 0.1]) * width)
    lean = int(rng.normal(0, 2))
    top, bottom = (0, height) if rng.random() < 0.7 else sorted(int(v) for v in rng.integers(0, height, 2))
    if rng.random() < 0.2:
        cv2.rectangle(canvas, (x, 0), (x + int(rng.integers(4, 40)), height), strength, -1)
    elif (bottom - top) > 1.25 * digit_px or rng.random() < 0.3:
        cv2.line(canvas, (x, top), (x + lean, bottom), strength, pen, cv2.LINE_AA)


def _draw_ruled_line(rng: Rng, canvas: Gray, style: RuleStyle) -> None:
    """Draw a ruled line below, above or, seldom, through the digits, over the whole width or a part of it."""
    strength, pen = style
    height, width = canvas.shape
    places = [rng.uniform(0.0, 0.16), rng.uniform(0.8, 1.0), rng.uniform(0.2, 0.8)]
    y = int(rng.choice(places, p=[0.3, 0.6, 0.1]) * height)
    left, end = (0.0, float(width)) if rng.random() < 0.5 else sorted((rng.uniform(-0.2, 1.2, 2) * width).tolist())
    cv2.line(canvas, (int(left), y), (int(end), y + int(rng.normal(0, 3))), strength, pen, cv2.LINE_AA)
