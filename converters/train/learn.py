"""The learning loop: AdamW, one learning-rate cycle, weights averaged over the last steps; packed, it can go on later.

The last epoch's averaged weights are the result: nothing is chosen on images that judge the net later.
"""

from __future__ import annotations

import copy
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from converters.data.labelled import LabelledGlyphs
from converters.nets.tensors import autocast, to_input

AVERAGING = 0.998
"""Decay of the weights' exponential moving average, a step."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What a net learns from at once, on the device."""

    inputs: Tensor
    """Float32 (n, C, H, W) in 0..1."""
    labels: Tensor
    """Int64 (n,)."""
    taught: Tensor | None = None
    """Teachers' probabilities of the ten digits, float32 (n, 10), where the net has teachers."""


Loss = Callable[[Tensor, Batch], Tensor]
"""From logits, and the batch they are of."""


class Course(Protocol):
    """How long to learn, in what steps."""

    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


@dataclass
class Learner:
    """What a run carries from step to step."""

    net: nn.Module
    average: nn.Module
    """The same net with its weights' moving average: what the run is for."""
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0


def device_at_hand() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name() -> str:
    """The device at hand, for people."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"


def begin(net: nn.Module, course: Course, device: torch.device) -> Learner:
    """A learner before its first epoch; the net moves to the device."""
    net.to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stubs leave this form out
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay, fused=device.type == "cuda"
    )
    return Learner(net, copy.deepcopy(net).eval(), optimizer)


def learn_epoch(
    learner: Learner, course: Course, batches: Iterable[Batch], count: int, loss: Loss, *, exact: bool = False
) -> float:
    """One epoch; the mean loss.

    Args:
        learner: changed in place.
        course: how long all of it is.
        batches: of this epoch.
        count: how many there are.
        loss: what is to become small.
        exact: compute in float32 even where the hardware is quicker with bfloat16.
    """
    learner.net.train()
    # Added up on the device: asking for it after every step would make a GPU wait.
    total: Tensor | float = 0.0
    for batch in batches:
        for group in learner.optimizer.param_groups:
            group["lr"] = course.learning_rate * cycle(learner.step / (course.epochs * count))
        with autocast(batch.inputs.device, enabled=not exact):
            logits = learner.net(batch.inputs.contiguous(memory_format=torch.channels_last))
        value = loss(logits.float(), batch)
        learner.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        learner.optimizer.step()
        learner.step += 1
        _average(learner, min(AVERAGING, learner.step / (learner.step + 10)))
        total = total + value.detach()
    learner.epoch += 1
    return float(total) / count


def cycle(share: float) -> float:
    """Learning rate's factor when `share` of the steps is done: a tenth of the run up, then a cosine down to 0."""
    warm = 0.1
    if share < warm:
        return 0.05 + 0.95 * share / warm
    return float(0.5 * (1 + np.cos(np.pi * (share - warm) / (1 - warm))))


def pack(learner: Learner) -> dict[str, Any]:
    """What a learner knows, as plain types and tensors."""
    return {
        "net": learner.net.state_dict(),
        "average": learner.average.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "epoch": learner.epoch,
        "step": learner.step,
    }


def unpack(learner: Learner, content: Mapping[str, Any]) -> None:
    """Go on where a learner of the same net was packed."""
    learner.net.load_state_dict(content["net"])
    learner.average.load_state_dict(content["average"])
    learner.optimizer.load_state_dict(content["optimizer"])
    learner.epoch, learner.step = content["epoch"], content["step"]


@torch.no_grad()
def accuracy(net: nn.Module, glyphs: LabelledGlyphs) -> float:
    """Share of glyphs whose largest logit is their label's."""
    device = next(net.parameters()).device
    right = 0
    for i in range(0, len(glyphs), 1000):
        guess = net(to_input(glyphs.images[i : i + 1000], device)).argmax(1).cpu().numpy()
        right += int((guess == glyphs.labels[i : i + 1000]).sum())
    return right / len(glyphs)


@torch.no_grad()
def _average(learner: Learner, decay: float) -> None:
    means, values = learner.average.state_dict().values(), learner.net.state_dict().values()
    pairs = [pair for pair in zip(means, values, strict=True) if pair[0].dtype.is_floating_point]
    torch._foreach_lerp_([mean for mean, _ in pairs], [value for _, value in pairs], 1 - decay)
    for mean, value in zip(means, values, strict=True):
        if not mean.dtype.is_floating_point:
            mean.copy_(value)
