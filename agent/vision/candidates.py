"""From ink to what may be digits: whole components, parts of wide ones, and neighbours that may belong together.

A cluster is a row of atoms, components or parts of one, that lie on or right beside each other. Every run of
consecutive atoms is a candidate; `digits` decides which runs of a cluster are digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import binarize
from agent.vision.box import Box, around, overlapping
from agent.vision.components import LEAST_PX, Atom, cut_out
from agent.vision.ink import Ink
from agent.vision.seams import split_each

Mask = NDArray[np.uint8]

LEAST_PART = 0.15
"""Smallest component that may belong to a digit, as a share of a typical digit's height."""
LEAST_DIGIT = 0.3
"""Smallest digit, likewise."""
MOST_ATOMS = 10
MOST_IN_A_DIGIT = 4
BESIDE = 0.08
"""Components further apart than this share of their height do not nearly touch."""
WIDE = 0.8
"""A component wider than this share of its height may be several digits that touch."""
MOST_WIDE = 150
"""Where more are wide, most of them are words: the highest are split."""
MOST_CANDIDATES = 1200
"""More than this have only pages of print and texture; a net's time goes into their number."""


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


def find_page_candidates(ink: Ink, factor: float) -> tuple[Candidate, ...]:
    """All candidates of one mask, cut at `factor` times the ink's level."""
    _, written, digit_px, least_px = binarize(ink, factor)
    atoms = cut_out(written, max(least_px / 2, LEAST_PART * digit_px))
    return find_candidates(atoms, max(least_px, LEAST_DIGIT * digit_px))


def find_candidates(components: Sequence[Atom], least_px: float) -> tuple[Candidate, ...]:
    """Everything that may be one digit, at least `least_px` high or wide, cluster by cluster."""
    pieces = _split_wide(components)
    clusters = [
        _offered(number, [atom for member in members for atom in pieces[member]], least_px)
        for number, members in enumerate(_clusters(components))
    ]
    return tuple(chain.from_iterable(_affordable(clusters)))


def _offered(cluster: int, members: Sequence[Atom], least_px: float) -> list[Candidate]:
    """The runs of a cluster's atoms that may be digits."""
    atoms = tuple(sorted(members, key=lambda a: a.box.centre))
    return [
        Candidate(cluster, first, last, box, atoms[first : last + 1])
        for first, last, box in _runs(atoms)
        if _may_be_a_digit(box, least_px)
    ]


def _affordable(clusters: Sequence[list[Candidate]]) -> Sequence[list[Candidate]]:
    """All clusters, or those that offer least: a word or a texture offers dozens of candidates, a digit one."""
    if sum(map(len, clusters)) <= MOST_CANDIDATES:
        return clusters
    simplest = sorted(clusters, key=len)
    total = np.cumsum([len(cluster) for cluster in simplest])
    return simplest[: int(np.searchsorted(total, MOST_CANDIDATES, side="right"))]


def _may_be_a_digit(box: Box, least_px: float) -> bool:
    return max(box.w, box.h) >= least_px and box.w <= 2.2 * box.h and box.h <= 14 * box.w


def _runs(atoms: Sequence[Atom]) -> Iterator[tuple[int, int, Box]]:
    """Runs of consecutive atoms: the first, the last, and the box around all."""
    for first, atom in enumerate(atoms):
        box = atom.box
        for last in range(first, min(len(atoms), first + MOST_IN_A_DIGIT)):
            box = around(box, atoms[last].box)
            yield first, last, box


def _split_wide(components: Sequence[Atom]) -> list[list[Atom]]:
    """For each component the pieces of which it consists: itself, or its parts where it is wide."""
    pieces = [[atom] for atom in components]
    wide = [i for i, a in enumerate(components) if a.box.w > WIDE * a.box.h and a.box.h >= LEAST_PX]
    wide = sorted(wide, key=lambda i: -components[i].box.h)[:MOST_WIDE]
    for index, parts in zip(wide, split_each([components[i].mask for i in wide]), strict=True):
        x, y, _, _ = components[index].box
        pieces[index] = [_piece(part, x, y) for part in parts if part.any()]
    return pieces


def _piece(mask: Mask, left: int, top: int) -> Atom:
    """A part of a component, whose mask is as large as the component's, which lies at `left` and `top`."""
    x, y, w, h = cv2.boundingRect(mask)
    crop = mask[y : y + h, x : x + w]
    return Atom(Box(left + x, top + y, w, h), crop, cv2.countNonZero(crop))


def _clusters(components: Sequence[Atom]) -> Iterator[Sequence[int]]:
    """The components, by number, that may belong to one digit together, and whatever belongs to those."""
    leader = list(range(len(components)))

    def lead(index: int) -> int:
        while leader[index] != index:
            leader[index] = index = leader[leader[index]]
        return index

    for one, other in _neighbours(np.array([a.box for a in components], np.float32).reshape(-1, 4)):
        low, high = sorted((lead(one), lead(other)))
        leader[high] = low
    groups: dict[int, list[int]] = {}
    for index in range(len(components)):
        groups.setdefault(lead(index), []).append(index)
    for group in groups.values():
        if len(group) <= MOST_ATOMS:
            yield group
        else:
            yield from ([index] for index in group)


def _neighbours(boxes: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Pairs of boxes, float32 (n, 4), of which one stands above the other, or that nearly touch."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, w, h = boxes[order].T
    right, bottom = left + w, top + h
    one, other = overlapping(left, right + BESIDE * h.max(initial=0))
    height = np.maximum(h[one], h[other])
    gap_x = left[other] - np.minimum(right[one], right[other])
    gap_y = np.maximum(top[one], top[other]) - np.minimum(bottom[one], bottom[other])
    stacked = (-gap_x >= 0.4 * np.minimum(w[one], w[other])) & (gap_y <= 0.25 * height)
    beside = (gap_x <= BESIDE * height) & (gap_y <= 0.05 * height)
    total = np.maximum(bottom[one], bottom[other]) - np.minimum(top[one], top[other])
    joined = (stacked | beside) & (total <= 1.5 * height)
    return zip(order[one[joined]].tolist(), order[other[joined]].tolist(), strict=True)
