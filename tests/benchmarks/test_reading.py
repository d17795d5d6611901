"""The benchmarks measure what they say: a machine that learns, a sample that reads, notes that are what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.lines import group_lines
from benchmarks.bounds import Bound
from benchmarks.note import draw_frame, draw_still
from benchmarks.opencv_sample import read_frame, train_peer
from benchmarks.reading import bare_threshold, right
from benchmarks.svm import train


def test_the_machine_parts_classes_that_no_line_parts() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 600).astype(np.uint8)
    angle = rng.uniform(0, 2 * np.pi, len(labels))
    rings = (0.1 + 0.1 * labels)[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    machine = train(rings.astype(np.float32) * 3, labels)
    seen = [machine.predict(sample) for sample in rings[:200].astype(np.float32) * 3]
    assert np.mean(np.equal(seen, labels[:200])) > 0.97


def test_the_peer_reads_most_of_the_frame() -> None:
    frame = draw_frame()
    readings = group_lines(read_frame(frame.image, train_peer(digits=500)))
    assert int(right(frame, readings).split()[0]) >= 15


def test_the_pictures_are_as_large_as_they_say_and_always_the_same() -> None:
    frame = draw_frame()
    assert frame.image.shape == (480, 640, 3)
    assert len(frame.digits) == 20
    assert np.array_equal(frame.image, draw_frame().image)
    assert bare_threshold(frame.image) > 20


def test_the_still_has_twelve_megapixels() -> None:
    still = draw_still()
    assert still.image.shape == (3000, 4000, 3)
    assert len(still.digits) == 176


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (Bound("times", 5.0, at_least=5), True),
        (Bound("times", 4.9, at_least=5), False),
        (Bound("s", 1.0, at_most=1), True),
        (Bound("s", 1.1, at_most=1), False),
    ],
)
def test_a_bound_is_kept_up_to_its_limit(bound: Bound, kept: bool) -> None:
    assert bound.kept is kept
    assert ("kept" if kept else "missed") in str(bound)
