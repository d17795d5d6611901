"""From a mask to its connected components: found by their outlines, and cut out only where they are large enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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

NET_MESHES, NET_ROWS = 8, 3
"""A component with so many holes that are large enough for digits, in at least so many rows, is a net."""


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
    outlines: Sequence[Sequence[cv2.typing.MatLike]]
    """Of each component its outer contour, and those of its holes."""
    atoms: dict[int, Atom] = field(default_factory=dict)
    """Those that were cut out already, by their number: several steps ask for the same."""


def find_components(mask: Mask) -> Components:
    """The connected components of a mask, uint8 (h, w) of 0 and 1."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    hole_of = [] if hierarchy is None else hierarchy[0, :, 3].tolist()  # -1: a component's outer contour
    outlines = {index: [contours[index]] for index, outer in enumerate(hole_of) if outer < 0}
    for index, outer in enumerate(hole_of):
        if outer >= 0:
            outlines[outer].append(contours[index])
    boxes = np.array([cv2.boundingRect(contours[index]) for index in outlines], np.int32).reshape(-1, 4)
    return Components(mask, boxes, list(outlines.values()))


def digit_height(components: Components, least_px: float) -> float:
    """About how high digits are, in working pixels: the median height, larger components counting for more.

    A net, such as squared paper and all that touches it, is as high as the page and says nothing of its digits; where
    there is nothing else, they are about as high as its meshes.

    Args:
        components: of a mask.
        least_px: components smaller than this say nothing.
    """
    many_holed = [i for i, outlines in enumerate(components.outlines) if len(outlines) > NET_MESHES]
    nets = {i: meshes for i in many_holed if (meshes := _meshes(components.outlines[i], least_px))}
    w, h = np.delete(components.boxes, list(nets), axis=0)[:, 2:].T
    heights = h[(np.maximum(w, h) >= least_px) & (10 * w > h) & (w < 3 * h)]
    heights = np.sort(heights if len(heights) else np.array([m for meshes in nets.values() for m in meshes], np.int32))
    if not len(heights):
        return float(LEAST_PX)
    share = np.cumsum(heights)
    return float(heights[np.searchsorted(share, share[-1] / 2)])


def _meshes(outlines: Sequence[cv2.typing.MatLike], least_px: float) -> list[int]:
    """How high each hole is, of a component that has many; none where it is no net, as a row of boxes is none."""
    whole, *heights = (cv2.boundingRect(outline)[3] for outline in outlines)
    meshes = [height for height in heights if height >= least_px]
    return meshes if len(meshes) >= NET_MESHES and whole > NET_ROWS * np.median(meshes) else []


def cut_out(components: Components, least_px: float) -> tuple[Atom, ...]:
    """The components that are at least `least_px` high or wide, each by itself."""
    sizes = components.boxes[:, 2:].max(axis=1, initial=0)
    keep = np.flatnonzero(sizes >= least_px)
    if len(keep) > MOST_COMPONENTS:
        areas = components.boxes[keep, 2:].prod(axis=1)
        keep = keep[np.argsort(areas)[-MOST_COMPONENTS:]]
    return tuple(cut_out_one(components, index) for index in keep.tolist())


def cut_out_one(components: Components, index: int) -> Atom:
    """A component by itself, cut out once."""
    if (known := components.atoms.get(index)) is not None:
        return known
    box = Box._make(components.boxes[index].tolist())
    own = np.zeros((box.h, box.w), np.uint8)
    cv2.drawContours(own, components.outlines[index], -1, 1, cv2.FILLED, offset=(-box.x, -box.y))
    own &= components.mask[box.y : box.bottom, box.x : box.right]
    components.atoms[index] = atom = Atom(box, own, cv2.countNonZero(own))
    return atom
