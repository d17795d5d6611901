"""The motion of a page is found from digits of which some are missed or misread."""

from __future__ import annotations

import cmath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.motion import Marks, Motion, match

HEIGHT_PX = 40.0


def numbers(seed: int, count: int = 6) -> Marks:
    """Return numbers of four digits at random places of a page of 600 x 440 pixels."""
    rng = np.random.default_rng(seed)
    places = [complex(x, y) for x in (0, 220, 440) for y in range(0, 440, 80)]
    starts = rng.permutation(places)[:count]
    at = np.asarray((starts[:, None] + 30 * np.arange(4)).ravel(), np.complex128)
    return Marks(at, np.full(len(at), HEIGHT_PX), rng.integers(0, 10, len(at)))


def moved_marks(marks: Marks, motion: Motion, seed: int, *, missed: float, misread: float, jitter_px: float) -> Marks:
    """Return marks after a motion: a share of them is missed or misread, and all are displaced at random."""
    rng = np.random.default_rng(seed)
    found = rng.random(len(marks)) >= missed
    jitter = jitter_px * (rng.normal(size=len(marks)) + 1j * rng.normal(size=len(marks)))
    labels = np.where(rng.random(len(marks)) < misread, rng.integers(0, 10, len(marks)), marks.labels)
    return Marks((motion(marks.centres) + jitter)[found], marks.heights[found], labels[found])


@given(
    seed=st.integers(0, 999),
    shift=st.complex_numbers(max_magnitude=150),
    turn=st.floats(-0.03, 0.03),
    zoom=st.floats(0.97, 1.03),
)
def test_the_motion_is_found_despite_missed_and_misread_digits(
    seed: int, shift: complex, turn: float, zoom: float
) -> None:
    before = numbers(seed)
    middle = before.centres.mean()
    rotation = cmath.rect(zoom, turn)
    moved = Motion(rotation, middle + shift - rotation * middle)
    found = match(before, moved_marks(before, moved, seed, missed=0.15, misread=0.1, jitter_px=1.5))
    errors_px = np.abs(found.motion(before.centres) - moved(before.centres))
    assert errors_px.max() < HEIGHT_PX / 4


def test_the_shortest_of_equal_shifts_is_chosen() -> None:
    ones = Marks(np.arange(0, 300, 30, dtype=complex), np.full(10, HEIGHT_PX), np.ones(10, int))
    found = match(ones, Marks(ones.centres + 4, ones.heights, ones.labels))
    assert found.motion.shift == pytest.approx(4)
    assert found.pairs == tuple((i, i) for i in range(10))


def test_each_mark_is_in_one_pair_at_most_and_labels_break_ties() -> None:
    before = Marks(np.array([0, 400 + 0j]), np.full(2, HEIGHT_PX), np.array([7, 3]))
    now = Marks(np.array([-2, 2, 400 + 0j]), np.full(3, HEIGHT_PX), np.array([1, 7, 3]))
    found = match(before, now)
    assert sorted(found.pairs) == [(0, 1), (1, 2)]
    assert found.same_labels == 2


def test_digits_of_different_heights_are_not_paired() -> None:
    before = Marks(np.array([0j]), np.array([HEIGHT_PX]), np.array([5]))
    assert match(before, Marks(before.centres, before.heights / 2, before.labels)).pairs == ()


@pytest.mark.parametrize(("before", "now"), [(0, 0), (0, 2), (2, 0)])
def test_a_look_without_digits_has_no_pairs(before: int, now: int) -> None:
    found = match(numbers(1, before), numbers(2, now))
    assert (found.pairs, found.motion) == ((), Motion())
