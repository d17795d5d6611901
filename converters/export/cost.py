"""What a net costs: its parameters, and its multiply-accumulates for one input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Cost:
    """A net's size and work."""

    parameters: int
    macs: int
    """Multiply-accumulates for one input, in convolutions and linear layers."""


@torch.no_grad()
def measure_cost(net: nn.Module, example: torch.Tensor) -> Cost:
    """Count by running one input, float32 (1, C, H, W).

    Every value that a convolution or a linear layer gives costs one filter.
    """
    macs = 0

    def add(module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal macs
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        macs += output.numel() * weight[0].numel()

    hooks = [
        module.register_forward_hook(add) for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))
    ]
    net(example)
    for hook in hooks:
        hook.remove()
    return Cost(sum(parameter.numel() for parameter in net.parameters()), macs)
