"""The fitting loop: AdamW, one learning-rate cycle, weights averaged over the last steps; stops and resumes.

The last epoch's averaged weights are the result: nothing is chosen on images that judge the net later.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from converters.data.labelled import LabelledGlyphs
from converters.nets.tensors import to_input
from converters.recipe import Schedule
from profiles.errors import OutputError, TrainingError
from profiles.whole import write_whole

AVERAGING = 0.998
"""Decay of the weights' exponential moving average, a step."""


@dataclass(frozen=True)
class Progress:
    """How far a run is, after an epoch."""

    epoch: int
    epochs: int
    loss: float
    held_out_accuracy: float
    """Share of held-out training digits that are read right."""


@dataclass
class _State:
    """What a run carries from step to step."""

    net: nn.Module
    average: nn.Module
    """The same net with its weights' moving average: what the run is for."""
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0


def fit(
    net: nn.Module,
    recipe: Schedule,
    seed: int,
    make_epoch: Callable[[np.random.Generator], LabelledGlyphs],
    held_out: LabelledGlyphs,
    *,
    state_file: Path,
    report: Callable[[Progress], None],
) -> nn.Module:
    """Train a net, from where `state_file` left off if it is there.

    Args:
        net: as `build_net` made it.
        recipe: what to do.
        seed: decides every epoch's glyphs.
        make_epoch: the epoch's glyphs, from a generator of its own; called ahead of time in a thread.
        held_out: digits to watch the training with; they change nothing.
        state_file: written after every epoch.
        report: told after every epoch.

    Returns:
        The net with averaged weights, on the CPU, in evaluation mode.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net.to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stubs leave this form out
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    state = _State(net, copy.deepcopy(net).eval(), optimizer)
    _resume(state, state_file, seed)
    weight = torch.ones(CLASSES, device=device)
    weight[NOT_A_DIGIT] = recipe.outlier_weight
    with ThreadPoolExecutor(max_workers=1) as ahead:
        upcoming = ahead.submit(make_epoch, np.random.default_rng((seed, state.epoch)))
        while state.epoch < recipe.epochs:
            glyphs = upcoming.result()
            if state.epoch + 1 < recipe.epochs:
                upcoming = ahead.submit(make_epoch, np.random.default_rng((seed, state.epoch + 1)))
            loss = _one_epoch(state, recipe, glyphs, weight)
            _write(state, state_file, seed)
            report(Progress(state.epoch, recipe.epochs, loss, accuracy(state.average, held_out)))
    return state.average.cpu()


@torch.no_grad()
def accuracy(net: nn.Module, glyphs: LabelledGlyphs) -> float:
    """Share of glyphs whose largest logit is their label's."""
    device = next(net.parameters()).device
    right = 0
    for i in range(0, len(glyphs), 1000):
        guess = net(to_input(glyphs.images[i : i + 1000], device)).argmax(1).cpu().numpy()
        right += int((guess == glyphs.labels[i : i + 1000]).sum())
    return right / len(glyphs)


def _one_epoch(state: _State, recipe: Schedule, glyphs: LabelledGlyphs, weight: torch.Tensor) -> float:
    """Mean loss of one pass over the glyphs."""
    state.net.train()
    losses = []
    steps = len(glyphs) // recipe.batch
    for i in range(steps):
        part = slice(i * recipe.batch, (i + 1) * recipe.batch)
        for group in state.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * cycle(state.step / (recipe.epochs * steps))
        images = to_input(glyphs.images[part], weight.device).contiguous(memory_format=torch.channels_last)
        labels = torch.tensor(glyphs.labels[part], device=weight.device)
        loss = nn.functional.cross_entropy(
            state.net(images), labels, weight=weight, label_smoothing=recipe.label_smoothing
        )
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer.step()
        state.step += 1
        _average(state, min(AVERAGING, state.step / (state.step + 10)))
        losses.append(float(loss.detach()))
    state.epoch += 1
    return float(np.mean(losses))


def cycle(share: float) -> float:
    """Learning rate's factor when `share` of the steps is done: a tenth of the run up, then a cosine down to 0."""
    warm = 0.1
    if share < warm:
        return 0.05 + 0.95 * share / warm
    return float(0.5 * (1 + np.cos(np.pi * (share - warm) / (1 - warm))))


@torch.no_grad()
def _average(state: _State, decay: float) -> None:
    for mean, value in zip(state.average.state_dict().values(), state.net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


def _write(state: _State, file: Path, seed: int) -> None:
    content = {
        "net": state.net.state_dict(),
        "average": state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "epoch": state.epoch,
        "step": state.step,
        "seed": seed,
    }
    packed = io.BytesIO()
    torch.save(content, packed)
    try:
        write_whole(file, packed.getvalue())
    except OSError as error:
        raise OutputError(f"{file} cannot be written ({error.strerror}); free space or name another --out") from error


def _resume(state: _State, file: Path, seed: int) -> None:
    """Go on where the file left off, if it is there.

    Raises:
        TrainingError: it is damaged, or another run's.
    """
    if not file.exists():
        return
    advice = f"remove {file} to start from nothing"
    try:
        content = torch.load(file, weights_only=True)
        state.net.load_state_dict(content["net"])
        state.average.load_state_dict(content["average"])
        state.optimizer.load_state_dict(content["optimizer"])
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{file} cannot be resumed from ({type(error).__name__}); {advice}") from error
    if content["seed"] != seed:
        raise TrainingError(f"{file} belongs to seed {content['seed']}, not {seed}; {advice}")
    state.epoch, state.step = content["epoch"], content["step"]
