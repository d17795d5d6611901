"""How a page moved between two looks, told by its digits alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CELL_HEIGHTS = 0.2
"""Width of a cell of the vote on the shift, in heights of a digit, ..."""
MOST_CELLS = 500
"""... unless there were more of them than this, across or down."""
ALIKE = 0.6
"""The lower of two boxes is at least so high, relative to the other, where both may be the same digit's."""
NEAR_HEIGHTS = 2.0
"""A digit whose label changed is looked for within this distance of where it was."""
SAME_HEIGHTS = 0.4
"""Centres nearer than this, once the shift is known, are the same digit's."""
OTHER_LABEL = 0.3
"""What a pair whose labels differ counts, against one whose labels are the same."""
MOST_STEPS = 4
"""In so many steps at most are motion and pairs made to agree."""
MOST_STRETCH = 0.15
"""A turn or a change of scale beyond this share is not believed."""
SPREAD_HEIGHTS = 1.5
"""A turn or a change of scale is told only from digits that lie so far apart."""

Pairs = tuple[tuple[int, int], ...]
"""Index before, index now."""


@dataclass(frozen=True, eq=False)
class Marks:
    """Digits as points: what motion is told from."""

    at: NDArray[np.complex128]
    """Their centres (n,), x + iy in pixels."""
    heights: NDArray[np.float64]
    """(n,), in pixels."""
    labels: NDArray[np.int64]
    """(n,), 0..9."""

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Motion:
    """A turn with a change of scale, and a shift: `z` goes to `turn * z + shift`, x + iy in pixels."""

    turn: complex = 1.0
    shift: complex = 0.0

    def __call__(self, at: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(self.turn * at + self.shift, np.complex128)


@dataclass(frozen=True, eq=False)
class Match:
    """What of two looks is the same."""

    motion: Motion
    pairs: Pairs
    same_labels: int
    """Pairs whose labels agree."""


def match(before: Marks, now: Marks) -> Match:
    """Find the motion that brings most of the marks before onto marks now, and pair them."""
    if not len(before) or not len(now):
        return Match(Motion(), (), 0)
    motion = Motion(shift=_vote(before, now))
    pairs = _pair(before, now, motion)
    for _ in range(MOST_STEPS):
        motion = _fit(before, now, pairs, motion)
        last, pairs = pairs, _pair(before, now, motion)
        if pairs == last:
            break
    return Match(motion, pairs, sum(before.labels[i] == now.labels[j] for i, j in pairs))


def _vote(before: Marks, now: Marks) -> complex:
    """The shift that most pairs agree on; of equals the smallest."""
    shifts = (now.at - before.at[:, None]).ravel()
    ratio = np.divide.outer(before.heights, now.heights).ravel()
    same = np.equal.outer(before.labels, now.labels).ravel()
    height = float(np.median(now.heights))
    far = np.abs(shifts) / height
    weights = np.where(same, 1.0, OTHER_LABEL) * (0.4 + 0.6 / (1 + (far / NEAR_HEIGHTS) ** 2))
    likely = (ratio > ALIKE) & (ratio < 1 / ALIKE) & (same | (far < NEAR_HEIGHTS))
    if not likely.any():
        return 0.0
    shifts, weights = shifts[likely], weights[likely]
    cell = max(CELL_HEIGHTS * height, float(max(np.ptp(shifts.real), np.ptp(shifts.imag))) / MOST_CELLS)
    x, y = (np.rint((part - part.min()) / cell).astype(int) + 1 for part in (shifts.real, shifts.imag))
    votes = np.zeros((y.max() + 2, x.max() + 2), np.float32)
    np.add.at(votes, (y, x), weights)
    around = cv2.blur(votes, (3, 3), borderType=cv2.BORDER_CONSTANT)
    top_y, top_x = np.unravel_index(int(np.argmax(around)), around.shape)
    agreeing = (np.abs(x - top_x) <= 1) & (np.abs(y - top_y) <= 1)
    return complex(np.average(shifts[agreeing], weights=weights[agreeing]))


def _pair(before: Marks, now: Marks, motion: Motion) -> Pairs:
    """Pair marks that lie on each other once moved, the nearest first."""
    heights = np.maximum.outer(before.heights, now.heights)
    alike = np.minimum.outer(before.heights, now.heights) > ALIKE * heights
    far = np.abs(now.at - motion(before.at)[:, None]) / heights
    cost = far + np.where(np.equal.outer(before.labels, now.labels), 0, SAME_HEIGHTS / 2)
    near = np.argwhere(alike & (far < SAME_HEIGHTS))
    pairs = dict[int, int]()
    taken = set[int]()
    for i, j in near[np.argsort(cost[tuple(near.T)], kind="stable")].tolist():
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return tuple(pairs.items())


def _fit(before: Marks, now: Marks, pairs: Pairs, guess: Motion) -> Motion:
    """The motion that fits the pairs best (least squares); only a shift where they are few or close together."""
    if not pairs:
        return guess
    alike = [(i, j) for i, j in pairs if before.labels[i] == now.labels[j]]
    trusted = alike if len(alike) > len(pairs) / 2 else pairs
    old, new = before.at[[i for i, _ in trusted]], now.at[[j for _, j in trusted]]
    off, apart = new - new.mean(), old - old.mean()
    spread = float(np.sqrt(np.mean(np.abs(apart) ** 2)))
    turn = complex(1.0)
    if len(trusted) >= 4 and spread > SPREAD_HEIGHTS * float(np.median(now.heights)):
        turn = complex(np.vdot(apart, off) / np.vdot(apart, apart))
    if abs(turn - 1) > MOST_STRETCH:
        turn = complex(1.0)
    return Motion(turn, complex(new.mean() - turn * old.mean()))
