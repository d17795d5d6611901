from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runtimes.net import runtime_version
from agent.vision.line_text import CHARACTERS, LINE_CLASSES
from converters.data.evaluation_data import STRIPS
from converters.evaluate import (
    NOT_A_DIGIT,
    calibration_error,
    compute_metrics,
    evaluate,
    find_artifacts,
    greedy_texts,
    renew_accuracies,
)
from converters.export.golden import golden_inputs
from profiles.errors import ArtifactError, DatasetError, ManifestError, RuntimeUnusableError, UsageError
from profiles.manifest import FILE_NAME, Manifest, Role, dump_manifest, load_manifest

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne, WriteMnist

pytestmark = pytest.mark.slow

pairs = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=200)


def test_metrics_of_a_small_example() -> None:
    metrics = compute_metrics(np.array([0, 0, 1, 1, 1, NOT_A_DIGIT]), np.array([0, 0, 0, 1, 1, 1]))
    assert metrics.images == 6
    assert metrics.accuracy == pytest.approx(4 / 6)
    zero, one, two = metrics.digits[:3]
    assert [zero.images, zero.precision, zero.recall, zero.f1] == pytest.approx([3, 1, 2 / 3, 0.8])
    assert [one.images, one.precision, one.recall, one.f1] == pytest.approx([3, 2 / 3, 2 / 3, 2 / 3])
    assert (two.images, two.precision, two.recall, two.f1) == (0, 0, 0, 0)
    assert metrics.confusion[0] == (2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert metrics.confusion[1] == (0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1)


def test_an_outlier_is_correct_if_it_is_rejected() -> None:
    metrics = compute_metrics(np.array([NOT_A_DIGIT, 3, 3]), np.array([NOT_A_DIGIT, NOT_A_DIGIT, 3]))
    assert metrics.accuracy == pytest.approx(2 / 3)
    three = metrics.digits[3]
    assert [three.images, three.precision, three.recall] == pytest.approx([1, 0.5, 1])
    assert metrics.confusion[NOT_A_DIGIT] == (0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1)


@given(pairs)
def test_the_confusion_matrix_counts_every_image_once(samples: list[tuple[int, int]]) -> None:
    predictions, labels = np.array(samples, np.int64).reshape(-1, 2).T
    metrics = compute_metrics(predictions, labels)
    assert np.sum(metrics.confusion) == metrics.images == len(samples)
    assert metrics.accuracy == pytest.approx((predictions == labels).mean() if len(samples) else 0)
    assert [score.images for score in metrics.digits] == [int((labels == digit).sum()) for digit in range(10)]
    assert all(0 <= value <= 1 for score in metrics.digits for value in (score.precision, score.recall, score.f1))


@given(st.lists(st.integers(0, 9), min_size=1))
def test_perfect_predictions(labels: list[int]) -> None:
    metrics = compute_metrics(np.array(labels), np.array(labels))
    assert metrics.accuracy == 1
    assert {score.f1 for score in metrics.digits if score.images} == {1.0}


@pytest.fixture
def artifacts(made: MakeOne, tmp_path: Path) -> Path:
    """Write a folder with an ONNX file, a TFLite file and their manifest."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    rows = [made("onnx", "int8"), made("tflite", "fp32")]
    for one in rows:
        (folder / one.artifact.file).write_bytes(one.content)
    artifacts = tuple(one.artifact for one in rows)
    manifest = Manifest(
        target="pi4", golden_inputs={"classifier": golden_inputs("classifier").tobytes()}, artifacts=artifacts
    )
    (folder / FILE_NAME).write_bytes(dump_manifest(manifest))
    return folder


@pytest.fixture
def data(tmp_path: Path, write_mnist: WriteMnist) -> Path:
    """Write MNIST test files with glyphs that the net knows; the last one is noise with label 1."""
    write_mnist(
        tmp_path / "mnist", "test", golden_inputs("classifier")[[3, 0, 1, 11]], np.array([3, 0, 7, 1], np.uint8)
    )
    return tmp_path / "mnist"


@pytest.mark.parametrize(
    ("confidence", "correct", "error"),
    [
        pytest.param(0.8, 8, 0.0, id="calibrated"),
        pytest.param(0.9, 5, 0.4, id="overconfident"),
        pytest.param(0.6, 10, 0.4, id="underconfident"),
    ],
)
def test_calibration_error(confidence: float, correct: int, error: float) -> None:
    probabilities = np.full((10, 11), (1 - confidence) / 10)
    probabilities[:, 3] = confidence
    labels = np.where(np.arange(10) < correct, 3, 5)
    assert calibration_error(probabilities, labels) == pytest.approx(error)


def test_greedy_texts_have_no_repetitions_and_blanks() -> None:
    rows = ["__77__7_22222-_", "", "00000", "___4"]
    logits = np.full((len(rows), 16, LINE_CLASSES), -1.0)
    for row, one in zip(logits, rows, strict=True):
        for step, character in enumerate(one.ljust(16, "_")):
            row[step, (CHARACTERS + "_").index(character)] = 2
    assert greedy_texts(logits) == ["772-", "", "0", "4"]


@pytest.mark.slow
def test_all_artifacts_of_a_folder_are_evaluated(artifacts: Path, data: Path) -> None:
    first, second = evaluate(artifacts, data)
    assert (first.artifact.file, first.runtime) == ("base-int8.onnx", "onnxruntime")
    assert second.artifact.file == "base-fp32.tflite"
    for one in (first, second):
        assert one.metrics.accuracy == 0.5
        assert one.metrics.confusion[7][1] == one.metrics.confusion[1][NOT_A_DIGIT] == 1
        assert one.runtime_version == runtime_version(one.runtime)


def test_one_artifact_is_evaluated(artifacts: Path, data: Path) -> None:
    (only,) = evaluate(artifacts / "base-int8.onnx", data, "onnxruntime")
    assert only.artifact.precision == "int8"


def test_a_runtime_evaluates_its_own_files_of_a_folder(artifacts: Path, data: Path) -> None:
    assert [one.artifact.format for one in evaluate(artifacts, data, "onnxruntime")] == ["onnx"]


def test_a_recogniser_is_evaluated_on_strips(made: MakeOne, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recogniser"
    folder.mkdir()
    one = made("onnx", "int8", "recogniser")
    (folder / one.artifact.file).write_bytes(one.content)
    inputs: dict[Role, bytes] = {"recogniser": golden_inputs("recogniser").tobytes()}
    manifest = Manifest(target="pi4", golden_inputs=inputs, artifacts=(one.artifact,))
    (folder / FILE_NAME).write_bytes(dump_manifest(manifest))
    (only,) = evaluate(folder, data)
    assert only.data.startswith("strips of 1 to 6 digits of MNIST test, OpenCV ")
    assert only.metrics.images == STRIPS
    assert 0 <= only.metrics.accuracy < 0.5
    assert (only.metrics.digits, only.metrics.confusion, only.metrics.calibration_error) == ((), (), None)


def test_measured_accuracies_can_be_stated_anew(artifacts: Path, data: Path) -> None:
    before = load_manifest(artifacts).artifacts
    (one,) = evaluate(artifacts / "base-int8.onnx", data)
    renew_accuracies(artifacts / "base-int8.onnx", [one])
    after = load_manifest(artifacts).artifacts
    for old, new in zip(before, after, strict=True):
        renewed = new.file == "base-int8.onnx"
        assert new.accuracy == (one.stated_accuracy if renewed else old.accuracy)
        assert msgspec.structs.replace(new, accuracy=old.accuracy) == old
    assert one.stated_accuracy.value == 0.5


def test_wrong_arguments(artifacts: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*gone"):
        evaluate(tmp_path / "gone", data)
    with pytest.raises(UsageError, match="no runtime 'tensorflow'; choose one of onnxruntime"):
        evaluate(artifacts, data, "tensorflow")
    with pytest.raises(RuntimeUnusableError, match="runs tflite files"):
        evaluate(artifacts / "base-int8.onnx", data, "ai-edge-litert")
    with pytest.raises(DatasetError, match="data fetch"):
        evaluate(artifacts, tmp_path)


def test_a_file_without_a_manifest_is_refused(artifacts: Path, tmp_path: Path) -> None:
    (artifacts / "other.onnx").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"does not describe other\.onnx"):
        find_artifacts(artifacts / "other.onnx")
    (tmp_path / "lone.onnx").write_bytes(b"")
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        find_artifacts(tmp_path / "lone.onnx")


def test_a_damaged_artifact_is_refused(artifacts: Path, data: Path) -> None:
    content = bytearray((artifacts / "base-int8.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (artifacts / "base-int8.onnx").write_bytes(content)
    with pytest.raises(ArtifactError, match="not the file that its manifest describes"):
        evaluate(artifacts / "base-int8.onnx", data)


def test_evaluation_needs_no_torch() -> None:
    program = "import sys, converters.cli, converters.evaluate; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "onnx", "litert_torch", "cv2"} & set(done.stdout.split())
