"""Turn pictures whose text is known into inputs of the nets with the right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.learn.align import Alignment, align_digits, near
from agent.vision.box import Box
from agent.vision.context import place_in_context
from agent.vision.coordinates import in_picture, in_working
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.glyph import normalise_each, own_ink
from agent.vision.layers import MaskResult
from agent.vision.line_text import CHARACTERS, digits_of
from agent.vision.pipeline import Trace
from agent.vision.strip import cut_strip

SAME_IOU = 0.7
"""A candidate shows a digit if the IoU of their boxes is at least this. Raising it takes fewer examples of digits. A
guess that was never measured."""
OTHER_IOU = 0.45
"""A candidate near a number is no digit if its IoU with each digit is below this. Raising it takes more examples. A
guess that was never measured."""
THIN_DIGIT = 1
"""Parts of this digit look like the whole digit, so they are no examples of "not a digit"."""


@dataclass(frozen=True)
class KnownNumber:
    """A picture and what stands in it."""

    image: NDArray[np.uint8]
    """BGR, uint8 (H, W, 3)."""
    box: Box
    """Box of the number in pixels of the picture."""
    text: str
    """The number as it is written; empty if what is in the box is not a number."""

    @property
    def digits(self) -> str:
        return digits_of(self.text)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs of the nets, with the right answers."""

    glyphs: NDArray[np.uint8]
    """uint8 (n, 28, 28), for the classifier."""
    contexts: NDArray[np.uint8]
    """uint8 (n, 3, 32, 48), of the same candidates, for the verifier."""
    labels: NDArray[np.intp]
    """intp (n,): the classes of the candidates."""
    strips: tuple[tuple[NDArray[np.uint8], str], ...]
    """Views of a strip, uint8 (views, 2, 32, w), each with its text, for the line recogniser."""


NOTHING = Examples(np.zeros((0, 28, 28), np.uint8), np.zeros((0, 3, 32, 48), np.uint8), np.zeros(0, np.intp), ())


def find_examples(trace: Trace, known: KnownNumber) -> Examples | None:
    """Return what the nets can learn from a picture whose text is known.

    Args:
        trace: the picture as it was read.
        known: the picture and its text.

    Returns:
        The examples; None if the digits of the number could not be found.
    """
    if not known.text:
        return _with_labels(trace, lambda place: NOT_A_DIGIT if near(place, known.box) else None, ())
    alignment = align_digits(trace, known.digits, known.box) if known.digits else None
    if alignment is None:
        return None
    strip = _cut_own_strip(alignment)
    text = known.text if all(character in CHARACTERS for character in known.text) else known.digits
    return _with_labels(trace, lambda place: _label(place, alignment, known.box), ((strip, text),))


def join_examples(parts: Iterable[Examples]) -> Examples:
    """Return all examples together."""
    every = [NOTHING, *parts]
    return Examples(
        np.concatenate([one.glyphs for one in every]),
        np.concatenate([one.contexts for one in every]),
        np.concatenate([one.labels for one in every]),
        tuple(strip for one in every for strip in one.strips),
    )


def _label(place: Box, alignment: Alignment, box: Box) -> int | None:
    """Return the class of a candidate; None if it is unknown."""
    overlaps = [place.iou(digit) for digit in alignment.places]
    nearest = max(range(len(overlaps)), key=overlaps.__getitem__)
    if overlaps[nearest] >= SAME_IOU:
        return alignment.digits[nearest]
    x, y = place.centre
    inside = box.x <= x <= box.right and box.y <= y <= box.bottom
    is_part = overlaps[nearest] < OTHER_IOU and inside and alignment.digits[nearest] != THIN_DIGIT
    return NOT_A_DIGIT if is_part else None


def _with_labels(
    trace: Trace, label: Callable[[Box], int | None], strips: tuple[tuple[NDArray[np.uint8], str], ...]
) -> Examples:
    size = trace.page.width, trace.page.height
    parts = [NOTHING]
    for mask in trace.masks:
        labels = [label(in_picture(candidate, mask.ink, *size)) for candidate in mask.candidates]
        if not mask.on_back:
            parts.append(_of_mask(mask, labels))
    joined = join_examples(parts)
    return Examples(joined.glyphs, joined.contexts, joined.labels, strips)


def _of_mask(mask: MaskResult, labels: Sequence[int | None]) -> Examples:
    kept = [(candidate, label) for candidate, label in zip(mask.candidates, labels, strict=True) if label is not None]
    candidates = [candidate for candidate, _ in kept]
    own = [own_ink(mask.ink, candidate) for candidate in candidates]
    classes = np.array([label for _, label in kept], np.intp)
    return Examples(normalise_each(own), place_in_context(mask.ink, candidates, own), classes, ())


def _cut_own_strip(alignment: Alignment) -> NDArray[np.uint8]:
    """Return the views of a strip that shows this number and none of its neighbours."""
    ink = alignment.mask.ink
    boxes = [in_working(place, ink) for place in alignment.places]
    reach = max(box.h for box in boxes) / 2
    limits = boxes[0].x - reach, max(box.right for box in boxes) + reach
    return cut_strip(ink, alignment.mask.binarized, boxes, limits=limits).views()
