"""How a verifier learns: from epochs that are made on the CPU, one ahead; stops and resumes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from converters.compress.expand import expand
from converters.compress.sparsify import fold_masks
from converters.data.labelled import LabelledGlyphs
from converters.nets.tensors import to_input
from converters.recipe import VerifierRecipe
from converters.train.learn import Batch, accuracy, begin, device_at_hand, learn_epoch, pack, unpack
from converters.train.progress import Progress
from converters.train.state import load_state, resuming, save_state


def fit(
    net: nn.Module,
    recipe: VerifierRecipe,
    seed: int,
    make_epoch: Callable[[np.random.Generator], LabelledGlyphs],
    held_out: LabelledGlyphs,
    *,
    state_file: Path,
    report: Callable[[Progress], None],
) -> tuple[nn.Module, float]:
    """Train a net, from where `state_file` left off if it is there.

    Args:
        net: as `build_net` made it.
        recipe: what to do.
        seed: decides every epoch's candidates.
        make_epoch: the epoch's candidates, from a generator of its own; called ahead of time in a thread.
        held_out: candidates to watch the training with; they change nothing.
        state_file: written after every epoch.
        report: told after every epoch.

    Returns:
        The net with averaged weights, on the CPU, in evaluation mode; and how many seconds it has learnt for.

    Raises:
        TrainingError: the state file is damaged, or another run's.
        OutputError: it cannot be written.
    """
    device = device_at_hand()
    if recipe.expand > 1:
        net = expand(net, recipe.expand)
    learner = begin(net, recipe, device)
    saved = load_state(state_file, recipe, seed)
    seconds = 0.0
    if saved is not None:
        with resuming(state_file):
            unpack(learner, saved["learner"])
            seconds = float(saved["seconds"])
    weight = torch.ones(CLASSES, device=device)
    weight[NOT_A_DIGIT] = recipe.outlier_weight

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(logits, batch.labels, weight=weight, label_smoothing=recipe.label_smoothing)

    started = time.monotonic() - seconds
    for glyphs in _made_ahead(make_epoch, [(seed, epoch) for epoch in range(learner.epoch, recipe.epochs)]):
        batches = _batches(glyphs, recipe.batch, device)
        mean_loss = learn_epoch(learner, recipe, batches, len(glyphs) // recipe.batch, loss)
        seconds = time.monotonic() - started
        save_state(state_file, recipe, seed, {"learner": pack(learner), "seconds": seconds})
        report(Progress(learner.epoch, recipe.epochs, mean_loss, accuracy(learner.average, held_out)))
    return fold_masks(learner.average).cpu(), seconds


def _made_ahead(
    make: Callable[[np.random.Generator], LabelledGlyphs], seeds: Sequence[tuple[int, int]]
) -> Iterator[LabelledGlyphs]:
    """Each seed's epoch; a thread makes the next one while one is learnt from."""
    with ThreadPoolExecutor(max_workers=1) as ahead:
        upcoming = None
        for seed in seeds:
            following = ahead.submit(make, np.random.default_rng(seed))
            if upcoming is not None:
                yield upcoming.result()
            upcoming = following
        if upcoming is not None:
            yield upcoming.result()


def _batches(glyphs: LabelledGlyphs, batch: int, device: torch.device) -> Iterator[Batch]:
    for i in range(len(glyphs) // batch):
        part = slice(i * batch, (i + 1) * batch)
        yield Batch(to_input(glyphs.images[part], device), torch.tensor(glyphs.labels[part], device=device))
