"""One file a family of nets: float32 (n, 1, 28, 28) in 0..1 to logits, float32 (n, 11).

Ten classes are the digits, the last one is "not a digit".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def build_net(name: str) -> nn.Module:
    """A fresh net of a family, with random weights.

    Raises:
        TrainingError: there is no such family.
    """
    from converters.nets.base import BaseNet
    from profiles.errors import TrainingError

    families: dict[str, type[nn.Module]] = {"base": BaseNet}
    if name not in families:
        raise TrainingError(f"no net is called {name!r}; there are: {', '.join(families)}")
    return families[name]()
