"""Quantization-aware training: a net that rounds its weights and activations just as its int8 files will.

Weights: symmetric, one scale a filter, its largest weight / 127. Activations: 256 steps over a range that holds 0.
That is what both exporters do with the ranges that a checkpoint gives them, so what is measured here is what they
compute, but for halves, which runtimes round in their own ways.
"""

from __future__ import annotations

import copy
import operator

import torch
from torch import Tensor, fx, nn
from torch.nn.utils import parametrize

from converters.export.ranges import Ranges

LEVELS = 127
"""Of int8, on each side of 0."""
DRIFT = 0.01
"""What a batch's own range counts against the one that is known, while ranges still move."""


class RoundedWeights(nn.Module):
    """Weights as int8 has them; gradients pass as if nothing were rounded. What was pruned to 0 stays so."""

    kept: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        sparse = (weight == 0).float().mean() >= 0.5
        self.register_buffer("kept", (weight != 0).float() if sparse else torch.ones_like(weight))

    def forward(self, weight: Tensor) -> Tensor:
        weight = weight * self.kept
        scale = largest_of_filters(weight.detach()) / LEVELS
        return weight + ((weight / scale).round() * scale - weight).detach()


def largest_of_filters(weight: Tensor) -> Tensor:
    """The largest magnitude of each filter of a layer's weights (o, ...), as (o, 1, ...); never 0."""
    return weight.abs().flatten(1).amax(dim=1).clamp(min=1e-12).view(-1, *[1] * (weight.ndim - 1))


class RoundedActivation(nn.Module):
    """An activation as int8 has it. While training, its range follows what it sees; then it is fixed."""

    low: Tensor
    high: Tensor

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(min(low, 0.0)))
        self.register_buffer("high", torch.tensor(max(high, 1e-6)))

    def forward(self, values: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.low.lerp_(values.amin().clamp(max=0), DRIFT)
                self.high.lerp_(values.amax().clamp(min=1e-6), DRIFT)
        scale = (self.high - self.low) / 255
        zero = (-128 - self.low / scale).round()
        lowest, highest = (-128 - zero) * scale, (127 - zero) * scale
        inside = values.clamp(lowest, highest)
        return inside + ((inside / scale).round() * scale - inside).detach()


def prepare(folded: fx.GraphModule, ranges: Ranges) -> fx.GraphModule:
    """A copy of a folded net that rounds.

    Args:
        folded: the net, as `converters.export.ranges.fold` made it.
        ranges: of its steps, as `measure_ranges` gives them.
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


def finish(rounding: fx.GraphModule, folded: fx.GraphModule) -> tuple[fx.GraphModule, dict[str, tuple[float, float]]]:
    """What a rounding net has learnt, as a net without it.

    Args:
        rounding: as `prepare` made it of `folded`, since trained.
        folded: its weights are replaced.

    Returns:
        The folded net with rounded weights, and the ranges of the steps that round.
    """
    baked = copy.deepcopy(rounding).cpu()
    for module in list(baked.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    known = folded.state_dict()
    folded.load_state_dict({name: value for name, value in baked.state_dict().items() if name in known})
    ranges = {
        node.args[0].name: (float(module.low), float(module.high))
        for node, module in _activations(baked)
        if isinstance(node.args[0], fx.Node)
    }
    return folded, ranges


def _activations(net: fx.GraphModule) -> list[tuple[fx.Node, RoundedActivation]]:
    calls = [(node, net.get_submodule(str(node.target))) for node in net.graph.nodes if node.op == "call_module"]
    return [(node, module) for node, module in calls if isinstance(module, RoundedActivation)]


def _is_rounded(net: fx.GraphModule, node: fx.Node) -> bool:
    """Whether int8 files store what this step gives on a scale of its own: not before a ReLU, nor after a pooling."""
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
