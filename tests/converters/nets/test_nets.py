"""Published nets have their published numbers of weights."""

from __future__ import annotations

import pytest
import torch

from converters.nets import DIGITS_ONLY, build_net


@pytest.mark.parametrize(
    ("name", "weights"),
    [("plain", 693_962), ("lenet5", 61_706), ("m3", 1_124_180), ("m5", 1_128_180), ("m7", 2_291_972)],
)
def test_number_of_weights_is_the_published_one(name: str, weights: int) -> None:
    assert sum(weight.numel() for weight in build_net(name).parameters()) == weights


@pytest.mark.parametrize("name", sorted(DIGITS_ONLY))
def test_nets_without_outliers_have_ten_classes(name: str) -> None:
    assert build_net(name).eval()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
