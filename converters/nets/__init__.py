"""Nets that ship (`tiers`, `recogniser`), and well-known nets that are teachers or for comparison (`simple`, `zoo`).

A classifier takes glyphs, float32 (n, 1, 28, 28) in 0..1, and returns logits, float32 (n, 11): ten digits and "not a
digit". Nets that do not ship return only the ten digits, float32 (n, 10).
A verifier takes contexts, float32 (n, 3, 32, 48) in 0..1 (see `agent.vision.context`), and returns the same 11 logits.
A recogniser takes strips, float32 (n, 2, 32, w) in 0..1 (see `agent.vision.strip`), and returns logits of the classes
in `agent.vision.line_text` for every two pixels of the width, float32 (n, 23, 1, w / 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from profiles.manifest import Role

if TYPE_CHECKING:
    from torch import nn

DIGITS_ONLY = ("m3", "m5", "m7", "plain", "lenet5", "alexnet", "vgg", "resnet")
"""Families without the class "not a digit"."""
ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("nano", "small", "base", *DIGITS_ONLY), "classifier"),
    "verifier": "verifier",
    "recogniser": "recogniser",
}
"""Role of each family."""


def build_net(name: str) -> nn.Module:
    """Build a net of a family, with random weights.

    Raises:
        TrainingError: the family is unknown.
    """
    from converters.nets import recogniser, simple, tiers, zoo
    from profiles.errors import TrainingError

    families: dict[str, Callable[[], nn.Module]] = {
        "nano": tiers.nano,
        "small": tiers.small,
        "base": tiers.base,
        "verifier": tiers.verifier,
        "recogniser": recogniser.RecogniserNet,
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
        raise TrainingError(f"there is no net {name!r}", advice=f"the nets are: {', '.join(families)}")
    return families[name]()
