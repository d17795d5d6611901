"""Inputs that every export is checked with. They are drawn here, so no data set is needed or passed on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.context import CHANNELS, HEIGHT_PX, INNER_PX, WIDTH_PX, draw_context
from agent.vision.glyph import normalise
from profiles.manifest import Golden, Precision, Role

Images = NDArray[np.uint8]

CANVAS_PX = 160
STEP_PX = 70
"""From one sign to the next."""
SIGNS = "0123456789" * 3 + "abcdefhkmnrstuvwxyzAEFHKMNTX"
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)


def golden_inputs(role: Role) -> Images:
    """The ten digits, an empty image and one of noise, uint8 (12, ...): glyphs, or the surroundings of digits."""
    signs = [_draw(str(digit), FONTS[0], thickness=10) for digit in range(10)]
    images = [_see(role, sign, signs[digit - 1], signs[digit - 2]) for digit, sign in enumerate(signs)]
    noise = np.random.default_rng(0).integers(0, 256, images[0].shape, np.uint8)
    return np.stack([*images, np.zeros_like(noise), noise])


def varied_inputs(role: Role, count: int, seed: int = 0) -> Images:
    """Digits and letters in several fonts and pens, turned, uint8 (count, ...), beside each other."""
    rng = np.random.default_rng(seed)
    signs = [_draw_any(rng) for _ in range(count)]
    return np.stack([_see(role, sign, signs[i - 1], signs[i - 2]) for i, sign in enumerate(signs)])


def golden(logits: NDArray[np.float32], precision: Precision, step: float) -> Golden:
    """Golden vectors, with a tolerance for other CPUs and versions of the runtime.

    fp32 sums in another order; fp16 may be computed in fp16 throughout (11 bits); int8 rounds each layer, and
    runtimes round halves differently, which moves a logit by a few steps.

    Args:
        logits: float32 (n, 11), of the artifact itself, for the golden inputs.
        precision: of the artifact.
        step: of its output's quantization.
    """
    largest = max(1.0, float(np.abs(logits).max()))
    tolerance = {"fp32": 1e-3 * largest, "fp16": 2e-2 * largest, "int8": 4 * step}[precision]
    return Golden(
        logits=tuple(tuple(round(float(logit), 6) for logit in row) for row in logits),
        tolerance=tolerance,
    )


def _see(role: Role, sign: Images, left: Images, right: Images) -> Images:
    """A sign as a net of this role sees it, when others stand beside it."""
    return _glyph(sign) if role == "classifier" else _surroundings(sign, left, right)


def _glyph(sign: Images) -> Images:
    x, y, w, h = cv2.boundingRect(sign)
    return normalise(sign[y : y + h, x : x + w])


def _surroundings(sign: Images, left: Images, right: Images) -> Images:
    sides = ((0, 0), (STEP_PX, STEP_PX))
    own, before, after = (np.pad(canvas, sides) for canvas in (sign, left, right))
    all_ink = np.max([own, np.roll(before, -STEP_PX, axis=1), np.roll(after, STEP_PX, axis=1)], axis=0)
    x, y, w, h = cv2.boundingRect(own)
    scale = INNER_PX / max(w, h)
    middle = x + w / 2, y + h / 2
    windows = np.zeros((CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    shift = WIDTH_PX / 2 - scale * middle[0], HEIGHT_PX / 2 - scale * middle[1]
    cv2.warpAffine(own, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (WIDTH_PX, HEIGHT_PX), dst=windows[0])
    draw_context(windows[1:], [all_ink], middle, scale)
    return windows


def _draw_any(rng: np.random.Generator) -> Images:
    return _draw(
        str(rng.choice(list(SIGNS))),
        int(rng.choice(FONTS)),
        thickness=int(rng.integers(3, 16)),
        turn_degrees=float(rng.normal(0, 12)),
    )


def _draw(sign: str, font: int, thickness: int, turn_degrees: float = 0) -> Images:
    """A canvas with one sign on it, bright ink on 0."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    cv2.putText(canvas, sign, (50, 110), font, 3, 255, thickness, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), turn_degrees, 1)
    return np.asarray(cv2.warpAffine(canvas, turn, (CANVAS_PX, CANVAS_PX)), np.uint8)
