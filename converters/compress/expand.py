"""Expansion: during training, each convolution is the product of three linear ones that are wider in the middle.

The product trains along other paths than a single kernel, and small nets become more accurate (S. Guo, J. Alvarez,
M. Salzmann: "ExpandNets: Linear Over-parameterization to Train Compact Convolutional Networks", 2020). The kernels are
multiplied, not the images, so the cost is small. After training, each product is one convolution again: files and
boards do not see the expansion.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class ExpandedKernel(nn.Module):
    """Kernel (o, i, h, w) as product of `output_mix` (o, f·o), a middle kernel (f·o, f·i, h, w), `input_mix` (f·i, i).

    f is the expansion factor; all values are float32.
    """

    def __init__(self, outputs: int, inputs: int, factor: int) -> None:
        super().__init__()
        self.input_mix = nn.Parameter(_orthonormal(factor * inputs if inputs > 1 else 1, inputs))
        self.output_mix = nn.Parameter(_orthonormal(factor * outputs, outputs).T.contiguous())

    def right_inverse(self, kernel: Tensor) -> Tensor:
        """Compute a middle kernel whose product is `kernel`.

        Its values in directions that do not change the product are random, with the same standard deviation.
        """
        output_mix, input_mix = self.output_mix.detach(), self.input_mix.detach()
        shape = (output_mix.shape[1], input_mix.shape[0], *kernel.shape[2:])
        start = torch.randn(*shape, device=kernel.device) * kernel.std()
        missing = kernel - torch.einsum("oa,abhw,bi->oihw", output_mix, start, input_mix)
        return start + torch.einsum("oa,oihw,bi->abhw", output_mix, missing, input_mix)

    def forward(self, middle: Tensor) -> Tensor:
        with torch.autocast(middle.device.type, enabled=False):
            return torch.einsum("oa,abhw,bi->oihw", self.output_mix, middle, self.input_mix)


def expand(net: nn.Module, factor: int) -> nn.Module:
    """Expand the convolutions of a net; the net is changed in place and computes the same values.

    Args:
        net: its convolutions must have one group.
        factor: factor by which each convolution is wider in the middle.
    """
    for module in list(net.modules()):
        if isinstance(module, nn.Conv2d):
            outputs, inputs = module.weight.shape[:2]
            parametrize.register_parametrization(module, "weight", ExpandedKernel(outputs, inputs, factor))
    return net


def _orthonormal(rows: int, columns: int) -> Tensor:
    """Draw a random matrix with orthonormal columns, float32 (rows, columns)."""
    return torch.linalg.qr(torch.randn(rows, columns)).Q if rows > 1 else torch.ones(rows, columns)
