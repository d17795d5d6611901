from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.line_text import BLANK, LINE_CLASSES, STEP_PX
from agent.vision.strip import CHANNELS
from converters.data.evaluation_data import STRIP_WIDTH_PX, STRIPS, load_evaluation_data
from converters.evaluate import evaluate_net
from converters.export.golden import golden_inputs
from profiles.manifest import INPUT_SHAPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.converters.conftest import WriteMnist


@pytest.fixture
def data(tmp_path: Path, write_mnist: WriteMnist) -> Path:
    write_mnist(tmp_path, "test", golden_inputs("classifier")[:10], np.arange(10, dtype=np.uint8))
    return tmp_path


def test_classifiers_are_evaluated_on_mnists_test_images(data: Path) -> None:
    data_set = load_evaluation_data("classifier", data)
    assert data_set.name == "MNIST test"
    np.testing.assert_array_equal(data_set.images, golden_inputs("classifier")[:10])
    assert data_set.labels.tolist() == list(range(10))


@pytest.mark.slow
def test_recognisers_are_evaluated_on_strips_of_mnists_test_digits(data: Path) -> None:
    data_set, again = (load_evaluation_data("recogniser", data) for _ in range(2))
    np.testing.assert_array_equal(data_set.images, again.images)
    assert data_set.texts == again.texts
    assert data_set.images.shape == (STRIPS, CHANNELS, 32, STRIP_WIDTH_PX)
    assert {len(text) for text in data_set.texts} == {1, 2, 3, 4, 5, 6}
    assert {character for text in data_set.texts for character in text} == set("0123456789")
    inked = data_set.images.max(axis=(1, 2)) > 100
    assert inked.any(axis=1).all()
    assert not inked[:, -2:].any(axis=1).mean() > 0.02, "the texts are not cut off"
    metrics = evaluate_net(SaysSeven(), data_set)
    assert metrics.images == STRIPS
    assert metrics.accuracy == data_set.texts.count("7") / STRIPS > 0


class SaysSeven:
    """A net that reads "7" on every strip."""

    def logits(self, strips: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.zeros((len(strips), strips.shape[3] // STEP_PX, LINE_CLASSES), np.float32)
        logits[..., BLANK], logits[:, 5:8, 7] = 1, 2
        return logits


class RejectsAll:
    """A net that rejects every image."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.zeros((len(images), CLASSES), np.float32)
        logits[:, NOT_A_DIGIT] = 1
        return logits


@pytest.mark.slow
def test_verifiers_are_evaluated_on_candidates_most_of_which_are_not_digits(data: Path) -> None:
    data_set, again = (load_evaluation_data("verifier", data, scenes=4) for _ in range(2))
    np.testing.assert_array_equal(data_set.images, again.images)
    np.testing.assert_array_equal(data_set.labels, again.labels)
    assert data_set.name.startswith("candidates of 4 scenes of MNIST test, OpenCV ")
    assert data_set.images.shape == (len(data_set.labels), *INPUT_SHAPES["verifier"])
    digits = int((data_set.labels < NOT_A_DIGIT).sum())
    assert 10 <= digits < len(data_set.labels) / 2
    metrics = evaluate_net(RejectsAll(), data_set)
    assert metrics.accuracy == pytest.approx(1 - digits / len(data_set.labels))
    assert sum(score.images for score in metrics.digits) == digits
