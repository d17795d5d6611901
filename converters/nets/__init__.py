"""The nets: those that ship (`tiers`, `verifier`), and well-known ones to learn from and compare with.

A classifier turns glyphs, float32 (n, 1, 28, 28) in 0..1, into logits, float32 (n, 11): ten digits and "not a digit";
nets that never ship know the ten digits alone.
A verifier turns surroundings, float32 (n, 3, 32, 48) in 0..1, into the same (see `agent.vision.context`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from profiles.manifest import Role

if TYPE_CHECKING:
    from torch import nn

DIGITS_ALONE = ("m3", "m5", "m7", "plain", "lenet5", "alexnet", "vgg", "resnet")
"""Families that have no class for what is no digit."""
ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("nano", "small", "base", *DIGITS_ALONE), "classifier"),
    "verifier": "verifier",
}
"""What each family is for."""


def build_net(name: str) -> nn.Module:
    """A fresh net of a family, with random weights.

    Raises:
        TrainingError: there is no such family.
    """
    from converters.nets import simple, tiers, zoo
    from converters.nets.verifier import VerifierNet
    from profiles.errors import TrainingError

    families: dict[str, Callable[[], nn.Module]] = {
        "nano": tiers.nano,
        "small": tiers.small,
        "base": tiers.base,
        "verifier": VerifierNet,
        "m3": simple.m3,
        "m5": simple.m5,
        "m7": simple.m7,
        "plain": zoo.plain,
        "lenet5": zoo.lenet5,
        "alexnet": zoo.alexnet,
        "vgg": zoo.vgg,
        "resnet": zoo.resnet,
    }
    if name not in families:
        raise TrainingError(f"no net is called {name!r}; there are: {', '.join(families)}")
    return families[name]()
