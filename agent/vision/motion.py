"""Estimate how a page moved between two looks, from its digits alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CELL_HEIGHTS = 0.2
"""Width of a cell of the vote on the shift, in heights of a digit. Raising it makes the shift less exact. Chosen by
trial."""
MAX_CELLS = 500
"""Largest number of cells in x and in y. If more would be needed, the cells are made wider, to bound time and memory.
Raising it costs memory and time. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_HEIGHT_RATIO = 0.6
"""Two boxes may belong to the same digit only if the height of the smaller one is more than this share of the height of
the larger one. Raising it pairs fewer digits. Chosen by trial."""
NEAR_HEIGHTS = 2.0
"""Distance in heights of a digit. A digit whose label changed is searched within this distance, and shorter shifts get
more votes. Raising it follows larger motions and pairs wrong digits. Chosen by trial. The sensitivity run found no
effect at ±20 %."""
MAX_PAIR_DISTANCE_HEIGHTS = 0.4
"""Digits are paired if their centres are closer than this many heights after the motion. Raising it pairs wrong digits.
Chosen by trial."""
OTHER_LABEL_WEIGHT = 0.3
"""Weight of a pair with different labels in the vote on the shift; the weight of a pair with the same label is 1.
Raising it trusts labels less. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_DISTANCE_WEIGHT = 0.4
"""Factor, 0..1, to which the vote of a pair falls as its shift becomes long; a shift of 0 has factor 1. Lowering it
prefers short shifts more. Chosen by trial. The sensitivity run found no effect at ±20 %."""
OTHER_LABEL_COST_HEIGHTS = 0.2
"""Distance, in heights of a digit, that is added to a pair with different labels when the nearest pairs are chosen.
Raising it prefers pairs with the same label more. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_SAME_LABEL_SHARE = 0.5
"""The motion is fitted to the pairs with the same label alone if they are more than this share of all pairs. Lowering
it trusts labels more. Chosen by trial."""
MIN_FIT_PAIRS = 4
"""Smallest number of pairs from which rotation and scale are estimated; with fewer, only the shift is. Raising it makes
them steadier. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MAX_ITERATIONS = 4
"""Largest number of times that motion and pairs are computed from each other. Raising it costs time. Chosen by trial.
The sensitivity run found no effect at ±20 %."""
MAX_TURN_OR_ZOOM = 0.15
"""Rotations and changes of scale beyond this, in radians or as a share, are rejected; only the shift is used. Raising
it accepts wrong motions. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_SPREAD_HEIGHTS = 1.5
"""Rotation and scale are estimated only from digits whose standard distance from their centre exceeds this many
heights. Raising it estimates them in fewer looks. Chosen by trial."""

Pairs = tuple[tuple[int, int], ...]
"""Pairs of digits: index among those of the last look, index among those of this look."""


@dataclass(frozen=True, eq=False)
class Marks:
    """Digits as points."""

    centres: NDArray[np.complex128]
    """Centres (n,), x + iy in pixels."""
    heights: NDArray[np.float64]
    """Heights (n,) in pixels."""
    labels: NDArray[np.int64]
    """Labels (n,), 0..9."""

    def __len__(self) -> int:
        return len(self.centres)


