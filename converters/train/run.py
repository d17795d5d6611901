"""Training runs, from the examples to a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from converters.checkpoint import SHIPPED, Checkpoint, load, restore
from converters.data.context import mix_contexts
from converters.data.labelled import LabelledImages, concatenate
from converters.export.cost import measure_cost
from converters.export.golden import golden_inputs
from converters.export.ranges import Ranges, measure_ranges
from converters.nets import build_net
from converters.nets.fold import fold
from converters.nets.tensors import to_input
from converters.recipe import ClassifierRecipe, Recipe, RecogniserRecipe, VerifierRecipe
from converters.report.log import StepRow
from converters.train.calibrate import scale_temperature
from converters.train.dataset import Sources, load_dataset, load_pen_digits_of, load_training_split
from converters.train.learn import Progress, accuracy, device_name
from converters.train.prepare import Preparation
from converters.train.rendered_scenes import RenderSettings, extract_pictures, extract_rendered
from converters.train.strips import load_strips
from converters.train.train_classifier import ClassifierRun, train_classifier
from converters.train.train_recogniser import exact_share, train_recogniser
from converters.train.train_verifier import MakeEpoch, train_verifier
from converters.train.training_data import RANGE_EXAMPLES, TrainingData, prepare_training_data
from profiles.errors import TrainingError


@dataclass(frozen=True)
class TrainingRun:
    """Inputs of a training run, apart from its recipe."""

    seed: int
    """Seed of the initial weights and of every random choice."""
    sources: Sources
    state_file: Path
    """File that is written after every epoch, to resume from."""
    preparation: Preparation
    """Prepares the examples of a verifier or recogniser, and reports the phases of the run."""
    on_epoch: Callable[[Progress], None]
    """Called after every epoch."""
    initial_checkpoint: Path | None = None
    """Checkpoint to start from, see `find_initial_checkpoint`."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained net and the log's rows about its training."""

    checkpoint: Checkpoint
    """Checkpoint whose exports are not measured yet."""
    steps: tuple[StepRow, ...]
    device: str
    """Name of the training device, for the log."""


def run_verifier_training(recipe: VerifierRecipe, run: TrainingRun) -> TrainingResult:
    """Train a verifier, resuming from the state file if it exists.

    Raises:
        DatasetError: a data set is missing or damaged.
        TrainingError: the state file is damaged, or belongs to another run; or a process was killed.
        OutputError: the state file or the examples cannot be written.
    """
    torch.manual_seed(run.seed)
    net = restore(load(run.initial_checkpoint)) if run.initial_checkpoint else build_net(recipe.net)
    make_epoch, held_out = _load_contexts(recipe, run)
    net, seconds = train_verifier(
        net,
        recipe,
        run.seed,
        make_epoch,
        held_out,
        state_file=run.state_file,
        on_epoch=run.on_epoch,
        on_phase=run.preparation.on_phase,
    )
    scale_temperature(net, held_out)
    sample = make_epoch(np.random.default_rng((run.seed, recipe.epochs))).images[:RANGE_EXAMPLES]
    cost = measure_cost(fold(net), to_input(sample[:1]))
    row = StepRow(
        do="fit",
        epochs=recipe.epochs,
        minutes=round(seconds / 60, 2),
        held_out=accuracy(net, held_out),
        test=None,
        parameters=cost.parameters,
        macs=cost.macs,
    )
    return TrainingResult(_checkpoint(recipe, run.seed, net, measure_ranges(net, sample)), (row,), device_name())


