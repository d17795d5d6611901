"""Inputs that every export is checked with. They are drawn with OpenCV's fonts, so no data set is needed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.context import CHANNELS, HEIGHT_PX, INNER_PX, WIDTH_PX, draw_context
from agent.vision.glyph import normalise
from agent.vision.strip import DIGIT_PX
from profiles.manifest import INPUT_SHAPES, Golden, Precision, Role

Images = NDArray[np.uint8]

CANVAS_PX = 160
"""Width and height of the canvas that a character is drawn on."""
SPACING_PX = 70
"""Distance between neighbouring characters in a context."""
CHARACTERS = "0123456789" * 3 + "abcdefhkmnrstuvwxyzAEFHKMNTX"
STRIP_TEXTS = ("27183", "-9.46", "0/5:80", "(63)a", "")
"""Texts of the golden strips."""
STRIP_CHARACTERS = "0123456789" * 3 + ".,-/:'()$%+abehkmnx"
FONT_HEIGHT_PX = 21
"""Height of a digit of OpenCV's fonts at scale 1, in pixels."""
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)


def golden_inputs(role: Role) -> Images:
    """Return inputs of a role: glyphs or contexts of the ten digits, or strips; then an empty image and a noise image.

    Returns:
        uint8 (12, ...), or strips, uint8 (6, 2, 32, 128).
    """
    if role == "recogniser":
        noise = np.random.default_rng(0).integers(0, 256, INPUT_SHAPES[role], np.uint8)
        return np.stack([*(_strip(text, FONTS[0], thickness=2) for text in STRIP_TEXTS), noise])
    characters = [_draw(str(digit), FONTS[0], thickness=10) for digit in range(10)]
    images = _net_inputs(role, characters)
    noise = np.random.default_rng(0).integers(0, 256, images[0].shape, np.uint8)
    return np.stack([*images, np.zeros_like(noise), noise])


def varied_inputs(role: Role, count: int, seed: int = 0) -> Images:
    """Return inputs of a role, uint8 (count, ...), with characters in several fonts and pen widths.

    The characters of glyphs and contexts are rotated, the characters in strips are not. Some characters are letters.
    """
    rng = np.random.default_rng(seed)
    if role == "recogniser":
        return np.stack([_any_strip(rng) for _ in range(count)])
    characters = [_draw_any(rng) for _ in range(count)]
    return np.stack(_net_inputs(role, characters))


def golden_vectors(logits: NDArray[np.float32], precision: Precision, step: float) -> Golden:
    """Return the golden vectors of an artifact, with a tolerance for other CPUs and other versions of the runtime.

    fp32 may be summed in another order. fp16 may be computed with 11 bits in every operation. int8 is rounded after
    each layer, and runtimes round halves differently, so a logit may differ by a few quantization steps.

    Args:
        logits: logits of the artifact for the golden inputs, float32 (n, k), see `agent.runtimes.tensors.golden_rows`.
        precision: precision of the artifact.
        step: quantization step of the output of the artifact.
    """
    largest = max(1.0, float(np.abs(logits).max()))
    tolerance = {"fp32": 1e-3 * largest, "fp16": 2e-2 * largest, "int8": 4 * step}[precision]
    return Golden(
        logits=tuple(tuple(round(float(logit), 6) for logit in row) for row in logits),
        tolerance=tolerance,
    )


def _net_inputs(role: Role, characters: list[Images]) -> list[Images]:
    """Return each character as an input of a net: its glyph, or its context with a neighbour on each side."""
    if role == "classifier":
        return [_glyph(character) for character in characters]
    return [_context(one, characters[i - 1], characters[i - 2]) for i, one in enumerate(characters)]


def _glyph(character: Images) -> Images:
    x, y, w, h = cv2.boundingRect(character)
    return normalise(character[y : y + h, x : x + w])


def _context(character: Images, left: Images, right: Images) -> Images:
    margins = ((0, 0), (SPACING_PX, SPACING_PX))
    own, before, after = (np.pad(canvas, margins) for canvas in (character, left, right))
    all_ink = np.max([own, np.roll(before, -SPACING_PX, axis=1), np.roll(after, SPACING_PX, axis=1)], axis=0)
    x, y, w, h = cv2.boundingRect(own)
    scale = INNER_PX / max(w, h)
    centre = x + w / 2, y + h / 2
    context = np.zeros((CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    shift = WIDTH_PX / 2 - scale * centre[0], HEIGHT_PX / 2 - scale * centre[1]
    cv2.warpAffine(own, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (WIDTH_PX, HEIGHT_PX), dst=context[0])
    draw_context(context[None, 1:], all_ink, np.array([centre]), np.array([scale]))
    return context


def _any_strip(rng: np.random.Generator) -> Images:
    text = "".join(rng.choice(list(STRIP_CHARACTERS), int(rng.integers(1, 7))))
    return _strip(text, int(rng.choice(FONTS)), int(rng.integers(1, 4)), float(rng.uniform(0, 20)))


def _strip(text: str, font: int, thickness: int, left_px: float = 8) -> Images:
    """Return a strip of the nominal width, uint8 (2, 32, 128), with a text on a ruled line, bright ink on 0."""
    _, height, width = INPUT_SHAPES["recogniser"]
    written = np.zeros((height, width), np.uint8)
    baseline = (height + DIGIT_PX) // 2
    cv2.putText(written, text, (round(left_px), baseline), font, DIGIT_PX / FONT_HEIGHT_PX, 255, thickness, cv2.LINE_AA)
    all_ink = written.copy()
    all_ink[baseline + 2] = 255
    return np.stack([all_ink, written])


def _draw_any(rng: np.random.Generator) -> Images:
    return _draw(
        str(rng.choice(list(CHARACTERS))),
        int(rng.choice(FONTS)),
        thickness=int(rng.integers(3, 16)),
        angle_degrees=float(rng.normal(0, 12)),
    )


def _draw(character: str, font: int, thickness: int, angle_degrees: float = 0) -> Images:
    """Return a canvas, uint8 (160, 160), with one character, bright ink on 0."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    cv2.putText(canvas, character, (50, 110), font, 3, 255, thickness, cv2.LINE_AA)
    rotation = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), angle_degrees, 1)
    return np.asarray(cv2.warpAffine(canvas, rotation, (CANVAS_PX, CANVAS_PX)), np.uint8)
