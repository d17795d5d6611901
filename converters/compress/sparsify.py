"""2:4 sparsity: of every four consecutive weights along the input channels, the two smallest are 0.

TensorRT skips the zeros on GPUs since Ampere, such as the GPU of a Jetson Orin. Files do not get smaller, and CPUs do
not get faster. https://docs.nvidia.com/deeplearning/tensorrt/ ("structured sparsity")
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

Net = TypeVar("Net", bound=nn.Module)


class MaskedWeights(nn.Module):
    """Weights times a constant mask."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask


def sparsify(net: nn.Module) -> nn.Module:
    """Mask the weights of all layers whose input channels form groups of four; the net is changed in place."""
    for module in list(net.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.weight.shape[1] % 4 == 0:
            mask = two_of_four_mask(module.weight.detach())
            parametrize.register_parametrization(module, "weight", MaskedWeights(mask))
    return net


def fold_parametrizations(net: Net) -> Net:
    """Replace masked, clustered, expanded and rounded weights by plain ones; the net is changed in place."""
    for module in list(net.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return net


def two_of_four_mask(weight: Tensor) -> Tensor:
    """Compute the mask of a layer's weights.

    Args:
        weight: (o, i, ...); i is a multiple of 4.

    Returns:
        float32 of the same shape: 1 for the two largest magnitudes of each four along axis 1, 0 for the others.
    """
    moved = weight.abs().movedim(1, -1)
    groups = moved.reshape(*moved.shape[:-1], -1, 4)
    mask = torch.zeros_like(groups).scatter_(-1, groups.topk(2, dim=-1).indices, 1.0)
    return mask.flatten(-2).movedim(-1, 1).contiguous()
