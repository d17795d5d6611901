"""Measure everything that a report shows: accuracy of nets on MNIST's test images, original and corrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.data.evaluation_data import EvaluationData, load_evaluation_data
from converters.evaluate import Metrics, compute_metrics, find_artifacts
from converters.report.corrupt import CORRUPTIONS, LEVELS, corrupt
from converters.report.log import LogEntry, read_log
from converters.report.paper import PaperResult
from profiles.errors import UsageError
from profiles.manifest import Artifact

BATCH_SIZE = 1000
"""Images per call of a net; bounds the memory."""

ComputeLogits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Function that takes glyphs, uint8 (n, 28, 28), and returns logits, float32 (n, classes)."""


@dataclass(frozen=True, eq=False)
class NetUnderTest:
    """A net that a report shows."""

    name: str
    bytes: int
    computed_by: str
    """File and runtime, for people."""
    ships: bool
    """Whether the net is one of the project's artifacts; others are shown for comparison."""
    logits: ComputeLogits


@dataclass(frozen=True, eq=False)
class MisreadImage:
    """A misread test image."""

    number: int
    """Index of the test image, from 0."""
    image: NDArray[np.uint8]
    label: int
    predicted: int
    """Predicted class: 0..9, or 10 for "not a digit"."""


@dataclass(frozen=True, eq=False)
class NetResult:
    """Results of one net."""

    net: NetUnderTest
    metrics: Metrics
    """Metrics on the original test images."""
    misread: tuple[MisreadImage, ...]
    corrupted: Mapping[str, tuple[float, ...]]
    """For each kind of corruption: accuracy on the original images, then at each strength."""


@dataclass(frozen=True, eq=False)
class ReportData:
    """Contents of a report."""

    nets: tuple[NetResult, ...]
    runs: tuple[LogEntry, ...]
    paper: tuple[PaperResult, ...] = ()
    """What was read on real pictures; empty if none were given."""


def collect_report_data(
    nets: Sequence[NetUnderTest], data: Path, log: Path, images: int, progress: Callable[[str], None]
) -> ReportData:
    """Measure nets and read the log.

    Args:
        nets: the nets.
        data: folder with MNIST.
        log: log of the training runs.
        images: number of test images that are corrupted, from the first on.
        progress: called with a description of the next measurement.

    Raises:
        DatasetError: MNIST is missing or damaged.
        UsageError: the log does not exist.
        ArtifactError: the log is damaged.
    """
    runs, test = read_log(log), load_evaluation_data("classifier", data)
    predictions = []
    for net in nets:
        progress(f"{net.name} on the test images")
        predictions.append(_predict(net.logits, test.images))
    results = []
    corrupted_accuracies = _measure_corrupted(nets, test, images, progress)
    for net, predicted, accuracies in zip(nets, predictions, corrupted_accuracies, strict=True):
        original = float((predicted[:images] == test.labels[:images]).mean())
        corrupted = {kind: (original, *values) for kind, values in accuracies.items()}
        misread = tuple(_misread_images(test, predicted))
        results.append(NetResult(net, compute_metrics(predicted, test.labels), misread, corrupted))
    return ReportData(tuple(results), runs)


def load_shipped_nets(artifacts: Path) -> tuple[NetUnderTest, ...]:
    """Load the int8 classifiers of a folder, each from its smallest file.

    Raises:
        UsageError: the folder has no int8 classifier.
        DigitAgentError: see `converters.evaluate.find_artifacts`; also when a file cannot be loaded.
    """
    folder, found = find_artifacts(artifacts)
    classifiers = [one for one in found if one.role == "classifier" and one.precision == "int8"]
    smallest = {one.tier: one for one in sorted(classifiers, key=lambda one: -one.bytes)}
    if not smallest:
        raise UsageError(
            f"{artifacts} holds no int8 classifier", advice="name a folder that 'digit-convert' has written"
        )
    chosen = sorted(smallest.values(), key=lambda one: one.bytes)
    return tuple(_load_net(folder, one) for one in chosen)


def load_trained_net(checkpoint: Path) -> NetUnderTest:
    """Load a checkpoint, computed by torch, to compare artifacts with.

    Raises:
        DigitAgentError: see `converters.checkpoint.load`.
    """
    import torch

    from converters.checkpoint import load, restore
    from converters.nets.tensors import to_input

    loaded = load(checkpoint)
    net = restore(loaded)

    def logits(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.no_grad():
            return np.asarray(net(to_input(images)).numpy(), np.float32)

    size = sum(4 * value.numel() for value in loaded.state.values())
    return NetUnderTest(f"{loaded.recipe} {loaded.seed}", size, "fp32 weights, torch", False, logits)


def _load_net(folder: Path, artifact: Artifact) -> NetUnderTest:
    from agent.runtimes.net import RUNTIMES, load_net, runtime_version

    fitting = [name for name, row in RUNTIMES.items() if row.format == artifact.format]
    runtime = next((name for name in fitting if runtime_version(name)), fitting[0])
    net = load_net(folder, artifact, runtime)
    return NetUnderTest(artifact.tier, artifact.bytes, f"{artifact.file}, {runtime}", True, net.logits)


def _measure_corrupted(
    nets: Sequence[NetUnderTest], test: EvaluationData, count: int, progress: Callable[[str], None]
) -> list[dict[str, list[float]]]:
    """Return for each net, by the kind of corruption, the accuracy at each strength.

    Each set of corrupted images is made once and given to all nets.
    """
    accuracies: list[dict[str, list[float]]] = [{kind: [] for kind in CORRUPTIONS} for _ in nets]
    images, labels = test.images[:count], test.labels[:count]
    for kind in CORRUPTIONS:
        for level in range(1, LEVELS + 1):
            progress(f"{kind}, strength {level} of {LEVELS}")
            corrupted = corrupt(kind, level, images)
            for net, by_kind in zip(nets, accuracies, strict=True):
                by_kind[kind].append(float((_predict(net.logits, corrupted) == labels).mean()))
    return accuracies


def _predict(logits: ComputeLogits, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    parts = [logits(images[i : i + BATCH_SIZE]).argmax(axis=1) for i in range(0, len(images), BATCH_SIZE)]
    return np.concatenate(parts)


def _misread_images(test: EvaluationData, predicted: NDArray[np.int64]) -> Iterator[MisreadImage]:
    for number in np.flatnonzero(predicted != test.labels).tolist():
        yield MisreadImage(number, test.images[number], int(test.labels[number]), int(predicted[number]))
