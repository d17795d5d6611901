"""From a mask to its connected components: found by their outlines, and cut out only where they are large enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box

Mask = NDArray[np.uint8]
Boxes = NDArray[np.int32]
"""int32 (n, 4): left, top, width, height."""

LEAST_PX = 9
"""Working pixels below which nothing can be told."""
MOST_COMPONENTS = 1200
"""Beyond this the mask is texture; the largest components are kept."""


@dataclass(frozen=True, eq=False)
class Atom:
    """The smallest piece of ink that is not cut further."""

    box: Box
    """In working pixels."""
    mask: Mask
    """uint8 (h, w) of 0 and 1, as large as the box."""
    area: int


@dataclass(frozen=True, eq=False)
class Components:
    """All connected components of a mask; pixels that touch at a corner belong together."""

    mask: Mask
    """uint8 (h, w) of 0 and 1."""
    boxes: Boxes
    """Around each component."""
    outlines: Sequence[int]
    """For each component its outer contour among `contours`."""
    contours: Sequence[cv2.typing.MatLike]
    tree: NDArray[np.int32]
    """For each contour the next one of its kind, the previous one, its first hole, and whose hole it is; or -1."""


def find_components(mask: Mask) -> Components:
    """The connected components of a mask, uint8 (h, w) of 0 and 1."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    tree = np.zeros((0, 4), np.int32) if hierarchy is None else hierarchy[0]
    outlines = np.flatnonzero(tree[:, 3] < 0).tolist()
    boxes = np.array([cv2.boundingRect(contours[i]) for i in outlines], np.int32).reshape(-1, 4)
    return Components(mask, boxes, outlines, contours, tree)


def digit_height(boxes: Boxes, least_px: float) -> float:
    """About how high digits are, in working pixels: the median height, larger components counting for more.

    Args:
        boxes: of components.
        least_px: components smaller than this say nothing.
    """
    w, h = boxes[:, 2], boxes[:, 3]
    heights = np.sort(h[(np.maximum(w, h) >= least_px) & (10 * w > h) & (w < 3 * h)])
    if not len(heights):
        return float(LEAST_PX)
    share = np.cumsum(heights)
    return float(heights[np.searchsorted(share, share[-1] / 2)])


def cut_out(components: Components, least_px: float) -> tuple[Atom, ...]:
    """The components that are at least `least_px` high or wide, each by itself."""
    sizes = components.boxes[:, 2:].max(axis=1, initial=0)
    keep = np.flatnonzero(sizes >= least_px)
    if len(keep) > MOST_COMPONENTS:
        areas = components.boxes[keep, 2:].prod(axis=1)
        keep = keep[np.argsort(areas)[-MOST_COMPONENTS:]]
    return tuple(_cut_out(components, int(index)) for index in keep)


def _cut_out(components: Components, index: int) -> Atom:
    box = Box(*components.boxes[index].tolist())
    mask = np.zeros((box.h, box.w), np.uint8)
    contours = [components.contours[i] for i in _with_holes(components, index)]
    cv2.drawContours(mask, contours, -1, 1, cv2.FILLED, offset=(-box.x, -box.y))
    own = np.asarray(cv2.bitwise_and(mask, components.mask[box.y : box.bottom, box.x : box.right]), np.uint8)
    return Atom(box, own, cv2.countNonZero(own))


def _with_holes(components: Components, index: int) -> Iterator[int]:
    """A component's outer contour and those of its holes."""
    outline = components.outlines[index]
    yield outline
    hole = int(components.tree[outline, 2])
    while hole >= 0:
        yield hole
        hole = int(components.tree[hole, 0])
