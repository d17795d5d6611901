"""Weight clustering: the weights of a layer share a few values, and a file stores an index for each weight.

S. Han, H. Mao, W. Dally: "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and
Huffman Coding", 2016.

The shared values are fractions of the largest weight of a filter, because int8 has one scale for each filter. They are
symmetric around 0, because folding a batch normalisation may change the sign of a filter. Fifteen values fit in half a
byte: `converters.export.palette` stores them so in ONNX files. TFLite has no such format.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from converters.compress.quantize import INT8_MAX, max_abs_of_filters

MAGNITUDES = 8
"""Number of shared magnitudes: 0, the largest one, and six between them. With both signs that is fifteen values.

More would not fit in half a byte.
"""
KMEANS_ITERATIONS = 50
"""Iterations of k-means. Chosen by trial."""


class ClusteredWeights(nn.Module):
    """Replace each weight by the nearest shared value of its layer. Gradients pass unchanged (straight-through)."""

    magnitudes: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        relative = weight.abs() / max_abs_of_filters(weight)
        self.register_buffer("magnitudes", _find_magnitudes(relative.flatten()))

    def forward(self, weight: Tensor) -> Tensor:
        largest = max_abs_of_filters(weight.detach())
        relative = weight.detach() / largest
        borders = (self.magnitudes[1:] + self.magnitudes[:-1]) / 2
        clustered = self.magnitudes[torch.bucketize(relative.abs(), borders)] * relative.sign() * largest
        return weight + (clustered - weight).detach()


def cluster(net: nn.Module) -> nn.Module:
    """Cluster the weights of every convolution and linear layer; the net is changed in place."""
    for module in list(net.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            parametrize.register_parametrization(module, "weight", ClusteredWeights(module.weight.detach()))
    return net


def _find_magnitudes(relative: Tensor) -> Tensor:
    """Find the shared magnitudes of a layer: 0, 1, and the centres that k-means finds between them.

    Args:
        relative: magnitudes of the weights as fractions of the largest in their filter, float32 (n,) in 0..1.

    Returns:
        float32 (MAGNITUDES,), ascending, rounded to multiples of 1 / 127.
    """
    magnitudes = torch.linspace(0, 1, MAGNITUDES, device=relative.device)
    for _ in range(KMEANS_ITERATIONS):
        nearest = torch.bucketize(relative, (magnitudes[1:] + magnitudes[:-1]) / 2)
        for number in range(1, MAGNITUDES - 1):
            members = relative[nearest == number]
            if len(members):
                magnitudes[number] = members.mean()
    return (magnitudes * INT8_MAX).round() / INT8_MAX
