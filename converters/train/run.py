"""A whole training run: gather glyphs, fit, measure int8 ranges; the result is a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from converters.checkpoint import Checkpoint
from converters.data.harvest import harvest
from converters.data.labelled import LabelledGlyphs, concatenate
from converters.data.mix import mix_epoch
from converters.data.mnist import load_mnist
from converters.data.pictures import load_pictures
from converters.data.scenes import Scene, draw_scene
from converters.export.ranges import measure_ranges
from converters.nets import build_net
from converters.recipe import Recipe
from converters.train.calibrate import calibrate
from converters.train.fit import Progress, fit

HELD_OUT = 5000
"""The last training images, which only watch the training."""
RANGE_GLYPHS = 4000
"""Glyphs that int8 ranges are measured on."""


@dataclass(frozen=True)
class Sources:
    """Where the glyphs come from."""

    mnist: Path
    pictures: Path | None
    """A folder with `truth.json`, or None."""


def train(
    recipe: Recipe,
    seed: int,
    sources: Sources,
    *,
    state_file: Path,
    drawn: Callable[[int], None],
    report: Callable[[Progress], None],
) -> Checkpoint:
    """Train a net from nothing, or from where `state_file` left off; its exports are not measured yet.

    Args:
        recipe: what to do.
        seed: decides everything that chance decides.
        sources: where the glyphs come from.
        state_file: keeps what an interrupted run had reached.
        drawn: told the number of scenes drawn, after each.
        report: told after every epoch.

    Raises:
        DatasetError: a data set is missing or damaged.
    """
    import torch

    torch.manual_seed(seed)
    net = build_net(recipe.net)
    learnt, held_out = _digits(sources.mnist)
    pictures = harvest(load_pictures(sources.pictures)) if sources.pictures else concatenate([])
    scenes = harvest(_draw_scenes(recipe, seed, learnt, drawn))

    def make_epoch(rng: np.random.Generator) -> LabelledGlyphs:
        return mix_epoch(rng, recipe, learnt, scenes, pictures)

    net = fit(net, recipe, seed, make_epoch, held_out, state_file=state_file, report=report)
    calibrate(net, held_out)
    sample = mix_epoch(np.random.default_rng((seed, recipe.epochs)), recipe, learnt, scenes, pictures)
    return Checkpoint(
        net=recipe.net,
        state=net.state_dict(),
        ranges=measure_ranges(net, sample.images[:RANGE_GLYPHS]),
        recipe=recipe.name,
        seed=seed,
        versions={package: version(package) for package in ("torch", "numpy", "opencv-python-headless")},
    )


def _digits(folder: Path) -> tuple[LabelledGlyphs, LabelledGlyphs]:
    """MNIST's training images: those to learn from, and those held out."""
    images, labels = load_mnist(folder, "train")
    cut = len(labels) - HELD_OUT
    return (
        LabelledGlyphs(images[:cut], labels[:cut].astype(np.int64)),
        LabelledGlyphs(images[cut:], labels[cut:].astype(np.int64)),
    )


def _draw_scenes(recipe: Recipe, seed: int, digits: LabelledGlyphs, drawn: Callable[[int], None]) -> Iterator[Scene]:
    for number in range(recipe.scenes_drawn):
        yield draw_scene(np.random.default_rng((seed, number)), digits)
        drawn(number + 1)
