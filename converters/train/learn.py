"""The training loop: AdamW, one learning-rate cycle, and an exponential moving average of the weights.

The result is the averaged weights after the last epoch. No epoch is chosen by its accuracy.
"""

from __future__ import annotations

import copy
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from converters.data.labelled import LabelledImages
from converters.nets.tensors import autocast, to_input
from converters.train.phase import OnPhase, Phase, ignore_phase

EMA_DECAY = 0.998
"""Decay of the weights' exponential moving average in each optimizer step. A higher value averages over more steps.

Chosen by trial.
"""
WARM_UP_SHARE = 0.1
"""Share of the optimizer steps in which the learning rate rises. Chosen by trial."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Training examples for one optimizer step, on the device."""

    inputs: Tensor
    """Inputs of the net, float32 (n, C, H, W) in 0..1."""
    labels: Tensor
    """Label of each input, int64 (n,)."""
    soft_labels: Tensor | None = None
    """Teachers' probabilities of the ten digits, float32 (n, 10); None without teachers."""


class HasInputs(Protocol):
    """Training examples with inputs on the device, float32 (n, C, H, W)."""

    @property
    def inputs(self) -> Tensor: ...


AnyBatch = TypeVar("AnyBatch", bound=HasInputs)
Loss = Callable[[Tensor, Batch], Tensor]
"""Function of logits and their batch."""


class Schedule(Protocol):
    """Settings of a training loop."""

    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


@dataclass(frozen=True)
class Progress:
    """Progress of a run after an epoch."""

    epoch: int
    """Number of finished epochs, over all steps."""
    epochs: int
    """Number of epochs of the run, over all steps."""
    loss: float
    """Mean loss of the epoch."""
    held_out_accuracy: float
    """Share of the held-out images that are classified correctly, 0..1."""
    step: str = ""
    """Name of the recipe's step; empty for a recipe without steps."""


@dataclass
class Learner:
    """A net in training."""

    net: nn.Module
    averaged_net: nn.Module
    """Copy of the net with the moving average of its weights: the result of the training."""
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    """Number of finished epochs."""
    optimizer_steps: int = 0
    """Number of finished optimizer steps."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state as plain types and tensors."""
        return {
            "net": self.net.state_dict(),
            "averaged_net": self.averaged_net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "optimizer_steps": self.optimizer_steps,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a learner of the same net."""
        self.net.load_state_dict(state["net"])
        self.averaged_net.load_state_dict(state["averaged_net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.optimizer_steps = state["epoch"], state["optimizer_steps"]


def default_device() -> torch.device:
    """Return the GPU if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name() -> str:
    """Return the name of the default device, for the log."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"


def start_learner(net: nn.Module, schedule: Schedule, device: torch.device) -> Learner:
    """Create a learner before its first epoch, and move the net to the device."""
    net.to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack this form
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=device.type == "cuda"
    )
    return Learner(net, copy.deepcopy(net).eval(), optimizer)


def train_epoch(
    learner: Learner,
    schedule: Schedule,
    batches: Iterable[AnyBatch],
    count: int,
    loss: Callable[[Tensor, AnyBatch], Tensor],
    *,
    full_precision: bool,
    max_gradient_norm: float | None = None,
    on_phase: OnPhase = ignore_phase,
) -> float:
    """Train for one epoch.

    Args:
        learner: changed in place.
        schedule: settings of the whole training.
        batches: batches of this epoch.
        count: number of batches.
        loss: loss to minimise.
        full_precision: compute in float32 even if the hardware is faster with bfloat16.
        max_gradient_norm: norm that larger gradients are scaled down to; None leaves them unchanged.
        on_phase: called after every batch.

    Returns:
        The mean loss.
    """
    learner.net.train()
    # Sum on the device: reading the loss after every step would make a GPU wait.
    total: Tensor | float = 0.0
    for batch in batches:
        factor = learning_rate_factor(learner.optimizer_steps / (schedule.epochs * count))
        for group in learner.optimizer.param_groups:
            group["lr"] = schedule.learning_rate * factor
        with autocast(batch.inputs.device, enabled=not full_precision):
            logits = learner.net(batch.inputs.contiguous(memory_format=torch.channels_last))
        value = loss(logits.float(), batch)
        learner.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        if max_gradient_norm is not None:
            nn.utils.clip_grad_norm_(learner.net.parameters(), max_gradient_norm)
        learner.optimizer.step()
        learner.optimizer_steps += 1
        _update_average(learner)
        total = total + value.detach()
        on_phase(Phase("training batches", learner.optimizer_steps, schedule.epochs * count))
    learner.epoch += 1
    return float(total) / count


def learning_rate_factor(share: float) -> float:
    """Compute the factor of the learning rate: a linear warm-up from 0.05 to 1, then a cosine down to 0.

    Args:
        share: share of the optimizer steps that are done, 0..1.
    """
    if share < WARM_UP_SHARE:
        return 0.05 + 0.95 * share / WARM_UP_SHARE
    return float(0.5 * (1 + np.cos(np.pi * (share - WARM_UP_SHARE) / (1 - WARM_UP_SHARE))))


@torch.no_grad()
def accuracy(net: nn.Module, images: LabelledImages) -> float:
    """Compute the share of images whose largest logit is that of their label, 0..1."""
    device = next(net.parameters()).device
    correct = 0
    for i in range(0, len(images), 1000):
        predictions = net(to_input(images.images[i : i + 1000], device)).argmax(1).cpu().numpy()
        correct += int((predictions == images.labels[i : i + 1000]).sum())
    return correct / len(images)


@torch.no_grad()
def _update_average(learner: Learner) -> None:
    """Move the averaged weights towards the weights; the first steps count more than `EMA_DECAY` allows."""
    decay = min(EMA_DECAY, learner.optimizer_steps / (learner.optimizer_steps + 10))
    means, values = learner.averaged_net.state_dict().values(), learner.net.state_dict().values()
    pairs = [pair for pair in zip(means, values, strict=True) if pair[0].dtype.is_floating_point]
    torch._foreach_lerp_([mean for mean, _ in pairs], [value for _, value in pairs], 1 - decay)
    for mean, value in zip(means, values, strict=True):
        if not mean.dtype.is_floating_point:
            mean.copy_(value)
