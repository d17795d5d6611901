"""Published nets have their published numbers of weights; nets keep the shapes of their contracts."""

from __future__ import annotations

import pytest
import torch

from agent.vision.line_text import LINE_CLASSES
from converters.nets import DIGITS_ONLY, build_net
from converters.nets.shape import shape_like


@pytest.mark.parametrize(
    ("name", "weights"),
    [("plain", 693_962), ("lenet5", 61_706), ("m3", 1_124_180), ("m5", 1_128_180), ("m7", 2_291_972)],
)
def test_number_of_weights_is_the_published_one(name: str, weights: int) -> None:
    assert sum(weight.numel() for weight in build_net(name).parameters()) == weights


@pytest.mark.parametrize("width", [64, 96, 512])
def test_a_recogniser_has_logits_for_every_two_pixels(width: int) -> None:
    assert build_net("recogniser").eval()(torch.zeros(2, 2, 32, width)).shape == (2, LINE_CLASSES, 1, width // 2)


def test_a_pruned_recogniser_keeps_its_dilation() -> None:
    net = build_net("recogniser").eval()
    pruned = "features.14.inner.3.weight"
    state = {name: value[:24] if name == pruned else value for name, value in net.state_dict().items()}
    changed = shape_like(build_net("recogniser"), state).get_submodule("features.14.inner.3")
    assert isinstance(changed, torch.nn.Conv2d)
    assert (changed.out_channels, changed.dilation) == (24, (1, 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DIGITS_ONLY))
def test_nets_without_outliers_have_ten_classes(name: str) -> None:
    assert build_net(name).eval()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
