"""Ranges of a net's activations: measured after training, used to quantize the net to int8.

Ranges are stored for the nodes of the folded torch graph. An exported graph has other names and layouts, so its tensors
are matched to the nodes by their values for one probe input.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

from converters.nets.fold import fold
from converters.nets.tensors import to_input
from profiles.errors import ConversionError

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value, by the name of a node of the folded net or of a tensor of an export."""

BATCH_SIZE = 500
"""Images per call of the net; bounds the memory."""
RELATIVE_TOLERANCE = 1e-3
"""Relative difference up to which two tensors are equal: far above rounding errors, far below other tensors."""


def input_name(folded: fx.GraphModule) -> str:
    """Return the name that the net gives its input."""
    return str(next(iter(folded.graph.nodes)).name)


def measure_ranges(net: nn.Module, *images: NDArray[np.uint8]) -> dict[str, tuple[float, float]]:
    """Measure the smallest and largest value of each node of the folded net.

    The range of the input is always 0..1, so that its int8 values are exactly the pixels minus 128.

    Args:
        net: the net.
        images: uint8 (n, ...); several arrays, if they have different shapes.
    """
    folded = fold(net)
    ranges: dict[str, tuple[float, float]] = {}
    for batch in (part[i : i + BATCH_SIZE] for part in images for i in range(0, len(part), BATCH_SIZE)):
        for name, value in _node_values(folded, batch).items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    ranges[next(iter(ranges))] = (0.0, 1.0)
    return ranges


def ranges_of_tensors(
    folded: fx.GraphModule, ranges: Ranges, tensors: Mapping[str, NDArray[np.float32]], probe: NDArray[np.uint8]
) -> dict[str, tuple[float, float]]:
    """Return the range of each tensor of an export.

    Args:
        folded: folded net.
        ranges: ranges of its nodes.
        tensors: values of the export's activations for the probe, by name.
        probe: one image, uint8 (1, ...).

    Raises:
        ConversionError: a tensor matches no node of the net, or a node has no range.
    """
    known = {name: _signature(value) for name, value in _node_values(folded, probe).items()}
    found = {}
    for tensor, value in tensors.items():
        signature = _signature(value)
        # Take the last match: a ReLU may change nothing for the probe, but it limits the range.
        nodes = [name for name, one in known.items() if np.allclose(one, signature, rtol=RELATIVE_TOLERANCE, atol=1e-6)]
        if not nodes:
            raise ConversionError(
                f"tensor {tensor!r} of the export matches no node of its net", advice="report this as a bug"
            )
        if nodes[-1] not in ranges:
            raise ConversionError(f"the checkpoint has no range for {nodes[-1]!r}", advice="measure its ranges again")
        found[tensor] = ranges[nodes[-1]]
    return found


@torch.no_grad()
def _node_values(folded: fx.GraphModule, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the value of each node, by name, in the order of computation; the input comes first."""
    recorder = _Recorder(folded)
    recorder.run(to_input(images))
    return recorder.values


class _Recorder(fx.Interpreter):
    """Interpreter that records the value of each node."""

    def __init__(self, folded: fx.GraphModule) -> None:
        super().__init__(folded)
        self.values: dict[str, NDArray[np.float32]] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n.op != "output" and isinstance(value, torch.Tensor):
            self.values[n.name] = value.numpy()
        return value


def _signature(value: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return four statistics that do not depend on the layout or on zero padding, and that differ between tensors."""
    exact = value.astype(np.float64)
    return np.array(
        [exact.min(initial=0), exact.max(initial=0), np.abs(exact).sum(), np.square(exact).sum()], np.float64
    )
