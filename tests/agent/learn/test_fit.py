"""Adjustments of logits are learned from corrected candidates, and change little else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.choice.learned import adjust
from agent.learn.fit import fit_adjustment
from agent.vision.classify import softmax

CLASSES = 11


def logits_of(classes: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.float32]:
    """Logits of a net that is right with a margin of about 6."""
    return np.asarray(6 * np.eye(CLASSES)[classes] + rng.normal(size=(len(classes), CLASSES)), np.float32)


def test_a_class_that_was_confused_is_read_right_and_the_others_stay() -> None:
    rng = np.random.default_rng(1)
    classes = rng.integers(0, CLASSES, 200)
    corrected = logits_of(classes, rng)
    corrected[classes == 4] += 5 * np.eye(CLASSES, dtype=np.float32)[9] - 2 * np.eye(CLASSES, dtype=np.float32)[4]
    replay = logits_of(rng.integers(0, CLASSES, 500), rng)
    assert (corrected.argmax(axis=1) == classes).mean() < 0.95
    matrix = fit_adjustment(corrected, classes, replay)
    assert (adjust(corrected, matrix).argmax(axis=1) == classes).mean() > 0.98
    assert (adjust(replay, matrix).argmax(axis=1) == replay.argmax(axis=1)).mean() > 0.99


def test_nothing_to_correct_changes_little() -> None:
    rng = np.random.default_rng(2)
    classes = rng.integers(0, CLASSES, 100)
    corrected, replay = logits_of(classes, rng), logits_of(rng.integers(0, CLASSES, 300), rng)
    matrix = fit_adjustment(corrected, classes, replay)
    assert np.abs(softmax(adjust(replay, matrix)) - softmax(replay)).max() < 0.2
