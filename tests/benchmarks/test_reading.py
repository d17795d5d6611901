"""The parts of the reading benchmark: support vector machine, OpenCV's sample, test images."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from agent.vision.lines import group_lines
from benchmarks.note_images import draw_frame, draw_still, draw_video
from benchmarks.opencv_sample import read_frame, train_opencv_sample
from benchmarks.reading import bare_threshold, count_right
from benchmarks.svm import train_svm


def test_the_support_vector_machine_separates_classes_that_no_line_separates() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 600).astype(np.uint8)
    angle = rng.uniform(0, 2 * np.pi, len(labels))
    rings = (0.1 + 0.1 * labels)[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    svm = train_svm(rings.astype(np.float32) * 3, labels)
    predicted = [svm.predict(sample) for sample in rings[:200].astype(np.float32) * 3]
    assert np.mean(np.equal(predicted, labels[:200])) > 0.97


@pytest.mark.slow
def test_opencvs_sample_reads_most_digits_of_the_frame() -> None:
    frame = draw_frame()
    readings = group_lines(read_frame(frame.image, train_opencv_sample(digits=500)))
    assert int(count_right(frame, readings).split()[0]) >= 15


def test_the_frame_has_the_documented_size_and_is_reproducible() -> None:
    frame = draw_frame()
    assert frame.image.shape == (480, 640, 3)
    assert len(frame.digits) == 20
    assert np.array_equal(frame.image, draw_frame().image)
    assert bare_threshold(frame.image) > 20


def test_the_page_of_the_video_is_the_one_of_the_frame_and_moves() -> None:
    first, *others = draw_video(3)
    assert np.array_equal(first, draw_frame().image)
    for before, after in pairwise((first, *others)):
        (x, y), _ = cv2.phaseCorrelate(before[..., 2].astype(np.float64), after[..., 2].astype(np.float64))
        assert 1 < abs(complex(x, y)) < 10


@pytest.mark.slow
def test_the_still_has_twelve_megapixels() -> None:
    still = draw_still()
    assert still.image.shape == (3000, 4000, 3)
    assert len(still.digits) == 176
