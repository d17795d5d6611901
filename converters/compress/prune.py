"""Structured pruning: whole channels go, so every format and every runtime gains."""

from __future__ import annotations

import torch
from torch import nn

from converters.export.quiet import without_warnings
from converters.extra import asking_for_extra

MULTIPLE = 2
"""Channels that are left are a multiple of this."""


@without_warnings()
def prune(net: nn.Module, channels: float, example: torch.Tensor) -> nn.Module:
    """The net without the channels whose weights, over all layers that a channel runs through, are smallest.

    Args:
        net: changed in place; its last layer keeps its outputs.
        channels: share of each layer's channels that go.
        example: of its input, float32 (n, C, H, W).

    Raises:
        RuntimeUnusableError: torch-pruning is not installed.
    """
    with asking_for_extra():
        import torch_pruning
    last = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
    device = next(net.parameters()).device
    pruner = torch_pruning.pruner.BasePruner(
        net,
        example.to(device),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=channels,
        ignored_layers=[last],
        round_to=MULTIPLE,
    )
    pruner.step()
    return net
