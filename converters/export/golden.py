"""Glyphs that every export is checked with. They are drawn here, so no data set is needed or passed on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.glyph import SIZE_PX, normalise
from profiles.manifest import Golden, Precision

Glyphs = NDArray[np.uint8]

CANVAS_PX = 160
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)


def golden_glyphs() -> Glyphs:
    """The ten digits, an empty glyph and one of noise, uint8 (12, 28, 28)."""
    digits = [_draw(str(digit), FONTS[0], thickness=10) for digit in range(10)]
    noise = np.random.default_rng(0).integers(0, 256, (SIZE_PX, SIZE_PX), np.uint8)
    return np.stack([*digits, np.zeros((SIZE_PX, SIZE_PX), np.uint8), noise])


def varied_glyphs(count: int, seed: int = 0) -> Glyphs:
    """Digits and letters in several fonts and pens, turned, uint8 (count, 28, 28)."""
    rng = np.random.default_rng(seed)
    texts = "0123456789" * 3 + "abcdefhkmnrstuvwxyzAEFHKMNTX"
    return np.stack(
        [
            _draw(
                str(rng.choice(list(texts))),
                int(rng.choice(FONTS)),
                thickness=int(rng.integers(3, 16)),
                turn_degrees=float(rng.normal(0, 12)),
            )
            for _ in range(count)
        ]
    )


def golden(logits: NDArray[np.float32], precision: Precision, step: float) -> Golden:
    """Golden vectors, with a tolerance for other CPUs and versions of the runtime.

    fp32 sums in another order; fp16 may be computed in fp16 throughout (11 bits); int8 rounds each layer, and
    runtimes round halves differently, which moves a logit by a few steps.

    Args:
        logits: float32 (n, 11), of the artifact itself, for the golden glyphs.
        precision: of the artifact.
        step: of its output's quantization.
    """
    largest = max(1.0, float(np.abs(logits).max()))
    tolerance = {"fp32": 1e-3 * largest, "fp16": 2e-2 * largest, "int8": 4 * step}[precision]
    return Golden(
        logits=tuple(tuple(round(float(logit), 6) for logit in row) for row in logits),
        tolerance=tolerance,
    )


def _draw(text: str, font: int, thickness: int, turn_degrees: float = 0) -> Glyphs:
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    cv2.putText(canvas, text, (50, 110), font, 3, 255, thickness, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), turn_degrees, 1)
    turned = np.asarray(cv2.warpAffine(canvas, turn, (CANVAS_PX, CANVAS_PX)), np.uint8)
    x, y, w, h = cv2.boundingRect(turned)
    return normalise(turned[y : y + h, x : x + w])
