"""Accuracy, precision and recall, confusion matrix and calibration error of a net or an artifact.

For a line recogniser only the accuracy is measured: the share of strips whose complete text is right.

An artifact runs in the runtime that the board uses, so this module needs no torch and also works on a board.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from converters.data.evaluation_data import EvaluationData, EvaluationStrips, load_evaluation_data
from profiles.atomic_write import write_atomic
from profiles.errors import ArtifactError, UsageError
from profiles.manifest import FILE_NAME, Accuracy, Artifact, dump_manifest, load_manifest
from profiles.profile import RuntimeName

if TYPE_CHECKING:
    from agent.vision.classify import Net

CALIBRATION_BINS = 15
"""Number of bins of equal width for the calibration error; confidences are sorted into them.

More bins are finer and noisier. 15 is the number that Guo et al. (2017) use.
"""
DIGITS = 10
NOT_A_DIGIT = 10
"""Class of images that show no digit; also its row and column of the confusion matrix.

`agent.vision.digits` has the same constant, but importing it would load OpenCV.
"""


@dataclass(frozen=True)
class DigitMetrics:
    """Metrics of one digit. Precision is 0 if it was never predicted, recall is 0 if it has no images."""

    digit: int
    images: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Metrics:
    """Metrics of a net on a labelled data set."""

    images: int
    accuracy: float
    """Share of images whose predicted class is their label, or of strips whose text is right, 0..1."""
    digits: tuple[DigitMetrics, ...] = ()
    """Metrics of each digit; empty for a line recogniser."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Confusion matrix, 11 × 11: one row for each true class, one column for each predicted class.

    Empty for a line recogniser.
    """
    calibration_error: float | None = None
    """Expected calibration error, 0..1; None if only predicted classes were compared. See `calibration_error`."""


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one artifact in one runtime."""

    artifact: Artifact
    data: str
    """Name of the data set."""
    runtime: RuntimeName
    runtime_version: str
    metrics: Metrics

    @property
    def stated_accuracy(self) -> Accuracy:
        """The accuracy as the manifest states it."""
        return Accuracy(
            value=self.metrics.accuracy,
            images=self.metrics.images,
            data=self.data,
            runtime=f"{self.runtime} {self.runtime_version}",
            sha256=self.artifact.sha256,
        )


def evaluate(path: Path, data: Path, runtime: str | None = None) -> tuple[Evaluation, ...]:
    """Evaluate one artifact or all artifacts of a folder, each on the data set of its role.

    Args:
        path: a model file with its manifest beside it, or their folder.
        data: folder with MNIST.
        runtime: runtime to use; None takes the first installed one for each file. In a folder, files of another format
            are skipped.

    Raises:
        UsageError: `path` does not exist, the runtime is unknown, or no file is for it.
        ManifestError: the manifest is missing or damaged.
        ArtifactError: a file is not the one that the manifest describes.
        RuntimeUnusableError: the runtime is not installed, or cannot run this file.
        DatasetError: MNIST is missing or damaged.
    """
    from agent.runtimes.net import load_net, runtime_version

    folder, artifacts = find_artifacts(path)
    chosen = list(_with_runtimes(artifacts, runtime))
    data_sets = {
        role: load_evaluation_data(role, data) for role in dict.fromkeys(artifact.role for artifact, _ in chosen)
    }
    evaluations = []
    for artifact, name in chosen:
        data_set = data_sets[artifact.role]
        metrics = evaluate_net(load_net(folder, artifact, name), data_set)
        evaluations.append(Evaluation(artifact, data_set.name, name, runtime_version(name) or "", metrics))
    if not evaluations:
        raise UsageError(
            f"{path} holds no file for {runtime or 'any runtime'}", advice="name another folder or runtime"
        )
    return tuple(evaluations)


