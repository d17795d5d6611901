"""2:4 sparsity: of four weights that follow each other along the input channels, the two smallest are 0.

TensorRT leaves them out on GPUs from Ampere on, an Orin's among them; files stay as large, and CPUs as slow.
https://docs.nvidia.com/deeplearning/tensorrt/ ("structured sparsity")
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class Masked(nn.Module):
    """Weights times a mask that never changes."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask


def sparsify(net: nn.Module) -> nn.Module:
    """The net, changed in place, with masked weights wherever four input channels make a group."""
    for module in list(net.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.weight.shape[1] % 4 == 0:
            mask = two_of_four(module.weight.detach())
            parametrize.register_parametrization(module, "weight", Masked(mask))
    return net


def fold_masks(net: nn.Module) -> nn.Module:
    """The net, changed in place, with what its weights were turned into as weights of its own."""
    for module in list(net.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return net


def two_of_four(weight: Tensor) -> Tensor:
    """1 for the two largest of four along axis 1, 0 for the others; float32, of the weight's shape (o, i, ...)."""
    moved = weight.abs().movedim(1, -1)
    groups = moved.reshape(*moved.shape[:-1], -1, 4)
    mask = torch.zeros_like(groups).scatter_(-1, groups.topk(2, dim=-1).indices, 1.0)
    return mask.flatten(-2).movedim(-1, 1).contiguous()
