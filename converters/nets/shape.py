"""Change the layers of a net to the shapes of its weights, after pruning and folding have changed these."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from converters.nets.fold import fold


def shape_like(net: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Give the layers of a net the shapes of these weights, so that it can load them.

    Args:
        net: a new net from `converters.nets.build_net`; changed in place.
        state: state dictionary of a net of the same family, possibly pruned or with folded batch normalisation.
    """
    if not any(name.endswith("running_mean") for name in state):
        net = fold(net)
    for name, module in list(net.named_modules()):
        weight = state.get(f"{name}.weight")
        if weight is not None and weight.shape != getattr(module, "weight", weight).shape:
            net.set_submodule(name, _resized(module, weight))
    return net


def _resized(module: nn.Module, weight: Tensor) -> nn.Module:
    """Build a layer of the same kind whose weights have the shape of `weight`."""
    if isinstance(module, nn.Conv2d):
        return nn.Conv2d(
            int(weight.shape[1]) * module.groups,
            int(weight.shape[0]),
            (module.kernel_size[0], module.kernel_size[1]),
            (module.stride[0], module.stride[1]),
            module.padding if isinstance(module.padding, str) else (module.padding[0], module.padding[1]),
            dilation=(module.dilation[0], module.dilation[1]),
            groups=module.groups,
            bias=module.bias is not None,
        )
    if isinstance(module, nn.Linear):
        return nn.Linear(int(weight.shape[1]), int(weight.shape[0]), bias=module.bias is not None)
    return nn.BatchNorm2d(len(weight)) if isinstance(module, nn.BatchNorm2d) else module