def run_recogniser_training(recipe: RecogniserRecipe, run: TrainingRun) -> TrainingResult:
    """Train a recogniser, resuming from the state file if it exists.

    Raises:
        DatasetError: a data set is missing or damaged.
        TrainingError: the state file is damaged, or belongs to another run; or a process was killed.
        OutputError: the state file cannot be written.
    """
    torch.manual_seed(run.seed)
    net = restore(load(run.initial_checkpoint)) if run.initial_checkpoint else build_net(recipe.net)
    sources, held_out = load_strips(recipe, run.sources, run.seed, run.preparation)
    net, seconds, sample = train_recogniser(
        net,
        run.seed,
        sources,
        held_out,
        state_file=run.state_file,
        on_epoch=run.on_epoch,
        on_phase=run.preparation.on_phase,
    )
    cost = measure_cost(fold(net), to_input(golden_inputs("recogniser")[:1]))
    row = StepRow(
        do="prune" if recipe.pruned_channels else "fit",
        epochs=recipe.epochs,
        minutes=round(seconds / 60, 2),
        held_out=exact_share(net, held_out),
        test=None,
        parameters=cost.parameters,
        macs=cost.macs,
    )
    ranges = measure_ranges(net, *(batch.images for batch in sample[: -(-RANGE_EXAMPLES // recipe.batch_size)]))
    return TrainingResult(_checkpoint(recipe, run.seed, net, ranges), (row,), device_name())


def run_classifier_training(data: TrainingData, run: TrainingRun) -> TrainingResult:
    """Train a classifier, resuming from the state file if it exists.

    Args:
        data: the recipe and everything that its runs share.
        run: seed, state file and callbacks; its sources are already in `data`.

    Raises:
        DigitAgentError: see `converters.train.train_classifier.train_classifier`.
    """
    initial_net = restore(load(run.initial_checkpoint)) if run.initial_checkpoint else None
    trained = train_classifier(
        ClassifierRun(data, run.seed, run.state_file, run.on_epoch, run.preparation.on_phase, initial_net)
    )
    checkpoint = _checkpoint(data.recipe, run.seed, trained.net, trained.ranges)
    return TrainingResult(checkpoint, trained.steps, trained.device)


def load_training_data(
    recipe: ClassifierRecipe, sources: Sources, teachers: Sequence[Path], preparation: Preparation
) -> TrainingData:
    """Load everything that all seeds of a recipe share.

    Args:
        recipe: settings of the runs.
        sources: folders with examples.
        teachers: checkpoints; empty if the recipe has no distillation.
        preparation: prepares the examples.

    Raises:
        DigitAgentError: see `converters.train.dataset.load_dataset` and `converters.checkpoint.load`.
    """
    nets = [restore(load(file)) for file in teachers]
    return prepare_training_data(recipe, load_dataset(recipe, sources, preparation), nets, preparation.on_phase)


def find_teachers(recipe: Recipe, folder: Path) -> tuple[Path, ...]:
    """Find the checkpoints of a recipe's teachers: those in `folder`, otherwise the one that ships.

    Raises:
        TrainingError: a teacher has no checkpoint.
    """
    return tuple(file for name in recipe.teachers for file in _find_teachers(name, folder))


def find_initial_checkpoint(recipe: Recipe, seed: int, folder: Path) -> Path | None:
    """Find the checkpoint that a recipe starts from: that of the same seed in `folder`, otherwise the one that ships.

    Returns:
        The checkpoint; None if the recipe starts from random weights.

    Raises:
        TrainingError: there is no checkpoint, or it is of another family of nets.
        DigitAgentError: see `converters.checkpoint.load`.
    """
    if not recipe.start_from:
        return None
    trained = folder / f"{recipe.start_from}-{seed}.pt"
    found = [trained] if trained.exists() else [file for file in SHIPPED if load(file).recipe == recipe.start_from]
    advice = f"run 'digit-convert train --recipe {recipe.start_from} --seed {seed}' first"
    if not found:
        raise TrainingError(f"there is no checkpoint {trained} to start from", advice=advice)
    if (net := load(found[0]).net) != recipe.net:
        raise TrainingError(f"{found[0]} is a {net}, not a {recipe.net}", advice=advice)
    return found[0]


def _find_teachers(name: str, folder: Path) -> list[Path]:
    trained = sorted(folder.glob(f"{name}-[0-9]*.pt"))
    found = trained or [file for file in SHIPPED if file.stem == name]
    if not found:
        raise TrainingError(
            f"there is no teacher {name}-SEED.pt in {folder}",
            advice=f"run 'digit-convert train --recipe {name}' first, or name checkpoints with --teacher",
        )
    return found


def _checkpoint(recipe: Recipe, seed: int, net: nn.Module, ranges: Ranges) -> Checkpoint:
    packages = ("torch", "numpy", "opencv-python-headless")
    versions = {package: version(package) for package in packages}
    return Checkpoint(recipe.net, net.state_dict(), ranges, recipe.name, seed, versions)


def _load_contexts(recipe: VerifierRecipe, run: TrainingRun) -> tuple[MakeEpoch, LabelledImages]:
    """Load and render the contexts of a verifier: a function that makes epochs, and held-out contexts."""
    digits, held_out_digits = load_training_split(run.sources.mnist)
    pictures = extract_pictures("verifier", run.sources.pictures, run.preparation)
    drawn = concatenate([digits, load_pen_digits_of(run.sources)])
    settings = RenderSettings("verifier", drawn, run.sources.fonts, (run.seed,))
    scenes = extract_rendered(settings, recipe.rendered_scenes, run.preparation)
    held_out_settings = replace(settings, digits=held_out_digits, seed=(run.seed, 1, 1))
    held_out = extract_rendered(held_out_settings, recipe.held_out_scenes, run.preparation, "rendering held-out scenes")
    return lambda rng: mix_contexts(rng, recipe, scenes, pictures), held_out
