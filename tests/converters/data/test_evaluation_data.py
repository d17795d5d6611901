from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from converters.data.evaluation_data import load_trial
from converters.evaluate import judge_net
from converters.export.golden import golden_inputs
from profiles.manifest import INPUT_SHAPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.converters.conftest import WriteMnist


@pytest.fixture
def data(tmp_path: Path, write_mnist: WriteMnist) -> Path:
    write_mnist(tmp_path, "test", golden_inputs("classifier")[:10], np.arange(10, dtype=np.uint8))
    return tmp_path


def test_classifiers_are_asked_about_mnist_as_it_is(data: Path) -> None:
    trial = load_trial("classifier", data)
    assert trial.name == "MNIST test"
    np.testing.assert_array_equal(trial.images, golden_inputs("classifier")[:10])
    assert trial.labels.tolist() == list(range(10))


class Cautious:
    """Takes nothing for a digit."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.zeros((len(images), CLASSES), np.float32)
        logits[:, NOT_A_DIGIT] = 1
        return logits


def test_verifiers_are_asked_about_candidates_most_of_which_are_no_digits(data: Path) -> None:
    trial, again = (load_trial("verifier", data, scenes=4) for _ in range(2))
    np.testing.assert_array_equal(trial.images, again.images)
    np.testing.assert_array_equal(trial.labels, again.labels)
    assert trial.name.startswith("candidates of 4 scenes of MNIST test, OpenCV ")
    assert trial.images.shape == (len(trial.labels), *INPUT_SHAPES["verifier"])
    digits = int((trial.labels < NOT_A_DIGIT).sum())
    assert 10 <= digits < len(trial.labels) / 2
    verdict = judge_net(Cautious(), trial)
    assert verdict.accuracy == pytest.approx(1 - digits / len(trial.labels))
    assert sum(score.images for score in verdict.digits) == digits
