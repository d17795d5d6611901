"""From a mask to what may be digits: whole components, parts of wide ones, and neighbours that may belong together.

A cluster is a row of atoms, components or parts of one, that lie on or right beside each other. Every run of
consecutive atoms is a candidate; `digits` decides which runs of a cluster are digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.seams import split

Mask = NDArray[np.uint8]

LEAST_PX = 9
"""Working pixels below which nothing can be told."""
MOST_COMPONENTS = 2000
"""Beyond this the mask is texture; the largest components are kept."""
MOST_ATOMS = 10
MOST_IN_A_DIGIT = 4
WIDE = 0.8
"""A component wider than this share of its height may be several digits that touch."""


@dataclass(frozen=True, eq=False)
class Atom:
    """The smallest piece of ink that is not cut further."""

    box: Box
    """In working pixels."""
    mask: Mask
    """uint8 (h, w) of 0 and 1, as large as the box."""
    area: int


@dataclass(frozen=True, eq=False)
class Candidate:
    """Consecutive atoms of a cluster that may be one digit."""

    cluster: int
    first: int
    last: int
    """The last atom that belongs to it."""
    box: Box
    atoms: tuple[Atom, ...]

    @property
    def area(self) -> int:
        return sum(a.area for a in self.atoms)


def find_components(mask: Mask, least_px: float = LEAST_PX) -> tuple[Atom, ...]:
    """The connected components of a mask, uint8 (h, w) of 0 and 1, that are not smaller than `least_px`."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sizes = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = np.flatnonzero(sizes >= least_px)
    keep = keep[keep != 0]
    if len(keep) > MOST_COMPONENTS:
        keep = keep[np.argsort(stats[keep, cv2.CC_STAT_AREA])[-MOST_COMPONENTS:]]
    atoms = []
    for label in keep:
        x, y, w, h, area = (int(v) for v in stats[label])
        atoms.append(Atom(Box(x, y, w, h), (labels[y : y + h, x : x + w] == label).astype(np.uint8), area))
    return tuple(atoms)


def digit_height(components: tuple[Atom, ...]) -> float:
    """About how high digits are, in working pixels: the median height, larger components counting for more."""
    heights = np.array([a.box.h for a in components if 0.1 < a.box.w / a.box.h < 3], float)
    if not len(heights):
        return float(LEAST_PX)
    order = np.argsort(heights)
    share = np.cumsum(heights[order])
    return float(heights[order][np.searchsorted(share, share[-1] / 2)])


def find_candidates(components: tuple[Atom, ...], least_px: float) -> tuple[Candidate, ...]:
    """Everything that may be one digit, at least `least_px` high or wide, cluster by cluster."""
    found: list[Candidate] = []
    for number, members in enumerate(_clusters(components)):
        atoms = _atoms(members)
        for first, last in _runs(len(atoms)):
            run = atoms[first : last + 1]
            box = union(a.box for a in run)
            if _may_be_a_digit(box, least_px):
                found.append(Candidate(number, first, last, box, run))
    return tuple(found)


def _may_be_a_digit(box: Box, least_px: float) -> bool:
    return max(box.w, box.h) >= least_px and box.w <= 2.2 * box.h and box.h <= 14 * box.w


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for first in range(count):
        for last in range(first, min(count, first + MOST_IN_A_DIGIT)):
            yield first, last


def _atoms(members: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """A cluster's components, wide ones split, from left to right."""
    pieces: list[Atom] = []
    for member in members:
        if member.box.w > WIDE * member.box.h and member.box.h >= LEAST_PX:
            pieces.extend(_cut(member))
        else:
            pieces.append(member)
    return tuple(sorted(pieces, key=lambda a: a.box.centre))


def _cut(atom: Atom) -> Iterator[Atom]:
    for part in split(atom.mask):
        x, y, w, h = cv2.boundingRect(part)
        if w and h:
            crop = part[y : y + h, x : x + w]
            yield Atom(Box(atom.box.x + x, atom.box.y + y, w, h), crop, int(np.count_nonzero(crop)))


def _clusters(components: tuple[Atom, ...]) -> Iterator[tuple[Atom, ...]]:
    """Components that may belong to one digit together: one above the other, or nearly touching."""
    if not components:
        return
    boxes = np.array([a.box for a in components], np.float32)
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    gap_x = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    gap_y = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    height = np.maximum(boxes[:, 3][:, None], boxes[:, 3])
    narrow = np.minimum(boxes[:, 2][:, None], boxes[:, 2])
    stacked = (-gap_x >= 0.4 * narrow) & (gap_y <= 0.25 * height)
    beside = (gap_x <= 0.08 * height) & (gap_y <= 0.05 * height)
    total = np.maximum(bottom[:, None], bottom) - np.minimum(top[:, None], top)
    joined = (stacked | beside) & (total <= 1.5 * height)
    count, of = _connected(joined)
    members: list[list[Atom]] = [[] for _ in range(count)]
    for atom, cluster in zip(components, of, strict=True):
        members[cluster].append(atom)
    for group in members:
        if len(group) <= MOST_ATOMS:
            yield tuple(group)
        else:
            yield from ((a,) for a in group)


def _connected(joined: NDArray[np.bool_]) -> tuple[int, list[int]]:
    """Connected groups of an undirected graph given as a matrix."""
    of = [-1] * len(joined)
    count = 0
    for start in range(len(joined)):
        if of[start] >= 0:
            continue
        waiting = [start]
        of[start] = count
        while waiting:
            for other in np.flatnonzero(joined[waiting.pop()]):
                if of[other] < 0:
                    of[other] = count
                    waiting.append(int(other))
        count += 1
    return count, of
