"""Cut strips out of labelled pictures with the pipeline of the board, twice as large as usual, to vary them later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import binarize
from agent.vision.box import Box
from agent.vision.line_text import CHARACTERS, DIGITS
from agent.vision.pipeline import THOROUGH, find_ink_layers
from agent.vision.strip import HEIGHT_PX, WIDTH_STEP_PX, cut_strip
from converters.data.strips.texts import Rng

Gray = NDArray[np.uint8]

ZOOM = 2
"""Factor by which the strips are larger than those of the board."""
MIN_GAP_PX = 2
"""Smallest gap between two digits in which a strip may be cut, in pixels of the strip."""
FACTORS = (0.5, 0.9)
"""Masks are made at these multiples of the threshold of the ink; each gives a strip."""


@dataclass(frozen=True, eq=False)
class RealStrip:
    """The strip of a real or rendered line."""

    image: Gray
    """The strip at twice its usual size, uint8 (2, 64, w), see `agent.vision.strip`."""
    text: str
    """Text of the strip, with characters of the first `classes` classes only. The strip may show other marks, too."""
    classes: int = DIGITS
    """Number of classes that `text` covers, from the first one: the digits, or the digits and all signs."""
    edges: tuple[tuple[float, float], ...] = ()
    """Left and right edge of each digit of `text`, in pixels of the strip."""


def cut_real_strips(
    rng: Rng, image: Gray, boxes: Sequence[Box], text: str, classes: int = DIGITS
) -> Iterator[RealStrip]:
    """Yield strips of a picture with one line.

    Args:
        rng: chooses a digit at an end that one of the strips is placed without, as if the reader had missed it.
        image: BGR, uint8 (H, W, 3).
        boxes: the digits, in pixels of the picture.
        text: the digits, with the signs if `classes` covers them.
        classes: see `RealStrip`.
    """
    boxes = sorted(boxes, key=lambda box: box.x)
    layers = [layer for layer in find_ink_layers(image, THOROUGH) if layer.pen is None]
    for number, factor in enumerate(FACTORS):
        ink = layers[0].ink
        working = [Box(*(round(value * ink.scale) for value in box)) for box in boxes]
        found = working
        if number and len(working) > 2:
            found = working[1:] if rng.random() < 0.5 else working[:-1]
        strip = cut_strip(ink, binarize(ink, factor), found, zoom=ZOOM)
        edges = tuple((strip.to_strip(box.x), strip.to_strip(box.right)) for box in working)
        yield RealStrip(strip.image, text, classes, edges)


def splice(rng: Rng, first: RealStrip, second: RealStrip) -> RealStrip:
    """Return the beginning of one strip and the end of another: a new number with the ink of real pictures.

    Both are cut in a gap between two digits that no sign separates. If one of them has no such gap, the first strip is
    returned.
    """
    cuts = [list(_gaps(strip)) for strip in (first, second)]
    if not all(cuts):
        return first
    (before, end), (after, begin) = (one[int(rng.integers(len(one)))] for one in cuts)
    image = np.concatenate([first.image[..., :end], second.image[..., begin:]], axis=2)
    text, classes = first.text[:before] + second.text[after:], min(first.classes, second.classes)
    return RealStrip(np.ascontiguousarray(image), _covered(text, classes), classes)


def _gaps(strip: RealStrip) -> Iterator[tuple[int, int]]:
    """Yield the gaps between two digits: the index in the text behind the first one, and the x of the middle."""
    digits = [index for index, character in enumerate(strip.text) if character.isdigit()]
    for (one, other), ((_, right), (left, _)) in zip(pairwise(digits), pairwise(strip.edges), strict=False):
        if other == one + 1 and left - right > MIN_GAP_PX:
            yield other, round((right + left) / 2)


def _covered(text: str, classes: int) -> str:
    return "".join(character for character in text if character in CHARACTERS[:classes])


def vary_strip(rng: Rng, strip: Gray) -> Gray:
    """Return a varied copy of a strip, uint8 (2, 64, w), at the usual size, uint8 (2, 32, w)."""
    _, height, width = strip.shape
    zoom = float(np.exp(rng.normal(0, 0.12))) / ZOOM
    stretch = float(np.exp(rng.normal(0, 0.1)))
    slant, slope = float(rng.normal(0, 0.12)), float(rng.normal(0, 0.02))
    target = WIDTH_STEP_PX * max(2, round(width * zoom * stretch / WIDTH_STEP_PX))
    matrix = np.array([[zoom * stretch, slant * zoom], [slope * zoom, zoom]])
    offset = np.array((target / 2, HEIGHT_PX / 2)) - matrix @ (width / 2, height / 2)
    offset += rng.normal(0, 1, 2) * (4, 1.6)
    affine = np.hstack([matrix, offset[:, None]])
    pixels: NDArray[Any] = np.ascontiguousarray(strip.transpose(1, 2, 0))
    if zoom < 0.7:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.6)
    varied: NDArray[Any] = cv2.warpAffine(pixels, affine, (target, HEIGHT_PX), flags=cv2.INTER_LINEAR).astype(
        np.float32
    )
    if rng.random() < 0.3:
        varied = cv2.GaussianBlur(varied, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.2:
        kernel = np.ones((2, 2), np.uint8)
        varied = cv2.erode(varied, kernel) if rng.random() < 0.4 else cv2.dilate(varied, kernel)
    varied *= float(rng.uniform(0.7, 1.4))
    if rng.random() < 0.3:
        varied += rng.normal(0, float(rng.uniform(2, 12)), (*varied.shape[:2], 1)) * (varied > 20)
    return np.asarray(np.clip(varied, 0, 255), np.uint8).transpose(2, 0, 1)
