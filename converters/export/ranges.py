"""How large activations become: measured where the net was trained, used where it is made int8.

Ranges belong to the net's own steps. The graph of an export has other names and other layouts, and a tensor there is
recognised by what it holds for one probe.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from converters.nets.tensors import to_input
from profiles.errors import ConversionError

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value by the name of a step of the folded net, or of a tensor of an export."""

BATCH = 500
ALIKE = 1e-3
"""Relative difference up to which two tensors count as the same: far above rounding, far below another tensor."""


def fold(net: nn.Module) -> fx.GraphModule:
    """The net with its batch normalisation folded into its convolutions: what every export is made of."""
    folded = fx.symbolic_trace(copy.deepcopy(net).eval())
    for node in folded.graph.nodes:
        norm = _module(folded, node)
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        source = node.args[0]
        convolution = _module(folded, source)
        if isinstance(convolution, nn.Conv2d) and len(source.users) == 1:
            folded.set_submodule(source.target, fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(source)
            folded.graph.erase_node(node)
    folded.delete_all_unused_submodules()
    folded.recompile()
    return folded


def input_name(folded: fx.GraphModule) -> str:
    """What the net itself calls its input."""
    return str(next(iter(folded.graph.nodes)).name)


def measure_ranges(net: nn.Module, images: NDArray[np.uint8]) -> dict[str, tuple[float, float]]:
    """The smallest and largest value of each step of the folded net, over images, uint8 (n, ...).

    The input's range is 0..1 whatever the images are, so that its stored values are exactly the pixels - 128.
    """
    folded = fold(net)
    ranges: dict[str, tuple[float, float]] = {}
    for start in range(0, len(images), BATCH):
        for name, value in _steps(folded, images[start : start + BATCH]).items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    ranges[next(iter(ranges))] = (0.0, 1.0)
    return ranges


def ranges_of_tensors(
    folded: fx.GraphModule, ranges: Ranges, tensors: Mapping[str, NDArray[np.float32]], probe: NDArray[np.uint8]
) -> dict[str, tuple[float, float]]:
    """The range of each tensor of an export.

    Args:
        folded: the net, folded.
        ranges: of its steps.
        tensors: what each of the export's activations holds for the probe.
        probe: one image, uint8 (1, ...).

    Raises:
        ConversionError: a tensor is no step of the net, or the ranges are not this net's.
    """
    known = {name: _signature(value) for name, value in _steps(folded, probe).items()}
    found = {}
    for tensor, value in tensors.items():
        signature = _signature(value)
        # The last one, because a step that changes nothing for the probe, as a ReLU may, still bounds the range.
        steps = [name for name, one in known.items() if np.allclose(one, signature, rtol=ALIKE, atol=1e-6)]
        if not steps:
            raise ConversionError(f"the export's tensor {tensor!r} is no step of its net; report this as a bug")
        if steps[-1] not in ranges:
            raise ConversionError(f"the checkpoint has no range for {steps[-1]!r}; measure its ranges again")
        found[tensor] = ranges[steps[-1]]
    return found


@torch.no_grad()
def _steps(folded: fx.GraphModule, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """What every step gives, by name, in the order of computation; the input comes first."""
    recorder = _Recorder(folded)
    recorder.run(to_input(images))
    return recorder.seen


def _module(folded: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return folded.get_submodule(str(node.target)) if node.op == "call_module" else None


class _Recorder(fx.Interpreter):
    """Runs a net and keeps what each step gave."""

    def __init__(self, folded: fx.GraphModule) -> None:
        super().__init__(folded)
        self.seen: dict[str, NDArray[np.float32]] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n.op != "output" and isinstance(value, torch.Tensor):
            self.seen[n.name] = value.numpy()
        return value


def _signature(value: NDArray[np.float32]) -> NDArray[np.float64]:
    """Four numbers that neither the layout nor zero padding changes, and that no other tensor is likely to share."""
    exact = value.astype(np.float64)
    return np.array(
        [exact.min(initial=0), exact.max(initial=0), np.abs(exact).sum(), np.square(exact).sum()], np.float64
    )
