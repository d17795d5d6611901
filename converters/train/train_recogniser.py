"""Train a recogniser with CTC. Other processes make the strips, one epoch ahead. A run resumes after its last epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from agent.vision.line_text import BLANK, CHARACTERS
from converters.compress.prune import prune_by_loss
from converters.evaluate import greedy_texts
from converters.nets.shape import shape_like
from converters.nets.tensors import to_input, to_logits
from converters.train.learn import Progress, default_device, start_learner, train_epoch
from converters.train.phase import OnPhase, Phase, ignore_phase
from converters.train.state import load_state, resuming, save_state
from converters.train.strip_batches import StripBatch, StripSources, epochs_ahead

MAX_GRADIENT_NORM = 20.0
"""Largest norm of the gradients of a step. Lowering it slows the first epochs, in which CTC has large gradients."""
PRUNING_BATCHES = 2
"""Number of batches to compute the loss on without each channel. Raising it takes longer, and chooses more surely."""
IMPOSSIBLE = -30.0
"""Logarithm of the probability of a class that the text of a strip does not cover."""


@dataclass(frozen=True, eq=False)
class TargetBatch:
    """Strips and texts for one optimizer step, on the device."""

    inputs: Tensor
    """The strips, float32 (n, 2, 32, w) in 0..1."""
    targets: Tensor
    """Classes of the characters of all texts, one text after the other, int64 (total,)."""
    lengths: Tensor
    """Number of characters of each text, int64 (n,)."""
    classes: Tensor
    """Number of classes that each text covers, int64 (n,), see `LabelledStrip.classes`."""


def train_recogniser(
    net: nn.Module,
    seed: int,
    sources: StripSources,
    held_out: Sequence[StripBatch],
    *,
    state_file: Path,
    on_epoch: Callable[[Progress], None],
    on_phase: OnPhase = ignore_phase,
) -> tuple[nn.Module, float, list[StripBatch]]:
    """Train a net, resuming from the state file if it exists.

    Args:
        net: a new net from `build_net`, or a trained one; changed in place.
        seed: seed of the epochs.
        sources: the recipe, and what strips are made of.
        held_out: strips to watch the training with; they do not change it.
        state_file: file that is written after every epoch.
        on_epoch: called after every epoch.
        on_phase: called after every batch.

    Returns:
        The net with averaged weights, on the CPU, in evaluation mode; the training time in seconds; and the batches of
        one more epoch, to measure the ranges of activations.

    Raises:
        TrainingError: the state file is damaged, or belongs to another run; or a process was killed.
        OutputError: the state file cannot be written.
    """
    device, recipe = default_device(), sources.recipe
    saved = load_state(state_file, recipe, seed)
    seconds = 0.0
    if saved is None:
        learner = start_learner(_prune(net, seed, sources, on_phase), recipe, device)
    else:
        with resuming(state_file):
            learner = start_learner(shape_like(net, saved["learner"]["net"]), recipe, device)
            learner.load_state_dict(saved["learner"])
            seconds = float(saved["seconds"])
    started = time.monotonic() - seconds
    sample: list[StripBatch] = []
    for epoch in epochs_ahead(sources, seed, range(learner.epoch, recipe.epochs + 1)):
        if learner.epoch == recipe.epochs:
            sample = epoch
            break
        mean_loss = train_epoch(
            learner,
            recipe,
            _to_device(epoch, device),
            len(epoch),
            ctc_loss,
            full_precision=False,
            max_gradient_norm=MAX_GRADIENT_NORM,
            on_phase=on_phase,
        )
        seconds = time.monotonic() - started
        save_state(state_file, recipe, seed, {"learner": learner.state_dict(), "seconds": seconds})
        on_epoch(Progress(learner.epoch, recipe.epochs, mean_loss, exact_share(learner.averaged_net, held_out)))
    return learner.averaged_net.cpu(), seconds, sample


def _prune(net: nn.Module, seed: int, sources: StripSources, on_phase: OnPhase) -> nn.Module:
    """Remove the channels that the recipe says; strips of an epoch of their own tell which are needed least."""
    recipe = sources.recipe
    if not recipe.pruned_channels:
        return net
    (epoch,) = epochs_ahead(sources, seed, [recipe.epochs + 1])
    batches = list(_to_device(epoch[:PRUNING_BATCHES], torch.device("cpu")))
    return prune_by_loss(
        net.eval(),
        recipe.pruned_channels,
        batches[0].inputs[:1],
        lambda one: float(np.mean([float(ctc_loss(one(batch.inputs), batch)) for batch in batches])),
        lambda done, total: on_phase(Phase("comparing channels", done, total)),
    )


def ctc_loss(logits: Tensor, batch: TargetBatch) -> Tensor:
    """Compute the mean CTC loss of strips.

    The classes that a text does not cover count as blank: no label says whether they are there.

    Args:
        logits: float32 (n, classes, 1, steps).
        batch: texts.
    """
    log_probs = to_logits(logits).log_softmax(dim=2)
    log_probs = _merge_into_blank(log_probs, batch.classes)
    steps = torch.full_like(batch.lengths, log_probs.shape[1])
    return nn.functional.ctc_loss(
        log_probs.transpose(0, 1),
        batch.targets,
        steps,
        batch.lengths,
        blank=BLANK,
        reduction="none",
        zero_infinity=True,
    ).mean()


@torch.no_grad()
def exact_share(net: nn.Module, batches: Sequence[StripBatch]) -> float:
    """Compute the share of strips whose text is right, 0..1; only the classes that a text covers are compared."""
    device = next(net.parameters()).device
    right = []
    for batch in batches:
        logits = to_logits(net(to_input(batch.images, device))).cpu().numpy()
        read = zip(greedy_texts(logits), batch.texts, batch.classes.tolist(), strict=True)
        right += ["".join(c for c in text if c in CHARACTERS[:classes]) == true for text, true, classes in read]
    return float(np.mean(right))


def _merge_into_blank(log_probs: Tensor, classes: Tensor) -> Tensor:
    """Add the probabilities of the classes from number `classes` on to that of blank, float32 (n, steps, classes)."""
    covered = torch.arange(log_probs.shape[2], device=log_probs.device) < classes[:, None, None]
    blank = torch.where(covered, -torch.inf, log_probs).logsumexp(dim=2, keepdim=True)
    merged = torch.where(covered, log_probs, IMPOSSIBLE)
    return torch.cat([merged[..., :BLANK], blank], dim=2)


def _to_device(batches: Sequence[StripBatch], device: torch.device) -> Iterator[TargetBatch]:
    for batch in batches:
        classes = [CHARACTERS.index(character) for text in batch.texts for character in text]
        yield TargetBatch(
            to_input(batch.images, device),
            torch.tensor(classes, dtype=torch.int64, device=device),
            torch.tensor([len(text) for text in batch.texts], device=device),
            torch.tensor(batch.classes, device=device),
        )