@dataclass(frozen=True)
class Motion:
    """A similarity transform: `z` goes to `turn * z + shift`, with z = x + iy in pixels."""

    turn: complex = 1.0
    """Rotation and scale."""
    shift: complex = 0.0
    """Shift in pixels, x + iy."""

    def __call__(self, points: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(self.turn * points + self.shift, np.complex128)


@dataclass(frozen=True, eq=False)
class Match:
    """Digits of two looks, paired by their positions, and the motion between the looks."""

    motion: Motion
    pairs: Pairs
    same_labels: int
    """Number of pairs with the same label."""


def match(before: Marks, now: Marks) -> Match:
    """Return the motion that moves most marks of the last look onto marks of this look, and the pairs."""
    if not len(before) or not len(now):
        return Match(Motion(), (), 0)
    motion = Motion(shift=_find_shift(before, now))
    pairs = _pair(before, now, motion)
    for _ in range(MAX_ITERATIONS):
        motion = _fit(before, now, pairs, motion)
        last, pairs = pairs, _pair(before, now, motion)
        if pairs == last:
            break
    return Match(motion, pairs, int(np.count_nonzero(_same_labels(before, now, pairs))))


def _find_shift(before: Marks, now: Marks) -> complex:
    """Return the shift that most pairs of digits vote for (Hough voting); 0 if no pair has similar heights."""
    shifts = (now.centres - before.centres[:, None]).ravel()
    ratio = np.divide.outer(before.heights, now.heights).ravel()
    same_label = np.equal.outer(before.labels, now.labels).ravel()
    height_px = float(np.median(now.heights))
    distance = np.abs(shifts) / height_px
    weights = np.where(same_label, 1.0, OTHER_LABEL_WEIGHT) * (
        MIN_DISTANCE_WEIGHT + (1 - MIN_DISTANCE_WEIGHT) / (1 + (distance / NEAR_HEIGHTS) ** 2)
    )
    likely = (ratio > MIN_HEIGHT_RATIO) & (ratio < 1 / MIN_HEIGHT_RATIO) & (same_label | (distance < NEAR_HEIGHTS))
    if not likely.any():
        return 0.0
    shifts, weights = shifts[likely], weights[likely]
    cell_px = max(CELL_HEIGHTS * height_px, float(max(np.ptp(shifts.real), np.ptp(shifts.imag))) / MAX_CELLS)
    x, y = (np.rint((part - part.min()) / cell_px).astype(int) + 1 for part in (shifts.real, shifts.imag))
    votes = np.zeros((y.max() + 2, x.max() + 2), np.float32)
    np.add.at(votes, (y, x), weights)
    smoothed_votes = cv2.blur(votes, (3, 3), borderType=cv2.BORDER_CONSTANT)
    top_y, top_x = np.unravel_index(int(np.argmax(smoothed_votes)), smoothed_votes.shape)
    agreeing = (np.abs(x - top_x) <= 1) & (np.abs(y - top_y) <= 1)
    return complex(np.average(shifts[agreeing], weights=weights[agreeing]))


def _pair(before: Marks, now: Marks, motion: Motion) -> Pairs:
    """Pair marks that lie on each other after the motion, the nearest ones first."""
    heights = np.maximum.outer(before.heights, now.heights)
    similar = np.minimum.outer(before.heights, now.heights) > MIN_HEIGHT_RATIO * heights
    distance = np.abs(now.centres - motion(before.centres)[:, None]) / heights
    cost = distance + np.where(np.equal.outer(before.labels, now.labels), 0, OTHER_LABEL_COST_HEIGHTS)
    close = np.argwhere(similar & (distance < MAX_PAIR_DISTANCE_HEIGHTS))
    pairs = dict[int, int]()
    paired_now = set[int]()
    for i, j in close[np.argsort(cost[tuple(close.T)], kind="stable")].tolist():
        if i not in pairs and j not in paired_now:
            pairs[i] = j
            paired_now.add(j)
    return tuple(pairs.items())


def _fit(before: Marks, now: Marks, pairs: Pairs, guess: Motion) -> Motion:
    """Return the motion that fits the pairs best (least squares); only a shift if they are few or close together."""
    if not pairs:
        return guess
    same_label = np.flatnonzero(_same_labels(before, now, pairs))
    trusted = np.array(pairs)[same_label] if len(same_label) > MIN_SAME_LABEL_SHARE * len(pairs) else np.array(pairs)
    old, new = before.centres[trusted[:, 0]], now.centres[trusted[:, 1]]
    new_offsets, old_offsets = new - new.mean(), old - old.mean()
    spread = float(np.sqrt(np.mean(np.abs(old_offsets) ** 2)))
    turn = complex(1.0)
    if len(trusted) >= MIN_FIT_PAIRS and spread > MIN_SPREAD_HEIGHTS * float(np.median(now.heights)):
        turn = complex(np.vdot(old_offsets, new_offsets) / np.vdot(old_offsets, old_offsets))
    if abs(turn - 1) > MAX_TURN_OR_ZOOM:
        turn = complex(1.0)
    return Motion(turn, complex(new.mean() - turn * old.mean()))


def _same_labels(before: Marks, now: Marks, pairs: Pairs) -> NDArray[np.bool_]:
    """Return whether the marks of each pair have the same label, bool (n,)."""
    one, other = np.array(pairs, np.intp).reshape(-1, 2).T
    return np.asarray(before.labels[one] == now.labels[other], np.bool_)
