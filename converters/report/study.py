"""Everything that a report shows, measured: nets on MNIST's test images, as they are and made harder, and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.data.evaluation_data import Trial, load_trial
from converters.evaluate import Verdict, find_artifacts, judge
from converters.report.corrupt import KINDS, corrupt
from converters.report.log import Entry, read
from profiles.errors import UsageError
from profiles.manifest import Artifact

LEVELS = 5
READ_AT_ONCE = 1000

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From glyphs, uint8 (n, 28, 28), to (n, classes)."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A net that is judged."""

    name: str
    bytes: int
    what: str
    """What computes it."""
    ships: bool
    logits: Logits


@dataclass(frozen=True, eq=False)
class Misread:
    """A test image that was read wrong."""

    number: int
    """Of the test image, from 0."""
    image: NDArray[np.uint8]
    true: int
    read: int
    """0..9, or 10 for "not a digit"."""


@dataclass(frozen=True, eq=False)
class Judged:
    """How well a net reads."""

    contender: Contender
    verdict: Verdict
    misread: tuple[Misread, ...]
    corrupted: Mapping[str, tuple[float, ...]]
    """By the kind of corruption: accuracy as it is, and at each strength."""


@dataclass(frozen=True, eq=False)
class Study:
    """What a report shows."""

    nets: tuple[Judged, ...]
    runs: tuple[Entry, ...]


def study(contenders: Sequence[Contender], data: Path, log: Path, images: int, done: Callable[[str], None]) -> Study:
    """Judge nets.

    Args:
        contenders: the nets.
        data: a folder with MNIST.
        log: of the training runs.
        images: how many test images are made harder, the first ones.
        done: told what is measured next.

    Raises:
        DatasetError: MNIST is not there.
        UsageError: there is no log.
        ArtifactError: the log is damaged.
    """
    runs, trial = read(log), load_trial("classifier", data)
    read_as_is = []
    for one in contenders:
        done(f"{one.name} on the test images")
        read_as_is.append(_read(one.logits, trial.images))
    nets = []
    for one, read_as, harder in zip(contenders, read_as_is, _corruptions(contenders, trial, images, done), strict=True):
        first = float((read_as[:images] == trial.labels[:images]).mean())
        corrupted = {kind: (first, *values) for kind, values in harder.items()}
        nets.append(Judged(one, judge(read_as, trial.labels), tuple(_misread(trial, read_as)), corrupted))
    return Study(tuple(nets), runs)


def shipped(artifacts: Path) -> tuple[Contender, ...]:
    """The int8 classifiers of a folder, each in its smallest file.

    Raises:
        UsageError: there are none.
        DigitAgentError: as `converters.evaluate.find_artifacts` says, or a file cannot be loaded.
    """
    folder, every = find_artifacts(artifacts)
    fitting = [one for one in every if one.role == "classifier" and one.precision == "int8"]
    smallest = {one.tier: one for one in sorted(fitting, key=lambda one: -one.bytes)}
    if not smallest:
        raise UsageError(f"{artifacts} holds no int8 classifier; name a folder that 'digit-convert' has made")
    chosen = sorted(smallest.values(), key=lambda one: one.bytes)
    return tuple(_contender(folder, one) for one in chosen)


def trained(checkpoint: Path) -> Contender:
    """A checkpoint, computed by torch: what never ships, to compare with.

    Raises:
        DigitAgentError: as `converters.checkpoint.load` says.
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
    return Contender(f"{loaded.recipe} {loaded.seed}", size, "fp32 weights, torch", False, logits)


def _contender(folder: Path, artifact: Artifact) -> Contender:
    from agent.runtimes.net import RUNTIMES, load_net, runtime_version

    fitting = [name for name, row in RUNTIMES.items() if row.format == artifact.format]
    runtime = next((name for name in fitting if runtime_version(name)), fitting[0])
    net = load_net(folder, artifact, runtime)
    return Contender(artifact.tier, artifact.bytes, f"{artifact.file}, {runtime}", True, net.logits)


def _corruptions(
    contenders: Sequence[Contender], trial: Trial, count: int, done: Callable[[str], None]
) -> list[dict[str, list[float]]]:
    """Of each net, by kind, the accuracy at each strength; each harmed set is made once and shown to all nets."""
    result: list[dict[str, list[float]]] = [{kind: [] for kind in KINDS} for _ in contenders]
    images, labels = trial.images[:count], trial.labels[:count]
    for kind in KINDS:
        for level in range(1, LEVELS + 1):
            done(f"{kind}, strength {level} of {LEVELS}")
            harmed = corrupt(kind, level, images)
            for one, accuracies in zip(contenders, result, strict=True):
                accuracies[kind].append(float((_read(one.logits, harmed) == labels).mean()))
    return result


def _read(logits: Logits, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    parts = [logits(images[i : i + READ_AT_ONCE]).argmax(axis=1) for i in range(0, len(images), READ_AT_ONCE)]
    return np.concatenate(parts)


def _misread(trial: Trial, read_as: NDArray[np.int64]) -> Iterator[Misread]:
    for number in np.flatnonzero(read_as != trial.labels).tolist():
        yield Misread(number, trial.images[number], int(trial.labels[number]), int(read_as[number]))
