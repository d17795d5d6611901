"""How well a net reads: accuracy, each digit's precision and recall, and what was taken for what.

No torch here: an artifact is judged in the runtime that the board will use, on the board itself if need be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from converters.data.evaluation_data import Trial, load_trial
from profiles.errors import ArtifactError, UsageError
from profiles.manifest import FILE_NAME, Accuracy, Artifact, load_manifest
from profiles.profile import RuntimeName

if TYPE_CHECKING:
    from agent.vision.classify import Net

BINS = 15
DIGITS = 10
REJECTED = 10
"""The class of what is no digit, and its row and column of the confusion matrix."""


@dataclass(frozen=True)
class DigitScore:
    """How well one digit is read. Where nothing was predicted or present, precision or recall is 0."""

    digit: int
    images: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Verdict:
    """How well a net reads."""

    images: int
    accuracy: float
    """Share of images told right: a digit by its label, what is no digit by being rejected."""
    digits: tuple[DigitScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Eleven rows, what is true, by eleven columns, what was read; the last ones are of what is no digit."""
    calibration_error: float | None = None
    """By how much probabilities are off, 0..1: see `calibration_error`; None where only labels were compared."""


@dataclass(frozen=True)
class Evaluation:
    """How well one artifact reads in one runtime."""

    artifact: Artifact
    data: str
    """What it was asked about."""
    runtime: RuntimeName
    runtime_version: str
    verdict: Verdict


def evaluate(path: Path, data: Path, runtime: str | None = None) -> tuple[Evaluation, ...]:
    """Judge one artifact, or all of a folder, each on what its role is judged on.

    Args:
        path: a model file with its manifest beside it, or their folder.
        data: a folder with MNIST.
        runtime: what shall run them; None takes for each the first that is installed. In a folder, files that are
            not for it are left out.

    Raises:
        UsageError: there is nothing at `path`, no such runtime, or nothing for it.
        ManifestError: there is no manifest, or it is damaged.
        ArtifactError: a file is not what the manifest says.
        RuntimeUnusableError: the runtime is not installed, or not for this file.
        DatasetError: MNIST is not there.
    """
    from agent.runtimes.net import load_net, runtime_version

    folder, artifacts = find_artifacts(path)
    chosen = list(_with_runtimes(artifacts, runtime))
    trials = {role: load_trial(role, data) for role in dict.fromkeys(artifact.role for artifact, _ in chosen)}
    evaluations = []
    for artifact, name in chosen:
        trial = trials[artifact.role]
        verdict = judge_net(load_net(folder, artifact, name), trial)
        evaluations.append(Evaluation(artifact, trial.name, name, runtime_version(name) or "", verdict))
    if not evaluations:
        raise UsageError(f"{path} holds no file for {runtime or 'any runtime'}; name another folder or runtime")
    return tuple(evaluations)


def judge(predictions: NDArray[np.integer], labels: NDArray[np.integer]) -> Verdict:
    """Compare what was read, (n,) of 0..10, with what is true, (n,) of 0..10."""
    confusion = np.zeros((DIGITS + 1, DIGITS + 1), np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    right = np.diagonal(confusion)
    precision = _share(right, confusion.sum(axis=0))
    recall = _share(right, confusion.sum(axis=1))
    f1 = _share(2 * precision * recall, precision + recall)
    scores = tuple(
        DigitScore(digit, int(confusion[digit].sum()), float(precision[digit]), float(recall[digit]), float(f1[digit]))
        for digit in range(DIGITS)
    )
    matrix = tuple(tuple(int(count) for count in row) for row in confusion)
    return Verdict(len(labels), float(right.sum() / max(1, len(labels))), scores, matrix)


def judge_net(net: Net, trial: Trial) -> Verdict:
    """Ask a net about a trial's images, and judge it."""
    from agent.vision.classify import softmax

    logits = net.logits(trial.images)
    error = calibration_error(softmax(logits), trial.labels)
    return replace(judge(logits.argmax(axis=1), trial.labels), calibration_error=error)


def calibration_error(probability: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Expected calibration error (Guo et al., On calibration of modern neural networks, 2017), 0..1.

    Of the images that a net is about equally sure of, in `BINS` bins, the difference between how sure it is and how
    often it is right; the mean over all images.

    Args:
        probability: (n, 11), rows that add up to 1.
        labels: (n,) of 0..10.
    """
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(bins, sure - right, BINS)).sum() / max(1, len(labels)))


def measure_accuracy(net: Net, artifact: Artifact, runtime: RuntimeName, trial: Trial) -> Accuracy:
    """The manifest's promise, measured on what the artifact's role is judged on."""
    from agent.runtimes.net import runtime_version

    return Accuracy(
        value=judge_net(net, trial).accuracy,
        images=len(trial.labels),
        data=trial.name,
        runtime=f"{runtime} {runtime_version(runtime)}",
        sha256=artifact.sha256,
    )


def find_artifacts(path: Path) -> tuple[Path, tuple[Artifact, ...]]:
    """The folder, and one artifact or all of the folder's, as the manifest there describes them.

    Raises:
        UsageError: there is nothing of that name.
        ManifestError: there is no manifest, or it is damaged.
        ArtifactError: the manifest does not know the file.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}; name a model file, or a folder with a {FILE_NAME}")
    if path.is_dir():
        return path, load_manifest(path).artifacts
    for artifact in load_manifest(path.parent).artifacts:
        if artifact.file == path.name:
            return path.parent, (artifact,)
    raise ArtifactError(
        f"{path.parent / FILE_NAME} does not describe {path.name}, so its tensors' meaning is unknown; "
        "make it with digit-convert"
    )


def _with_runtimes(artifacts: tuple[Artifact, ...], asked: str | None) -> Iterator[tuple[Artifact, RuntimeName]]:
    from agent.runtimes.net import RUNTIMES, runtime_version

    if asked is not None and asked not in RUNTIMES:
        raise UsageError(f"there is no runtime {asked!r}; choose one of {', '.join(RUNTIMES)}")
    for artifact in artifacts:
        fitting = [name for name, row in RUNTIMES.items() if row.format == artifact.format]
        if asked is None:
            fitting = [name for name in fitting if runtime_version(name) is not None] or fitting
            yield artifact, fitting[0]
        elif asked in fitting or len(artifacts) == 1:
            yield artifact, next(name for name in RUNTIMES if name == asked)


def _share(part: NDArray[np.generic], whole: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole), np.float64), where=whole != 0))
