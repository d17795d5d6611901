"""Quantization-aware training: a net rounds its weights and activations during training as its int8 files will.

Weights are symmetric with one scale for each filter: its largest magnitude / 127. Activations have 256 levels over a
range that contains 0. Both exporters do the same with the ranges of a checkpoint, so the net computes here what its
files compute, except for values exactly half-way between two levels: each runtime rounds these in its own way.
"""

from __future__ import annotations

import copy
import operator

import torch
from torch import Tensor, fx, nn
from torch.nn.utils import parametrize

from converters.compress.sparsify import fold_parametrizations
from converters.export.ranges import Ranges

INT8_MAX = 127
"""Largest int8 value; weights use -127..127."""
RANGE_MOMENTUM = 0.01
"""Weight of a batch's range in the moving average of an activation's range. A higher value follows batches faster.

Chosen by trial.
"""


class RoundedWeights(nn.Module):
    """Round weights to int8 levels. Gradients pass unchanged (straight-through); pruned weights stay 0."""

    mask: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        sparse = (weight == 0).float().mean() >= 0.5
        self.register_buffer("mask", (weight != 0).float() if sparse else torch.ones_like(weight))

    def forward(self, weight: Tensor) -> Tensor:
        weight = weight * self.mask
        scale = max_abs_of_filters(weight.detach()) / INT8_MAX
        return weight + ((weight / scale).round() * scale - weight).detach()


def max_abs_of_filters(weight: Tensor) -> Tensor:
    """Compute the largest magnitude of each filter of weights (o, ...), as (o, 1, ...); never 0."""
    return weight.abs().flatten(1).amax(dim=1).clamp(min=1e-12).view(-1, *[1] * (weight.ndim - 1))


class RoundedActivation(nn.Module):
    """Round an activation to int8 levels. Its range follows the batches during training, then it is fixed."""

    low: Tensor
    high: Tensor

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(min(low, 0.0)))
        self.register_buffer("high", torch.tensor(max(high, 1e-6)))

    def forward(self, values: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.low.lerp_(values.amin().clamp(max=0), RANGE_MOMENTUM)
                self.high.lerp_(values.amax().clamp(min=1e-6), RANGE_MOMENTUM)
        scale = (self.high - self.low) / 255
        zero_point = (-128 - self.low / scale).round()
        lowest, highest = (-128 - zero_point) * scale, (127 - zero_point) * scale
        clamped = values.clamp(lowest, highest)
        return clamped + ((clamped / scale).round() * scale - clamped).detach()


def prepare_qat(folded: fx.GraphModule, ranges: Ranges) -> fx.GraphModule:
    """Copy a folded net and make the copy round its weights and activations.

    Args:
        folded: result of `converters.nets.fold.fold`.
        ranges: ranges of its nodes, from `converters.export.ranges.measure_ranges`.
    """
    rounding = copy.deepcopy(folded)
    for node in list(rounding.graph.nodes):
        if not _is_rounded(rounding, node):
            continue
        name = f"{node.name}_rounded"
        rounding.add_submodule(name, RoundedActivation(*ranges[node.name]))
        with rounding.graph.inserting_after(node):
            rounded = rounding.graph.call_module(name, (node,))
        node.replace_all_uses_with(rounded, delete_user_cb=lambda user, own=rounded: user is not own)
    rounding.recompile()
    for module in list(rounding.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            parametrize.register_parametrization(module, "weight", RoundedWeights(module.weight.detach()))
    return rounding


def finish_qat(
    rounding: fx.GraphModule, folded: fx.GraphModule
) -> tuple[fx.GraphModule, dict[str, tuple[float, float]]]:
    """Copy the weights of a rounding net into the folded net that it was made from.

    Args:
        rounding: result of `prepare_qat`, trained since.
        folded: the net that `rounding` was made from; changed in place.

    Returns:
        `folded` with rounded weights, and the learnt ranges of the nodes that round.
    """
    plain = fold_parametrizations(copy.deepcopy(rounding).cpu())
    names = folded.state_dict().keys()
    folded.load_state_dict({name: value for name, value in plain.state_dict().items() if name in names})
    ranges = {
        node.args[0].name: (float(module.low), float(module.high))
        for node, module in _rounded_activations(plain)
        if isinstance(node.args[0], fx.Node)
    }
    return folded, ranges


def _rounded_activations(net: fx.GraphModule) -> list[tuple[fx.Node, RoundedActivation]]:
    calls = [(node, net.get_submodule(str(node.target))) for node in net.graph.nodes if node.op == "call_module"]
    return [(node, module) for node, module in calls if isinstance(module, RoundedActivation)]


def _is_rounded(net: fx.GraphModule, node: fx.Node) -> bool:
    """Whether int8 files store the result of this node with its own scale.

    They do so for additions, convolutions, linear layers and ReLUs, but not for a node directly before a ReLU.
    """
    if node.op == "call_function":
        computes = node.target in (operator.add, torch.add)
    else:
        module = net.get_submodule(str(node.target)) if node.op == "call_module" else None
        computes = isinstance(module, (nn.Conv2d, nn.Linear, nn.ReLU))
    users = list(node.users)
    before_relu = (
        len(users) == 1
        and users[0].op == "call_module"
        and isinstance(net.get_submodule(str(users[0].target)), nn.ReLU)
    )
    return computes and not before_relu
