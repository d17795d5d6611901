"""Candidates: everything in a mask that may be one digit.

A cluster is a row of atoms that lie on or beside each other; an atom is a component, or a part of a wide component.
Every run of consecutive atoms is a candidate. `agent.vision.digits` decides which candidates of a cluster are digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import Binarized, binarize
from agent.vision.box import Box, overlapping_intervals
from agent.vision.components import Atom, cut_out
from agent.vision.ink import Ink
from agent.vision.seams import split_each

Mask = NDArray[np.uint8]

MIN_ATOM_SHARE = 0.15
"""An atom is kept if its longer side is at least this share of the estimated height of the digits. Raising it loses
detached strokes. Chosen by trial on drawn pages and the sample pictures."""
MIN_ATOM_RATIO = 0.5
"""An atom is kept if its longer side is at least this share of `Binarized.min_px`, the smallest side at which a
component can be recognised. Raising it loses short detached strokes. Chosen by trial."""
MIN_DIGIT_SHARE = 0.3
"""Smallest height or width of a candidate, as a share of the estimated height of the digits. Raising it loses small
digits, lowering it adds candidates. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found
no effect at ±20 %."""
MAX_DIGIT_ASPECT = 2.2
"""A candidate is at most this many times as wide as high. Raising it adds candidates. Chosen by trial on drawn pages
and the sample pictures."""
MAX_DIGIT_SLIMNESS = 14
"""A candidate is at most this many times as high as wide. Lowering it loses thin ones. Chosen by trial on drawn pages
and the sample pictures. The sensitivity run found no effect at ±20 %."""
MAX_CLUSTER_COMPONENTS = 10
"""A cluster with more components than this is a word or a drawing: its components become clusters of their own. Raising
it adds candidates. Chosen by trial on drawn pages and the sample pictures."""
MAX_ATOMS_PER_DIGIT = 4
"""Largest number of atoms in a candidate. Raising it adds candidates. Chosen by trial on drawn pages and the sample
pictures."""
MAX_SIDE_GAP_HEIGHTS = 0.08
"""Largest horizontal gap between two components of a cluster that lie side by side, as a share of the height of the
higher one. Raising it adds candidates. Chosen by trial on drawn pages and the sample pictures."""
MAX_SIDE_OFFSET_HEIGHTS = 0.05
"""Largest vertical gap between two components of a cluster that lie side by side, as a share of the height of the
higher one. Raising it adds candidates. Chosen by trial on drawn pages and the sample pictures."""
MIN_STACKED_OVERLAP = 0.4
"""Components of a cluster that lie one above the other overlap horizontally by at least this share of the narrower
one's width. Raising it gives fewer candidates. Chosen by trial on drawn pages and the sample pictures."""
MAX_STACKED_GAP_HEIGHTS = 0.25
"""Largest vertical gap between two components of a cluster that lie one above the other, as a share of the height of
the higher one. Raising it joins digits of different lines. Chosen by trial on drawn pages and the sample pictures."""
MAX_PAIR_HEIGHTS = 1.5
"""Two components of a cluster together are at most this many times as high as the higher one. Raising it adds
candidates. Chosen by trial on drawn pages and the sample pictures."""
MIN_WIDE_ASPECT = 0.8
"""A component wider than this multiple of its height may be several digits that touch, so it is split. Lowering it
splits more single digits. Chosen by trial on drawn pages and the sample pictures."""
MIN_SPLIT_PX = 9
"""Components lower than this, in working pixels, are not split. Raising it loses small digits that touch. Chosen by
trial on drawn pages and the sample pictures."""
MAX_SPLIT_COMPONENTS = 150
"""Largest number of components of a mask that are split, the highest first: in a mask with more wide components most
are words. Raising it costs time. Chosen by trial on drawn pages and the sample pictures."""
MAX_CANDIDATES = 1200
"""Largest number of candidates of a mask; only pages of print and texture have more. Raising it costs time in the nets.
Chosen by trial on drawn pages and the sample pictures."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Consecutive atoms of a cluster that may be one digit."""

    cluster: int
    """Number of the cluster in its mask."""
    first: int
    """Index of the first atom in the cluster."""
    last: int
    """Index of the last atom in the cluster, included."""
    box: Box
    """Box of the candidate, in working pixels."""
    atoms: tuple[Atom, ...]

    @property
    def area(self) -> int:
        """Number of pixels of its ink."""
        return sum(a.area for a in self.atoms)


def find_page_candidates(ink: Ink, factor: float) -> tuple[Candidate, ...]:
    """Return all candidates of the mask that is made at `factor` times the threshold of the ink."""
    return next(find_mask_candidates([binarize(ink, factor)]))


def find_mask_candidates(masks: Sequence[Binarized]) -> Iterator[tuple[Candidate, ...]]:
    """Yield all candidates of each mask, cluster by cluster. The wide components of all masks are split in one go."""
    components = [
        cut_out(mask.written, max(MIN_ATOM_RATIO * mask.min_px, MIN_ATOM_SHARE * mask.digit_px)) for mask in masks
    ]
    for mask, atoms, pieces in zip(masks, components, _split_wide(components), strict=True):
        yield _find_candidates(atoms, pieces, max(mask.min_px, MIN_DIGIT_SHARE * mask.digit_px))


def _find_candidates(
    components: Sequence[Atom], pieces: Sequence[Sequence[Atom]], min_px: float
) -> tuple[Candidate, ...]:
    """Return all candidates among the components of a mask, cluster by cluster.

    Args:
        components: components of a mask.
        pieces: the atoms of each component.
        min_px: smallest height or width of a candidate in working pixels.
    """
    clusters = [
        _cluster_candidates(number, [atom for member in members for atom in pieces[member]], min_px)
        for number, members in enumerate(_clusters(components))
    ]
    return tuple(chain.from_iterable(_limit(clusters)))


