"""Structured pruning: remove whole channels. This saves bytes and time in every format and runtime.

`prune` takes a share of all layers and looks at the weights only. `prune_by_loss` takes a few channels, and computes
what each of them does to the loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import torch
from torch import nn

from converters.extra import require_convert_extra, without_warnings
from converters.nets.recogniser import Residual

CHANNEL_MULTIPLE = 2
"""The number of remaining channels of a layer is a multiple of this. Chosen by trial."""


@without_warnings()
def prune(net: nn.Module, ratio: float, example: torch.Tensor) -> nn.Module:
    """Remove the channels with the smallest weights.

    The weights of a channel are those that write it and those that read it, in all layers.

    Args:
        net: changed in place; its last layer keeps all outputs.
        ratio: share of the channels to remove from each layer.
        example: input of the net, float32 (n, C, H, W).

    Raises:
        RuntimeUnusableError: torch-pruning is not installed.
    """
    with require_convert_extra():
        import torch_pruning
    last = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
    device = next(net.parameters()).device
    pruner = torch_pruning.pruner.BasePruner(
        net,
        example.to(device),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=ratio,
        ignored_layers=[last],
        round_to=CHANNEL_MULTIPLE,
    )
    pruner.step()
    return net


@without_warnings()
def prune_by_loss(
    net: nn.Module,
    count: int,
    example: torch.Tensor,
    loss: Callable[[nn.Module], float],
    on_channel: Callable[[int, int], None] = lambda _done, _total: None,
) -> nn.Module:
    """Remove the channels whose absence raises the loss least.

    Only channels inside residual blocks are removed: no shortcut carries them, so each belongs to two convolutions.

    Args:
        net: net with `Residual` blocks, in evaluation mode; changed in place.
        count: number of channels to remove, from all blocks together.
        example: input of the net, float32 (n, C, H, W).
        loss: computes the loss of the net.
        on_channel: called after each channel, with how many are done and how many there are.

    Raises:
        RuntimeUnusableError: torch-pruning is not installed.
    """
    with require_convert_extra():
        import torch_pruning
    layers = [pair for block in net.modules() if isinstance(block, Residual) for pair in _inner_layers(block)]
    channels = [(layer, channel) for layer, (_, norm) in enumerate(layers) for channel in range(norm.num_features)]
    losses = []
    for done, (layer, channel) in enumerate(channels, 1):
        losses.append(_loss_without(layers[layer][1], channel, lambda: loss(net)))
        on_channel(done, len(channels))
    chosen: dict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(channels)), key=losses.__getitem__)[:count]:
        layer, channel = channels[index]
        chosen[layer].append(channel)
    for layer, removed in chosen.items():
        graph = torch_pruning.DependencyGraph().build_dependency(net, example)
        graph.get_pruning_group(layers[layer][0], torch_pruning.prune_conv_out_channels, removed).prune()
    return net


def _inner_layers(block: Residual) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Return the convolutions of a block, but for the last one, each with its batch normalisation."""
    convolutions = [layer for layer in block.inner if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in block.inner if isinstance(layer, nn.BatchNorm2d)]
    return list(zip(convolutions, norms, strict=True))[:-1]


@torch.no_grad()
def _loss_without(norm: nn.BatchNorm2d, channel: int, loss: Callable[[], float]) -> float:
    """Compute the loss of a net while a channel is 0."""
    kept = norm.weight[channel].item(), norm.bias[channel].item()
    norm.weight[channel] = norm.bias[channel] = 0.0
    value = loss()
    norm.weight[channel], norm.bias[channel] = kept
    return value
