"""The classifier rejects candidates, and the verifier decides about the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate, find_page_candidates
from agent.vision.classify import classify, fuse, softmax
from agent.vision.context import CHANNELS, FAR_FACTOR, HEIGHT_PX, INNER_PX, OUTSIDE, WIDTH_PX, cut_context
from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.ink import Ink, find_ink


class FixedNet:
    """A net that gives the same logits for each input, and records the shapes of its inputs."""

    def __init__(self, label: int, logit: float) -> None:
        self.label, self.logit = label, logit
        self.shapes: list[tuple[int, ...]] = []

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.shapes.append(glyphs.shape)
        return np.tile(np.eye(CLASSES, dtype=np.float32)[self.label] * self.logit, (len(glyphs), 1))


@dataclass(frozen=True)
class TwoNets:
    """A classifier and perhaps a verifier."""

    classifier: FixedNet
    verifier: FixedNet | None
    recogniser: None = None


@pytest.fixture(scope="module")
def found() -> tuple[Ink, tuple[Candidate, ...]]:
    """Return the ink of a ring with a vertical stroke beside it, and its candidates."""
    image = np.full((420, 430, 3), 220, np.uint8)
    cv2.circle(image, (200, 200), 30, (40, 40, 40), 8)
    cv2.line(image, (260, 160), (260, 240), (40, 40, 40), 8)
    ink = find_ink(image, 430)
    return ink, find_page_candidates(ink, 0.8)


@pytest.mark.parametrize(
    ("classifier", "verifier", "label"),
    [
        pytest.param(0, 8, 8, id="the-verifier-decides"),
        pytest.param(0, NOT_A_DIGIT, NOT_A_DIGIT, id="the-verifier-rejects"),
        pytest.param(NOT_A_DIGIT, 8, NOT_A_DIGIT, id="the-classifier-rejects"),
        pytest.param(0, None, 0, id="the-classifier-alone"),
    ],
)
def test_the_verifier_gets_what_the_classifier_accepts(
    found: tuple[Ink, tuple[Candidate, ...]], classifier: int, verifier: int | None, label: int
) -> None:
    nets = TwoNets(FixedNet(classifier, 6), None if verifier is None else FixedNet(verifier, 9))
    classified = classify(*found, nets)
    probability = classified.probability
    assert probability.shape == (len(found[1]), CLASSES)
    assert set(probability.argmax(axis=1).tolist()) == {label}
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)
    assert set(classified.classifier.argmax(axis=1).tolist()) == {classifier}
    assert nets.classifier.shapes == [(len(found[1]), 28, 28)]
    if nets.verifier is not None:
        assert classified.verified.sum() == nets.verifier.shapes[0][0]
        accepted = 0 if classifier == NOT_A_DIGIT else len(found[1])
        assert nets.verifier.shapes == [(accepted, CHANNELS, HEIGHT_PX, WIDTH_PX)]


def test_duplicate_candidates_are_classified_once(found: tuple[Ink, tuple[Candidate, ...]]) -> None:
    ink, candidates = found
    duplicates = tuple(replace(c, box=c.box._replace(x=c.box.x + 1)) for c in candidates)
    nets = TwoNets(FixedNet(0, 6), FixedNet(8, 9))
    classified = classify(ink, (*candidates, *duplicates), nets, duplicate_tolerance=0.1)
    assert nets.classifier.shapes == [(len(candidates), 28, 28)]
    first, second = np.split(classified.probability, 2)
    assert np.array_equal(first, second)
    assert classified.verified.shape == (2 * len(candidates),)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 9), st.integers(1, 9)), max_size=12))
def test_a_candidate_takes_the_result_of_the_first_one_that_it_nearly_covers(
    found: tuple[Ink, tuple[Candidate, ...]], boxes: list[tuple[int, int, int, int]]
) -> None:
    ink, (candidate, *_) = found
    candidates = [replace(candidate, box=Box(*box)) for box in boxes]
    atoms = [replace(candidate.atoms[0], box=c.box, mask=np.ones((c.box.h, c.box.w), np.uint8)) for c in candidates]
    nets = TwoNets(FixedNet(0, 6), None)
    classify(
        ink, [replace(c, atoms=(a,)) for c, a in zip(candidates, atoms, strict=True)], nets, duplicate_tolerance=0.3
    )
    unique: list[Box] = []
    for box in (c.box for c in candidates):
        largest_px = max(1, 0.3 * max(box.w, box.h))
        if not any(max(np.abs(np.subtract(corners(box), corners(other)))) <= largest_px for other in unique):
            unique.append(box)
    assert nets.classifier.shapes == [(len(unique), 28, 28)]


def corners(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.right, box.bottom


def test_a_context_does_not_depend_on_the_other_candidates(found: tuple[Ink, tuple[Candidate, ...]]) -> None:
    ink, candidates = found
    alone = [cut_context(ink, [candidate]) for candidate in candidates]
    assert np.array_equal(cut_context(ink, candidates), np.concatenate(alone))


def test_a_context_has_the_own_ink_in_the_middle_and_all_ink_around_it(
    found: tuple[Ink, tuple[Candidate, ...]],
) -> None:
    ink, candidates = found
    ring = next(i for i, c in enumerate(candidates) if c.box.w > 50 and c.box.centre[0] < 220)
    own, around, far = cut_context(ink, candidates)[ring]
    x, y, w, h = cv2.boundingRect(own)
    assert max(w, h) == INNER_PX
    assert abs(x + w / 2 - WIDTH_PX / 2) <= 1
    assert abs(y + h / 2 - HEIGHT_PX / 2) <= 1
    beside = np.s_[:, x + w + 2 :]
    assert own[beside].max() == 0
    assert around[beside].max() > 100
    assert np.abs(around.astype(int) - own)[:, : x + w].mean() < 8
    far_ring = far[HEIGHT_PX // 2 - 6 : HEIGHT_PX // 2 + 6, WIDTH_PX // 2 - 6 : WIDTH_PX // 2 + 3]
    assert cv2.boundingRect((far_ring > 40).astype(np.uint8))[2:] == pytest.approx([INNER_PX / FAR_FACTOR] * 2, abs=1)


def test_a_context_is_grey_outside_the_picture() -> None:
    image = np.full((300, 300, 3), 220, np.uint8)
    cv2.circle(image, (36, 36), 30, (40, 40, 40), 8)
    ink = find_ink(image, 300)
    own, around, far = cut_context(ink, [c for c in find_page_candidates(ink, 0.8) if c.box.w > 50])[0]
    assert not (own[0] == OUTSIDE).any()
    for view in (around, far):
        assert (view[0] == OUTSIDE).all()
        assert (view[:, 0] == OUTSIDE).all()
        assert not (view[HEIGHT_PX // 2 :, WIDTH_PX // 2 :][:8, :8] == OUTSIDE).any()


LOGITS = arrays(np.float32, (3, CLASSES), elements=st.floats(-80, 80, width=32))


@given(LOGITS, LOGITS)
def test_the_verifier_alone_decides_the_probability_of_not_a_digit(
    verifier: NDArray[np.float32], classifier: NDArray[np.float32]
) -> None:
    probability = fuse(verifier, classifier)
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(probability[:, NOT_A_DIGIT], softmax(verifier)[:, NOT_A_DIGIT], atol=1e-5)


def test_the_classifier_decides_between_digits_that_the_verifier_finds_equal() -> None:
    verifier, classifier = np.zeros((2, 1, CLASSES), np.float32)
    verifier[0, [4, 9]], classifier[0, 9] = 6, 3
    assert fuse(verifier, classifier).argmax() == 9