def compute_metrics(predictions: NDArray[np.integer], labels: NDArray[np.integer]) -> Metrics:
    """Compare predicted classes with labels, without a calibration error.

    Args:
        predictions: (n,) of 0..10.
        labels: (n,) of 0..10.
    """
    confusion = np.zeros((DIGITS + 1, DIGITS + 1), np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    correct = np.diagonal(confusion)
    precision = _ratio(correct, confusion.sum(axis=0))
    recall = _ratio(correct, confusion.sum(axis=1))
    f1 = _ratio(2 * precision * recall, precision + recall)
    digits = tuple(
        DigitMetrics(
            digit, int(confusion[digit].sum()), float(precision[digit]), float(recall[digit]), float(f1[digit])
        )
        for digit in range(DIGITS)
    )
    matrix = tuple(tuple(int(count) for count in row) for row in confusion)
    return Metrics(len(labels), float(correct.sum() / max(1, len(labels))), digits, matrix)


def renew_accuracies(path: Path, evaluations: Iterable[Evaluation]) -> None:
    """Write measured accuracies into the manifest of a folder, or of a model file's folder.

    Raises:
        ManifestError: the manifest is missing or damaged.
        OSError: it cannot be written.
    """
    folder, _ = find_artifacts(path)
    manifest = load_manifest(folder)
    measured = {one.artifact.file: one.stated_accuracy for one in evaluations}
    rows = [msgspec.structs.replace(row, accuracy=measured.get(row.file, row.accuracy)) for row in manifest.artifacts]
    write_atomic(folder / FILE_NAME, dump_manifest(msgspec.structs.replace(manifest, artifacts=tuple(rows))))


def evaluate_net(net: Net, data_set: EvaluationData | EvaluationStrips) -> Metrics:
    """Compute a net's metrics on a data set, including the calibration error unless it is a line recogniser."""
    from agent.vision.classify import softmax

    logits = net.logits(data_set.images)
    if isinstance(data_set, EvaluationStrips):
        texts = greedy_texts(logits)
        right = sum(text == true for text, true in zip(texts, data_set.texts, strict=True))
        return Metrics(len(texts), right / max(1, len(texts)))
    error = calibration_error(softmax(logits), data_set.labels)
    return replace(compute_metrics(logits.argmax(axis=1), data_set.labels), calibration_error=error)


def greedy_texts(logits: NDArray[np.floating]) -> list[str]:
    """Return the text of each strip: the most probable class of each step, without repetitions and blanks.

    Args:
        logits: logits of a line recogniser, (n, steps, classes).
    """
    from agent.vision.line_text import BLANK, CHARACTERS

    texts = []
    for classes in logits.argmax(axis=2):
        changed = classes[np.flatnonzero(np.diff(classes, prepend=-1))]
        texts.append("".join(CHARACTERS[one] for one in changed.tolist() if one != BLANK))
    return texts


def calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Compute the expected calibration error, 0..1 (Guo et al., On Calibration of Modern Neural Networks, 2017).

    Images are sorted into `CALIBRATION_BINS` bins by confidence. The error of a bin is the difference between its mean
    confidence and its accuracy; the result is the mean over all images.

    Args:
        probabilities: (n, 11), rows that add up to 1.
        labels: (n,) of 0..10.
    """
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return float(np.abs(np.bincount(bins, confidence - correct, CALIBRATION_BINS)).sum() / max(1, len(labels)))


def measure_accuracy(
    net: Net, artifact: Artifact, runtime: RuntimeName, data_set: EvaluationData | EvaluationStrips
) -> Accuracy:
    """Measure the accuracy that the manifest states, on the data set of the artifact's role."""
    from agent.runtimes.net import runtime_version

    metrics = evaluate_net(net, data_set)
    return Evaluation(artifact, data_set.name, runtime, runtime_version(runtime) or "", metrics).stated_accuracy


def find_artifacts(path: Path) -> tuple[Path, tuple[Artifact, ...]]:
    """Find an artifact, or all artifacts of a folder, in the manifest.

    Returns:
        The folder, and what its manifest says about the artifacts.

    Raises:
        UsageError: `path` does not exist.
        ManifestError: the manifest is missing or damaged.
        ArtifactError: the manifest does not describe the file.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}", advice=f"name a model file, or a folder with a {FILE_NAME}")
    if path.is_dir():
        return path, load_manifest(path).artifacts
    for artifact in load_manifest(path.parent).artifacts:
        if artifact.file == path.name:
            return path.parent, (artifact,)
    raise ArtifactError(
        f"{path.parent / FILE_NAME} does not describe {path.name}, so the meaning of its tensors is unknown",
        advice="make the file with digit-convert",
    )


def _with_runtimes(artifacts: tuple[Artifact, ...], asked: str | None) -> Iterator[tuple[Artifact, RuntimeName]]:
    """Yield each artifact that can be evaluated, with its runtime: the one asked for, or the first installed one."""
    from agent.runtimes.net import RUNTIMES, runtime_version

    if asked is not None and asked not in RUNTIMES:
        raise UsageError(f"there is no runtime {asked!r}", advice=f"choose one of {', '.join(RUNTIMES)}")
    for artifact in artifacts:
        suitable = [name for name, row in RUNTIMES.items() if row.format == artifact.format]
        if asked is None:
            suitable = [name for name in suitable if runtime_version(name) is not None] or suitable
            yield artifact, suitable[0]
        elif asked in suitable or len(artifacts) == 1:
            yield artifact, next(name for name in RUNTIMES if name == asked)


def _ratio(numerators: NDArray[np.generic], denominators: NDArray[np.generic]) -> NDArray[np.float64]:
    """Divide element by element, float64 (n,); 0 where `denominators` is 0."""
    return np.asarray(
        np.divide(numerators, denominators, out=np.zeros(len(denominators), np.float64), where=denominators != 0)
    )
