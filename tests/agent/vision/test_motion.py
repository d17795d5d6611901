from __future__ import annotations

import cmath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.motion import Marks, Motion, match

HEIGHT_PX = 40.0


def numbers(seed: int, count: int = 6) -> Marks:
    """Numbers of four digits, somewhere on a page of 600 x 440."""
    rng = np.random.default_rng(seed)
    places = [complex(x, y) for x in (0, 220, 440) for y in range(0, 440, 80)]
    starts = rng.permutation(places)[:count]
    at = np.asarray((starts[:, None] + 30 * np.arange(4)).ravel(), np.complex128)
    return Marks(at, np.full(len(at), HEIGHT_PX), rng.integers(0, 10, len(at)))


def seen_again(marks: Marks, motion: Motion, seed: int, *, missed: float, misread: float, stray_px: float) -> Marks:
    """The marks after a motion: some are missed, some misread, all stray."""
    rng = np.random.default_rng(seed)
    left = rng.random(len(marks)) >= missed
    stray = stray_px * (rng.normal(size=len(marks)) + 1j * rng.normal(size=len(marks)))
    labels = np.where(rng.random(len(marks)) < misread, rng.integers(0, 10, len(marks)), marks.labels)
    return Marks((motion(marks.centres) + stray)[left], marks.heights[left], labels[left])


@settings(deadline=None)
@given(
    seed=st.integers(0, 999),
    shift=st.complex_numbers(max_magnitude=150),
    turn=st.floats(-0.03, 0.03),
    zoom=st.floats(0.97, 1.03),
)
def test_a_motion_is_found_though_digits_are_missed_and_misread(
    seed: int, shift: complex, turn: float, zoom: float
) -> None:
    before = numbers(seed)
    middle = before.centres.mean()
    turned = cmath.rect(zoom, turn)
    moved = Motion(turned, middle + shift - turned * middle)
    found = match(before, seen_again(before, moved, seed, missed=0.15, misread=0.1, stray_px=1.5))
    off = np.abs(found.motion(before.centres) - moved(before.centres))
    assert off.max() < HEIGHT_PX / 4


def test_of_equal_motions_the_smallest_is_believed() -> None:
    ones = Marks(np.arange(0, 300, 30, dtype=complex), np.full(10, HEIGHT_PX), np.ones(10, int))
    found = match(ones, Marks(ones.centres + 4, ones.heights, ones.labels))
    assert found.motion.shift == pytest.approx(4)
    assert found.pairs == tuple((i, i) for i in range(10))


def test_each_mark_has_one_partner_at_most_and_labels_break_ties() -> None:
    before = Marks(np.array([0, 400 + 0j]), np.full(2, HEIGHT_PX), np.array([7, 3]))
    now = Marks(np.array([-2, 2, 400 + 0j]), np.full(3, HEIGHT_PX), np.array([1, 7, 3]))
    found = match(before, now)
    assert sorted(found.pairs) == [(0, 1), (1, 2)]
    assert found.same_labels == 2


def test_a_digit_of_another_size_is_another_digit() -> None:
    before = Marks(np.array([0j]), np.array([HEIGHT_PX]), np.array([5]))
    assert match(before, Marks(before.centres, before.heights / 2, before.labels)).pairs == ()


@pytest.mark.parametrize(("before", "now"), [(0, 0), (0, 2), (2, 0)])
def test_nothing_matches_nothing(before: int, now: int) -> None:
    found = match(numbers(1, before), numbers(2, now))
    assert (found.pairs, found.motion) == ((), Motion())
