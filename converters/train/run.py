"""A whole training run: gather what is learnt from, learn, measure int8 ranges; the result is a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from converters.checkpoint import SHIPPED, Checkpoint, load, restore
from converters.data.context import mix_surroundings
from converters.data.labelled import LabelledGlyphs
from converters.data.pictures import load_pictures
from converters.export.cost import measure_cost
from converters.export.ranges import Ranges, fold, measure_ranges
from converters.nets import build_net
from converters.nets.tensors import to_input
from converters.recipe import Recipe, StepsRecipe, VerifierRecipe
from converters.report.log import StepRow
from converters.train.calibrate import temper
from converters.train.dataset import Sources, gather, split_digits
from converters.train.learn import accuracy, device_name
from converters.train.progress import Progress
from converters.train.rendered_scenes import HARVESTS, Drawing, harvest_drawn
from converters.train.train_classifier import Task, train_steps
from converters.train.train_verifier import fit
from converters.train.training_data import RANGE_EXAMPLES, Material, prepare_material
from profiles.errors import TrainingError

Told = Callable[[int], None]


@dataclass(frozen=True)
class Run:
    """One training run: from what, and who is told."""

    seed: int
    """Decides everything that chance decides."""
    sources: Sources
    state_file: Path
    """Keeps what an interrupted run had reached."""
    drawn: Told
    """Told the number of scenes drawn, after each."""
    report: Callable[[Progress], None]
    """Told after every epoch."""
    start: Path | None = None
    """A checkpoint to take further, as `find_start` finds it."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A net, and how it came about."""

    checkpoint: Checkpoint
    """Its exports are not measured yet."""
    steps: tuple[StepRow, ...]
    device: str
    """What learnt, for people."""


def train_verifier(recipe: VerifierRecipe, run: Run) -> Trained:
    """Train a verifier from nothing, or from where its state file left off.

    Raises:
        DatasetError: a data set is missing or damaged.
        TrainingError: the state file is damaged, or another run's.
        OutputError: it cannot be written.
    """
    torch.manual_seed(run.seed)
    net = build_net(recipe.net)
    make_epoch, watched = _surroundings(recipe, run)
    net, seconds = fit(net, recipe, run.seed, make_epoch, watched, state_file=run.state_file, report=run.report)
    temper(net, watched)
    sample = make_epoch(np.random.default_rng((run.seed, recipe.epochs))).images[:RANGE_EXAMPLES]
    cost = measure_cost(fold(net), to_input(sample[:1]))
    row = StepRow(
        do="fit",
        epochs=recipe.epochs,
        minutes=round(seconds / 60, 2),
        held_out=accuracy(net, watched),
        test=None,
        parameters=cost.parameters,
        macs=cost.macs,
    )
    return Trained(_checkpoint(recipe, run.seed, net, measure_ranges(net, sample)), (row,), device_name())


def train_in_steps(material: Material, run: Run) -> Trained:
    """Train a classifier in steps, from nothing or from where its state file left off.

    Args:
        material: what to do with what; its sources are gathered already.
        run: which seed, and who is told.

    Raises:
        DigitAgentError: as `converters.train.train_classifier.train_steps` says.
    """
    start = restore(load(run.start)) if run.start else None
    result = train_steps(Task(material, run.seed, run.state_file, run.report, start))
    return Trained(_checkpoint(material.recipe, run.seed, result.net, result.ranges), result.steps, result.device)


def ask_for_material(recipe: StepsRecipe, sources: Sources, teachers: Sequence[Path], drawn: Told) -> Material:
    """Everything that all seeds of a recipe learn with.

    Args:
        recipe: what to do.
        sources: where examples come from.
        teachers: checkpoints, where the recipe distils.
        drawn: told the number of scenes drawn, after each.

    Raises:
        DigitAgentError: as `converters.train.dataset.gather` and `converters.checkpoint.load` say.
    """
    nets = [restore(load(file)) for file in teachers]
    return prepare_material(recipe, gather(recipe.mix, sources, drawn), nets)


def find_teachers(recipe: Recipe, folder: Path) -> tuple[Path, ...]:
    """The checkpoints that a recipe learns from: trained ones, or else the one that ships; none where it does not.

    Raises:
        TrainingError: there are none.
    """
    return tuple(file for name in recipe.teachers for file in _find_teachers(name, folder))


def find_start(recipe: Recipe, seed: int, folder: Path) -> Path | None:
    """The checkpoint that a recipe takes further: of the same seed, or else the one that ships; None for a fresh net.

    Raises:
        TrainingError: there is none, or it is of another architecture.
        DigitAgentError: as `converters.checkpoint.load` says.
    """
    if not isinstance(recipe, StepsRecipe) or not recipe.start:
        return None
    trained = folder / f"{recipe.start}-{seed}.pt"
    found = [trained] if trained.exists() else [file for file in SHIPPED if file.stem == recipe.start]
    advice = f"run 'digit-convert train --recipe {recipe.start} --seed {seed}' first"
    if not found:
        raise TrainingError(f"there is no {trained} to take further; {advice}")
    if (net := load(found[0]).net) != recipe.net:
        raise TrainingError(f"{found[0]} is a {net}, not a {recipe.net}; {advice}")
    return found[0]


def _find_teachers(name: str, folder: Path) -> list[Path]:
    trained = sorted(folder.glob(f"{name}-[0-9]*.pt"))
    found = trained or [file for file in SHIPPED if file.stem == name]
    if not found:
        raise TrainingError(
            f"no teacher {name}-SEED.pt in {folder}; run 'digit-convert train --recipe {name}' first, or name some "
            "with --teacher"
        )
    return found


def _checkpoint(recipe: Recipe, seed: int, net: nn.Module, ranges: Ranges) -> Checkpoint:
    packages = ("torch", "numpy", "opencv-python-headless")
    versions = {package: version(package) for package in packages}
    return Checkpoint(recipe.net, net.state_dict(), ranges, recipe.name, seed, versions)


MakeEpoch = Callable[[np.random.Generator], LabelledGlyphs]


def _surroundings(recipe: VerifierRecipe, run: Run) -> tuple[MakeEpoch, LabelledGlyphs]:
    """What a verifier learns from, and candidates of held-out scenes."""
    learnt, unseen = split_digits(run.sources.mnist)
    folder = run.sources.pictures
    pictures = HARVESTS["verifier"](load_pictures(folder) if folder else [])
    drawing = Drawing("verifier", learnt, run.sources.fonts, (run.seed,))
    scenes = harvest_drawn(drawing, recipe.scenes_drawn, run.drawn)
    watched = harvest_drawn(
        replace(drawing, digits=unseen, seed=(run.seed, 1, 1)), recipe.scenes_watched, lambda _: None
    )
    return lambda rng: mix_surroundings(rng, recipe, scenes, pictures), watched
