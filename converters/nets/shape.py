"""A net in the shape that its weights have: compression narrows layers and folds normalisation away."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from converters.export.ranges import fold


def shape_like(net: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A net that can load these weights, if they are of its family.

    Args:
        net: as `converters.nets.build_net` made it; changed in place.
        state: its weights, or what pruning or folding has made of them.
    """
    if not any(name.endswith("running_mean") for name in state):
        net = fold(net)
    for name, module in list(net.named_modules()):
        weight = state.get(f"{name}.weight")
        if weight is not None and weight.shape != getattr(module, "weight", weight).shape:
            net.set_submodule(name, _resized(module, weight))
    return net


def _resized(module: nn.Module, weight: Tensor) -> nn.Module:
    """The same kind of layer, with weights of this shape."""
    if isinstance(module, nn.Conv2d):
        return nn.Conv2d(
            int(weight.shape[1]) * module.groups,
            int(weight.shape[0]),
            (module.kernel_size[0], module.kernel_size[1]),
            (module.stride[0], module.stride[1]),
            module.padding if isinstance(module.padding, str) else (module.padding[0], module.padding[1]),
            groups=module.groups,
            bias=module.bias is not None,
        )
    if isinstance(module, nn.Linear):
        return nn.Linear(int(weight.shape[1]), int(weight.shape[0]), bias=module.bias is not None)
    return nn.BatchNorm2d(len(weight)) if isinstance(module, nn.BatchNorm2d) else module
