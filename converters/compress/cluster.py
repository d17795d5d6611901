"""Weight clustering: the weights of a layer share a few values, and a file stores which of them each has.

S. Han, H. Mao, W. Dally: "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and
Huffman Coding", 2016. Values are shares of their filter's largest weight, since int8 has a scale a filter, and come
with both signs, since folding a batch normalisation may turn a filter's sign. Fifteen of them are told by half a byte:
`converters.export.palette` stores them so in ONNX; TFLite has no way to.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from converters.compress.quantize import LEVELS, largest_of_filters

MAGNITUDES = 8
"""0, the largest, and six between them: fifteen values with their signs."""
ROUNDS = 50
"""Of k-means."""


class Clustered(nn.Module):
    """Each weight as the nearest of the layer's values; gradients pass as if nothing were changed."""

    values: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", _values((weight.abs() / largest_of_filters(weight)).flatten()))

    def forward(self, weight: Tensor) -> Tensor:
        largest = largest_of_filters(weight.detach())
        share = weight.detach() / largest
        between = (self.values[1:] + self.values[:-1]) / 2
        clustered = self.values[torch.bucketize(share.abs(), between)] * share.sign() * largest
        return weight + (clustered - weight).detach()


def cluster(net: nn.Module) -> nn.Module:
    """The net, changed in place, with clustered weights in every convolution and linear layer."""
    for module in list(net.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            parametrize.register_parametrization(module, "weight", Clustered(module.weight.detach()))
    return net


def _values(shares: Tensor) -> Tensor:
    """The magnitudes, ascending, float32 (MAGNITUDES,), that shares, float32 (n,) in 0..1, lie nearest to.

    They are 0, 1, and what k-means finds between, rounded as int8 has them.
    """
    values = torch.linspace(0, 1, MAGNITUDES, device=shares.device)
    for _ in range(ROUNDS):
        nearest = torch.bucketize(shares, (values[1:] + values[:-1]) / 2)
        for number in range(1, MAGNITUDES - 1):
            members = shares[nearest == number]
            if len(members):
                values[number] = members.mean()
    return (values * LEVELS).round() / LEVELS
