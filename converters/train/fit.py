"""The fitting loop: AdamW, one learning-rate cycle, weights averaged over the last steps; stops and resumes.

The last epoch's averaged weights are the result: nothing is chosen on images that judge the net later.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from converters.data.labelled import LabelledGlyphs
from converters.train.recipe import Recipe

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


def fit(
    net: nn.Module,
    recipe: Recipe,
    seed: int,
    make_epoch: Callable[[np.random.Generator], LabelledGlyphs],
    held_out: LabelledGlyphs,
    state_file: Path,
    report: Callable[[Progress], None],
) -> nn.Module:
    """Train a net, from where `state_file` left off if it is there.

    Args:
        net: as `build_net` made it.
        recipe: what to do.
        seed: decides the weights' start and every epoch's glyphs.
        make_epoch: the epoch's glyphs, from a generator of its own; called ahead of time in a thread.
        held_out: digits to watch the training with; they change nothing.
        state_file: written after every epoch, removed at the end.
        report: told after every epoch.

    Returns:
        The net with averaged weights, on the CPU, in evaluation mode.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = net.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    done, step = _resume(state_file, net, average, optimizer, seed)
    with ThreadPoolExecutor(max_workers=1) as ahead:
        upcoming = ahead.submit(make_epoch, np.random.default_rng((seed, done)))
        for epoch in range(done, recipe.epochs):
            glyphs = upcoming.result()
            if epoch + 1 < recipe.epochs:
                upcoming = ahead.submit(make_epoch, np.random.default_rng((seed, epoch + 1)))
            loss, step = _one_epoch(net, average, optimizer, recipe, glyphs, step, device)
            _write_state(state_file, net, average, optimizer, seed, epoch + 1, step)
            report(Progress(epoch + 1, recipe.epochs, loss, accuracy(average, held_out)))
    state_file.unlink(missing_ok=True)
    return average.to("cpu", memory_format=torch.contiguous_format)


def to_input(images: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """Glyphs, uint8 (n, 28, 28), as a net's input: float32 (n, 1, 28, 28) in 0..1."""
    return (torch.tensor(images).to(device).float() / 255).unsqueeze(1)


@torch.no_grad()
def accuracy(net: nn.Module, glyphs: LabelledGlyphs) -> float:
    """Share of glyphs whose largest logit is their label's."""
    net.eval()
    device = next(net.parameters()).device.type
    right = 0
    for i in range(0, len(glyphs), 1000):
        guess = net(to_input(glyphs.images[i : i + 1000], device)).argmax(1).cpu().numpy()
        right += int((guess == glyphs.labels[i : i + 1000]).sum())
    return right / len(glyphs)


def _one_epoch(
    net: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    glyphs: LabelledGlyphs,
    step: int,
    device: str,
) -> tuple[float, int]:
    """Mean loss, and the number of steps since the start."""
    net.train()
    losses = []
    steps_in_all = recipe.epochs * (len(glyphs) // recipe.batch)
    for i in range(len(glyphs) // recipe.batch):
        part = slice(i * recipe.batch, (i + 1) * recipe.batch)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * cycle(step / steps_in_all)
        images = to_input(glyphs.images[part], device).contiguous(memory_format=torch.channels_last)
        labels = torch.from_numpy(glyphs.labels[part]).to(device)
        loss = nn.functional.cross_entropy(net(images), labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        _average_into(average, net, min(AVERAGING, step / (step + 10)))
        losses.append(float(loss.detach()))
    return float(np.mean(losses)), step


def cycle(share: float) -> float:
    """Learning rate's factor when `share` of the steps is done: a tenth of the run up, then a cosine down to 0."""
    warm = 0.1
    if share < warm:
        return 0.05 + 0.95 * share / warm
    return float(0.5 * (1 + np.cos(np.pi * (share - warm) / (1 - warm))))


@torch.no_grad()
def _average_into(average: nn.Module, net: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


def _write_state(
    file: Path, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, seed: int, epoch: int, step: int
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "net": net.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "seed": seed,
        "epoch": epoch,
        "step": step,
    }
    partial = file.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(file)


def _resume(
    file: Path, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, seed: int
) -> tuple[int, int]:
    """Epochs and steps done; (0, 0) where there is nothing to resume."""
    if not file.exists():
        return 0, 0
    state = torch.load(file, weights_only=True)
    if state["seed"] != seed:
        return 0, 0
    net.load_state_dict(state["net"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"], state["step"]