def _cluster_candidates(cluster: int, members: Sequence[Atom], min_px: float) -> list[Candidate]:
    """Return the runs of consecutive atoms of a cluster that may have the shape of a digit."""
    if len(members) == 1:  # nearly all clusters
        box = members[0].box
        return [Candidate(cluster, 0, 0, box, tuple(members))] if _may_be_a_digit(box, min_px) else []
    atoms = tuple(sorted(members, key=lambda a: a.box.centre))
    return [
        Candidate(cluster, first, last, box, atoms[first : last + 1])
        for first, last, box in _runs(atoms)
        if _may_be_a_digit(box, min_px)
    ]


def _limit(clusters: Sequence[list[Candidate]]) -> Sequence[list[Candidate]]:
    """Drop the clusters with most candidates if there are too many: a word or a texture has dozens, a digit has one."""
    if sum(map(len, clusters)) <= MAX_CANDIDATES:
        return clusters
    simplest = sorted(clusters, key=len)
    total = np.cumsum([len(cluster) for cluster in simplest])
    return simplest[: int(np.searchsorted(total, MAX_CANDIDATES, side="right"))]


def _may_be_a_digit(box: Box, min_px: float) -> bool:
    return max(box.w, box.h) >= min_px and box.w <= MAX_DIGIT_ASPECT * box.h and box.h <= MAX_DIGIT_SLIMNESS * box.w


def _runs(atoms: Sequence[Atom]) -> Iterator[tuple[int, int, Box]]:
    """Yield the runs of consecutive atoms: index of the first, index of the last, and the box around the run."""
    for first, atom in enumerate(atoms):
        left, top, right, bottom = atom.box.x, atom.box.y, atom.box.right, atom.box.bottom
        for last in range(first, min(len(atoms), first + MAX_ATOMS_PER_DIGIT)):
            x, y, w, h = atoms[last].box
            left, top, right, bottom = min(left, x), min(top, y), max(right, x + w), max(bottom, y + h)
            yield first, last, Box(left, top, right - left, bottom - top)


def _split_wide(masks: Sequence[Sequence[Atom]]) -> list[list[list[Atom]]]:
    """Return the atoms of each component of each mask: the component itself, or its parts if it is wide."""
    pieces = [[[atom] for atom in components] for components in masks]
    wide = [(number, index) for number, components in enumerate(masks) for index in _wide(components)]
    split = split_each([masks[number][index].mask for number, index in wide])
    for (number, index), parts in zip(wide, split, strict=True):
        x, y, _, _ = masks[number][index].box
        pieces[number][index] = [_crop_part(part, x, y) for part in parts if part.any()]
    return pieces


def _wide(components: Sequence[Atom]) -> list[int]:
    """Return the indices of the components of a mask that may be several digits, the highest ones first."""
    wide = [i for i, a in enumerate(components) if a.box.w > MIN_WIDE_ASPECT * a.box.h and a.box.h >= MIN_SPLIT_PX]
    return sorted(wide, key=lambda i: -components[i].box.h)[:MAX_SPLIT_COMPONENTS]


def _crop_part(mask: Mask, left: int, top: int) -> Atom:
    """Return a part of a component as an atom.

    Args:
        mask: mask of the part, as large as the component.
        left: left edge of the component, in working pixels.
        top: top edge of the component, in working pixels.
    """
    x, y, w, h = cv2.boundingRect(mask)
    crop = mask[y : y + h, x : x + w]
    return Atom(Box(left + x, top + y, w, h), crop, cv2.countNonZero(crop))


def _clusters(components: Sequence[Atom]) -> Iterator[Sequence[int]]:
    """Yield the indices of the components of each cluster: connected neighbours, found by union-find."""
    parent = list(range(len(components)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = index = parent[parent[index]]
        return index

    for one, other in _neighbours(np.array([a.box for a in components], np.float32).reshape(-1, 4)):
        low, high = sorted((find(one), find(other)))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for index in range(len(components)):
        groups.setdefault(find(index), []).append(index)
    for group in groups.values():
        if len(group) <= MAX_CLUSTER_COMPONENTS:
            yield group
        else:
            yield from ([index] for index in group)


def _neighbours(boxes: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of boxes, float32 (n, 4), that lie one above the other or closely side by side, by index."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, w, h = boxes[order].T
    right, bottom = left + w, top + h
    one, other = overlapping_intervals(left, right + MAX_SIDE_GAP_HEIGHTS * h.max(initial=0))
    height = np.maximum(h[one], h[other])
    gap_x = left[other] - np.minimum(right[one], right[other])
    gap_y = np.maximum(top[one], top[other]) - np.minimum(bottom[one], bottom[other])
    overlap_x = MIN_STACKED_OVERLAP * np.minimum(w[one], w[other])
    stacked = (-gap_x >= overlap_x) & (gap_y <= MAX_STACKED_GAP_HEIGHTS * height)
    beside = (gap_x <= MAX_SIDE_GAP_HEIGHTS * height) & (gap_y <= MAX_SIDE_OFFSET_HEIGHTS * height)
    total = np.maximum(bottom[one], bottom[other]) - np.minimum(top[one], top[other])
    joined = (stacked | beside) & (total <= MAX_PAIR_HEIGHTS * height)
    return zip(order[one[joined]].tolist(), order[other[joined]].tolist(), strict=True)
