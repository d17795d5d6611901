"""Count a net's parameters, and its multiply-accumulates (MACs) for one input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Cost:
    """Size of a net, and computation for one input."""

    parameters: int
    macs: int
    """Multiply-accumulates of the convolutions and linear layers for one input."""


@torch.no_grad()
def measure_cost(net: nn.Module, example: torch.Tensor) -> Cost:
    """Count by running the net on one input, float32 (1, C, H, W).

    Each output value of a convolution or linear layer costs as many MACs as its filter has weights.
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
