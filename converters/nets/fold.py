"""Folding of batch normalisation into the convolutions before it."""

from __future__ import annotations

import copy

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold(net: nn.Module) -> fx.GraphModule:
    """Return a copy of the net with batch normalisation folded into the convolutions; all exports are made from it."""
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


def _module(folded: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return folded.get_submodule(str(node.target)) if node.op == "call_module" else None
