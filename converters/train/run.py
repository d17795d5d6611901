"""A whole training run: gather what is learnt from, fit, measure int8 ranges; the result is a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from converters.checkpoint import Checkpoint
from converters.data.labelled import LabelledGlyphs
from converters.data.mix import mix_epoch, mix_surroundings
from converters.data.mnist import load_mnist
from converters.data.pictures import load_pictures
from converters.data.scenes import Scene
from converters.export.ranges import measure_ranges
from converters.nets import build_net
from converters.recipe import ClassifierRecipe, VerifierRecipe
from converters.train.calibrate import calibrate, temper
from converters.train.drawn import HARVESTS, Drawing, harvest_drawn
from converters.train.fit import Progress, fit

HELD_OUT = 5000
"""The last training images, which only watch the training."""
RANGE_EXAMPLES = 4000
"""Examples that int8 ranges are measured on."""
WATCHED_SCENES = 100
"""Scenes of held-out digits whose candidates watch a verifier's training."""


@dataclass(frozen=True)
class Sources:
    """Where examples come from."""

    mnist: Path
    pictures: Path | None
    """A folder with `truth.json`, or None."""
    fonts: Path | None
    """A folder with `hand` and `print`, or None."""


@dataclass(frozen=True)
class Run:
    """One training run: from what, and who is told."""

    seed: int
    """Decides everything that chance decides."""
    sources: Sources
    state_file: Path
    """Keeps what an interrupted run had reached."""
    drawn: Callable[[int], None]
    """Told the number of scenes drawn, after each."""
    report: Callable[[Progress], None]
    """Told after every epoch."""


def train(recipe: ClassifierRecipe | VerifierRecipe, run: Run) -> Checkpoint:
    """Train a net from nothing, or from where its state file left off; its exports are not measured yet.

    Raises:
        DatasetError: a data set is missing or damaged.
    """
    import torch

    torch.manual_seed(run.seed)
    net = build_net(recipe.net)
    if isinstance(recipe, VerifierRecipe):
        make_epoch, watched = _surroundings(recipe, run)
    else:
        make_epoch, watched = _glyphs(recipe, run)
    net = fit(net, recipe, run.seed, make_epoch, watched, state_file=run.state_file, report=run.report)
    if isinstance(recipe, ClassifierRecipe):
        calibrate(net, watched)
    else:
        temper(net, watched)
    sample = make_epoch(np.random.default_rng((run.seed, recipe.epochs)))
    return Checkpoint(
        net=recipe.net,
        state=net.state_dict(),
        ranges=measure_ranges(net, sample.images[:RANGE_EXAMPLES]),
        recipe=recipe.name,
        seed=run.seed,
        versions={package: version(package) for package in ("torch", "numpy", "opencv-python-headless")},
    )


MakeEpoch = Callable[[np.random.Generator], LabelledGlyphs]


def _glyphs(recipe: ClassifierRecipe, run: Run) -> tuple[MakeEpoch, LabelledGlyphs]:
    """What a classifier learns from, and held-out digits."""
    learnt, held_out = _digits(run.sources.mnist)
    pictures = HARVESTS["classifier"](_pictures(run.sources))
    drawing = Drawing("classifier", learnt, run.sources.fonts, (run.seed,))
    scenes = harvest_drawn(drawing, recipe.scenes_drawn, run.drawn)
    return lambda rng: mix_epoch(rng, recipe, learnt, scenes, pictures), held_out


def _surroundings(recipe: VerifierRecipe, run: Run) -> tuple[MakeEpoch, LabelledGlyphs]:
    """What a verifier learns from, and candidates of held-out scenes."""
    learnt, unseen = _digits(run.sources.mnist)
    pictures = HARVESTS["verifier"](_pictures(run.sources))
    drawing = Drawing("verifier", learnt, run.sources.fonts, (run.seed,))
    scenes = harvest_drawn(drawing, recipe.scenes_drawn, run.drawn)
    watched = harvest_drawn(replace(drawing, digits=unseen, seed=(run.seed, 1)), WATCHED_SCENES, lambda _: None)
    return lambda rng: mix_surroundings(rng, recipe, scenes, pictures), watched


def _pictures(sources: Sources) -> Iterable[Scene]:
    return load_pictures(sources.pictures) if sources.pictures else ()


def _digits(folder: Path) -> tuple[LabelledGlyphs, LabelledGlyphs]:
    """MNIST's training images: those to learn from, and those held out."""
    images, labels = load_mnist(folder, "train")
    cut = len(labels) - HELD_OUT
    return (
        LabelledGlyphs(images[:cut], labels[:cut].astype(np.int64)),
        LabelledGlyphs(images[cut:], labels[cut:].astype(np.int64)),
    )
