"""Train a verifier. Epochs are made on the CPU, one ahead of the training. A run resumes after its last epoch."""

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
from converters.compress.sparsify import fold_parametrizations
from converters.data.labelled import LabelledImages
from converters.nets.tensors import to_input
from converters.recipe import VerifierRecipe
from converters.train.learn import Batch, Progress, accuracy, default_device, start_learner, train_epoch
from converters.train.phase import OnPhase, ignore_phase
from converters.train.state import load_state, resuming, save_state

MakeEpoch = Callable[[np.random.Generator], LabelledImages]
"""Function that makes the contexts of an epoch from a random generator."""


def train_verifier(
    net: nn.Module,
    recipe: VerifierRecipe,
    seed: int,
    make_epoch: MakeEpoch,
    held_out: LabelledImages,
    *,
    state_file: Path,
    on_epoch: Callable[[Progress], None],
    on_phase: OnPhase = ignore_phase,
) -> tuple[nn.Module, float]:
    """Train a net, resuming from the state file if it exists.

    Args:
        net: a new net from `build_net`.
        recipe: settings.
        seed: seed of the epochs.
        make_epoch: makes the contexts of an epoch; called in a thread, one epoch ahead.
        held_out: contexts to watch the training with; they do not change it.
        state_file: file that is written after every epoch.
        on_epoch: called after every epoch.
        on_phase: called after every batch.

    Returns:
        The net with averaged weights, on the CPU, in evaluation mode; and the training time in seconds.

    Raises:
        TrainingError: the state file is damaged, or belongs to another run.
        OutputError: the state file cannot be written.
    """
    device = default_device()
    if recipe.expansion_factor > 1:
        net = expand(net, recipe.expansion_factor)
    learner = start_learner(net, recipe, device)
    saved = load_state(state_file, recipe, seed)
    seconds = 0.0
    if saved is not None:
        with resuming(state_file):
            learner.load_state_dict(saved["learner"])
            seconds = float(saved["seconds"])
    class_weights = torch.ones(CLASSES, device=device)
    class_weights[NOT_A_DIGIT] = recipe.outlier_loss_weight

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        smoothing = recipe.label_smoothing
        return nn.functional.cross_entropy(logits, batch.labels, weight=class_weights, label_smoothing=smoothing)

    started = time.monotonic() - seconds
    for images in _epochs_ahead(make_epoch, [(seed, epoch) for epoch in range(learner.epoch, recipe.epochs)]):
        batches, count = _batches(images, recipe.batch_size, device), len(images) // recipe.batch_size
        mean_loss = train_epoch(learner, recipe, batches, count, loss, full_precision=False, on_phase=on_phase)
        seconds = time.monotonic() - started
        save_state(state_file, recipe, seed, {"learner": learner.state_dict(), "seconds": seconds})
        on_epoch(Progress(learner.epoch, recipe.epochs, mean_loss, accuracy(learner.averaged_net, held_out)))
    return fold_parametrizations(learner.averaged_net).cpu(), seconds


def _epochs_ahead(make: MakeEpoch, seeds: Sequence[tuple[int, int]]) -> Iterator[LabelledImages]:
    """Yield the epoch of each seed, while a thread makes the next one."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        current = None
        for seed in seeds:
            following = executor.submit(make, np.random.default_rng(seed))
            if current is not None:
                yield current.result()
            current = following
        if current is not None:
            yield current.result()


def _batches(images: LabelledImages, batch_size: int, device: torch.device) -> Iterator[Batch]:
    for i in range(len(images) // batch_size):
        part = slice(i * batch_size, (i + 1) * batch_size)
        yield Batch(to_input(images.images[part], device), torch.tensor(images.labels[part], device=device))
